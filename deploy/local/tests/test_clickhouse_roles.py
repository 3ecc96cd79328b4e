"""The SQL of deploy/clickhouse/roles against the engine: what an analyst and an investigator may, and what they may not.

The local engine keeps no users of its own, but it reads them from a file. So the rights in the SQL files are put into such a file, word for word,
and each role looks at the same data in a process of its own. What needs a server (CREATE ROLE, settings profiles, row policies, the query log) is
read by the parser of the engine and no more.

Fails, and never skips, when the wheels are not installed: run `deploy/stack up` once.
"""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest
import xml.sax.saxutils

from local import layout, wheels

FILES = layout.REPOSITORY / "deploy" / "clickhouse"
DATABASE = "tollgate"
REASON = "calls_in_clear(reason = 'complaint 4711 of a client')"

# Runs statements one after another; for each the rows, or the error.
RUNNER = """
import json, sys
from chdb import _chdb
connection = _chdb.connect(sys.argv[1] + "?config-file=" + sys.argv[2])
answers = []
for statement in json.load(sys.stdin):
    try:
        answers.append(bytes(connection.query(statement, "TabSeparatedRaw").bytes()).decode())
    except Exception as error:
        answers.append("refused: " + str(error))
print(json.dumps(answers))
"""


def statements(path):
    """As the program that applies the numbered files takes them apart."""
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if not line.lstrip().startswith("--")]
    return [part.strip().rstrip(";") for part in "\n".join(lines).split(";\n") if part.strip()]


def role_files():
    return sorted((FILES / "roles").glob("*.sql"))


