"""deploy/demo: a made-up operator, a million calls of his subscribers, and the proof that every kopeck arrived.

Start reading at `cli`.
"""
