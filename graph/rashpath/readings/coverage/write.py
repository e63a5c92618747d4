"""Writes generated cases as files, with what the second opinion expects of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from rashpath.expression.text import condition_text
from rashpath.facts.dictionary import Choice, Dictionary
from rashpath.facts.plain import Plain
from rashpath.facts.show import symbol
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.coverage.conditions import Leaf, leaves_of, written_conditions
from rashpath.readings.coverage.expectation import Expectation, expected
from rashpath.readings.coverage.generate import Generated, Suite
from rashpath.readings.coverage.goals import (
    AtThreshold,
    BranchIs,
    Goal,
    LeafTurns,
    NodeIs,
    Tells,
    UnknownDecides,
)
from rashpath.readings.proof.second_opinion import SecondOpinion

_MOST_SHOWN = 2


def write_suite(
    folder: Path,
    graph: DecisionGraph,
    suite: Suite,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Writes a generated suite, its expectations derived by the second opinion.

    Args:
        folder: where the files go; it is made if it is not there.
        graph: the guideline.
        suite: the cases.
        progress: told what is being done.

    Returns:
        The files: `conditions.yaml` and `unknowns.yaml`.
    """
    unknowns = [case for case in suite.cases if _is_unknown(case)]
    others = [case for case in suite.cases if not _is_unknown(case)]
    return [
        _write(
            folder,
            graph,
            replace(suite, cases=tuple(cases)),
            name,
            f"Written by `rashpath guideline generate-cases`: {about}.",
            progress,
        )
        for name, about, cases in (
            ("conditions", "each leaf deciding alone, each side of each threshold", others),
            ("unknowns", "one fact unknown, for which alone a verdict waits", unknowns),
        )
    ]


def write_slips(folder: Path, graph: DecisionGraph, suite: Suite) -> Path:
    """Writes cases that tell slips of an author from the guideline, which no other case tells.

    Returns:
        The file, `slips.yaml`.
    """
    about = "Written by `make mutation ARGS=--extend`: each tells a slip that no other case tells."
    return _write(folder, graph, suite, "slips", about, lambda _: None)


def _write(
    folder: Path,
    graph: DecisionGraph,
    suite: Suite,
    name: str,
    about: str,
    progress: Callable[[str], None],
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    opinion = SecondOpinion(graph)
    leaves = {part.name: leaves_of(part.condition) for part in written_conditions(graph)}
    lines = [
        f"# {about}",
        "# Facts and expectations are those of the base but for what a case says;",
        "# null: not known, or nothing expected.",
        "generated: true",
        f"guideline: {graph.guideline.id} {graph.guideline.version}",
        "base:",
    ]
    for group in graph.dictionary.groups():
        given = {
            fact.name: _plain(graph.dictionary, fact.path, suite.base[fact.path])
            for fact in graph.dictionary
            if fact.group == group and fact.path in suite.base
        }
        lines.append(f"  {group}: {_flow(given)}")
    usual = expected(graph, suite.base, opinion)
    lines.append("base_expect:")
    lines += [f"  {key}: {_flow(value)}" for key, value in usual.items()]
    lines.append("cases:" if suite.cases else "cases: []")
    for number, case in enumerate(suite.cases, 1):
        progress(f"{name}: case {number} of {len(suite.cases)}")
        lines += _case_lines(number, case, suite, graph, opinion, leaves, usual)
    path = folder / f"{name}.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _is_unknown(case: Generated) -> bool:
    return any(isinstance(goal, UnknownDecides) for goal in case.goals)


def _case_lines(
    number: int,
    case: Generated,
    suite: Suite,
    graph: DecisionGraph,
    opinion: SecondOpinion,
    leaves: Mapping[str, tuple[Leaf, ...]],
    usual: Expectation,
) -> Iterator[str]:
    changed: dict[str, Plain] = {
        fact.path: (
            _plain(graph.dictionary, fact.path, case.facts[fact.path])
            if fact.path in case.facts
            else None
        )
        for fact in graph.dictionary
        if case.facts.get(fact.path) != suite.base.get(fact.path)
    }
    telling = [goal for goal in case.goals if not isinstance(goal, NodeIs | BranchIs)]
    shows = list(dict.fromkeys(words(goal, leaves) for goal in telling or case.goals))
    rest = len(shows) - _MOST_SHOWN
    shown: list[Plain] = [*shows[:_MOST_SHOWN], *([f"and {rest} more"] if rest > 0 else [])]
    yield f"  - name: c{number:03}"
    yield f"    shows: {_flow(shown)}"
    yield f"    facts: {_flow(changed)}"
    expect = expected(graph, case.facts, opinion)
    differing = [key for key in {**usual, **expect} if usual.get(key) != expect.get(key)]
    yield "    expect:" if differing else "    expect: {}"
    for key in differing:
        yield f"      {key}: {_flow(expect.get(key))}"


def words(goal: Goal, leaves: Mapping[str, tuple[Leaf, ...]]) -> str:
    """Returns a goal in words."""
    match goal:
        case LeafTurns():
            text = condition_text(leaves[goal.condition][goal.leaf])
            return f"{goal.condition}: `{text}` {str(goal.truth).lower()} decides it alone"
        case AtThreshold():
            text = condition_text(leaves[goal.condition][goal.leaf])
            side = ("below", "on", "above")[goal.side + 1]
            return f"{goal.condition}: just {side} the threshold of `{text}`"
        case UnknownDecides():
            return f"{goal.node} waits for {goal.fact} alone"
        case Tells():
            return f"{goal.place}: tells the slip `{goal.operator}`"
        case NodeIs():
            return f"{goal.node}: {goal.verdict}"
        case BranchIs():
            return f"{goal.tail} -> {goal.head}: {goal.outcome}"


def _plain(dictionary: Dictionary, path: str, value: float) -> Plain:
    fact = dictionary[path]
    return symbol(fact, value) if isinstance(fact.kind, Choice) else value


def _flow(value: Plain) -> str:
    """Returns a value as YAML on one line; JSON, but words bare where YAML reads them as words."""
    return json.dumps(value, ensure_ascii=False)
