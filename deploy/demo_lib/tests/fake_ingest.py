"""Stands in for `cdr-ingest`: one partition, a position in a file, and the log lines that the demo waits for.

`run` commits ten records at a time and says so; the position is written before the line, as COMMIT comes before the log.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

STATE = Path(os.environ["FAKE_STATE"])
TOTAL = int(os.environ.get("FAKE_TOTAL", "100"))


def option(name, default):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def log(message, **fields):
    print(json.dumps({"level": "INFO", "message": message, **fields}), file=sys.stderr, flush=True)


def position():
    return int(STATE.read_text()) if STATE.exists() else 0


def commit(at):
    unfinished = STATE.with_suffix(f".{os.getpid()}")
    unfinished.write_text(str(at))
    unfinished.replace(STATE)


def run():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    at, hold = position(), int(option("--hold-delivery-ms", "0")) / 1000
    log("partition claimed", partition=0, next_offset=at, epoch=1, resent=1)
    while True:
        if at >= TOTAL:
            if "--stop-at-end" in sys.argv:
                return 0
            time.sleep(0.01)
            continue
        commit(at + 10)
        log("batch committed", partition=0, from_offset=at, next_offset=at + 10, parts=1)
        at += 10
        time.sleep(hold or 0.002)
        log("batch delivered", partition=0, next_offset=at)


def produce():
    while position() < TOTAL * float(os.environ.get("FAKE_PRODUCED", "0.9")):
        time.sleep(0.01)
    return int(os.environ.get("FAKE_PRODUCE_STATUS", "0"))


def fail():
    print("the broker is a teapot", file=sys.stderr)
    return 3


sys.exit({"run": run, "produce": produce, "fail": fail}[sys.argv[1]]() or 0)
