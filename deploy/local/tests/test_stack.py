"""Decisions of the stack that need no engine: lost records, own and external addresses, pid files, directories."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from local import cli, layout, lost_records, processes
from local.failure import StackError


class LostRecords(unittest.TestCase):
    def row(self, partition, next_offset, topic="cdr"):
        return {"cluster": "local", "topic": topic, "partition": partition, "next_offset": next_offset}

    def test_quiet_when_the_log_reaches_the_position(self):
        self.assertEqual(lost_records.explain([self.row(0, 5)], {("cdr", 0): 5}, local=True), [])

    def test_names_partition_position_and_log_end(self):
        lines = lost_records.explain([self.row(0, 5), self.row(1, 7)], {("cdr", 0): 9, ("cdr", 1): 0}, local=True)
        self.assertIn("topic cdr, partition 1 (cluster local): Postgres expects offset 7, the broker's log ends at 0", lines[0])
        self.assertIn("deploy/stack reset", lines[-1])
        self.assertEqual(len(lines), 3)

    def test_missing_topic(self):
        lines = lost_records.explain([self.row(0, 5)], {}, local=False)
        self.assertIn("no such topic or partition", lines[0])
        self.assertNotIn("deploy/stack reset", lines[-1])

    def test_many_partitions_are_cut_short(self):
        lines = lost_records.explain([self.row(n, 5) for n in range(100)], {}, local=True)
        self.assertIn("80 partitions more", lines[lost_records.LINES_MAX])


class Layouts(unittest.TestCase):
    def place(self, **environment):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        environment["TOLLGATE_STACK_DIR"] = directory.name
        patch = mock.patch.dict(os.environ, environment)
        patch.start()
        self.addCleanup(patch.stop)
        for variable in ("TOLLGATE_KAFKA", "TOLLGATE_POSTGRES", "TOLLGATE_CLICKHOUSE"):
            if variable not in environment:
                os.environ.pop(variable, None)
        return layout.Layout()

    def test_own_address_in_the_environment_is_not_external(self):
        place = self.place(TOLLGATE_KAFKA="127.0.0.1:29092")
        self.assertEqual(place.external("kafka"), "127.0.0.1:29092")
        place.remember_port("kafka", 29092)
        self.assertIsNone(place.external("kafka"))
        place.remember_port("kafka", 29093)
        self.assertEqual(place.external("kafka"), "127.0.0.1:29092")

    def test_ports_are_remembered_and_overridden(self):
        place = self.place()
        place.remember_port("kafka", 29099)
        self.assertEqual(layout.Layout().port("kafka"), 29099)
        with mock.patch.dict(os.environ, {"TOLLGATE_STACK_KAFKA_PORT": "30000"}):
            self.assertEqual(place.port("kafka"), 30000)
        with mock.patch.dict(os.environ, {"TOLLGATE_STACK_KAFKA_PORT": "many"}), self.assertRaises(StackError):
            place.port("kafka")

    def test_foreign_directory_is_refused(self):
        place = self.place()
        (place.directory / "thesis.txt").write_text("years of work")
        with self.assertRaises(StackError) as raised:
            place.prepare()
        self.assertIn("TOLLGATE_STACK_DIR", raised.exception.remedy)

    def test_a_taken_port_is_passed_over(self):
        with socket.socket() as other:
            other.bind((layout.HOST, 0))
            other.listen()
            port = other.getsockname()[1]
            self.assertFalse(layout.port_is_free(port))
            self.assertEqual(processes.listener(port), os.getpid())


class Processes(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.pid_file = self.directory / "x.pid"
        self.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "mark-of-this-test"])
        self.addCleanup(self.child.wait)
        self.addCleanup(self.child.kill)
        self.process = processes.Process(self.child.pid, processes.start_ticks(self.child.pid))

    def test_recognised_by_start_and_command_line(self):
        processes.record(self.pid_file, self.process)
        self.wait_for_command_line()
        self.assertEqual(processes.recorded(self.pid_file, ["mark-of-this-test"]).pid, self.child.pid)
        self.assertIsNone(processes.recorded(self.pid_file, ["another-mark"]))

    def test_a_reused_pid_is_not_ours(self):
        self.pid_file.write_text(json.dumps({"pid": self.child.pid, "started": self.process.started - 1}))
        self.assertIsNone(processes.recorded(self.pid_file, []))
        processes.send(processes.Process(self.child.pid, self.process.started - 1), signal.SIGKILL)
        self.assertIsNone(self.child.poll())

    def test_broken_and_missing_pid_files(self):
        self.assertIsNone(processes.recorded(self.pid_file, []))
        for text in ("", "12", "{}", '{"pid": "x", "started": 1}'):
            self.pid_file.write_text(text)
            self.assertIsNone(processes.recorded(self.pid_file, []), text)

    def test_stop_forces_the_deaf(self):
        deaf = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"],
                                stdout=subprocess.PIPE)
        self.addCleanup(deaf.stdout.close)
        deaf.stdout.readline()
        self.assertFalse(processes.stop(processes.Process(deaf.pid, processes.start_ticks(deaf.pid)), signal.SIGTERM, 0.2))
        self.assertEqual(deaf.wait(), -signal.SIGKILL)

    def test_logs_are_kept_short(self):
        log = self.directory / "x.log"
        with mock.patch.multiple(processes, LOG_BYTES_MAX=1000, LOG_BYTES_KEPT=100):
            log.write_text("".join(f"line {n}\n" for n in range(500)))
            processes.trim_log(log)
        self.assertLess(log.stat().st_size, 101)
        self.assertEqual(processes.last_lines(log, 1), ["line 499"])

    def wait_for_command_line(self):
        while "mark-of-this-test" not in processes.command_line(self.child.pid):
            pass


class Words(unittest.TestCase):
    def test_passwords_are_not_shown(self):
        for address, shown in (("postgres://u:secret@h:1/d", "postgres://u@h:1/d"), ("postgres://u@h/d", "postgres://u@h/d"),
                               ("http://h:8123", "http://h:8123"), ("h:9092", "h:9092")):
            self.assertEqual(cli.without_password(address), shown)

    def test_sizes_and_durations(self):
        self.assertEqual([cli.size(n) for n in (0, 2048, 5 << 20, 3 << 30)], ["0 B", "2 KiB", "5 MiB", "3.0 GiB"])
        self.assertEqual([cli.duration(n) for n in (9, 61, 3700, 90000)], ["9s", "1m 1s", "1h 1m", "1d 1h"])


if __name__ == "__main__":
    unittest.main()
