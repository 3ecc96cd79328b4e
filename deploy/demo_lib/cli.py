"""The steps of deploy/demo, in order: `run` and `drive` are the page that shows them.

Owns: options, what is printed where, exit statuses: 0 everything agrees, 1 something does not or went wrong, 2 misused, 130 interrupted.
Does not own: any step.
Always: standard output carries the tour and the report and nothing else, the report's JSON line last; progress and remarks go to standard
        error; whatever was started is ended.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from local import engines, kafka_protocol, kafka_topics, layout, machine
from local.cli import without_password
from local.failure import StackError

from demo_lib import chaos, corrections, storm, stream, tour
from demo_lib.children import Children, executable
from demo_lib.progress import say
from demo_lib.setting import DATABASE, Setting, in_database, last_midnight, new_topic, utc_now

HELP = """\
The whole system in one command: builds Tollgate, starts the engines (deploy/stack), makes up an operator with his price
lists, accounts, numbers and locks, streams call records of his subscribers through Kafka, and proves that every amount
arrived: an independent oracle, ClickHouse and Postgres must agree per account, currency and day.

  deploy/demo                                      a million records, 50,000 accounts; some minutes
  deploy/demo --chaos                              the same under ten kill -9, five of them between COMMIT and ClickHouse
  deploy/demo --storm 30                           half an hour of kills, frozen processes and engines that die and come back
  deploy/demo --cdrs 20000 --accounts 1000         a quick look
"""

EPILOGUE = """\
The databases are tollgate_demo in Postgres and in ClickHouse, made fresh each run and left there to look at; the topic is a new
one each run. Engines named by TOLLGATE_KAFKA, TOLLGATE_POSTGRES and TOLLGATE_CLICKHOUSE are used as they are.

exit status: 0 everything agrees, 1 something does not or went wrong (the message says what), 2 misused, 130 interrupted
"""

DELETE_SECONDS = 30
STACK = layout.REPOSITORY / "deploy" / "stack"
REPORT_FIELDS = {"produced", "rated", "non_target", "suspended", "duplicates", "expected_total", "clickhouse_total", "postgres_total",
                 "cdrs_per_second"}


def main(arguments):
    options = parser().parse_args(arguments)
    os.umask(0o022)                     # the engine user must be able to enter what root makes
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return run(options)
    except StackError as error:
        print(f"deploy/demo: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"deploy/demo: {error}\n  remedy: check permissions and free space below the stack's directory", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndeploy/demo: interrupted; what it had started is ended", file=sys.stderr)
        return 130


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def parser():
    top = argparse.ArgumentParser(prog="deploy/demo", description=HELP, epilog=EPILOGUE, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--cdrs", type=positive, default=1_000_000, help="call records to stream (default 1000000)")
    top.add_argument("--accounts", type=positive, default=50_000, help="accounts of the operator (default 50000)")
    top.add_argument("--seed", type=int, default=1, help="what the random numbers start from; the same seed makes the same calls (default 1)")
    top.add_argument("--partitions", type=positive, default=4, help="partitions of the topic (default 4)")
    top.add_argument("--processes", type=positive, default=1, help="cdr-ingest processes that share the partitions (default 1)")
    top.add_argument("--chaos", action="store_true", help="kill -9 the process ten times while records keep coming")
    top.add_argument("--storm", type=positive, metavar="MINUTES",
                     help="5,000 records a second for so long, two processes, while processes, Postgres and ClickHouse die and come back at random")
    top.add_argument("--keep", action="store_true", help="leave the engines running that the demo started, and keep the made-up files")
    top.add_argument("--programs", type=Path, metavar="DIRECTORY", help="programs that are built already, target/debug for instance (default: built now, in release)")
    top.add_argument("--no-tour", action="store_true", help=argparse.SUPPRESS)
    return top


def positive(text):
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError("a whole number above 0 is wanted")
    return int(text)


def run(options):
    if options.chaos and options.processes > 1:
        raise StackError("--chaos kills one process", "leave --processes out")
    if options.storm:
        if options.chaos or options.processes > 1:
            raise StackError("--storm has its own kills and its own number of processes", "leave --chaos and --processes out")
        options.cdrs = options.storm * 60 * storm.PER_SECOND
    programs = options.programs
    if programs is None:
        build()
        programs = machine.target_directory() / "release"
    require_programs(programs, options)
    place = layout.Layout()
    place.prepare()
    directory, lock = empty_directory(place)
    found_running = any(engine.running() for engine in own_engines())
    setting, well = None, False
    try:
        bring_up()
        setting = describe(directory, programs, options)
        well = drive(setting, options)
    finally:
        if not options.keep:
            leave(setting, well, found_running)
        lock.close()
    return 0 if well else 1


def build():
    machine.require_build_tools()
    say("building cdr-ingest and admin-api (the first time takes some minutes)")
    if machine.cargo("build", "--release", "-p", "cdr-ingest", "-p", "admin-api") != 0:
        raise StackError("the build failed; the compiler's message is above", "deploy/test checks the whole clone")


def require_programs(programs, options):
    wanted = [programs / name for name in (["cdr-ingest"] if options.no_tour else ["cdr-ingest", "admin-api"])]
    missing = [str(path) for path in wanted if not executable(path)]
    if missing:
        raise StackError(f"not built: {', '.join(missing)}", "cargo build --release -p cdr-ingest -p admin-api")


def empty_directory(place):
    """A directory for this run alone, and the lock on it, so that two demos do not share one database."""
    directory = place.directory / "demo"
    directory.mkdir(exist_ok=True)
    lock = open(directory / "lock", "a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StackError("another deploy/demo runs in this clone", "wait for it; both would use the database " + DATABASE) from None
    for entry in directory.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()
    (directory / "log").mkdir()
    return directory, lock


def own_engines():
    return [engine for engine in engines.all_engines(layout.Layout()) if not engine.external]


def bring_up():
    say("starting the engines")
    if subprocess.run([sys.executable, str(STACK), "up"], stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
        raise StackError("the engines are not up; the message is above", "deploy/stack status, deploy/stack logs")


def describe(directory, programs, options):
    """This run, now that the engines have addresses."""
    address = {engine.name: engine.address for engine in engines.all_engines(layout.Layout())}
    now = utc_now()
    return Setting(kafka=address["kafka"], postgres=in_database(address["postgres"], DATABASE), clickhouse=address["clickhouse"],
                   directory=directory, programs=programs, topic=new_topic(now), until=last_midnight(now), cdrs=options.cdrs,
                   accounts=options.accounts, seed=options.seed, partitions=options.partitions)


def drive(setting, options):
    """Everything between the engines' start and their stop; whether all is well."""
    with Children(setting.logs) as children:
        say(f"databases {DATABASE}, made fresh")
        children.foreground("migrate", setting.migrate())
        say(f"making up an operator with {setting.accounts:,} accounts")
        children.foreground("generate", setting.generate_operator())
        say("loading it into Postgres")
        children.foreground("load", setting.load())
        if options.storm:
            seconds, shortfall = in_a_storm(setting, children, options.storm * 60)
        elif options.chaos:
            seconds, shortfall = under_kills(setting, children)
        else:
            seconds, shortfall = in_peace(setting, children, options.processes)
        complaints = [shortfall] if shortfall else []
        if not options.no_tour:
            complaints += show(lambda: tour.walk(setting, children), "the tour of the admin API")
        if options.keep:
            hint(setting)
        agrees, figures = report(setting, children, seconds)
        if agrees and not options.no_tour:
            complaints += show(lambda: corrections.walk(setting, children), "putting things right")
        print(figures, flush=True)
    for complaint in complaints:
        print(f"deploy/demo: {complaint}", file=sys.stderr)
    return agrees and not complaints


