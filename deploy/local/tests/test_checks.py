"""What deploy/test and deploy/demo ask of a machine, and what deploy/test says at the end. Runs no check."""

import contextlib
import io
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from local import checks, layout, machine, radclient
from local.failure import StackError


class Machine(unittest.TestCase):
    def missing(self, *programs, **environment):
        """The message when only these are absent."""
        here = lambda program: None if program in programs else "/usr/bin/" + program  # noqa: E731
        with mock.patch.object(layout, "which", here), mock.patch.dict(os.environ, environment), \
                mock.patch.object(machine, "require_processor"), mock.patch.object(machine, "rust_version", lambda: (1, 95)):
            machine.require_build_tools()

    def test_everything_is_there(self):
        self.missing()
        self.missing("cc", "gcc")                   # clang will do
        self.missing("cc", "gcc", "clang", CC="ccache zig-cc")

    def test_all_that_is_missing_is_named_at_once(self):
        with self.assertRaises(StackError) as raised:
            self.missing("cargo", "cc", "gcc", "clang", "make", CC="", CARGO_HOME="/nonexistent")
        self.assertEqual(raised.exception.problem, "this machine lacks cargo (Rust), a C compiler, make")
        self.assertIn("rustup", raised.exception.remedy)
        self.assertIn("build-essential", raised.exception.remedy)

    def test_rust_alone_asks_for_no_compiler(self):
        with self.assertRaises(StackError) as raised:
            self.missing("cargo")
        self.assertNotIn("build-essential", raised.exception.remedy)

    def test_a_rust_outside_the_path_is_pointed_at(self):
        with tempfile.TemporaryDirectory() as name:
            cargo = pathlib.Path(name) / "bin" / "cargo"
            cargo.parent.mkdir()
            cargo.touch(0o755)
            with self.assertRaises(StackError) as raised:
                self.missing("cargo", CARGO_HOME=name)
        self.assertIn(f". {name}/env", raised.exception.remedy)

    def test_an_old_rust_is_refused(self):
        with mock.patch.object(machine, "rust_version", lambda: (1, 80)), mock.patch.object(layout, "which", lambda _: "/x"), \
                mock.patch.object(machine, "require_processor"), self.assertRaises(StackError) as raised:
            machine.require_build_tools()
        self.assertIn("1.80", raised.exception.problem)

    def test_where_cargo_builds(self):
        with tempfile.TemporaryDirectory() as name:
            for value, expected in (("", layout.REPOSITORY / "target"), ("out", layout.REPOSITORY / "out"), (name, pathlib.Path(name))):
                with mock.patch.dict(os.environ, {"CARGO_TARGET_DIR": value}):
                    self.assertEqual(machine.target_directory(), expected)


class Summary(unittest.TestCase):
    def test_counts_come_last_and_decide(self):
        for statuses, last, expected in (((0, 0), "checks: 2 passed, 0 failed", 0), ((0, 101), "checks: 1 passed, 1 failed", 1)):
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                got = checks.summary([(f"check{n}", status, 1.0) for n, status in enumerate(statuses)])
            self.assertEqual((said.getvalue().splitlines()[-1], got), (last, expected))

    def test_ci_runs_everything(self):
        with mock.patch.object(checks, "has_deny", lambda: False), mock.patch.object(checks, "cargo_environment", lambda _ci: {}):
            names = [name for name, _ in checks.checks(True, with_demo=True, with_deny=True, server=object())]
            self.assertEqual(names, ["format", "python", "clippy", "programs", "rust", "api-client", "schemathesis", "deny", "demo"])
            self.assertEqual([name for name, _ in checks.checks(False, False, False)], ["format", "python", "clippy", "programs", "rust"])


class RustTests(unittest.TestCase):
    def test_they_run_with_radclient_or_without_it(self):
        lacking = StackError("no apt-get", "install it")
        for found, expected, said in ((["/x/radclient"], {"A": "a", "TOLLGATE_RADCLIENT": "/x/radclient"}, ""), ([lacking], {"A": "a"}, "no apt-get")):
            with mock.patch.object(radclient, "find", side_effect=found), mock.patch.object(layout, "Layout"), \
                    mock.patch.object(machine, "cargo", return_value=101) as cargo, contextlib.redirect_stderr(io.StringIO()) as told:
                with mock.patch.object(checks.os, "cpu_count", return_value=2):
                    self.assertEqual(checks.rust_tests({"A": "a"}, ["--locked"]), 101)
            cargo.assert_called_once_with("test", "--workspace", "--locked", environment={"RUST_TEST_THREADS": "4", **expected})
            self.assertIn(said, told.getvalue())

    def test_as_many_at_once_as_there_are_processors_or_as_somebody_says(self):
        for processors, said, expected in ((None, {}, "4"), (16, {}, "16"), (16, {"RUST_TEST_THREADS": "1"}, "1")):
            with mock.patch.object(radclient, "find", return_value="/x"), mock.patch.object(layout, "Layout"), \
                    mock.patch.object(machine, "cargo", return_value=0) as cargo, mock.patch.object(checks.os, "cpu_count", return_value=processors):
                checks.rust_tests(said, [])
            self.assertEqual(cargo.call_args.kwargs["environment"]["RUST_TEST_THREADS"], expected)


if __name__ == "__main__":
    unittest.main()
