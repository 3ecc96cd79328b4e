"""radclient of FreeRADIUS, a client of RADIUS that is none of ours, for the tests of `radius`.

Owns: where it comes from: TOLLGATE_RADCLIENT, else the path, else the packages of Debian or Ubuntu, unpacked below the stack's directory.
Does not own: a mirror: apt asks whichever ones it is configured for. What is tested with it (`radius/tests/it/radclient.rs`).
Always: no root, and nothing of the system is changed: apt's lists and packages are kept beside what is unpacked, and deleted once it runs.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from local import layout
from local.failure import StackError

VARIABLE = "TOLLGATE_RADCLIENT"
PACKAGE = "freeradius-utils"
BY_HAND = (f"install the package {PACKAGE} (Debian, Ubuntu: apt-get install {PACKAGE}; Fedora: dnf install {PACKAGE}), "
           f"or name the program with {VARIABLE}")


def find(place):
    """Where radclient is; unpacked at the first time where it is not installed."""
    named = os.environ.get(VARIABLE, "").strip() or layout.which("radclient")
    if named:
        return named
    program = place.directory / "tools" / "radclient" / "radclient"
    if not runs(program):
        unpack(program)
    return str(program)


def unpack(program):
    """The package and what it needs that is not installed, and a script that runs it from where it lies."""
    apt, dpkg = layout.which("apt-get"), layout.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise StackError("radclient of FreeRADIUS is not on this machine, and there is no apt-get to bring it", BY_HAND)
    directory = program.parent
    print(f"unpacking radclient ({PACKAGE}) into {directory}", flush=True)
    if directory.exists():
        shutil.rmtree(directory)
    files, lists, cache = (directory / name for name in ("files", "lists", "cache"))
    for made in (files, lists / "partial", cache / "archives" / "partial"):
        made.mkdir(parents=True)
    own = ["-q", "-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}", "-o", "Debug::NoLocking=true"]
    run([apt, *own, "update"])
    run([apt, *own, "install", "--yes", "--no-install-recommends", "--download-only", PACKAGE])
    for package in sorted((cache / "archives").glob("*.deb")):
        run([dpkg, "-x", package, files])
    program.write_text(script(files), encoding="utf-8")
    program.chmod(0o755)
    if not runs(program):
        raise StackError(f"radclient was unpacked into {directory} and does not run", BY_HAND)
    for done in (lists, cache):
        shutil.rmtree(done)


def script(files):
    """What runs radclient with the libraries and dictionaries that were unpacked with it."""
    libraries = sorted({str(library.parent) for pattern in ("*.so", "*.so.*") for library in files.rglob(pattern)})
    quoted = {name: shlex.quote(str(value)) for name, value in {
        "libraries": os.pathsep.join(libraries), "program": files / "usr/bin/radclient",
        "dictionary": files / "usr/share/freeradius", "configuration": files / "etc/freeradius/3.0"}.items()}
    return ("#!/bin/sh\n"
            "LD_LIBRARY_PATH={libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\n"
            "export LD_LIBRARY_PATH\n"
            'exec {program} -D {dictionary} -d {configuration} "$@"\n').format(**quoted)


def runs(program):
    """Whether the program says its version."""
    try:
        return subprocess.run([str(program), "-v"], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    except OSError:
        return False


def run(command):
    command = [str(part) for part in command]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=dict(os.environ, LC_ALL="C"))
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-600:]
        raise StackError(f"radclient of FreeRADIUS cannot be unpacked: {Path(command[0]).name} says:\n{said}",
                         f"check that apt can reach its mirrors; or {BY_HAND}")