def rights(grantee):
    """The GRANTs to a user or role, with those of the roles that it was given."""
    found = []
    for path in role_files():
        for statement in statements(path):
            privilege = re.fullmatch(r"GRANT (.+) ON (\S+) TO " + grantee, statement)
            role = re.fullmatch(r"GRANT (\w+) TO " + grantee, statement)
            if privilege:
                name = privilege.group(2) if "." in privilege.group(2) else f"{DATABASE}.{privilege.group(2)}"
                found.append(f"GRANT {privilege.group(1)} ON {name}")
            elif role:
                found += rights(role.group(1))
    return found


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.python = wheels.python(layout.Layout().environment)
        if not cls.python.exists():
            raise AssertionError("the wheels are not installed: run deploy/stack up once")
        cls.place = tempfile.TemporaryDirectory()
        cls.directory = pathlib.Path(cls.place.name)
        schema = [statement for path in sorted(FILES.glob("0*.sql")) for statement in statements(path)]
        call = ("INSERT INTO calls (identity, src, dst, account_id, usage_day, started_at, ended_at, service, direction, outcome, disposition, "
                "charged_party, calls, seconds) VALUES ('0123456789abcdef', '79161234567', '74951234567', 1, '2026-11-01', '2026-11-01 10:00:00', "
                "'2026-11-01 10:01:00', 'outgoing', 'out', 'rated', 'answered', 'caller', 1, 60)")
        made = cls.run_as(None, [f"CREATE DATABASE {DATABASE}", f"USE {DATABASE}", *schema, call,
                                 "INSERT INTO mask_keys (generation, key_high, key_low) VALUES (1, 1234567, 7654321)",
                                 *[s for s in statements(FILES / "roles" / "0001_definer.sql") if s.startswith("ALTER")]])
        refused = [answer for answer in made if answer.startswith("refused")]
        assert not refused, refused

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    @classmethod
    def run_as(cls, role, wanted):
        """Answers to statements by somebody with the rights of a role; None = by the owner."""
        def grants(found):
            return "<grants>" + "".join(f"<query>{xml.sax.saxutils.escape(g)}</query>" for g in found) + "</grants>"

        def user(name, rest):
            return f"<{name}><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>{rest}</{name}>"

        me = "<access_management>1</access_management>" if role is None else grants(rights(role))
        users = f"<users>{user('default', me)}{user('tollgate_views', grants(rights('tollgate_views')))}</users>"
        (cls.directory / "users.xml").write_text(
            f"<clickhouse><profiles><default/></profiles>{users}<quotas><default/></quotas></clickhouse>", encoding="utf-8")
        config = cls.directory / "config.xml"
        config.write_text(f"<clickhouse><users_config>{cls.directory / 'users.xml'}</users_config></clickhouse>", encoding="utf-8")
        ran = subprocess.run([str(cls.python), "-B", "-c", RUNNER, str(cls.directory / "data"), str(config)], input=json.dumps(wanted),
                             capture_output=True, text=True, timeout=120, check=True)
        return json.loads(ran.stdout)

    def test_every_statement_is_sql(self):
        every = [statement for path in role_files() for statement in statements(path)]
        self.assertGreater(len(every), 40)
        answers = self.run_as(None, [f"EXPLAIN AST {statement}" for statement in every])
        for statement, answer in zip(every, answers):
            self.assertFalse(answer.startswith("refused"), f"{statement}\n{answer}")

    def test_an_analyst_reads_masks_and_nothing_else(self):
        views = [grant.rsplit(" ", 1)[1] for grant in rights("analyst")]
        self.assertGreater(len(views), 10)
        answers = self.run_as("analyst", [f"SELECT * FROM {view}" for view in views])
        for view, answer in zip(views, answers):
            self.assertFalse(answer.startswith("refused"), f"{view}: {answer}")
            for number in ("79161234567", "74951234567"):
                self.assertNotIn(number, answer, view)
        masked = answers[views.index(f"{DATABASE}.calls_masked")]
        self.assertRegex(masked, r"\t7916\*1:[0-9a-f]{16}\t7495\*1:[0-9a-f]{16}\t")
        tables = ["calls", "suspended", "duplicates", "batches", "mask_keys", REASON]
        for table, answer in zip(tables, self.run_as("analyst", [f"SELECT * FROM {DATABASE}.{table}" for table in tables])):
            self.assertIn("ACCESS_DENIED", answer, table)

    def test_the_key_does_not_show_in_explanations(self):
        select = f"SELECT src, dst FROM {DATABASE}.calls_masked"
        for answer in self.run_as("analyst", [f"EXPLAIN actions = 1 {select}", f"EXPLAIN QUERY TREE {select}", f"EXPLAIN SYNTAX {select}",
                                              f"EXPLAIN PIPELINE {select}", f"EXPLAIN actions = 1 {select} SETTINGS analyzer_inline_views = 1",
                                              f"EXPLAIN QUERY TREE {select} SETTINGS analyzer_inline_views = 1"]):
            self.assertRegex(answer, "calls_masked|sipHash64Keyed|ReadFromMergeTree|MergeTreeSelect|JoiningTransform")
            self.assertNotIn("1234567", answer)
            self.assertNotIn("7654321", answer)

    def test_an_investigator_names_a_reason(self):
        clear, hidden, short, table, mask = self.run_as("investigator", [
            f"SELECT src, dst FROM {DATABASE}.{REASON}", f"SELECT src FROM {DATABASE}.calls_in_clear",
            f"SELECT src FROM {DATABASE}.calls_in_clear(reason = 'because')", f"SELECT src FROM {DATABASE}.calls",
            f"SELECT c.src FROM {DATABASE}.{REASON} AS c JOIN {DATABASE}.calls_masked AS m ON c.src_mask = m.src AND c.dst_mask = m.dst"])
        self.assertEqual(clear, "79161234567\t74951234567\n")
        self.assertIn("refused", hidden)
        self.assertIn("a reason of at least 10 characters", short)
        self.assertIn("ACCESS_DENIED", table)
        self.assertEqual(mask, "79161234567\n")

    def test_every_view_has_a_reader_and_a_definer(self):
        views = {match for path in FILES.glob("0*.sql") for match in re.findall(r"^CREATE VIEW (\w+)", path.read_text(encoding="utf-8"), re.M)}
        read = {grant.rsplit(".", 1)[1] for grant in rights("investigator")}
        self.assertEqual(views, read)
        defined = set(re.findall(r"^ALTER TABLE (\w+) MODIFY SQL SECURITY DEFINER DEFINER = tollgate_views;$",
                                 (FILES / "roles" / "0001_definer.sql").read_text(encoding="utf-8"), re.M))
        self.assertEqual(views, defined)
        self.assertEqual(read - {grant.rsplit(".", 1)[1] for grant in rights("analyst")}, {"calls_in_clear"})


if __name__ == "__main__":
    unittest.main()
