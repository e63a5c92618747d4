"""Checks what lies in the repository, and what must not."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import MEASURED

MAY_STAND_AT_THE_TOP = {
    ".ci",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "clients",
    "docs",
    "graph",
    "proto",
    "pyproject.toml",
    "server",
    "tests",
}

LARGEST = 500_000
"""Bytes; what is larger is data or a product, and neither belongs here."""

# Written in pieces, so that this file does not hold what it looks for.
REGISTRIES = re.compile(
    r"\b(?:pypi|pythonhosted|crates|npmjs|rubygems|quay|ghcr|docker)\." + r"(?:org|io|com)\b"
)
PATHS_OF_ONE_MACHINE = re.compile(r"(?<![\w.])/" + r"(?:work|root|home/\w+|Users/\w+)/\w")
CREDENTIALS = re.compile(
    r"-----BEGIN [A-Z ]*" + r"PRIVATE KEY"
    r"|\bAKIA" + r"[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_" + r"[A-Za-z0-9]{36}"
    r"|\bxox[abps]-" + r"[0-9A-Za-z-]{10,}"
    r"|\beyJ" + r"[\w-]{20,}\.[\w-]{20,}\."
    r"|://[^/\s:@{$<]+:[^/\s:@{$<]+@"
)
EXCEPTION = re.compile(
    r"#\s*(?:ruff: )?noqa\b(?P<noqa>.*)|#\s*type: ignore(?P<ignore>.*)|#\s*pragma: (?P<pragma>.*)"
)
REASON = re.compile(r"(?:\s[-#]\s|\s#\s?)\s*\w.{3,}")


def places(files: list[Path], root: Path, pattern: re.Pattern[str]) -> list[str]:
    """Returns `file:line: text` for each line in which the pattern is found."""
    return [
        f"{path.relative_to(root)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def unexplained(line: str) -> bool:
    """Tells whether a line silences a check without a reason behind it."""
    found = EXCEPTION.search(line)
    return found is not None and not REASON.search(next(filter(None, found.groups()), ""))


def test_top_level_holds_only_what_the_architecture_names(root, files):
    """A newcomer finds four source roots and what every repository has, nothing else."""
    assert set() == {path.relative_to(root).parts[0] for path in files} - MAY_STAND_AT_THE_TOP


def test_files_that_measure_are_there(root):
    """A file that was renamed would otherwise be tested beside another that measures."""
    assert [name for name in MEASURED if not (root / name).is_file()] == []


def test_no_root_claims_the_namespace(root, files):
    """One `rashpath/__init__.py` would hide the packages of the other roots."""
    assert [
        path.relative_to(root)
        for path in files
        if path.name == "__init__.py" and path.parent.name == "rashpath"
    ] == []


def test_each_package_says_that_it_is_typed(root, files):
    """A type checker reads the types of a package only where `py.typed` stands in it."""
    packages = {
        path.relative_to(root).parts[:3]
        for path in files
        if path.suffix == ".py" and path.relative_to(root).parts[1:2] == ("rashpath",)
    }
    assert packages
    missing = [folder for folder in packages if not list(root.joinpath(*folder).rglob("py.typed"))]
    assert missing == []


def test_files_are_text_and_small(root, files):
    """What cannot be read in a review is not in the repository."""
    faults = []
    for path in files:
        data = path.read_bytes()
        if len(data) > LARGEST or b"\0" in data:
            faults.append(str(path.relative_to(root)))
        data.decode("utf-8")
    assert faults == []


def test_no_registry_is_named(root, files):
    """Where packages come from is the business of the machine that installs them."""
    assert places(files, root, REGISTRIES) == []


def test_no_path_of_one_machine_is_named(root, files):
    """A path that is right on one machine only is wrong in the repository."""
    assert places(files, root, PATHS_OF_ONE_MACHINE) == []


def test_nothing_looks_like_a_credential(root, files):
    """Keys, tokens and passwords never stand in a file."""
    assert places(files, root, CREDENTIALS) == []


def test_each_lint_exception_gives_its_reason(root, python_files):
    """Who silences a check says why, on the same line."""
    assert [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in python_files
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if unexplained(line)
    ] == []


def test_unexplained_exceptions_are_seen():
    """The check of the exceptions can fail: it tells a bare exception from an explained one."""
    assert unexplained("import this  # noqa")
    assert unexplained("import this  # noqa: F401")
    assert unexplained("x = y  # type: ignore[assignment]")
    assert not unexplained("import this  # noqa: F401 - read by the program that imports us")
    assert not unexplained("x = y  # type: ignore[assignment] # the stub is wrong about y")
    assert not unexplained("x = y  # a plain comment")


def test_what_must_not_stand_here_is_seen():
    """The checks of the texts can fail: each pattern finds an example of what it looks for."""
    assert REGISTRIES.search("https://pypi." + "org/simple")
    assert PATHS_OF_ONE_MACHINE.search("see /" + "work/main/x")
    assert CREDENTIALS.search("postgresql://nurse:" + "secret@db/x")
    assert CREDENTIALS.search("-----BEGIN " + "PRIVATE KEY-----")
