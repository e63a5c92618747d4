"""Reads cases from files and standard input, and writes a case that can be read again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rashpath.cli.errors import CommandError
from rashpath.facts.check import given
from rashpath.facts.dictionary import Dictionary
from rashpath.facts.document import SIZE_LIMIT, parse
from rashpath.facts.errors import FactsError, Problem, Reason
from rashpath.facts.message import fill
from rashpath.facts.show import symbol
from rashpath.v1 import facts_pb2

STDIN = "-"
"""The file name that means standard input."""


@dataclass(frozen=True, slots=True)
class Item:
    """One case of many: the case, or why it cannot be read."""

    index: int
    result: facts_pb2.PatientCase | FactsError


def read_case(name: str) -> facts_pb2.PatientCase:
    """Returns the case of a YAML or JSON file, or of standard input for ``-``.

    Raises:
        FactsError: the file cannot be read, or has faults; every fault that was found is told.
    """
    return _case(*_content(name))


def read_files(names: list[str]) -> Iterator[Item]:
    """Yields the case of each file, in order; a file with faults gives its faults."""
    for index, name in enumerate(names):
        yield Item(index, _attempt(name))


def read_lines(names: list[str]) -> Iterator[Item]:
    """Yields the case of each line of JSON, over all files in order.

    Blank lines are skipped and not counted. A line with faults gives its faults, and so does a
    file that cannot be read (as one item).
    """
    index = 0
    for name in names:
        try:
            stream = _open(name)
        except FactsError as error:
            yield Item(index, error)
            index += 1
            continue
        with stream:
            for number, line in _lines(stream):
                yield Item(index, _line_case(line, number, _source(name)))
                index += 1


def write_case(path: Path, case: facts_pb2.PatientCase, *, replace: bool) -> None:
    """Writes a case as YAML with short names, readable by its owner only.

    Args:
        path: the file.
        case: the case; its facts are written in the order of the dictionary.
        replace: whether a file that is there may be overwritten.

    Raises:
        CommandError: the file is there and may not be replaced, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if replace else os.O_EXCL)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as stream:
            stream.write(case_text(case))
    except FileExistsError:
        raise CommandError(f"`{path}` is there already; `--force` replaces it") from None
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise CommandError(f"`{path}`: {reason}") from None


def case_text(case: facts_pb2.PatientCase) -> str:
    """Returns a case as YAML text."""
    dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
    lines: list[str] = []
    group = ""
    for path, value in given(case, dictionary).items():
        fact = dictionary[path]
        if fact.group != group:
            group = fact.group
            lines.append(f"{group}:")
        lines.append(f"  {fact.name}: {symbol(fact, value)}")
    return "\n".join(lines or ["{}"]) + "\n"


def _attempt(name: str) -> facts_pb2.PatientCase | FactsError:
    try:
        return read_case(name)
    except FactsError as error:
        return error


def _case(data: bytes, source: str) -> facts_pb2.PatientCase:
    document = parse(data, source)
    return fill(facts_pb2.PatientCase, document.value, document.places, source)


def _line_case(line: bytes | None, number: int, source: str) -> facts_pb2.PatientCase | FactsError:
    if line is None:
        text = f"the line has more than {SIZE_LIMIT} bytes"
        return FactsError([Problem(Reason.TOO_LARGE, "", text, text, number, None, source)])
    try:
        # The name makes the reader insist on JSON: a line of YAML is not an item of a batch.
        document = parse(line, f"line {number}.ndjson")
        return fill(facts_pb2.PatientCase, document.value, document.places, source)
    except FactsError as error:
        return FactsError(
            Problem(p.reason, p.field, p.text, p.private_text, number, p.column, source)
            for p in error.problems
        )


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yields each line that is not blank with its number, and None for one that is too long."""
    number = 0
    while line := stream.readline(SIZE_LIMIT + 1):
        number += 1
        if len(line) > SIZE_LIMIT:
            while line and not line.endswith(b"\n"):
                line = stream.readline(SIZE_LIMIT + 1)
            yield number, None
        elif line.strip():
            yield number, line


def _content(name: str) -> tuple[bytes, str]:
    with _open(name) as stream:
        try:
            # One byte more than the limit, so that the reader sees that it is exceeded.
            return stream.read(SIZE_LIMIT + 1), _source(name)
        except OSError as error:
            raise _unreadable(name, error) from None


def _open(name: str) -> BinaryIO:
    try:
        if name == STDIN:
            return os.fdopen(os.dup(0), "rb")
        if not name:  # such as an unset variable of the shell; as a path it means this folder
            raise ValueError
        return Path(name).open("rb")
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None


def _source(name: str) -> str:
    return "standard input" if name == STDIN else name or "``"


def _unreadable(name: str, error: OSError | ValueError) -> FactsError:
    reason = getattr(error, "strerror", None) or "cannot be read"
    text = reason[0].lower() + reason[1:]
    return FactsError([Problem(Reason.SYNTAX, "", text, text, None, None, _source(name))])