def in_peace(setting, children, processes):
    say(f"sending {setting.cdrs:,} records to topic {setting.topic} ({setting.partitions} partitions)")
    stream.fill(setting, children)
    say("the topic is full; charging starts")
    return stream.charge(setting, children, processes), ""


def under_kills(setting, children):
    drill = chaos.Drill(setting, children)
    seconds = drill.run()
    say(chaos.summary(drill.kills))
    return seconds, chaos.verdict(drill.kills, drill.commits_since_kill)


def in_a_storm(setting, children, duration):
    weather = storm.Storm(setting, children, duration)
    say(f"{storm.PER_SECOND:,} records a second for {duration // 60} minutes, {storm.PROCESSES} processes; blows at random moments")
    seconds = weather.run()
    say(weather.summary())
    return seconds, ""


def show(chapter, name):
    """A chapter on standard output; what failed in it, so that the rest is printed all the same."""
    try:
        print(chapter(), flush=True)
    except StackError as error:
        return [f"{name} failed: {error}"]
    return []


def report(setting, children, seconds):
    """The report of cdr-ingest as it is, but for its JSON line; whether everything agrees, and that line."""
    text, status = children.output("report", setting.report(seconds))
    lines = text.rstrip("\n").splitlines()
    figures = figures_of(lines[-1]) if lines else None
    if figures is None:
        raise StackError(f"cdr-ingest report (status {status}) did not end with its figures{children.tail('report')}", f"logs: {setting.logs}")
    print("\n".join(lines[:-1]), flush=True)
    return status == 0, lines[-1]


def figures_of(line):
    """The figures of the report's last line; None if it is something else."""
    try:
        figures = json.loads(line)
    except ValueError:
        return None
    return figures if isinstance(figures, dict) and REPORT_FIELDS <= figures.keys() else None


def hint(setting):
    say("kept; look around with:")
    for line in (f"deploy/stack psql -d {without_password(setting.postgres)}",
                 f"deploy/stack clickhouse 'SELECT service, count(), sum(gross) FROM {DATABASE}.calls GROUP BY service'",
                 f"{setting.admin} serve --listen {layout.HOST}:8080 --postgres {without_password(setting.postgres)} --clickhouse {setting.clickhouse}",
                 f"files and logs: {setting.directory}"):
        print("    " + line, file=sys.stderr)


def leave(setting, well, found_running):
    """The machine as it was found. Logs stay; after a failure the made-up files and the topic too."""
    if not found_running and own_engines():
        say("stopping the engines again (--keep leaves them running)")
        subprocess.run([sys.executable, str(STACK), "down"], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    elif well and any(engine.name == "kafka" for engine in own_engines()):
        delete_topic(setting)
    if well:
        shutil.rmtree(setting.operator, ignore_errors=True)


def delete_topic(setting):
    """A broker that lives on would keep the records in memory as long."""
    try:
        kafka_topics.delete(setting.kafka, [setting.topic], DELETE_SECONDS)
    except (OSError, kafka_protocol.ProtocolError) as error:
        say(f"topic {setting.topic} stays in the broker's memory: {error}")
