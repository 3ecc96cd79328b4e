"""What this machine must have before anything is built, and the build.

Owns: the check for cargo, a C compiler and make, in words that say what to install; `cargo` as a command.
Does not own: the engines (`wheels`, `engines`), Python itself (the entry scripts check it).
"""

import os
import re
import subprocess

from local import layout
from local.failure import StackError

RUST_AT_LEAST = (1, 95)
PACKAGES = "Debian, Ubuntu: apt-get install build-essential; Fedora: dnf install gcc make; Alpine is not supported: the engines need glibc"


def require_build_tools():
    """Everything that `cargo build` needs, or a StackError that names all that is missing."""
    missing, remedies = [], []
    if layout.which("cargo") is None:
        missing.append("cargo (Rust)")
        remedies.append("install Rust with rustup, from rustup.rs; rust-toolchain.toml then brings the right version")
    if c_compiler() is None:
        missing.append("a C compiler")
    if layout.which("make") is None:
        missing.append("make")
    if len(missing) > ("cargo (Rust)" in missing):
        remedies.append(PACKAGES)
    if missing:
        raise StackError("this machine lacks " + ", ".join(missing), "; ".join(remedies))
    version = rust_version()
    if version is not None and version < RUST_AT_LEAST:
        raise StackError(f"cargo is of Rust {version[0]}.{version[1]}, and {RUST_AT_LEAST[0]}.{RUST_AT_LEAST[1]} or newer is needed",
                         "rustup update, or use rustup's cargo, which reads rust-toolchain.toml")


def c_compiler():
    """The C compiler that the build scripts will find."""
    named = os.environ.get("CC", "").split()
    for name in [*named[:1], "cc", "gcc", "clang"]:
        if layout.which(name):
            return name
    return None


def rust_version():
    """(major, minor) of cargo in this clone; None if it does not say. rustup may install the toolchain first."""
    asked = subprocess.run(["cargo", "--version"], cwd=str(layout.REPOSITORY), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if asked.returncode != 0:
        raise StackError("cargo is there but does not run; its message is above",
                         "rustup toolchain install in this directory installs the version of rust-toolchain.toml")
    found = re.match(r"cargo (\d+)\.(\d+)", asked.stdout)
    return (int(found[1]), int(found[2])) if found else None


def cargo(*arguments, environment=None):
    """Runs cargo in the clone with its output on the terminal; the exit status."""
    return subprocess.run(["cargo", *arguments], cwd=str(layout.REPOSITORY), stdin=subprocess.DEVNULL, env=environment).returncode


def target_directory():
    """Where cargo puts what it builds."""
    named = os.environ.get("CARGO_TARGET_DIR", "").strip()
    return layout.REPOSITORY / named if named else layout.REPOSITORY / "target"
