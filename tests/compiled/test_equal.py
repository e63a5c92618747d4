"""The compiled walk says what the plain walk says, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rashpath.facts.dictionary import Choice, DecimalNumber, WholeNumber
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph, load_bytes
from rashpath.readings.coverage.suite import read_suite
from tests.compiled.sameness import Engines
from tests.conformance.expectations import DICTIONARY, CaseFile, case_files
from tests.conformance.strategies import Facts, full_cases, lifelike_cases, partial_cases
from tests.guideline.small import NAME, edited

TESTS = Path(__file__).parent.parent
FILES = [case.facts for case in case_files()]
AUDIENCES = st.sampled_from(Audience)

QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LONG = settings(QUICK, max_examples=3000)


@pytest.fixture(scope="module")
def engines(graph: DecisionGraph) -> Engines:
    """Both engines over the shipped guideline."""
    return Engines(graph)


@pytest.mark.parametrize("case", case_files(), ids=lambda case: case.name)
def test_every_case_file_is_answered_alike(engines: Engines, case: CaseFile) -> None:
    for audience in Audience:
        assert engines.compiled(case.case, audience) == engines.plain(case.case, audience)


def test_every_generated_case_is_answered_alike(engines: Engines) -> None:
    suite = read_suite(TESTS / "generated", engines.graph.dictionary)
    assert len(suite) > 100
    for each in suite:
        case = engines.message(each.facts)
        plain = engines.plain(case, Audience.CLINICIAN)
        assert engines.compiled(case, Audience.CLINICIAN) == plain, each.name


@QUICK
@given(facts=partial_cases(DICTIONARY), audience=AUDIENCES)
def test_partial_cases_are_answered_alike(
    engines: Engines, facts: Facts, audience: Audience
) -> None:
    case = engines.message(facts)
    assert engines.compiled(case, audience) == engines.plain(case, audience)


@QUICK
@given(facts=full_cases(DICTIONARY), audience=AUDIENCES)
def test_whole_cases_are_answered_alike(engines: Engines, facts: Facts, audience: Audience) -> None:
    case = engines.message(facts)
    said = engines.compiled(case, audience)
    assert said.undetermined == ()
    assert said == engines.plain(case, audience)


@QUICK
@given(facts=lifelike_cases(DICTIONARY, FILES, most_unknown=8), audience=AUDIENCES)
def test_lifelike_cases_are_answered_alike(
    engines: Engines, facts: Facts, audience: Audience
) -> None:
    case = engines.message(facts)
    assert engines.compiled(case, audience) == engines.plain(case, audience)


@pytest.mark.long
@LONG
@given(
    facts=partial_cases(DICTIONARY) | lifelike_cases(DICTIONARY, FILES, most_unknown=20),
    audience=AUDIENCES,
)
def test_many_cases_are_answered_alike(engines: Engines, facts: Facts, audience: Audience) -> None:
    case = engines.message(facts)
    assert engines.compiled(case, audience) == engines.plain(case, audience)


def test_the_full_view_is_the_plain_one(engines: Engines) -> None:
    case = engines.message({"rash.trend": 3})
    full = engines.compiled(case, Audience.CLINICIAN, full=True)
    assert full == engines.plain(case, Audience.CLINICIAN, full=True)
    assert len(full.answer) > len(engines.compiled(case, Audience.CLINICIAN).answer)


@pytest.mark.parametrize("toy", ["small", "bicycle"])
def test_other_guidelines_are_answered_alike(toy: str, request: pytest.FixtureRequest) -> None:
    """Nothing in the compiled walk knows one guideline."""
    engines = Engines(request.getfixturevalue(toy))

    @QUICK
    @given(facts=partial_cases(engines.graph.dictionary), audience=AUDIENCES)
    def compare(facts: Facts, audience: Audience) -> None:
        case = engines.message(facts)
        assert engines.compiled(case, audience) == engines.plain(case, audience)

    compare()


def test_a_number_that_does_not_exist_is_no_unknown_fact() -> None:
    """Every fact is given, a computed number does not exist, and what is asked of it is true of
    any number: that is settled, with nothing left to ask."""
    text = edited(
        "when: (valid(extent) && extent > limit) || danger",
        "when: (extent > limit || extent <= limit) && rash.trend == IMPROVING",
    )
    engines = Engines(load_bytes(text.encode(), NAME))
    every: dict[str, int | float] = {}
    for fact in engines.graph.dictionary:
        match fact.kind:
            case Choice() as choice:
                every[fact.path] = choice.values[-1].number
            case WholeNumber() as whole:
                every[fact.path] = int(whole.hard.maximum)
            case DecimalNumber() as decimal:
                every[fact.path] = decimal.hard.maximum
    stable = {"renal.stable": 1}
    improving, spreading = {"rash.trend": 1}, {"rash.trend": 3}
    told = []
    for facts in (every | improving, every | spreading, every | improving | stable):
        case = engines.message(facts)
        said = engines.compiled(case, Audience.CLINICIAN)
        assert said == engines.plain(case, Audience.CLINICIAN)
        told.append((said.applying, said.undetermined))
    assert told == [(("tell",), ()), (("act",), ()), (("tell",), ())]
