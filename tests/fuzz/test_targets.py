"""The short form of the fuzzing: every target gets the same few thousand inputs in each run."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.corpus import corpus
from tests.fuzz.documents import case_document
from tests.fuzz.drive import run
from tests.fuzz.outcome import Outcome
from tests.fuzz.requests import batch_evaluate, evaluate, explain_path
from tests.fuzz.targets import TARGETS

_NAMES = st.sampled_from(
    ("patient", "rash", "age_years", "ageYears", "trend", "severe", "renal", "x", "")
)
_VALUES = (
    st.sampled_from((None, True, 0, 45, 45.0, -1, 1e300, "SPREADING", "PRESENT", "")) | st.text()
)
_JSON = st.recursive(
    _VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4)
)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_nothing_crashes_hangs_or_is_answered_in_silence(target):
    """Whatever comes in is refused with a reason or answered as it must be."""
    count = run(target, math.inf, seed=1, most=target.short)
    assert [str(fault) for fault in count.faults] == []
    assert count.inputs >= target.short
    assert count.refused > 0, "nothing was refused: the inputs are too tame"
    assert count.answered > 0, "nothing was answered: the inputs are too wild"


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_request_or_none(data):
    """The three calls take any bytes; what Hypothesis finds, it makes small."""
    for feed in (evaluate, batch_evaluate, explain_path):
        assert feed(data) in Outcome


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(_JSON)
def test_any_json_is_a_case_or_none(value):
    """Any JSON value is refused with a reason, or read whole."""
    assert case_document(json.dumps(value).encode()) in Outcome


def test_kept_inputs_are_few_and_small():
    """The corpus stays something that a person can read."""
    kept = corpus()
    assert {"batch_evaluate", "documents", "evaluate", "explain_path", "settings"} == set(kept)
    assert sum(len(data) for inputs in kept.values() for data in inputs) < 10_000
