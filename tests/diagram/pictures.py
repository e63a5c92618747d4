"""The pictures whose text is kept as it should be; run as a module, it writes them anew.

python -m tests.diagram.pictures
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path

from rashpath.guideline import DecisionGraph, load
from rashpath.readings.diagram import Detail, Format, Record, draw
from rashpath.readings.walk import walk
from tests.conformance.expectations import DICTIONARY, case_files

GOLDEN = Path(__file__).with_name("golden")
TOY = Path(__file__).parent.parent / "guideline" / "small.yaml"
RECORD = Record("01JD8ZT0QW2X5R3NVC7M9KAB4E", "9f2c" * 16)

_SUFFIXES = {Format.DOT: "dot", Format.MERMAID: "mmd", Format.SVG: "svg"}
_DOT_ARROW = re.compile(r'^ +"(?P<tail>[^"]+)" -> "(?P<head>[^"]+)" \[id="[^"]*", class="(\w+)"')
_DOT_BOX = re.compile(r'^ +"(?P<id>[^"]+)" \[id="[^"]*", class="(\w+) (\w+)"')


def shipped() -> DecisionGraph:
    """Returns the shipped guideline."""
    content = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"
    with as_file(content) as path:
        return load(path)


def facts_of(name: str) -> Mapping[str, int | float]:
    """Returns the facts of a case file."""
    return next(case.facts for case in case_files() if case.name == name)


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yields the name and the bytes of each picture that is kept."""
    toy = load(TOY)
    trend = DICTIONARY["rash.trend"]
    spreads = walk(toy, {trend.path: 3, "patient.weight_kg": 80.0})
    for format, suffix in _SUFFIXES.items():
        yield f"toy.{suffix}", draw(toy, format=format).content
        yield f"toy_case.{suffix}", draw(toy, spreads, format=format, record=RECORD).content
    masked = draw(toy, spreads, format=Format.DOT, mask_facts=True, detail=Detail.OVERVIEW)
    yield "toy_case_overview_masked.dot", masked.content


def arrows_in_dot(text: str) -> dict[tuple[str, str], str]:
    """Returns the class of each arrow in a DOT text, by its ends; the legend's left out."""
    return {
        (found["tail"], found["head"]): found[3]
        for line in text.splitlines()
        if (found := _DOT_ARROW.match(line)) and not found["tail"].startswith("legend_")
    }


def boxes_in_dot(text: str) -> dict[str, tuple[str, str]]:
    """Returns kind and mark of each box in a DOT text; the legend's left out."""
    return {
        found["id"]: (found[2], found[3])
        for line in text.splitlines()
        if (found := _DOT_BOX.match(line)) and not found["id"].startswith("legend_")
    }


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, content in pictures():
        (GOLDEN / name).write_bytes(content)
        print(f"wrote {name}")
