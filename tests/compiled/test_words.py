"""Sets of facts and of levels that take several words of 64 bits."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable

import pytest
from google.protobuf.descriptor_pool import Default
from google.protobuf.message_factory import GetMessageClass

from rashpath.expression import Names, compile_condition
from rashpath.expression.decision_diagram import Diagrams
from rashpath.expression.levels import NumberLevel, levels_of
from rashpath.facts.dictionary import Dictionary
from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled import CompiledGraph
from tests.bench.bench_proof import synthetic
from tests.compiled.many_facts import dictionary_of, is_number, path_of, some_cases
from tests.compiled.sameness import Engines
from tests.compiled.test_refine import Readings
from tests.conformance.strategies import Facts

COUNTS = (63, 64, 65, 128, 129, 200)
"""Facts about where another word begins, and with four words."""


def bytes_of(dictionary: Dictionary, facts: Facts) -> bytes:
    """Returns the bytes of the case message that gives some facts."""
    case = GetMessageClass(Default().FindMessageTypeByName(dictionary.case_type))()
    for path, value in facts.items():
        fact = dictionary[path]
        setattr(getattr(case, fact.group), fact.name, value)
    return case.SerializeToString()


def question_about(fact: int, chance: random.Random) -> str:
    """Returns a random question about a fact, as text."""
    if chance.random() < 0.2:
        return f"has({path_of(fact)})"
    if is_number(fact):
        return f"{path_of(fact)} {chance.choice('<>')} {chance.choice((250, 500, 750))}.0"
    return f"{path_of(fact)} == {chance.choice(('PRESENT', 'ABSENT'))}"


def random_diagrams(dictionary: Dictionary) -> Diagrams:
    """Returns the diagrams of random conditions, each over facts from all over the dictionary, the
    first and the last one among them."""
    count = len(dictionary)
    chance = random.Random(count)
    found = [compile_condition(text, Names(dictionary)) for text in texts(count, chance)]
    diagrams = Diagrams(levels_of(found, dictionary))
    for condition in found:
        diagrams.of(condition)
    return diagrams


def texts(count: int, chance: random.Random) -> Iterable[str]:
    """Yields conditions that together read every fact."""
    facts = list(range(count))
    chance.shuffle(facts)
    for first in range(0, count, 4):
        these = {0, count - 1, *facts[first : first + 4]}
        pairs = [
            f"({question_about(fact, chance)} {chance.choice(('&&', '||'))} " for fact in these
        ]
        last = question_about(chance.randrange(count), chance)
        yield "".join(pairs) + last + ")" * len(pairs)


@pytest.mark.parametrize("count", COUNTS)
def test_diagrams_over_many_facts_are_left_alike(count: int) -> None:
    """Exact truths, decisive facts and what could turn them, whatever word a fact stands in; the
    same from bytes."""
    dictionary = dictionary_of(count)
    readings = Readings(random_diagrams(dictionary), dictionary)
    everything = range(len(readings.diagrams))
    told: set[tuple[str, int]] = set()
    for facts in some_cases(dictionary, 12, seed=count):
        compiled = readings.compiled(facts)
        assert compiled == readings.plain(facts, everything)
        assert readings.compiled(bytes_of(dictionary, facts)) == compiled
        for left in compiled.values():
            told |= {("decisive", dictionary[path].order // 64) for path in left.facts}
            told |= {("turning", dictionary[path].order // 64) for path in left.turning}
    words = range(-(-count // 64))
    assert told == {(kind, word) for kind in ("decisive", "turning") for word in words}


@pytest.mark.parametrize("branches", [63, 64, 65, 130, 300])
def test_a_level_of_many_branches_is_left_alike(branches: int) -> None:
    """A number that is compared with many others: each of its regions is found, from either side of
    its end, and where it is unknown everything stays open that is not true in all of them."""
    dictionary = dictionary_of(8)
    number, finding = path_of(3), path_of(0)
    ends = [float(3 * place) for place in range(1, branches)]
    asked = [f"{number} >= {end} && {number} < {end + 3}" for end in ends[::2]]
    conditions = [
        compile_condition(text, Names(dictionary))
        for text in (*asked, f"{number} > {ends[-1]}", f"{finding} == PRESENT")
    ]
    diagrams = Diagrams(levels_of(conditions, dictionary))
    *stripes, beyond, present = map(diagrams.of, conditions)
    striped = diagrams.disjoin(stripes)
    whole = diagrams.disjoin((striped, diagrams.negate(striped)))
    made = (stripes[0], stripes[-1], striped, beyond, diagrams.conjoin((striped, present)), whole)
    (level,) = (each for each in diagrams.levels if isinstance(each, NumberLevel))
    assert len(level.partition.samples) >= branches
    readings = Readings(diagrams, dictionary)
    some = ends[:: 1 + branches // 100]
    values = [0.0, 1000.0, *some, *(math.nextafter(end, 0.0) for end in some)]
    cases: list[Facts] = [{}, {finding: 1}, {finding: 2}]
    cases += [{number: value} for value in values]
    cases += [{number: value, finding: 1} for value in values[::7]]
    for facts in cases:
        compiled = readings.compiled(facts)
        assert {each: compiled[each] for each in made} == readings.plain(facts, made), facts
        assert readings.compiled(bytes_of(dictionary, facts)) == compiled


@pytest.fixture(scope="module", params=[130, 260, 1000], ids=lambda nodes: f"{nodes} nodes")
def large(request: pytest.FixtureRequest) -> DecisionGraph:
    """A synthetic guideline: with 77, 147 or 557 facts."""
    return synthetic(request.param)


def test_large_guidelines_are_answered_alike(large: DecisionGraph) -> None:
    """Both engines, from messages and from bytes, for either audience in turn."""
    assert len(large.dictionary) > 64
    assert CompiledGraph(large).program.words == -(-len(large.dictionary) // 64)
    engines = Engines(large)
    cases = some_cases(large.dictionary, 36, seed=len(large.order))
    for facts, audience in zip(cases, itertools.cycle(Audience), strict=False):
        case = engines.message(facts)
        assert engines.compiled(case, audience) == engines.plain(case, audience)
