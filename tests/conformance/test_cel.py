"""With every fact known, the guideline's own conditions agree with CEL's evaluator."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import HealthCheck, given, settings

from rashpath.expression.evaluate import MISSING, evaluate, number
from rashpath.expression.truth import Truth
from rashpath.facts.dictionary import Choice
from rashpath.facts.document import parse
from rashpath.guideline import DecisionGraph
from rashpath.guideline.compile import CONTRADICTED, Compilation
from rashpath.guideline.errors import Faults
from rashpath.v1 import facts_pb2
from tests.conformance.expectations import DICTIONARY, case_files
from tests.conformance.strategies import Facts, full_cases, lifelike_cases

_ABSENT = -1.0  # stands for a computed number that does not exist; none can be negative
_EDGE = 1e-9
FILES = [case.facts for case in case_files()]


def message(facts: Facts) -> facts_pb2.PatientCase:
    """Returns a case message with some facts."""
    case = facts_pb2.PatientCase()
    for path, value in facts.items():
        group, name = path.split(".")
        whole = isinstance(DICTIONARY[path].kind, Choice) or isinstance(value, int)
        setattr(getattr(case, group), name, int(value) if whole else float(value))
    return case


def plain_cel(text: str) -> str:
    """Returns a condition with `valid(x)` in terms that CEL can evaluate."""
    return re.sub(r"valid\((\w+)\)", rf"(\1 != {_ABSENT})", text)


def test_full_cases_agree_with_cel(graph: DecisionGraph) -> None:
    """Every definition, edge and formula of the guideline means to CEL what it means to us."""
    compilation = Compilation(graph.guideline, graph.dictionary, Faults(parse(b"{}")))
    names = compilation.names
    written = {part.id: part.when for part in graph.guideline.definitions}
    edges = {
        f"{edge.from_node} -> {edge.to_node}": edge.when
        for edge in graph.guideline.edges
        if edge.when
    }
    programs = {
        id: names.environment.compile(plain_cel(text)) for id, text in (written | edges).items()
    }
    formulas = {
        part.id: names.environment.compile(part.formula)
        for part in graph.guideline.computed_numbers
    }
    conditions = {id: part.condition for id, part in graph.definitions.items()}
    for edges_out in (graph.out_of(node.id) for node in graph.order):
        for edge in edges_out:
            if edge.written is not None:
                conditions[f"{edge.tail} -> {edge.head}"] = edge.written
    seen: Counter[str] = Counter()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        full_cases(DICTIONARY) | lifelike_cases(DICTIONARY, FILES, least_unknown=0, most_unknown=0)
    )
    def compare(facts: Facts) -> None:
        assert len(facts) == len(DICTIONARY)
        case = message(facts)
        data = {group: getattr(case, group) for group in DICTIONARY.groups()}
        data |= {id: constant.value for id, constant in names.constants.items()}
        for id, named in graph.computed.items():
            value = number(named.number, facts)
            data[id] = _ABSENT if value is MISSING else float(value)
            if value is not MISSING:
                raw = formulas[id].eval(data=data).value()
                assert abs(raw - value) <= _EDGE * max(1.0, abs(raw)), id
                seen["near an edge"] += raw != value
        truths = {id: evaluate(part.condition, facts) for id, part in graph.definitions.items()}
        data |= {id: truth is Truth.TRUE for id, truth in truths.items()}
        data[CONTRADICTED] = any(
            evaluate(part.condition, facts) is Truth.TRUE for part in graph.contradictions
        )
        for id, program in programs.items():
            wanted = program.eval(data=data).value()
            assert evaluate(conditions[id], facts) is Truth.of(wanted), id
            seen["compared"] += 1

    compare()
    assert seen["compared"] > 3000
