"""Reads case files, written by hand or generated.

A file holds one case, as `tests/cases` has them, or many: a `base` of facts with what is expected
of it, and for each of its `cases` what differs (null: not known, or nothing expected).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rashpath.expression.evaluate import Facts
from rashpath.facts.dictionary import Choice, Dictionary
from rashpath.facts.document import SIZE_LIMIT, parse
from rashpath.facts.plain import Plain, fault


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """One case of a suite.

    Args:
        name: file and, in a file of many, the case's own name.
        facts: the given facts; a choice by the number of its value.
        expect: what the answer must show.
        generated: True if a program wrote it.
    """

    name: str
    facts: Facts
    expect: Mapping[str, Plain]
    generated: bool


def read_suite(folder: Path, dictionary: Dictionary) -> tuple[SuiteCase, ...]:
    """Returns all cases below a folder, by file.

    Args:
        folder: holds `*.yaml` files, at any depth; what has neither `facts` nor `cases` is skipped.
        dictionary: the facts.

    Raises:
        FactsError: a file cannot be read, or names a fact or value that does not exist.
        OSError: a file cannot be read.
    """
    return tuple(
        case for path in sorted(folder.rglob("*.yaml")) for case in _read(path, folder, dictionary)
    )


def _read(path: Path, folder: Path, dictionary: Dictionary) -> Iterator[SuiteCase]:
    source = str(path)
    document = parse(path.read_bytes(), source, limit=4 * SIZE_LIMIT).value
    if not isinstance(document, dict):
        return
    name = path.relative_to(folder).with_suffix("").as_posix()
    generated = document.get("generated") is True
    cases = document.get("cases")
    if isinstance(cases, list):
        base = _facts(document.get("base"), dictionary, source)
        usual = document.get("base_expect")
        shared = dict(usual) if isinstance(usual, dict) else {}
        for part in cases:
            if not isinstance(part, dict):
                raise fault(source, "a case is a mapping")
            facts = {**base, **_facts(part.get("facts"), dictionary, source)}
            given = {path: value for path, value in facts.items() if value is not None}
            own = part.get("expect")
            every = {**shared, **(own if isinstance(own, dict) else {})}
            wanted = {key: value for key, value in every.items() if value is not None}
            yield SuiteCase(f"{name}/{part.get('name')}", given, wanted, generated)
    elif "facts" in document:
        facts = _facts(document["facts"], dictionary, source)
        expect = document.get("expect")
        yield SuiteCase(
            name,
            {path: value for path, value in facts.items() if value is not None},
            expect if isinstance(expect, dict) else {},
            generated,
        )


def _facts(value: Plain, dictionary: Dictionary, source: str) -> dict[str, int | float | None]:
    """Returns facts that are written by group, or by their path."""
    found: dict[str, int | float | None] = {}
    for key, part in (value if isinstance(value, dict) else {}).items():
        inner = part if isinstance(part, dict) else {"": part}
        for name, each in inner.items():
            path = f"{key}.{name}" if name else key
            if path not in dictionary:
                raise fault(source, f"`{path}` is not a fact")
            found[path] = None if each is None else _value(path, each, dictionary, source)
    return found


def _value(path: str, value: Plain, dictionary: Dictionary, source: str) -> int | float:
    kind = dictionary[path].kind
    if isinstance(kind, Choice):
        word = str(value).lower() if isinstance(value, bool) else str(value)
        named = kind.named(word) or next((v for v in kind.values if v.alias == word), None)
        if named is None:
            raise fault(source, f"`{path}` has no value `{word}`")
        return named.number
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fault(source, f"`{path}` is not a number")
    return value
