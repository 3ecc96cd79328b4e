"""What this machine must have before anything is built, and the build.

Owns: the check for cargo, a C compiler and make, in words that say what to install; `cargo` as a command.
Does not own: the engines (`wheels`, `engines`), Python itself (the entry scripts check it).
"""

import os
import re
import subprocess
from pathlib import Path

from local import layout
from local.failure import StackError

RUST_AT_LEAST = (1, 95)
PROCESSOR_FLAGS = ("avx2", "bmi2", "fma")
PACKAGES = "Debian, Ubuntu: apt-get install build-essential; Fedora: dnf install gcc make; Alpine is not supported: the engines need glibc"


def require_build_tools():
    """Everything that `cargo build` needs and what it builds for, or a StackError that names all that is missing."""
    require_processor()
    missing, remedies = [], []
    if layout.which("cargo") is None:
        missing.append("cargo (Rust)")
        remedies.append(how_to_get_cargo())
    c_tools = [name for name, found in (("a C compiler", c_compiler()), ("make", layout.which("make"))) if not found]
    if c_tools:
        missing += c_tools
        remedies.append(PACKAGES)
    if missing:
        raise StackError("this machine lacks " + ", ".join(missing), "; ".join(remedies))
    version = rust_version()
    if version is not None and version < RUST_AT_LEAST:
        raise StackError(f"cargo is of Rust {version[0]}.{version[1]}, and {RUST_AT_LEAST[0]}.{RUST_AT_LEAST[1]} or newer is needed",
                         "rustup update, or use rustup's cargo, which reads rust-toolchain.toml")


def how_to_get_cargo():
    if os.access(cargo_home() / "bin" / "cargo", os.X_OK):
        return f"it is installed but not in the path: . {cargo_home()}/env"
    return "install Rust with rustup, from rustup.rs; rust-toolchain.toml then brings the right version"


def require_processor():
    """`.cargo/config.toml` builds for x86-64-v3: an older processor would end in an illegal instruction, without a word."""
    if os.uname().machine != "x86_64":
        return
    with open("/proc/cpuinfo") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    missing = [flag for flag in PROCESSOR_FLAGS if flag not in flags]
    if flags and missing:
        raise StackError(f"this processor lacks {', '.join(missing)}, and the build is for x86-64-v3",
                         "take the rustflags out of .cargo/config.toml; everything works, some of it more slowly")


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


def cargo_home():
    """Where cargo keeps itself and what `cargo install` brings."""
    return Path(os.environ.get("CARGO_HOME", "").strip() or Path.home() / ".cargo")


def target_directory():
    """Where cargo puts what it builds."""
    named = os.environ.get("CARGO_TARGET_DIR", "").strip()
    return layout.REPOSITORY / named if named else layout.REPOSITORY / "target"
