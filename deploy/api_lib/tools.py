"""The tools of the checks in private virtual environments, one for each, so that what one needs never moves the other.

Owns: which tools in which versions, their installation by pip.
Does not own: an index: pip asks whichever one it is configured for.
Always: an environment that holds exactly the wanted version is left alone.
"""

import os
import shutil
import subprocess

from local import wheels
from local.failure import StackError

GENERATOR = "openapi-python-client==0.29.1"
FUZZER = "schemathesis==4.32.5"


def install(place, requirement):
    """The environment with this tool, made at the first time."""
    name = requirement.partition("==")[0]
    environment = place.directory / "tools" / name
    stamp = environment / "installed.txt"
    if stamp.exists() and stamp.read_text().strip() == requirement:
        return environment
    print(f"installing {requirement} into {environment}", flush=True)
    if environment.exists():
        shutil.rmtree(environment)
    environment.parent.mkdir(parents=True, exist_ok=True)
    wheels.make(environment, place.directory / "log" / "tools.log")
    command = [*wheels.pip_command(environment), "install", "--disable-pip-version-check", "--quiet", requirement]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, env=dict(os.environ, PIP_ROOT_USER_ACTION="ignore"))
    if done.returncode != 0:
        raise StackError(f"pip could not install {requirement}; its message is above", "check that pip can reach its package index (pip config list)")
    stamp.write_text(requirement + "\n")
    return environment


def program(environment, name):
    return environment / "bin" / name
