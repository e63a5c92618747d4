"""Traces each statement of the article to what cites it, to recommendations and to test cases.

It needs nothing but the `Guideline` message, so that a client can trace what a server serves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rashpath.facts import FactsError, Plain, Problem, Reason, parse
from rashpath.v1.guideline_pb2 import Guideline, Node

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_ON = ("applies", "applies_exactly")
_NAMING = (*_ON, "does_not_apply", "undetermined")
_NAMED_BY_KEY = ("decisive", "regimen", "withheld_because", "evidence_flags", "defeaters")


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The recommendations that one case file has an expectation about.

    Args:
        name: path below the folder of cases, with slashes.
        on: recommendations expected to apply.
        off: recommendations expected not to apply.
        named: every recommendation that the file names, those included.
    """

    name: str
    on: frozenset[str]
    off: frozenset[str]
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one statement or page feature.

    Args:
        statement: its id.
        text: it, in our own words.
        cited_by: what cites it, such as `node start_foscarnet`, in the order of the file.
        recommendations: those that cite it, in the order of the file.
        bears_on: further ones that rest on something that cites it, likewise.
        cases: case files that name one of `recommendations`, or without any, of `bears_on`.
        note: why it is not actionable, or where a page feature lives; else empty.
    """

    statement: str
    text: str
    cited_by: tuple[str, ...]
    recommendations: tuple[str, ...]
    bears_on: tuple[str, ...]
    cases: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The traceability matrix.

    Args:
        guideline: id and version.
        rows: one a statement, then one a page feature, in the order of the file.
        gaps: what has no home or no case, in words.
        has_cases: whether case files were looked at.
    """

    guideline: str
    rows: tuple[Row, ...]
    gaps: tuple[str, ...]
    has_cases: bool


def trace(guideline: Guideline, cases: Sequence[CaseFile] | None = None) -> Trace:
    """Returns what becomes of each statement.

    A recommendation rests on a statement that it does not cite if a definition, a number, a finding
    or a decision that does lies on a way from the root to it.

    Args:
        guideline: a guideline that was loaded.
        cases: case files; None: none are looked at.
    """
    citers = _citers(guideline)
    not_actionable = {each.id: each.reason for each in guideline.not_actionable}
    resting = _resting(guideline)
    order = [node.id for node in guideline.nodes if _is_recommendation(node)]
    rows = []
    gaps = []
    for statement in guideline.statements:
        cited_by = tuple(citers.get(statement.id, ()))
        reached = {each for citer in cited_by for each in resting.get(citer, ())}
        citing = tuple(each for each in order if f"node {each}" in cited_by)
        bears_on = tuple(each for each in order if each in reached and each not in citing)
        note = not_actionable.get(statement.id, "")
        if not cited_by and not note:
            gaps.append(f"statement {statement.id} has no home")
        rows.append(
            Row(
                statement.id,
                statement.text,
                cited_by,
                citing,
                bears_on,
                _cases_naming(frozenset(citing or bears_on), cases or ()),
                f"not actionable: {note}" if note else "",
            )
        )
    for feature in guideline.page_features:
        home = feature.WhichOneof("home")
        note = f"{home} `{getattr(feature, home)}`" if home else ""
        if feature.id in not_actionable:
            note = f"not actionable: {not_actionable[feature.id]}"
        if not note:
            gaps.append(f"page feature {feature.id} has no home")
        rows.append(Row(feature.id, feature.text, (), (), (), (), note))
    if cases is not None:
        gaps.extend(_case_gaps(order, cases))
    return Trace(f"{guideline.id} {guideline.version}", tuple(rows), tuple(gaps), cases is not None)


def read_cases(folder: Path) -> list[CaseFile]:
    """Returns what each case file below a folder expects, by path.

    Args:
        folder: holds `*.yaml` files, at any depth, with a mapping `expect`.

    Raises:
        FactsError: a file cannot be read; every fault is told.
    """
    cases = []
    problems: list[Problem] = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            cases.append(_case_file(path, path.relative_to(folder).as_posix()))
        except FactsError as error:
            problems.extend(error.problems)
        except OSError as error:
            text = (error.strerror or "cannot be read").lower()
            problems.append(Problem(Reason.SYNTAX, "", text, text, source=str(path)))
    if problems:
        raise FactsError(problems)
    return cases


def _citers(guideline: Guideline) -> dict[str, list[str]]:
    """Returns what cites each statement, such as `node start_foscarnet`."""
    citers: dict[str, list[str]] = {}
    for name, statements in _citations(guideline):
        for statement in statements:
            names = citers.setdefault(statement, [])
            if name not in names:
                names.append(name)
    return citers


