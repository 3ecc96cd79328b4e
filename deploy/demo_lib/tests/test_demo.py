"""The demo against a stand-in for cdr-ingest: kills, progress, failures in words. Needs no engine and no build."""

import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

from local.failure import StackError

from demo_lib import chaos, cli, storm, stream, tour
from demo_lib.children import Children, parse
from demo_lib.progress import Progress
from demo_lib.setting import Setting, in_database, last_midnight, new_topic, utc_now

FAKE = pathlib.Path(__file__).with_name("fake_ingest.py")


class WithStandIn(unittest.TestCase):
    """A directory with a `cdr-ingest` that is the stand-in."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        (self.directory / "log").mkdir()
        program = self.directory / "cdr-ingest"
        program.write_text(f"#!/bin/sh\nexec {sys.executable} -B {FAKE} \"$@\"\n")
        program.chmod(0o755)
        self.setting = Setting(kafka="k:1", postgres="postgres://h/tollgate_demo", clickhouse="http://h", directory=self.directory,
                               programs=self.directory, topic="t", until="2026-11-01T00:00:00Z", cdrs=100, accounts=10, seed=1, partitions=1)
        self.children = Children(self.setting.logs)
        self.addCleanup(self.children.end_all)
        self.said = io.StringIO()
        self.patch(mock.patch.object(sys, "stderr", self.said))

    def patch(self, patch):
        patch.start()
        self.addCleanup(patch.stop)

    def environment(self, **values):
        self.patch(mock.patch.dict(os.environ, {"FAKE_STATE": str(self.directory / "state"), **values}))


class Kills(WithStandIn):
    def setUp(self):
        super().setUp()
        self.patch(mock.patch.multiple(chaos, HOLD_MS=150, COMMITS_BEFORE_MAX=3, DELAY_SECONDS_MAX=0.02, SILENCE_SECONDS=1))
        self.patch(mock.patch.object(chaos, "topic_exists", lambda _setting: True))

    def drill(self, **environment):
        self.environment(**environment)
        self.setting.cdrs = int(environment["FAKE_TOTAL"])
        drill = chaos.Drill(self.setting, self.children)
        drill.run()
        return drill

    def test_ten_kills_and_nothing_missing(self):
        drill = self.drill(FAKE_TOTAL="3000")
        self.assertEqual(chaos.verdict(drill.kills, drill.commits_since_kill), "")
        self.assertEqual(len(drill.kills), 10)
        self.assertGreaterEqual(drill.kills.count(chaos.GAP), 3)
        self.assertEqual((self.directory / "state").read_text(), "3000")
        self.assertIn("kill 10 of 10", self.said.getvalue())
        self.assertIn("partition 0, committed up to offset", self.said.getvalue())

    def test_a_stream_too_short_is_a_shortfall(self):
        drill = self.drill(FAKE_TOTAL="60", FAKE_PRODUCED="0.5")
        self.assertLess(len(drill.kills), 10)
        self.assertIn("of 10 kills happened", chaos.verdict(drill.kills, 1))

    def test_a_producer_that_fails_is_named_with_its_log(self):
        with self.assertRaises(StackError) as raised:
            self.drill(FAKE_TOTAL="3000", FAKE_PRODUCED="0.1", FAKE_PRODUCE_STATUS="4")
        self.assertIn("produce ended with status 4", str(raised.exception))

    def test_plan_is_of_the_seed(self):
        self.assertEqual(chaos.plan(7), chaos.plan(7))
        self.assertEqual([kill.kind for kill in chaos.plan(7)].count(chaos.GAP), 5)
        self.assertTrue(all(kill.commits_before >= 1 for kill in chaos.plan(7)))

    def test_a_delivery_of_the_very_batch_is_no_gap(self):
        target = {"partition": 1, "next_offset": 20}
        for partition, offset, expected in ((1, 20, True), (1, 30, True), (1, 10, False), (2, 20, False)):
            event = {"message": stream.DELIVERED, "partition": partition, "next_offset": offset}
            self.assertEqual(chaos.delivers(event, target), expected)

    def test_verdicts(self):
        gap, other = chaos.GAP, chaos.ELSEWHERE
        self.assertEqual(chaos.verdict([gap] * 3 + [other] * 7, 1), "")
        self.assertIn("only 2 kills fell between", chaos.verdict([gap] * 2 + [other] * 8, 1))
        self.assertIn("after the last kill", chaos.verdict([gap] * 10, 0))

    def test_a_storm_is_the_same_for_one_seed_and_strikes_everybody(self):
        blows = storm.schedule(3, 1800)
        self.assertEqual(blows, storm.schedule(3, 1800))
        self.assertLess(sum(blow.after_seconds for blow in blows), 1800)
        self.assertEqual({blow.kind for blow in storm.schedule(3, 7200)}, set(storm.BLOWS))
        self.assertTrue(all(0 <= blow.victim < storm.PROCESSES for blow in blows))

    def test_pace_makes_the_stream_last(self):
        for cdrs in (20_000, 1_000_000):
            self.assertTrue(150 <= cdrs / chaos.pace(cdrs) <= 200, cdrs)


class Peace(WithStandIn):
    def test_two_processes_charge_to_the_end(self):
        self.environment()
        self.assertGreater(stream.charge(self.setting, self.children, 2), 0)
        self.assertIn("100 records charged", self.said.getvalue())

    def test_a_process_that_dies_shows_its_log(self):
        self.environment(FAKE_STATE="/proc/none/state")
        with self.assertRaises(StackError) as raised:
            stream.charge(self.setting, self.children, 1)
        self.assertIn("run-1 ended with status 1", raised.exception.problem)
        self.assertIn("FileNotFoundError", raised.exception.problem)
        self.assertIn("run-1.log", raised.exception.remedy)

    def test_an_end_before_the_end_is_a_failure(self):
        self.environment(FAKE_TOTAL="90")
        with self.assertRaises(StackError) as raised:
            stream.charge(self.setting, self.children, 1)
        self.assertIn("at 90 of 100 records", raised.exception.problem)

    def test_a_step_that_fails_says_so(self):
        self.environment()
        with self.assertRaises(StackError) as raised:
            self.children.foreground("migrate", [self.setting.ingest, "fail", "--postgres", "postgres://u:secret@h/d"])
        self.assertIn("migrate ended with status 3", raised.exception.problem)
        self.assertIn("teapot", raised.exception.problem)
        self.assertNotIn("secret", str(raised.exception))

    def test_nothing_outlives_the_demo(self):
        self.environment(FAKE_TOTAL="1000000000")
        with Children(self.setting.logs) as children:
            child = children.start("run", self.setting.run("x"))
        self.assertIsNotNone(child.poll())


class Words(unittest.TestCase):
    def test_the_database_of_an_address(self):
        for address, expected in (("postgres://u@h:1/tollgate", "postgres://u@h:1/d"), ("postgres://u:p@h", "postgres://u:p@h/d"),
                                  ("postgres://h/x?sslmode=require", "postgres://h/d?sslmode=require")):
            self.assertEqual(in_database(address, "d"), expected)

    def test_names_of_a_run(self):
        now = utc_now().replace(year=2026, month=11, day=2, hour=3, minute=4, second=5)
        self.assertEqual(new_topic(now), "tollgate_demo_20261102t030405z")
        self.assertEqual(last_midnight(now), "2026-11-02T00:00:00Z")

    def test_log_lines(self):
        self.assertEqual(parse(b'{"message":"x"}\n'), {"message": "x"})
        for line in (b"plain\n", b"{broken\n", b"[1]\n", b"\xff\n"):
            self.assertIsNone(parse(line))

    def test_the_report_ends_with_its_figures(self):
        figures = dict.fromkeys(cli.REPORT_FIELDS, 1)
        self.assertEqual(cli.figures_of(json.dumps(figures)), figures)
        for line in ("", "done", "{}", "[1]"):
            self.assertIsNone(cli.figures_of(line))

    def test_progress_in_a_log_is_rare(self):
        clock, written = iter([0, 1, 11, 12]), io.StringIO()
        progress = Progress("records", 200, written, lambda: next(clock))
        for done in (50, 110, 120):
            progress.show(done)
        self.assertEqual(written.getvalue(), "demo: records 110 of 200 (55%), 10/s\n")


class Answers:
    """Stands in for the service: fixed answers by path."""

    def __init__(self, **changed):
        self.changed = changed

    def get(self, path, parameters=None):
        last = path.rsplit("/", 1)[1]
        name = last if last in ("calls", "traffic") else path.split("/")[2] if "invoices" not in path else "invoices"
        return self.changed.get(name.replace("-", "_"), ANSWERS[name])


ANSWERS = {
    "accounts": {"payment_mode": "prepaid", "credit_policy": "none", "balance": "93.99", "currency": "RUB", "plan": "second"},
    "calls": {"total": 1, "items": [{"id": "0F", "started_at": "2026-11-01T10:00:00.000Z", "disposition": "answered", "billed_seconds": 78, "service": "outgoing",
                                     "dst": "79161234567", "destination": "Russia mobile", "gross": "0.0078", "currency": "RUB"}]},
    "traffic": {"items": [{"month": "2026-11", "calls": 3, "seconds": 90, "gross": "4.004", "currency": "RUB"}]},
    "charges": {"agrees": True, "differences": [], "text": ["outgoing call: 79161234567", "to pay: 0.0078 RUB"]},
    "tariff-check": {"verdict": "ok", "explanation": {"amount": "0.0078", "currency": "RUB", "refusal": None, "lines": [{"text": "x" * 200}]}},
    "lock-check": {"code": "LOCKED_GLOBAL", "locks": [{"scope": "global", "mask": "381", "origin": "operator"}]},
    "dids": {"status": "archive", "non_target_class": "has_calls", "calls_in_window": 7, "unique_callers_in_window": 2},
    "invoices": {"preliminary": True, "gross": "4.00", "currency": "RUB", "tax": "0.72", "lines": [
        {"product": "telephony", "service": "outgoing", "calls": 3, "seconds": 90, "gross": "4.00", "tax_percent": "22", "tax": "0.72", "rounding": "0"}]},
}


class Tour(unittest.TestCase):
    def subject(self, amount="4"):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            (directory / "locks.csv").write_text("mask,account,provider,active\n79,A1,,\nshort:100,,,\n2526,,,false\n381,,,\n")
            (directory / "dids.csv").write_text("number,status,to\n74950000001,archive,2026-01-01T00:00:00Z\n74950000002,archive,\n")
            expected = directory / "e.json"
            expected.write_text(json.dumps({"retail": [["A1", "RUB", "2026-10-31", "5"], ["A2", "RUB", "2026-11-01", amount],
                                                       ["A2", "RUB", "2026-10-31", "2"], ["A3", "USD", "2026-11-01", "99"]]}))
            return tour.Subject(directory, expected)

    def test_masks_become_numbers(self):
        self.assertEqual([tour.padded(mask) for mask in ("2526", "381114112060", "3")], ["25261234567", "381114112060", "31234567890"])

    def test_the_subject_is_the_busiest_account(self):
        subject = self.subject()
        self.assertEqual((subject.account, subject.month, subject.barred, subject.did), ("A2", "2026-11", "38112345678", "74950000002"))

    def test_every_question_is_told(self):
        text = tour.told(Answers(), self.subject("4.004"))     # within half a kopeck of the invoice
        for part in ("balance 93.99 RUB", "its traffic of 2026-11: 3 calls, 90 s, 4.004 RUB", "79161234567", "0.0078 RUB; verdict ok", "LOCKED_GLOBAL", "global lock on 381", "has_calls", "why does the call of 2026-11-01T10:00:00 cost 0.0078 RUB?", "to pay: 0.0078 RUB", "4.00 RUB, of which tax 0.72"):
            self.assertIn(part, text)
        self.assertLessEqual(max(len(line) for line in text.splitlines()), tour.WIDTH)

    def test_an_invoice_that_differs_is_a_failure(self):
        with self.assertRaises(StackError) as raised:
            tour.told(Answers(), self.subject("4.01"))
        self.assertIn("the oracle expected 4.01", raised.exception.problem)

    def test_a_charge_that_differs_is_a_failure(self):
        with self.assertRaises(StackError) as raised:
            tour.told(Answers(charges=dict(ANSWERS["charges"], agrees=False)), self.subject())
        self.assertIn("charge 0F is not what its leg costs", raised.exception.problem)

    def test_an_answer_of_another_form_is_a_failure(self):
        for changed in ({"dids": {}}, {"calls": {"total": 1, "items": [{}]}}, {"invoices": dict(ANSWERS["invoices"], gross="much")}):
            with self.assertRaises(StackError) as raised:
                tour.told(Answers(**changed), self.subject())
            self.assertIn("not of the expected form", raised.exception.problem)


if __name__ == "__main__":
    unittest.main()
