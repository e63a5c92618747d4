"""What rashpath is made of: locks its dependencies, lists them, and asks for known faults in them.

Run by `make lock`, `make sbom` and `make audit-dependencies` with the Python of `.venv`. The tools
come from the group `supply` and get an environment of their own below `build/supply`, so that
neither the development nor what is listed has anything of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = Path(".ci") / "constraints.txt"
LOCKS = Path("server") / "deploy" / "lock"
RUNTIME_LOCK = LOCKS / "runtime.txt"
BUILD_LOCK = LOCKS / "build.txt"
TOOLS = Path("build") / "supply" / "tools"
RUNTIME = Path("build") / "supply" / "runtime"
REPORTS = Path("build") / "sbom"

NOT_AUDITED = 3
"""Exit code of `audit` where the service that knows of faults did not know the packages."""

_HEADER = "# Every runtime dependency, by hash, for each platform; `make lock` writes it.\n"
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def main() -> int:
    """Does what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(description="Lock, list and audit the dependencies.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lock", help="write the dependencies with their hashes")
    commands.add_parser("tools", help="make the environment of the tools, and nothing else")
    commands.add_parser("sbom", help="write the bill of materials and the licences")
    audit = commands.add_parser("audit", help="ask for known faults of the locked versions")
    audit.add_argument(
        "--if-reachable",
        action="store_true",
        help="end with 0 where the service cannot be asked, having said so",
    )
    given = parser.parse_args()
    os.chdir(ROOT)
    try:
        if given.command == "lock":
            return write_locks()
        if given.command == "tools":
            make_tools()
            return 0
        if given.command == "sbom":
            return write_reports()
        return ask_for_faults(if_reachable=given.if_reachable)
    except subprocess.CalledProcessError as error:
        print(f"error: `{' '.join(map(str, error.cmd))[:120]}` failed; see above", file=sys.stderr)
        return 1


def write_locks() -> int:
    """Writes both locks: versions as in the constraints, or as they were locked before."""
    tools = make_tools()
    environment = os.environ | {"UV_NO_CONFIG": "1"}
    if index := os.environ.get("PIP_INDEX_URL"):  # uv does not read what pip was told
        environment["UV_DEFAULT_INDEX"] = index
    build = REPORTS.parent / "build.in"
    build.write_text("\n".join(build_requirements()) + "\n")
    LOCKS.mkdir(parents=True, exist_ok=True)
    for source, lock in ((Path("pyproject.toml"), RUNTIME_LOCK), (build, BUILD_LOCK)):
        run(
            *(tools / "uv", "pip", "compile", source, "--quiet"),
            *("--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--constraint", CONSTRAINTS, "--no-header", "--no-annotate"),
            *("--output-file", lock),
            env=environment,
        )
    RUNTIME_LOCK.write_text(_HEADER + RUNTIME_LOCK.read_text().removeprefix(_HEADER))
    print(f"{RUNTIME_LOCK}: {len(pins(RUNTIME_LOCK))} packages")
    print(f"{BUILD_LOCK}: {len(pins(BUILD_LOCK))} packages")
    return 0


