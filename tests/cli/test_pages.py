"""How pages are laid out, apart from what they say."""

from __future__ import annotations

import doctest

import pytest

from rashpath.cli import reply, words
from rashpath.cli.errors import ExitCode, exit_code_of
from rashpath.cli.page import Line, lay_out
from rashpath.cli.words import citations, milligrams


@pytest.mark.parametrize("module", [words, reply])
def test_examples_in_docstrings_hold(module):
    """Each documented example gives what it says."""
    assert doctest.testmod(module).failed == 0


def test_long_lines_wrap_below_their_mark():
    """Text wraps, and its continuation is indented as far as its mark."""
    line = Line("one two three four five six seven", mark="  ! ")
    assert [text for text, _ in lay_out([line], 24)] == [
        "  ! one two three four",
        "    five six seven",
    ]


def test_the_right_column_stands_at_the_edge():
    """Citations stand at the right-hand edge of the first line."""
    ((text, _),) = lay_out([Line("consult", mark="  ! ", right="S2 S16")], 60)
    assert text == "  ! consult" + " " * (60 - 11 - 6) + "S2 S16"


def test_doses_are_rounded_down():
    """A dose is never shown higher than it was computed."""
    assert [milligrams(dose) for dose in (2099.9, 2100.0, 0.99)] == ["2099 mg", "2100 mg", "0 mg"]


def test_only_runs_of_three_are_joined():
    """Two statements in a row stand as they are."""
    assert citations(["S1", "S2", "S4", "S5", "S6"]) == "S1 S2 S4-S6"


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        ("INVALID_ARGUMENT", "INVALID_REQUEST", ExitCode.BAD_INPUT),
        ("RESOURCE_EXHAUSTED", "TOO_LARGE", ExitCode.BAD_INPUT),
        ("RESOURCE_EXHAUSTED", "OVERLOADED", ExitCode.UNAVAILABLE_OR_DEADLINE),
        ("NOT_FOUND", "GUIDELINE_NOT_FOUND", ExitCode.NOT_FOUND_OR_PRECONDITION),
        ("FAILED_PRECONDITION", "DIGEST_MISMATCH", ExitCode.NOT_FOUND_OR_PRECONDITION),
        ("UNAVAILABLE", "UNREACHABLE", ExitCode.UNAVAILABLE_OR_DEADLINE),
        ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", ExitCode.UNAVAILABLE_OR_DEADLINE),
        ("INTERNAL", "INTERNAL", ExitCode.OUR_FAULT),
        ("UNIMPLEMENTED", "", ExitCode.OUR_FAULT),
    ],
)
def test_each_code_has_its_exit_code(code, reason, expected):
    """Scripts can tell what kind of failure it was."""
    assert exit_code_of(code, reason) is expected
