"""The admin API from outside: a generated client and Schemathesis against a running `admin-api serve`.

Run by deploy/test; start reading at `steps.py`. Standard library only, except for `smoke.py`, which runs inside the generator's environment.
"""
