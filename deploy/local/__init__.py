"""The local stack: PostgreSQL, a Kafka API broker and ClickHouse from Python wheels, without root and without Docker.

`deploy/stack` is the door; `cli` is where to start reading. Python standard library only, except
`clickhouse_server`, which runs inside the stack's own virtual environment and imports `chdb`.
"""