def _citations(guideline: Guideline) -> Iterator[tuple[str, Sequence[str]]]:
    for number in guideline.numbers:
        yield f"number {number.id}", number.statements
    for computed in guideline.computed_numbers:
        yield f"computed {computed.id}", computed.statements
    for definition in guideline.definitions:
        yield f"definition {definition.id}", definition.statements
    for caution in guideline.cautions:
        yield f"caution {caution.id}", caution.statements
    for node in guideline.nodes:
        yield f"node {node.id}", node.statements
        for row in node.recommendation.regimen.rows:
            yield f"node {node.id}", row.statements
        for note in node.recommendation.notes:
            yield f"node {node.id}", note.statements


def _resting(guideline: Guideline) -> dict[str, set[str]]:
    """Returns the recommendations that rest on each citer."""
    names_in = {
        **{each.id: _names(each.when) for each in guideline.definitions},
        **{
            each.id: _names(f"{each.formula} {each.valid_when}")
            for each in guideline.computed_numbers
        },
    }
    kinds = {
        **{each.id: "number" for each in guideline.numbers},
        **{each.id: "computed" for each in guideline.computed_numbers},
        **{each.id: "definition" for each in guideline.definitions},
    }
    decisions = {
        node.id for node in guideline.nodes if node.WhichOneof("kind") in ("decision", "finding")
    }
    resting: dict[str, set[str]] = {}
    for node in guideline.nodes:
        if not _is_recommendation(node):
            continue
        ways, conditions = _ways_to(node.id, guideline)
        regimen = node.recommendation.regimen
        conditions |= _names(" ".join([regimen.dose_gate, *(row.when for row in regimen.rows)]))
        resting.setdefault(f"node {node.id}", set()).add(node.id)
        for way in ways & decisions:
            resting.setdefault(f"node {way}", set()).add(node.id)
        for name in _closure(conditions, names_in):
            if name in kinds:
                resting.setdefault(f"{kinds[name]} {name}", set()).add(node.id)
    return resting


def _ways_to(target: str, guideline: Guideline) -> tuple[set[str], set[str]]:
    """Returns the nodes on any way from the root to a node, and the names in their conditions."""
    nodes: set[str] = set()
    names: set[str] = set()
    waiting = [target]
    while waiting:
        node = waiting.pop()
        for edge in guideline.edges:
            if edge.to_node != node:
                continue
            names |= _names(edge.when)
            if edge.otherwise:
                for sibling in guideline.edges:
                    if sibling.from_node == edge.from_node:
                        names |= _names(sibling.when)
            if edge.from_node not in nodes:
                nodes.add(edge.from_node)
                waiting.append(edge.from_node)
    return nodes, names


def _closure(names: set[str], names_in: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(names_in.get(name, ()))
    return found


def _names(condition: str) -> set[str]:
    return set(_NAME.findall(condition))


def _is_recommendation(node: Node) -> bool:
    return node.WhichOneof("kind") == "recommendation"


def _case_file(path: Path, name: str) -> CaseFile:
    document = parse(path.read_bytes(), str(path))
    expect = document.value.get("expect") if isinstance(document.value, dict) else None
    if not isinstance(expect, dict):
        expect = {}
    on = {each for key in _ON for each in _texts(expect.get(key))}
    off = set(_texts(expect.get("does_not_apply")))
    named = {each for key in _NAMING for each in _texts(expect.get(key))}
    named |= {each for key in _NAMED_BY_KEY for each in _texts(expect.get(key))}
    covers = _texts(document.value.get("covers")) if isinstance(document.value, dict) else ()
    for each in covers:
        identifier, colon, _ = each.partition(":")
        if colon:
            named.add(identifier)
    return CaseFile(name, frozenset(on), frozenset(off), frozenset(named))


def _texts(value: Plain) -> tuple[str, ...]:
    """Returns the texts of a list or the keys of a mapping."""
    if isinstance(value, list | dict):
        return tuple(each for each in value if isinstance(each, str))
    return ()


def _cases_naming(recommendations: frozenset[str], cases: Sequence[CaseFile]) -> tuple[str, ...]:
    return tuple(case.name for case in cases if case.named & recommendations)


def _case_gaps(recommendations: Sequence[str], cases: Sequence[CaseFile]) -> Iterator[str]:
    for each in recommendations:
        if not any(each in case.on for case in cases):
            yield f"no case expects `{each}` to apply"
        if not any(each in case.off for case in cases):
            yield f"no case expects `{each}` not to apply"
