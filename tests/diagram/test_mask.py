"""A masked picture says which facts decided, and no value of any."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rashpath.facts.wording import Audience
from rashpath.readings.diagram import Detail, Format, compose, draw
from rashpath.readings.walk import walk
from tests.conformance.expectations import DICTIONARY
from tests.conformance.strategies import partial_cases

CANARIES = {
    "patient.age_years": 97,
    "patient.weight_kg": 83.217,
    "patient.height_cm": 171.913,
    "therapy.dose_mg": 731.29,
    "therapy.days_on_therapy": 53,
    "renal.serum_creatinine_mg_dl": 1.3719,
    "renal.creatinine_age_hours": 37,
    "renal.creatinine_clearance_ml_min": 61.733,
}
SAID = {
    "patient.age_years": "97 years",
    "therapy.days_on_therapy": "53 days",
    "renal.creatinine_age_hours": "37 hours",
}
REST = re.compile(r", \+\d+\N{NO-BREAK SPACE}more$")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_masked_arrows_name_facts_only(graph, data):
    """Whatever the case, each line on a masked arrow is the name of a fact."""
    facts = data.draw(partial_cases(DICTIONARY, most_unknown=12))
    names = {fact.label.clinician for fact in DICTIONARY}
    names |= {number.label.clinician for number in graph.computed.values()}
    names |= {f"needs: {name}" for name in names}
    scene = compose(graph, walk(graph, facts), mask_facts=True)
    lines = {REST.sub("", line) for arrow in scene.arrows() for line in arrow.because}
    assert lines - names == set()


def canaries_in(text: str) -> list[str]:
    """Returns the facts whose canary value stands in a text."""
    return [path for path, value in CANARIES.items() if SAID.get(path, str(value)) in text]


@pytest.mark.parametrize("audience", list(Audience))
@pytest.mark.parametrize("detail", list(Detail))
@pytest.mark.parametrize("format", [Format.DOT, Format.MERMAID, Format.SVG])
def test_no_canary_gets_into_a_masked_picture(graph, spreading_facts, audience, detail, format):
    """No number of the patient stands anywhere in a masked file."""
    walked = walk(graph, {**spreading_facts, **CANARIES})
    masked = draw(
        graph, walked, audience=audience, detail=detail, format=format, mask_facts=True
    ).content.decode()
    if format is Format.SVG:  # coordinates are numbers too
        masked = "\n".join(ElementTree.fromstring(masked).itertext())
    assert canaries_in(masked) == []


def test_the_canaries_would_be_seen(graph, spreading_facts):
    """The check can fail: the picture that is not masked shows numbers of the patient."""
    walked = walk(graph, {**spreading_facts, **CANARIES})
    assert canaries_in(draw(graph, walked, format=Format.MERMAID).content.decode())


def test_masking_changes_no_outcome(graph, spreading):
    """What was taken, refused and left open is the same in both pictures."""
    plain = [arrow.mark for arrow in compose(graph, spreading).arrows()]
    masked = [arrow.mark for arrow in compose(graph, spreading, mask_facts=True).arrows()]
    assert plain == masked
