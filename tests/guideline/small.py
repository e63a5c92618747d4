"""The toy guideline of these tests, and what the loader says of faulty variants of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rashpath.facts import Problem
from rashpath.guideline import GuidelineError, load_bytes

NAME = "small.yaml"
TEXT = (Path(__file__).parent / NAME).read_text()


def edited(old: str, new: str) -> str:
    """Returns the toy guideline with its only such passage replaced."""
    assert TEXT.count(old) == 1, f"{old!r} stands {TEXT.count(old)} times in the toy guideline"
    return TEXT.replace(old, new)


def problems_of(text: str | bytes, source: str = NAME) -> tuple[Problem, ...]:
    """Returns what the loader has against a text."""
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(GuidelineError) as caught:
        load_bytes(data, source)
    return caught.value.problems


def line_of(passage: str, text: str) -> int:
    """Returns the line on which the only such passage of a text begins, from 1."""
    assert text.count(passage) == 1, f"{passage!r} stands {text.count(passage)} times"
    return text[: text.index(passage)].count("\n") + 1
