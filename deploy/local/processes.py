"""Processes of the engines: start in a session of their own, recognise again, stop, and read their logs.

Owns: pid files under `run/`, the question "is this process still the one we started", who listens on a port.
Does not own: what to start (`engines`).
Always: no process is signalled unless its start time and its command line are those of the engine; a pid file whose
        process is gone, or whose pid now belongs to something else, counts as not running.
Linux only: reads /proc.
"""

import json
import os
import pwd
import signal
import subprocess
import time

LOG_BYTES_MAX = 16 << 20
LOG_BYTES_KEPT = 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """One running engine process."""

    def __init__(self, pid, started):
        self.pid = pid
        self.started = started

    @property
    def uptime_s(self):
        with open("/proc/uptime") as file:
            return max(0.0, float(file.read().split()[0]) - self.started / TICKS)

    @property
    def memory_bytes(self):
        """Resident memory of this process alone."""
        try:
            with open(f"/proc/{self.pid}/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    def is_alive(self):
        return start_ticks(self.pid) == self.started


def start_ticks(pid):
    """When a process started, in clock ticks since boot: with the pid it names one process for ever. None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode("utf-8", "replace").rstrip("\0").split("\0")
    except OSError:
        return []


def recorded(pid_file, marks):
    """The process of a pid file if it still is the engine, else None."""
    try:
        record = json.loads(pid_file.read_text())
        pid, started = int(record["pid"]), int(record["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Process(pid, started) if start_ticks(pid) == started and is_engine(pid, marks) else None


def is_engine(pid, marks):
    """Whether the command line of a process has all the arguments that mark the engine."""
    return set(marks) <= set(command_line(pid))


def record(pid_file, process):
    temporary = pid_file.with_suffix(".new")
    temporary.write_text(json.dumps({"pid": process.pid, "started": process.started}) + "\n")
    temporary.replace(pid_file)


def adopt(pid, marks):
    """A running engine whose pid file was lost."""
    started = start_ticks(pid)
    return Process(pid, started) if started is not None and is_engine(pid, marks) else None


def spawn(command, log, directory, user=None, extra_environment=None):
    """Start an engine that outlives this terminal. `user`: a pwd entry to run it as."""
    trim_log(log)
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    with open(log, "ab") as output:
        child = subprocess.Popen([str(part) for part in command], cwd=str(directory), stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True, env=bare_environment(extra_environment), **identity)
    return Process(child.pid, start_ticks(child.pid) or 0), child


def bare_environment(extra=None):
    """Engines see nothing of the caller's environment: some read variables of their own from it."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/nonexistent"}
    environment.update(extra or {})
    return environment


def stop(process, first_signal, patience_s):
    """Ask to stop; after `patience_s` force it. True if it went by itself."""
    send(process, first_signal)
    if wait_gone(process, patience_s):
        return True
    send(process, signal.SIGKILL)
    wait_gone(process, 10)
    return False


def send(process, number):
    if process.is_alive():
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            pass


def wait_gone(process, seconds):
    deadline = time.monotonic() + seconds
    while process.is_alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def working_in(directory, program):
    """Processes of a program whose working directory is this one: children that outlived their killed parent."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if not name.isdigit() or os.readlink(f"/proc/{name}/cwd") != directory:
                continue
            if os.path.basename(os.readlink(f"/proc/{name}/exe")) == program:
                found.append(Process(int(name), start_ticks(name)))
        except OSError:
            continue
    return [process for process in found if process.started is not None]


def trim_log(path):
    """Keep a log bounded; engines append, so it can be cut while they run."""
    try:
        if path.stat().st_size <= LOG_BYTES_MAX:
            return
        with open(path, "rb+") as file:
            file.seek(-LOG_BYTES_KEPT, os.SEEK_END)
            tail = file.read()
            file.truncate(0)
        with open(path, "ab") as file:
            file.write(tail[tail.find(b"\n") + 1:])
    except FileNotFoundError:
        pass


def last_lines(path, count):
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 64 * 1024))
            return file.read().decode("utf-8", "replace").splitlines()[-count:]
    except OSError:
        return []


def listener(port):
    """The pid that listens on a loopback or wildcard port, if this user may know it."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for name in os.listdir("/proc"):
        if name.isdigit() and _holds(name, inodes):
            return int(name)
    return None


def _listening_inodes(port):
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        found |= {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}
    return found


def _holds(pid, inodes):
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{number}") in inodes for number in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def describe(pid):
    """A process in words: pid, owner, command."""
    command = " ".join(command_line(pid))
    try:
        owner = pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name
    except (OSError, KeyError):
        owner = "unknown"
    return f"process {pid} of {owner}: {command[:160] or '(no command line)'}"
