"""One running `admin-api serve` for all checks of the API.

Owns: its databases `tollgate_test_api`, made fresh; the program, its tokens, its end.
Does not own: the engines (`deploy/stack`), what is asked (`steps`).
Always: started when it is needed first, ended with the checks; limits are off, because the checks ask as fast as they can.
"""

import json
import tempfile
from pathlib import Path

from local import layout, machine
from local.failure import StackError

from demo_lib.children import Children, executable, free_port, wait_until
from demo_lib.setting import in_database
from demo_lib.tour import Api

from api_lib import small_operator

DATABASE = "tollgate_test_api"
START_SECONDS = 60
NO_LIMIT = "1000000"


class Served:
    """The program and where it answers. `with Served(place, environment) as served`: what was started is ended."""

    def __init__(self, place, environment):
        self.place = place
        self._environment = environment
        self._programs = machine.target_directory() / "debug"
        self._children = None
        self.address = None
        self.reports = place.directory / "reports"

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        if self._children is not None:
            self._children.end_all()

    @property
    def openapi(self):
        return layout.REPOSITORY / "admin-api" / "openapi.json"

    def start(self):
        """Starts it unless it runs already."""
        if self.address is not None:
            return
        missing = [str(self._programs / name) for name in ("cdr-ingest", "admin-api") if not executable(self._programs / name)]
        if missing:
            raise StackError(f"not built: {', '.join(missing)}", "the check `programs` builds them: cargo build --workspace --bins")
        logs = self.place.directory / "log"
        logs.mkdir(parents=True, exist_ok=True)
        self.reports.mkdir(parents=True, exist_ok=True)
        self._children = Children(logs)
        self._run("migrate", [self._programs / "cdr-ingest", "migrate", *self._books(), "--fresh"])
        with tempfile.TemporaryDirectory() as name:
            small_operator.write(Path(name))
            self._run("load", [self._programs / "cdr-ingest", "load", "--postgres", self._postgres(), name])
        address = f"{layout.HOST}:{free_port()}"
        limits = [option for name in ("rate-per-second", "rate-burst", "failures-per-second", "failures-burst") for option in (f"--{name}", NO_LIMIT)]
        service = self._children.start("api-check", [self._programs / "admin-api", "serve", "--listen", address, *self._books(), *limits])
        wait_until("admin-api is ready", Api(f"http://{address}", "").is_ready, START_SECONDS, [service])
        self.address = f"http://{address}"

    def token(self, login, role):
        """A new token of a user with this role."""
        command = [self._programs / "admin-api", "token", "--postgres", self._postgres(), "--login", login, "--role", role]
        printed, status = self._children.output("token", command)
        if status != 0 or not printed.split():
            raise StackError(f"admin-api gave no token (status {status}){self._children.tail('token')}")
        return printed.split()[-1]

    def _postgres(self):
        return in_database(self._environment[layout.ENGINES["postgres"][2]], DATABASE)

    def _books(self):
        return ["--postgres", self._postgres(), "--clickhouse", self._environment[layout.ENGINES["clickhouse"][2]], "--clickhouse-database", DATABASE]

    def _run(self, name, command):
        _, status = self._children.output(name, command)
        if status != 0:
            raise StackError(f"cdr-ingest {name} ended with status {status}{self._children.tail(name)}")


def operations(document):
    """How many operations a description has."""
    return sum(len(item) for item in json.loads(document.read_text(encoding="utf-8"))["paths"].values())
