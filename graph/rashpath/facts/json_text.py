"""Reads JSON strictly: no key twice, no deep nesting; NaN and Infinity are left to the checker."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping

from rashpath.facts.plain import (
    DEPTH_LIMIT,
    LONGEST_NUMBER,
    Path,
    Place,
    Plain,
    fault,
    too_deep,
    twice,
)

_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_JSON_BLANK = re.compile(r"[ \t\n\r]*")
_JSON_SCALAR = re.compile(r"[^\s,\]}]+")


class _LazyPlaces(Mapping[Path, Place]):
    """Places in a JSON text, found when the first is asked for: a sound input needs none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: dict[Path, Place] | None = None

    def _found(self) -> dict[Path, Place]:
        if self._places is None:
            self._places = dict(_json_places(self._text))
        return self._places

    def __getitem__(self, path: Path) -> Place:
        return self._found()[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


def read_json(
    text: str, source: str, *, must_be_json: bool
) -> tuple[Plain, Mapping[Path, Place]] | None:
    """Returns the value and places of a JSON text; None if it is not JSON and need not be.

    Raises:
        FactsError: a key stands twice, the text is too deep, or is not JSON and must be.
    """
    has_twins = False

    def mapping(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
        nonlocal has_twins
        value = dict(pairs)
        has_twins = has_twins or len(value) != len(pairs)
        return value

    try:
        value = json.loads(text, object_pairs_hook=mapping, parse_int=_json_whole)
    except RecursionError:
        raise too_deep(source, None) from None
    except json.JSONDecodeError as error:
        if not must_be_json:
            return None
        place = Place(error.lineno, error.colno)
        shown = f"not valid JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise fault(source, shown, place, private="not valid JSON") from None
    if _depth(value) > DEPTH_LIMIT:
        raise too_deep(source, None)
    if has_twins:
        first: dict[Path, Place] = {}
        for path, place in _json_places(text):
            if path in first:
                raise twice(source, path, place, first[path].line)
            first[path] = place
    return value, _LazyPlaces(text)


def _json_whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_NUMBER else float(digits)


def _depth(value: Plain) -> int:
    depth = 0
    level: list[Plain] = [value]
    while True:
        nested = [each for each in level if isinstance(each, dict | list)]
        if not nested or depth > DEPTH_LIMIT:
            return depth
        depth += 1
        level = []
        for each in nested:
            level.extend(each.values() if isinstance(each, dict) else each)


def _json_places(text: str) -> Iterator[tuple[Path, Place]]:
    """Yields each path of a text that is known to be JSON, with its place, in order."""
    starts = [0]
    starts.extend(match.end() for match in re.finditer("\n", text))
    line = 0

    def place(at: int) -> Place:
        nonlocal line
        while line + 1 < len(starts) and starts[line + 1] <= at:
            line += 1
        return Place(line + 1, at - starts[line] + 1)

    def blank(at: int) -> int:
        match = _JSON_BLANK.match(text, at)
        return match.end() if match else at

    def string(at: int) -> tuple[str, int]:
        match = _JSON_STRING.match(text, at)
        end = match.end() if match else len(text)
        return json.loads(text[at:end]), end

    def value(at: int, path: Path) -> Generator[tuple[Path, Place], None, int]:
        """Yields what a value holds and returns where it ends."""
        if text[at] not in "{[":
            match = _JSON_STRING.match(text, at) or _JSON_SCALAR.match(text, at)
            return match.end() if match else at + 1
        is_mapping = text[at] == "{"
        at = blank(at + 1)
        index = 0
        while text[at] not in "}]":
            key: str | int = index
            here = place(at)
            if is_mapping:
                key, at = string(at)
                at = blank(blank(at) + 1)
            yield (*path, key), here
            at = blank((yield from value(at, (*path, key))))
            if text[at] == ",":
                at = blank(at + 1)
            index += 1
        return at + 1

    start = blank(0)
    yield (), place(start)
    yield from value(start, ())
