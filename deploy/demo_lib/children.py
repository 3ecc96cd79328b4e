"""The programs that the demo starts, their logs, and their end.

Owns: starting `cdr-ingest` and `admin-api`, reading their log lines as events, ending whatever still runs.
Does not own: the engines (`deploy/stack`), what the programs are told (`stream`, `chaos`, `tour`).
Always: no program outlives the demo: leaving `with Children(..)` ends all of them; a program that ends unasked is a failure that shows
        the last lines of its log and where the whole log is.
"""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

from local import layout, processes
from local.cli import without_password
from local.failure import StackError

LOG_LINES = 15
PATIENCE_SECONDS = 20


class Child:
    """A program in the background. Its log lines go to a file, and those that are JSON to a queue as well."""

    def __init__(self, name, command, log, events=None):
        self.name = name
        self.log = log
        self._events = events
        self._process = subprocess.Popen([str(part) for part in command], cwd=str(layout.REPOSITORY), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self._process.stderr as lines, open(self.log, "ab") as log:
            for line in lines:
                log.write(line)
                log.flush()
                if self._events is not None and (event := parse(line)) is not None:
                    self._events.put((self, event))
        if self._events is not None:
            self._events.put((self, None))

    def poll(self):
        return self._process.poll()

    def wait(self, seconds=None):
        """The exit status, with all of the log read."""
        status = self._process.wait(seconds)
        self._reader.join(PATIENCE_SECONDS)
        return status

    def kill(self):
        """SIGKILL: no goodbye, nothing flushed."""
        self._process.kill()

    def send(self, number):
        """A signal, if it still runs."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def ask_to_end(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def terminate(self):
        """Asks to end; forces it when that takes too long. The exit status."""
        self.ask_to_end()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self.wait()

    def failure(self):
        """How it ended, with the end of its log."""
        return StackError(f"{self.name} {ending(self.wait())}{tail(self.log)}", f"the whole log: {self.log}")


class Children:
    """All programs of one demo; logs of programs of one name go to one file."""

    def __init__(self, logs):
        self._logs = logs
        self._all = []

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.end_all()

    def start(self, name, command, events=None):
        child = Child(name, command, self._logs / f"{name}.log", events)
        self._all.append(child)
        return child

    def end_all(self):
        for child in self._all:
            child.ask_to_end()
        for child in self._all:
            child.terminate()
        self._all.clear()

    def foreground(self, name, command):
        """Runs a program to its end; on a terminal its progress is seen there, otherwise it is in its log."""
        log = self._logs / f"{name}.log"
        command = [str(part) for part in command]
        if sys.stderr.isatty():
            status, shown = subprocess.run(command, cwd=str(layout.REPOSITORY), stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode, True
        else:
            with open(log, "ab") as output:
                status = subprocess.run(command, cwd=str(layout.REPOSITORY), stdin=subprocess.DEVNULL, stdout=output, stderr=output).returncode
            shown = False
        if status != 0:
            said = "; its message is above" if shown else tail(log)
            raise StackError(f"{name} {ending(status)}{said}", f"the command was: {without_passwords(command)}")

    def output(self, name, command):
        """What a program prints, and its exit status; its log as in `foreground`."""
        with open(self._logs / f"{name}.log", "ab") as log:
            done = subprocess.run([str(part) for part in command], cwd=str(layout.REPOSITORY), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=log)
        return done.stdout.decode("utf-8", "replace"), done.returncode

    def tail(self, name):
        return tail(self._logs / f"{name}.log")


def parse(line):
    """A log line as a dictionary; None if it is not JSON."""
    if not line.startswith(b"{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def next_event(events, seconds):
    """(child, event) of the queue, or (None, None) when nothing came; an event of None is the end of that child's log."""
    try:
        return events.get(timeout=max(0.0, seconds))
    except queue.Empty:
        return None, None


def ending(status):
    if status is not None and status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def tail(log):
    lines = processes.last_lines(log, LOG_LINES)
    if not lines:
        return f"\n  (its log {log} is empty)"
    return f"\n  last lines of {log}:\n" + "\n".join("  | " + line[:400] for line in lines)


def without_passwords(command):
    return " ".join(without_password(part) if "://" in part else part for part in command)


def wait_until(what, condition, seconds, children=()):
    """Polls until a condition holds; a failure in words if it does not in time or one of the children ends."""
    deadline = time.monotonic() + seconds
    while not condition():
        for child in children:
            if child.poll() is not None:
                raise child.failure()
        if time.monotonic() > deadline:
            logs = "".join(tail(child.log) for child in children)
            raise StackError(f"{what}: not within {seconds} s{logs}", "deploy/stack status tells whether the engines are well")
        time.sleep(0.05)


def free_port():
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((layout.HOST, 0))
        return probe.getsockname()[1]


def executable(path):
    return os.access(path, os.X_OK) and path.is_file()