def write_reports() -> int:
    """Writes bill of materials and licences of what the lock installs on this machine."""
    tools = make_tools()
    make_runtime()
    REPORTS.mkdir(parents=True, exist_ok=True)
    python = RUNTIME / "bin" / "python"
    bill = REPORTS / "rashpath.cdx.json"
    run(
        *(tools / "cyclonedx-py", "environment", python, "--pyproject", "pyproject.toml"),
        *("--mc-type", "application", "--output-reproducible", "--validate"),
        *("--of", "JSON", "--output-file", bill),
    )
    # It ends with an error where a licence is not among those that pyproject.toml allows.
    licences = (tools / "pip-licenses", "--python", python, "--from=mixed", "--with-urls")
    allowed = ";".join(project()["tool"]["rashpath"]["licences"])
    run(
        *licences,
        *("--format=markdown", f"--allow-only={allowed}"),
        *("--output-file", REPORTS / "licences.md"),
    )
    listed = {
        each["name"].lower().replace("_", "-")
        for each in json.loads(bill.read_text())["components"]
    }
    installed = installed_in(python)
    if missing := installed - listed - {"rashpath"}:
        print(f"error: {bill} lacks {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    print(f"{bill}: {len(listed)} components")
    print(f"{REPORTS / 'licences.md'}: every licence is one of those allowed")
    return 0


def ask_for_faults(*, if_reachable: bool) -> int:
    """Asks for known faults; returns 0 for none, 1 for some, 3 where not all could be asked for."""
    tools = make_tools()
    done = subprocess.run(
        [
            *(tools / "pip-audit", "--requirement", RUNTIME_LOCK, "--require-hashes"),
            *("--disable-pip", "--format", "json", "--progress-spinner", "off"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    code, lines = judge_audit(done.stdout, done.stderr)
    print("\n".join(lines))
    if code == NOT_AUDITED and if_reachable:
        print("going on without: --if-reachable")
        return 0
    return code


def judge_audit(output: str, errors: str) -> tuple[int, list[str]]:
    """Returns exit code and text for what pip-audit said.

    It ends with 0 and "no known vulnerabilities" too where it could ask for no package at all, so
    its exit code says nothing: each package must have been asked for.
    """
    try:
        found = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (errors.strip().splitlines() or ["no reason given"])[-1]
        return NOT_AUDITED, ["NOT AUDITED: the service cannot be asked", f"  {last[:300]}"]
    faulty = [each for each in found if each.get("vulns")]
    skipped = sorted(each["name"] for each in found if "skip_reason" in each)
    lines = [
        f"{each['name']} {each['version']}: {fault['id']}"
        f" (mended in {', '.join(fault['fix_versions']) or 'no version yet'})"
        for each in faulty
        for fault in each["vulns"]
    ]
    if skipped or not found:
        lines.append(f"NOT AUDITED: {len(skipped)} of {len(found)} packages are not known there")
        lines.append(f"  {', '.join(skipped)}" if skipped else "  no package was asked for")
    if faulty:
        return 1, lines
    if skipped or not found:
        return NOT_AUDITED, lines
    return 0, [f"no known fault in {len(found)} packages"]


def make_tools() -> Path:
    """Makes the environment of the tools where it is not current; returns where they lie."""
    wanted = project()["dependency-groups"]["supply"]
    content = json.dumps(wanted).encode() + CONSTRAINTS.read_bytes()
    make(TOOLS, content, "--constraint", str(CONSTRAINTS), *wanted)
    return TOOLS / "bin"


def make_runtime() -> None:
    """Makes the environment of a server, as the container has it: the lock, then the wheel."""
    lock = ("--require-hashes", "--only-binary", ":all:", "--requirement", str(RUNTIME_LOCK))
    make(RUNTIME, RUNTIME_LOCK.read_bytes(), *lock)
    wheels = RUNTIME.parent / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    offline = ("--no-deps", "--no-index", "--disable-pip-version-check", "--quiet")
    building = ("--no-build-isolation", "--wheel-dir", wheels)
    run(sys.executable, "-m", "pip", "wheel", *offline, *building, ".")
    run(*pip_of(RUNTIME), "--no-deps", "--no-index", "--force-reinstall", *wheels.glob("*.whl"))


def make(folder: Path, content: bytes, *arguments: str) -> None:
    """Makes an environment anew and installs into it, unless it was made of the same content."""
    stamp = folder / "made-of"
    wanted = f"{hashlib.sha256(content).hexdigest()} {folder.resolve()}\n"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    # Without pip of its own: the pip that runs us installs into it, and is not listed in it.
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", folder)
    run(*pip_of(folder), *arguments)
    stamp.write_text(wanted)


def pip_of(folder: Path) -> tuple[str, ...]:
    """Returns the command that installs into an environment."""
    python = str(folder / "bin" / "python")
    options = ("--disable-pip-version-check", "--python", python, "install", "--quiet")
    return (sys.executable, "-m", "pip", *options)


def installed_in(python: Path) -> set[str]:
    """Returns the names of what is installed in an environment, as package indexes compare them."""
    program = (
        "from importlib.metadata import distributions as all;"
        "print(*(each.metadata['Name'] for each in all()))"
    )
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    return {name.lower().replace("_", "-").replace(".", "-") for name in done.stdout.split()}


def build_requirements() -> list[str]:
    """Returns what the wheel is built with: what the project asks for, in the version of `dev`."""
    groups = project()["dependency-groups"]["dev"]
    return [each for each in groups if each.startswith("hatchling==")]


def pins(lock: Path) -> dict[str, str]:
    """Returns the versions of a lock, or of constraints, by name."""
    found = _PINNED.finditer(lock.read_text())
    return {each["name"].lower().replace("_", "-"): each["version"] for each in found}


def project() -> dict[str, Any]:
    """Returns what `pyproject.toml` says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Runs a command; raises CalledProcessError where it fails."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env=env)


if __name__ == "__main__":
    sys.exit(main())
