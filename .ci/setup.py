"""Makes `.venv` with this project and its development tools; does nothing where it is current.

With the name of a dependency group it adds that group to `.venv`, which must be there.

Run by `make setup` with any Python from 3.11 on. It needs only that Python and pip, uses the
network once, and from then on only where `pyproject.toml` or `constraints.txt` has changed in
what it asks for.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "ready"
PROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
PIP = (
    *(str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"),
    *("--constraint", str(CONSTRAINTS)),
)


def main() -> int:
    """Sets up what is not set up yet; returns the exit code."""
    if len(sys.argv) > 1:
        return add(sys.argv[1])
    wanted = fingerprint()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    print("setting up .venv", flush=True)
    try:
        # A virtual environment knows its own path: one that was copied or moved is made anew.
        if not PYTHON.exists() or was_moved():
            make_environment()
        install()
    except subprocess.CalledProcessError as error:
        print(f"error: `{command_line(error.cmd)}` failed; see above", file=sys.stderr)
        return 1
    STAMP.write_text(wanted)
    version = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    print(f".venv is ready, made with Python {version}; the program is .venv/bin/rashpath")
    return 0


def add(group: str) -> int:
    """Adds a dependency group to the environment; returns the exit code."""
    stamp = VENV / f"ready-{group}"
    wanted = fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return 0
    print(f"adding the group `{group}` to .venv", flush=True)
    try:
        install_group(group)
    except subprocess.CalledProcessError as error:
        print(f"error: `{command_line(error.cmd)}` failed; see above", file=sys.stderr)
        return 1
    stamp.write_text(wanted)
    return 0


def fingerprint() -> str:
    """Returns a text that tells which environment is wanted: what is to be in it, and where."""
    content = PROJECT.read_bytes() + CONSTRAINTS.read_bytes() + Path(__file__).read_bytes()
    return f"{hashlib.sha256(content).hexdigest()} {ROOT}\n"


def was_moved() -> bool:
    """Tells whether the environment was made at another path, by what its stamp says."""
    return STAMP.exists() and not STAMP.read_text().endswith(f" {ROOT}\n")


def make_environment() -> None:
    """Makes an empty environment with pip, also where Python came without `ensurepip` (Debian)."""
    try:
        import ensurepip  # noqa: F401 - only whether it is there
    except ImportError:
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV))
        run(sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip")
    else:
        run(sys.executable, "-m", "venv", "--clear", str(VENV))


def install() -> None:
    """Installs the development group, then the project; asks no index for what is there already."""
    install_group("dev")
    # Without isolation: the build tool is in the group, and needs no network a second time.
    run(*PIP, "--no-build-isolation", "--editable", str(ROOT))


def install_group(group: str) -> None:
    """Installs a dependency group of the project."""
    # It is read here since the pip that comes with Python 3.11 does not know groups.
    groups = tomllib.loads(PROJECT.read_text())["dependency-groups"]
    run(*PIP, *groups[group])


def run(*command: str) -> None:
    """Runs a command; raises CalledProcessError where it fails."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def command_line(command: object) -> str:
    """Returns the first words of a command, for a message."""
    words = command if isinstance(command, (list, tuple)) else (command,)
    return " ".join(str(word) for word in words[:6]) + (" ..." if len(words) > 6 else "")


if __name__ == "__main__":
    sys.exit(main())
