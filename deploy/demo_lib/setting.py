"""Where this run of the demo happens: engines, databases, topic, files, programs.

Owns: names and paths, and the command lines that are the same in every mode.
Does not own: when they are run (`cli`, `stream`, `chaos`).
Always: databases are `tollgate_demo`, made fresh, and the topic is a new one each run, so that nothing of anybody else is touched.
"""

import datetime
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

DATABASE = "tollgate_demo"
LOG = "info,sqlx=warn"


@dataclass
class Setting:
    """One run."""

    kafka: str
    postgres: str
    clickhouse: str
    directory: Path
    programs: Path
    topic: str
    until: str
    cdrs: int
    accounts: int
    seed: int
    partitions: int

    @property
    def ingest(self):
        return self.programs / "cdr-ingest"

    @property
    def admin(self):
        return self.programs / "admin-api"

    @property
    def logs(self):
        return self.directory / "log"

    @property
    def operator(self):
        return self.directory / "operator"

    @property
    def expected(self):
        return self.directory / "expected.json"

    @property
    def books(self):
        """Options that name the two databases."""
        return ["--postgres", self.postgres, "--clickhouse", self.clickhouse, "--clickhouse-database", DATABASE]

    def migrate(self):
        return [self.ingest, "migrate", *self.books, "--fresh"]

    def generate_operator(self):
        return [self.ingest, "generate", "operator", "--out", self.operator, "--accounts", self.accounts, "--seed", self.seed,
                "--until", self.until]

    def load(self):
        return [self.ingest, "load", "--postgres", self.postgres, self.operator]

    def produce(self, per_second=None):
        pace = [] if per_second is None else ["--per-second", per_second]
        return [self.ingest, "produce", "--kafka", self.kafka, "--topic", self.topic, "--create-partitions", self.partitions, *pace,
                "--operator", self.operator, "--cdrs", self.cdrs, "--seed", self.seed, "--until", self.until, "--expect", self.expected]

    def run(self, instance, *options, group=None):
        """`instance`: name within the group; None for a member that the group forgets when it leaves. `group`: another one than the usual."""
        named = [] if instance is None else ["--instance", instance]
        return [self.ingest, "run", "--kafka", self.kafka, "--topic", self.topic, "--group", group or self.topic, *named, *self.books,
                "--log-json", "--log", LOG, *options]

    def report(self, seconds):
        return [self.ingest, "report", *self.books, "--expected", self.expected, "--seconds", f"{seconds:.3f}"]


def in_database(address, database):
    """The address of a Postgres server with another database in it."""
    return urllib.parse.urlsplit(address)._replace(path="/" + database).geturl()


def new_topic(now):
    return f"{DATABASE}_{now:%Y%m%dt%H%M%Sz}"


def last_midnight(now):
    """What counts as now for the made-up calls: the same all day long, so that a seed means the same calls all day long."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)
