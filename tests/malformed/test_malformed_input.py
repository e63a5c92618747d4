"""A case that is not quite right is never answered as if it were."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.malformed.asking import ask
from tests.malformed.cases import GROUP, SOUND, grouped, malformed_cases
from tests.malformed.decision import Peer, Told, ask_rashpath, meant
from tests.malformed.page import PAGE, listed, row
from tests.malformed.verdict import Verdict, judge, names

CASES = malformed_cases()
DETECTABLE = [case for case in CASES if case.detectable]
HEEDED = {
    "missing": {Verdict.ASKS},
    "contradictory": {Verdict.REPORTS},
}
"""What rashpath must do, by kind; of any other kind it must refuse, and name the field."""


def test_table_is_wide():
    """There are a hundred detectable slips and more, of two dozen kinds, no two of them alike."""
    assert len(DETECTABLE) >= 100
    assert len({case.kind for case in DETECTABLE}) >= 24
    assert len({(case.grouped, str(case.meant)) for case in CASES}) == len(CASES)


def test_sound_case_is_decided():
    """The case that the slips are made in leaves nothing open and nothing to report."""
    told = ask_rashpath(grouped(SOUND))
    assert list(GROUP) == list(SOUND)
    assert Told(told.outcome) == told
    assert told.outcome is not None
    assert "" not in told.outcome


@pytest.mark.parametrize("case", DETECTABLE, ids=lambda case: f"{case.number}-{case.kind}")
def test_rashpath_heeds_the_field(case):
    """A malformed case is refused by field; a missing fact is asked for, a contradiction told."""
    verdict = judge(case, ask_rashpath(case.grouped), meant(case))
    assert verdict in HEEDED.get(case.kind, {Verdict.NAMES})


def test_command_line_refuses_each_line_by_field():
    """The command itself names the field of every malformed line, and decides none of them."""
    refused = [case for case in DETECTABLE if case.kind not in HEEDED]
    program = Path(sys.executable).with_name("rashpath")
    done = subprocess.run(
        [program, "evaluate", "--batch", "-", "--local"],
        input="\n".join(case.grouped for case in refused),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    faults = [[fault["field"] for fault in line["error"]["fields"]] for line in lines]
    keys = [case.entries[0][0] for case in refused]
    assert done.returncode == 2, done.stderr
    assert faults == [
        [f"{GROUP[case.fact]}.{key}"] for case, key in zip(refused, keys, strict=True)
    ]


def test_page_lists_exactly_these_cases():
    """The page shows every case of the table, and what rashpath says of each today."""
    rows = [row(case, judge(case, ask_rashpath(case.grouped), meant(case))) for case in CASES]
    assert listed(PAGE.read_text(encoding="utf-8")) == rows


def test_what_nobody_can_know_stands_in_the_page():
    """Values that could be true of another patient are shown too, those of rashpath's as well."""
    verdicts = {
        judge(case, ask_rashpath(case.grouped), meant(case))
        for case in CASES
        if not case.detectable
    }
    assert verdicts == {Verdict.WARNS, Verdict.OTHER}


@pytest.mark.parametrize("form", ["flat", "grouped"])
def test_the_two_forms_hold_the_same(form):
    """The peers are given what rashpath is given: the same entries, in groups or not."""
    for case in CASES:
        text = getattr(case, form)
        assert all(f"{json.dumps(key)}: {value}" in text for key, value in case.entries)
        assert case.entries or f'"{case.fact}"' not in text


def test_an_error_that_quotes_everything_names_nothing():
    """An error counts as naming the field only where it leads the reader to it."""
    case = CASES[0]
    key = case.entries[0][0]
    assert names(case, ["bad input", f"unknown field `{key}`"])
    assert not names(case, ["bad input"])
    assert not names(case, [f"bad input: {' '.join(GROUP)} {key}"])


def test_a_peer_that_dies_is_seen():
    """A peer whose process ends counts as crashed, and the next case is asked all the same."""
    nobody = Peer("nobody of that name", "", "", lambda example: lambda facts: facts)
    assert ask(nobody, ["{}", "{}"]) == [Told(crashed=True)] * 2
    assert judge(CASES[0], Told(crashed=True), meant(CASES[0])) is Verdict.CRASHES


def test_answers_are_judged_by_what_was_meant():
    """An answer as if nothing were wrong is told apart by whether it is the one that was meant."""
    case = CASES[0]
    wanted = meant(case)
    assert judge(case, Told(wanted), wanted) is Verdict.SAME
    assert judge(case, Told(("", *wanted[1:])), wanted) is Verdict.OTHER
    assert judge(case, Told(errors=("bad input",)), wanted) is Verdict.REFUSES
