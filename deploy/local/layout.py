"""Where everything of the stack is: its directory, its ports, and which engines are elsewhere.

Owns: the choice of the stack directory, the file `stack.json` (ports and the engine user), the names of all paths
      below, the environment variables TOLLGATE_STACK_* and TOLLGATE_{KAFKA,POSTGRES,CLICKHOUSE}.
Does not own: what runs (`processes`, `engines`).
Always: a directory that is not the stack's own is refused, so that `reset` can only delete what the stack made;
        ports once chosen stay the same until the environment says otherwise.
"""

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from local.failure import StackError

REPOSITORY = Path(__file__).resolve().parents[2]

# engine: (preferred port, variable that configures it, variable that names an engine elsewhere)
ENGINES = {
    "postgres": (25432, "TOLLGATE_STACK_POSTGRES_PORT", "TOLLGATE_POSTGRES"),
    "kafka": (29092, "TOLLGATE_STACK_KAFKA_PORT", "TOLLGATE_KAFKA"),
    "clickhouse": (28123, "TOLLGATE_STACK_CLICKHOUSE_PORT", "TOLLGATE_CLICKHOUSE"),
}
HOST = "127.0.0.1"
PORTS_TRIED = 200


class Layout:
    """The directory of this clone's stack and what `stack.json` remembers."""

    def __init__(self):
        self.directory = choose_directory()
        self._remembered = self._load()

    @property
    def exists(self):
        return self._file.exists()

    @property
    def _file(self):
        return self.directory / "stack.json"

    @property
    def environment(self):
        """The virtual environment with the wheels."""
        return self.directory / "venv"

    @property
    def run(self):
        return self.directory / "run"

    def data(self, engine):
        return self.directory / engine

    def log(self, engine):
        return self.directory / "log" / f"{engine}.log"

    def external(self, engine):
        """The address of an engine that is elsewhere, or None.

        `eval "$(deploy/stack env)"` sets the same variable to our own address; that engine is still ours.
        """
        named = os.environ.get(ENGINES[engine][2], "").strip()
        own = self.remembered_port(engine)
        return named if named and not (own and named == local_address(engine, own)) else None

    def configured_port(self, engine):
        """The port that the environment asks for, or None."""
        variable = ENGINES[engine][1]
        text = os.environ.get(variable, "").strip()
        if not text:
            return None
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise StackError(f"{variable} is {text!r}, which is no port", f"set {variable} to a number from 1024 to 65535, or unset it")
        return int(text)

    def port(self, engine):
        """The port of an engine: as configured, else as remembered, else None."""
        return self.configured_port(engine) or self.remembered_port(engine)

    def remembered_port(self, engine):
        return self._remembered.get("ports", {}).get(engine)

    def remember_port(self, engine, port):
        self._remembered.setdefault("ports", {})[engine] = port
        self._save()

    @property
    def engine_user(self):
        return self._remembered.get("engine_user")

    def remember_engine_user(self, name):
        self._remembered["engine_user"] = name
        self._save()

    def prepare(self):
        """Make the directories, or refuse a directory that is someone else's."""
        directory = self.directory
        if directory.exists() and not self.exists and any(directory.iterdir()):
            raise StackError(f"{directory} is not empty and was not made by deploy/stack",
                             "name another directory with TOLLGATE_STACK_DIR, or empty this one")
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(f"cannot make {directory}: {error.strerror}", "name a writable directory with TOLLGATE_STACK_DIR") from None
        self._require_owner()
        if not self.exists:
            self._save()
        for name in ("log", "run"):
            (directory / name).mkdir(exist_ok=True)
        (directory / ".gitignore").write_text("*\n")

    def _require_owner(self):
        if self.directory.stat().st_uid != os.geteuid():
            raise StackError(f"{self.directory} belongs to {owner_name(self.directory)}, and you are {current_user()}",
                             "run deploy/stack as that user, or name another directory with TOLLGATE_STACK_DIR")

    def lock(self):
        """Hold while engines are started, stopped or deleted; released when the process ends."""
        self._require_owner()
        handle = open(self.directory / "lock", "a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("another deploy/stack command is at work on this stack; waiting for it", file=sys.stderr)
            fcntl.flock(handle, fcntl.LOCK_EX)
        self._remembered = self._load()
        return handle

    def _load(self):
        try:
            return json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise StackError(f"cannot read {self._file}: {error}", f"delete the file; ports are then chosen anew") from None

    def _save(self):
        self._remembered.setdefault("clone", str(REPOSITORY))
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(self._remembered, indent=2, sort_keys=True) + "\n")
        temporary.replace(self._file)


def local_address(engine, port):
    """What the variable of an engine holds when it is the local one."""
    return {
        "postgres": f"postgres://tollgate@{HOST}:{port}/tollgate",
        "kafka": f"{HOST}:{port}",
        "clickhouse": f"http://{HOST}:{port}",
    }[engine]


def choose_directory():
    """TOLLGATE_STACK_DIR, else .stack in the clone, else, where the engine user cannot enter the clone, elsewhere."""
    named = os.environ.get("TOLLGATE_STACK_DIR", "").strip()
    if named:
        return Path(named).expanduser().absolute()
    inside = REPOSITORY / ".stack"
    if (inside / "stack.json").exists():
        return inside
    if os.geteuid() == 0 and not can_enter(unprivileged_user(create=False), REPOSITORY):
        return elsewhere()
    if not os.access(inside if inside.exists() else REPOSITORY, os.W_OK):
        return elsewhere()
    return inside


def elsewhere():
    """A directory named after the path of the clone, so that every clone has its own."""
    name = "tollgate-stack-" + hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:12]
    if os.geteuid() != 0:
        name += f"-{os.geteuid()}"
    for parent in ("/var/tmp", tempfile.gettempdir()):
        if (Path(parent) / name).exists() or os.access(parent, os.W_OK):
            return Path(parent) / name
    raise StackError("no directory for the stack: neither the clone nor /var/tmp nor the temporary directory is usable",
                     "name a writable directory with TOLLGATE_STACK_DIR")


def unprivileged_user(create):
    """Root only: whom PostgreSQL runs as. `postgres` if it exists, else `tollgate`, made if it may be, else `nobody`."""
    for name in ("postgres", "tollgate"):
        if user_exists(name):
            return name
    if create:
        made = subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "tollgate"],
                              stdin=subprocess.DEVNULL, capture_output=True) if which("useradd") else None
        if made is not None and made.returncode == 0 and user_exists("tollgate"):
            return "tollgate"
    if user_exists("nobody"):
        return "nobody"
    raise StackError("PostgreSQL does not run as root, and there is no user to run it as", "create one: useradd --system tollgate")


def can_enter(user, directory):
    """Whether a user can reach a directory; asked by doing it."""
    entry = pwd.getpwnam(user)
    try:
        return subprocess.run(["/bin/sh", "-c", 'cd "$1" && ls . >/dev/null', "sh", str(directory)], cwd="/", stdin=subprocess.DEVNULL,
                              capture_output=True, user=entry.pw_uid, group=entry.pw_gid, extra_groups=[]).returncode == 0
    except OSError:
        return False


def free_port(engine, taken):
    """The preferred port of an engine, or the next one that nobody listens on."""
    preferred = ENGINES[engine][0]
    for port in range(preferred, preferred + PORTS_TRIED):
        if port not in taken and port_is_free(port):
            return port
    raise StackError(f"no free port for {engine} from {preferred} on", f"set {ENGINES[engine][1]}")


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def which(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def user_exists(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def owner_name(path):
    return user_name(path.stat().st_uid)


def current_user():
    return user_name(os.geteuid())


def user_name(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
