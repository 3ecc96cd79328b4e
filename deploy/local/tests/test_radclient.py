"""Where radclient comes from. Apt and dpkg are pretended: no mirror is asked."""

import contextlib
import io
import os
import pathlib
import subprocess
import tempfile
import types
import unittest
from unittest import mock

from local import layout, radclient
from local.failure import StackError

APT = """#!/bin/sh
echo "$@" >> {said}
for word in "$@"; do
    case "$word" in
        Dir::Cache=*) cache="${{word#Dir::Cache=}}" ;;
        install) touch "$cache/archives/one.deb" "$cache/archives/two.deb" ;;
    esac
done
exit {status}
"""
# What it "unpacks" says how it was called.
DPKG = """#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/lib/freeradius"
touch "$3/usr/lib/freeradius/lib$(basename "$2" .deb).so.1"
printf '#!/bin/sh\\necho "$LD_LIBRARY_PATH $*"\\nexit {status}\\n' > "$3/usr/bin/radclient"
chmod +x "$3/usr/bin/radclient"
"""


class Radclient(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.home = pathlib.Path(holder.name)
        self.place = types.SimpleNamespace(directory=self.home / "the stack")
        self.program = self.place.directory / "tools" / "radclient" / "radclient"
        self.said = self.home / "said"

    def found(self, here=("apt-get", "dpkg-deb"), apt_status=0, status=0, **environment):
        """What is found on a machine that has these programs only."""
        for name, text in (("apt-get", APT.format(said=self.said, status=apt_status)), ("dpkg-deb", DPKG.format(status=status))):
            (self.home / name).write_text(text)
            (self.home / name).chmod(0o755)
        which = lambda name: str(self.home / name) if name in here else None  # noqa: E731
        with mock.patch.object(layout, "which", which), mock.patch.dict(os.environ, {"TOLLGATE_RADCLIENT": "", **environment}), \
                contextlib.redirect_stdout(io.StringIO()):
            return radclient.find(self.place)

    def test_what_is_named_or_installed_is_taken(self):
        self.assertEqual(self.found(here=("radclient",), TOLLGATE_RADCLIENT="/opt/radclient"), "/opt/radclient")
        self.assertEqual(self.found(here=("radclient", "apt-get", "dpkg-deb")), str(self.home / "radclient"))
        self.assertFalse(self.said.exists())

    def test_it_is_unpacked_once_and_runs_with_its_libraries(self):
        self.assertEqual(self.found(), str(self.program))
        asked = self.said.read_text().splitlines()
        self.assertEqual([line.split()[-1] for line in asked], ["update", "freeradius-utils"])
        self.assertEqual(self.found(), str(self.program))
        self.assertEqual(self.said.read_text().splitlines(), asked)
        said = subprocess.run([self.program, "-x", "a b"], capture_output=True, text=True, env={"LD_LIBRARY_PATH": "/mine"}).stdout
        files = self.program.parent / "files"
        self.assertEqual(said, f"{files}/usr/lib/freeradius:/mine -D {files}/usr/share/freeradius -d {files}/etc/freeradius/3.0 -x a b\n")
        self.assertEqual(sorted(path.name for path in self.program.parent.iterdir()), ["files", "radclient"])

    def test_what_is_lacking_is_told_with_a_remedy(self):
        for arguments, problem in (({"here": ()}, "no apt-get"), ({"apt_status": 100}, "apt-get says"), ({"status": 1}, "does not run")):
            with self.assertRaises(StackError) as raised:
                self.found(**arguments)
            self.assertIn(problem, raised.exception.problem)
            self.assertIn("dnf install freeradius-utils", raised.exception.remedy)

    def test_what_does_not_run_is_unpacked_anew(self):
        with self.assertRaises(StackError):
            self.found(status=1)
        self.assertEqual(self.found(), str(self.program))


if __name__ == "__main__":
    unittest.main()
