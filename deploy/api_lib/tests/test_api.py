"""What the checks of the API are told. Starts no program, installs nothing."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

from local import layout
from local.failure import StackError

from api_lib import served, small_operator, steps, tools

OPENAPI = layout.REPOSITORY / "admin-api" / "openapi.json"


class Configuration(unittest.TestCase):
    def test_names_are_of_paths_that_exist(self):
        paths = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"]
        for path, names in small_operator.NAMES.items():
            for name in names:
                self.assertTrue(any(known.startswith(path) and "{" + name + "}" in known for known in paths), path)
        self.assertGreater(served.operations(OPENAPI), 100)

    @unittest.skipIf(sys.version_info < (3, 11), "tomllib is of 3.11")
    def test_what_schemathesis_reads(self):
        import tomllib
        read = tomllib.loads(steps.configuration())
        self.assertEqual(read["headers"]["Authorization"], "Bearer ${TOLLGATE_TOKEN}")
        locks = next(one for one in read["operations"] if one["include-path-regex"].startswith("^/v1/locks"))
        self.assertEqual(locks["parameters"], {"path.id": 1})
        self.assertRegex("/v1/locks/{id}/history", locks["include-path-regex"])
        self.assertNotIn("positive_data_acceptance", steps.CHECKS)


class Operator(unittest.TestCase):
    def test_files(self):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name) / "operator"
            small_operator.write(directory)
            for file in directory.iterdir():
                head, *rows = file.read_text(encoding="utf-8").splitlines()
                self.assertTrue(rows, file.name)
                self.assertEqual({row.count(",") for row in rows}, {head.count(",")}, file.name)


class Tools(unittest.TestCase):
    def test_what_is_there_is_left_alone(self):
        with tempfile.TemporaryDirectory() as name:
            place = mock.Mock(directory=pathlib.Path(name))
            environment = place.directory / "tools" / "schemathesis"
            environment.mkdir(parents=True)
            (environment / "installed.txt").write_text(tools.FUZZER + "\n")
            with mock.patch.object(tools.wheels, "make", side_effect=AssertionError):
                self.assertEqual(tools.install(place, tools.FUZZER), environment)

    def test_a_tool_that_takes_too_long_fails(self):
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stderr(io.StringIO()) as said:
            status = steps.run([sys.executable, "-c", "import time; time.sleep(9)"], pathlib.Path(name), seconds=0.2)
        self.assertEqual(status, 1)
        self.assertIn("not done within", said.getvalue())

    def test_programs_that_are_missing_are_named(self):
        with tempfile.TemporaryDirectory() as name:
            server = served.Served(mock.Mock(directory=pathlib.Path(name)), {})
            server._programs = pathlib.Path(name)
            with self.assertRaises(StackError) as raised:
                server.start()
        self.assertIn("admin-api", raised.exception.problem)


if __name__ == "__main__":
    unittest.main()
