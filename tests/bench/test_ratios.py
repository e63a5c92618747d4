"""Guards the speed of a decision by what is the same on every machine: Python instructions.

Bounds are some way above what was counted when they were set: they catch an engine that falls back
to slower ways, not a line more or less.
"""

from __future__ import annotations

import statistics

import pytest

from tests.bench.engines import engines
from tests.bench.guidelines import shipped, sub
from tests.bench.opcodes import opcodes
from tests.bench.peers import hand_written, hand_written_message
from tests.bench.sub_cases import sub_cases
from tests.bench.whole_cases import KINDS, whole_cases

MOST_OF_HAND_WRITTEN = {"graph": 500}
"""By engine: how many times the instructions of hand-written code a decision may take.

Counted: 385 for the plain walk."""

MOST_OF_KNOWN = {"graph": {"half unknown": 4.0, "nothing known": 12.0}}
"""By engine: how many times the instructions of a case with every fact known others may take.

Counted for the plain walk: 3.1 and 8.9."""


def test_a_count_is_exact():
    """The counter counts a function's own instructions, and those of what it calls."""

    def inner():
        return 1

    def outer():
        return inner() + inner()

    assert opcodes(outer) - opcodes(lambda: None) > 2 * (opcodes(inner) - 1)
    assert opcodes(outer) == opcodes(outer)


@pytest.fixture(scope="module")
def by_hand():
    """Instructions of the hand-written decision over the message, the mean of some cases."""
    cases = [case.message for case in sub_cases(sub(), 50)]
    return statistics.mean(opcodes(hand_written_message.decide, case) for case in cases)


def test_hand_written_code_is_short(by_hand):
    """The yardstick itself stays what it is: about 130 instructions, on a dict about 150."""
    plain = [case.plain for case in sub_cases(sub(), 50)]
    on_dict = statistics.mean(opcodes(hand_written.decide, facts) for facts in plain)
    assert 80 < by_hand < 220
    assert 90 < on_dict < 250


@pytest.mark.parametrize("name", MOST_OF_HAND_WRITTEN)
def test_a_decision_beside_hand_written_code(name, by_hand):
    """A decision of the sub-guideline takes few enough instructions beside if/elif."""
    (engine,) = (each for each in engines(sub()) if each.name == name)
    cases = [case.message for case in sub_cases(sub(), 20)]
    engine.decide(cases[0])
    ours = statistics.mean(opcodes(engine.decide, case) for case in cases)
    assert ours / by_hand < MOST_OF_HAND_WRITTEN[name]


@pytest.mark.parametrize("name", MOST_OF_KNOWN)
def test_unknown_facts_beside_known_ones(name):
    """Unknown facts make a decision of the whole guideline longer, within bounds."""
    (engine,) = (each for each in engines(shipped()) if each.name == name)
    counts = {}
    for kind in KINDS:
        cases = whole_cases(shipped(), kind, 8)
        engine.decide(cases[0])
        counts[kind] = statistics.mean(opcodes(engine.decide, case) for case in cases)
    ratios = {kind: counts[kind] / counts[KINDS[0]] for kind in MOST_OF_KNOWN[name]}
    assert {
        kind: ratio for kind, ratio in ratios.items() if ratio > MOST_OF_KNOWN[name][kind]
    } == {}
