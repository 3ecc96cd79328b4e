"""deploy/test: every check of this clone, in order, with one exit status.

Owns: the list of checks, which of them are for CI or on request only, the summary.
Does not own: what a check checks (rustfmt, clippy, the tests, `.deny.toml`, deploy/demo).
Always: a check that fails does not stop the later ones, so that one run shows everything; the stack is stopped at the end if it was
        started here; nothing is skipped for want of a service: without the engines the run fails.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

from local import engines, layout, machine, radclient
from local.failure import StackError

from api_lib import served, steps

HELP = """\
Every check in one command, also on a fresh machine: formatting, lints, the Python tests of deploy, all Rust tests against
real engines (deploy/stack, started and stopped by this command unless it already runs).

  deploy/test                what a change must pass before it is handed in
  deploy/test --with-demo    and a small deploy/demo at the end (builds the release programs)
  deploy/test --with-api     and the API from outside: a generated Python client, and Schemathesis over every operation
  CI=true deploy/test        as CI does: warnings are errors, Cargo.lock is fixed, licences and bans, the API from outside, the small demo
"""

DENY = "cargo-deny@0.20.2"
TESTS_AT_ONCE = 4
DEMO = ("--cdrs", "20000", "--accounts", "2000")
DEPLOY = layout.REPOSITORY / "deploy"


def main(arguments):
    top = argparse.ArgumentParser(prog="deploy/test", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter,
                                  epilog="exit status: 0 all passed, 1 something failed, 2 misused, 130 interrupted")
    top.add_argument("--with-demo", action="store_true", help="a small deploy/demo at the end; always in CI")
    top.add_argument("--deny", action="store_true", help="licences, sources and bans by cargo-deny, installed if need be; always in CI")
    top.add_argument("--with-api", action="store_true", help="a generated client and Schemathesis against the running API, tools by pip; always in CI")
    options = top.parse_args(arguments)
    ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return run(ci, with_demo=ci or options.with_demo, with_deny=ci or options.deny, with_api=ci or options.with_api)
    except StackError as error:
        print(f"deploy/test: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndeploy/test: interrupted", file=sys.stderr)
        return 130


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def run(ci, with_demo, with_deny, with_api):
    os.umask(0o022)
    machine.require_build_tools()
    found_running = any(engine.running() for engine in own_engines())
    try:
        up()
        with served.Served(layout.Layout(), cargo_environment(ci)) as server:
            results = [(name, *timed(name, check)) for name, check in checks(ci, with_demo, with_deny, server if with_api else None)]
    finally:
        if own_engines() and not found_running:
            stack("down")
    return summary(results)


def checks(ci, with_demo, with_deny, server=None):
    """(name, function that answers an exit status), the quick ones first. `server`: the API that the checks from outside share, None: without them."""
    environment = cargo_environment(ci)
    locked = ["--locked"] if ci else []

    def cargo(*arguments):
        return lambda: machine.cargo(*arguments, environment=environment)

    found = [
        ("format", cargo("fmt", "--all", "--check")),
        ("python", python_tests),
        ("clippy", cargo("clippy", "--workspace", "--all-targets", *locked, *(["--", "-D", "warnings"] if ci else []))),
        # Tests run the programs as processes of their own, and `cargo test` does not build those of other packages.
        ("programs", cargo("build", "--workspace", "--bins", *locked)),
        ("rust", lambda: rust_tests(environment, locked)),
    ]
    if server is not None:
        found += [("api-client", lambda: well(steps.api_client, server)), ("schemathesis", lambda: well(steps.schemathesis, server))]
    if with_deny or has_deny():
        found.append(("deny", lambda: deny(environment)))
    if with_demo:
        # By the programs that are built for the tests: a release build for this alone would take longer than all of its run.
        programs = machine.target_directory() / "debug"
        found.append(("demo", lambda: python(DEPLOY / "demo", *DEMO, "--programs", programs)))
    return found


def rust_tests(environment, locked):
    """All Rust tests. Those of RADIUS need radclient: where it cannot be had the reason is here, and they fail."""
    try:
        environment = dict(environment, **{radclient.VARIABLE: radclient.find(layout.Layout())})
    except StackError as error:
        print(f"deploy/test: {error}", file=sys.stderr)
    # Most of a test is waiting for an engine, a program or a clock: as many at once as there are processors leave these idle.
    environment = {"RUST_TEST_THREADS": str(max(TESTS_AT_ONCE, os.cpu_count() or 1)), **environment}
    return machine.cargo("test", "--workspace", *locked, environment=environment)


def well(step, server):
    """The exit status of a step that may find a tool or the program missing: that is a failure of this check, not the end of all."""
    try:
        return step(server)
    except StackError as error:
        print(f"deploy/test: {error}", file=sys.stderr)
        return 1


def cargo_environment(ci):
    """The addresses of the engines for the tests; in CI no incremental state that nobody would use again."""
    environment = dict(os.environ)
    for engine in engines.all_engines(layout.Layout()):
        environment[layout.ENGINES[engine.name][2]] = engine.address
    if ci:
        environment["CARGO_INCREMENTAL"] = "0"
    return environment


def python_tests():
    statuses = [python("-m", "unittest", "discover", "-s", DEPLOY / package / "tests", "-t", DEPLOY) for package in ("local", "demo_lib", "api_lib")]
    return next((status for status in statuses if status), 0)


def has_deny():
    return layout.which("cargo-deny") is not None or os.access(machine.cargo_home() / "bin" / "cargo-deny", os.X_OK)


def deny(environment):
    """cargo-deny into cargo's own directory, where later runs find it; unoptimised, which is built in half the time and quick enough."""
    if not has_deny():
        quick = dict(environment, CARGO_PROFILE_DEV_DEBUG="0")
        status = machine.cargo("install", DENY, "--locked", "--debug", environment=quick)
        if status:
            return status
    return machine.cargo("deny", "--locked", "check", "bans", "licenses", "sources", environment=environment)


def own_engines():
    return [engine for engine in engines.all_engines(layout.Layout()) if not engine.external]


def up():
    if stack("up"):
        raise StackError("the engines are not up, and tests without them would prove little; the message is above",
                         "deploy/stack status, deploy/stack logs")


def stack(command):
    return python(DEPLOY / "stack", command)


def python(*arguments):
    command = [sys.executable, "-B", *(str(part) for part in arguments)]
    return subprocess.run(command, cwd=str(layout.REPOSITORY), stdin=subprocess.DEVNULL).returncode


def timed(name, check):
    print(f"\n==== {name}", flush=True)
    begun = time.monotonic()
    return check(), time.monotonic() - begun


def summary(results):
    """A line for each check, the count last; the exit status."""
    print("\n==== summary")
    for name, status, seconds in results:
        print(f"{name:<12} {'passed' if status == 0 else f'FAILED with status {status}':<24} {seconds:7.1f} s")
    failed = sum(status != 0 for _, status, _ in results)
    print(f"checks: {len(results) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0
