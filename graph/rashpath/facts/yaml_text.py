"""Reads YAML strictly, by the core schema of YAML 1.2.

``yes`` and ``on`` are text, ``010`` is ten, dates are text. One document; no anchors, aliases or
tags; no key twice; keys are text. PyYAML gives its events only, so none of its constructors runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from rashpath.facts.plain import (
    DEPTH_LIMIT,
    LONGEST_NUMBER,
    Path,
    Place,
    Plain,
    empty,
    fault,
    too_deep,
    twice,
)

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_WHOLE = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)")
_NOT_A_NUMBER = frozenset({".nan", ".NaN", ".NAN"})


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read."""

    value: list[Plain] | dict[str, Plain]
    path: Path
    key: str | None = None
    lines: dict[str, int] = field(default_factory=dict)


def plain_scalar(text: str) -> Plain:
    """Returns what an unquoted word means: nothing, true or false, a number, or text.

    >>> plain_scalar("yes"), plain_scalar("true"), plain_scalar("1.5")
    ('yes', True, 1.5)
    """
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if len(text) > LONGEST_NUMBER:
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text):
        return float("-inf") if text.startswith("-") else float("inf")
    if text in _NOT_A_NUMBER:
        return float("nan")
    return text


def read_yaml(text: str, source: str) -> tuple[Plain, dict[Path, Place]]:
    """Returns the value of a YAML text and the place of every value in it.

    Raises:
        FactsError: the text is empty, not YAML, too deep, or uses what is not accepted.
    """
    try:
        return _from_events(yaml.parse(text, Loader=_LOADER), source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark is not None else None
        shown = f"not valid YAML: {error.problem or error.context or 'cannot be read'}"
        raise fault(source, shown, place, private="not valid YAML") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise fault(source, "the input is not text that YAML allows") from None


def _from_events(events: Iterator[Any], source: str) -> tuple[Plain, dict[Path, Place]]:
    places: dict[Path, Place] = {}
    open_: list[_Open] = []
    documents = 0
    root: Plain = None
    for event in events:
        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case yaml.DocumentStartEvent():
                documents += 1
                if documents > 1:
                    raise fault(source, "more than one document; give one", place)
            case yaml.AliasEvent():
                raise fault(source, "aliases are not accepted; write the value out", place)
            case yaml.ScalarEvent():
                _refuse_properties(event, source, place)
                is_unquoted = event.implicit[0]
                value = plain_scalar(event.value) if is_unquoted else event.value
                top = open_[-1] if open_ else None
                if top is not None and isinstance(top.value, dict) and top.key is None:
                    _take_key(top, value, place, places, source)
                else:
                    path = _put(top, value, place, places)
                    if not path:
                        root = value
                        if value is None:
                            raise empty(source)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                _refuse_properties(event, source, place)
                if len(open_) >= DEPTH_LIMIT:
                    raise too_deep(source, place)
                opened: list[Plain] | dict[str, Plain]
                opened = {} if isinstance(event, yaml.MappingStartEvent) else []
                top = open_[-1] if open_ else None
                if top is not None and isinstance(top.value, dict) and top.key is None:
                    raise fault(source, "a key must be text", place)
                path = _put(top, opened, place, places)
                if not path:
                    root = opened
                open_.append(_Open(opened, path))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                open_.pop()
            case _:
                pass
    if documents == 0:
        raise empty(source)
    return root, places


def _refuse_properties(event: Any, source: str, place: Place) -> None:
    if event.anchor is not None:
        raise fault(source, "anchors are not accepted; write the value out", place)
    if event.tag is not None:
        raise fault(source, "tags are not accepted; write the plain value", place)


def _take_key(top: _Open, key: Plain, place: Place, places: dict[Path, Place], source: str) -> None:
    if not isinstance(key, str):
        raise fault(source, "a key must be text", place)
    if key in top.lines:
        raise twice(source, (*top.path, key), place, top.lines[key])
    top.lines[key] = place.line
    top.key = key
    places[(*top.path, key)] = place


def _put(top: _Open | None, value: Plain, place: Place, places: dict[Path, Place]) -> Path:
    """Puts a value where it belongs and returns its path, empty for the whole document."""
    path: Path
    if top is None:
        path = ()
        places[path] = place
    elif isinstance(top.value, list):
        path = (*top.path, len(top.value))
        top.value.append(value)
        places[path] = place
    else:
        assert top.key is not None
        path = (*top.path, top.key)
        top.value[top.key] = value
        top.key = None
    return path
