"""Makes guidelines with one small fault each, as an author's slip would make them.

A mutant changes the content, never the engine: a threshold, a comparison, a branch, a dose, a
citation. What is expected of it is that loading refuses it, that an invariant is broken, or that a
case or the record of the content tells it from the guideline. Invariants are the guideline's own
specification and are not mutated, but for being dropped.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format

from rashpath.expression.text import condition_text
from rashpath.facts.plain import Path, path_text
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.coverage.conditions import Kind, written_conditions
from rashpath.readings.coverage.slips import like, moved_values, variants
from rashpath.v1 import guideline_pb2

Document = dict[str, Any]

DROPPED = "(dropped)"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guideline with one fault.

    Args:
        operator: what kind of slip it is.
        path: the place in the guideline message.
        place: the place in words.
        old: what stands there.
        new: what stands there in the mutant.
        is_logic: False where no condition, branch, number or dose is changed.
        edits: the new values by their paths; None drops an entry.
    """

    operator: str
    path: Path
    place: str
    old: str
    new: str
    is_logic: bool
    edits: tuple[tuple[Path, Any], ...]

    @property
    def id(self) -> str:
        """A name that stays while the guideline does."""
        return f"{self.operator} | {path_text(self.path)} | {self.new}"

    def diff(self) -> str:
        """Returns what it changes, as two lines."""
        return f"{self.place}\n  - {self.old}\n  + {self.new}"


def document_of(graph: DecisionGraph) -> Document:
    """Returns the guideline as the plain document that mutants are made from."""
    found: Document = json_format.MessageToDict(graph.guideline, preserving_proto_field_name=True)
    return found


def mutated(document: Document, mutant: Mutant) -> bytes:
    """Returns the file of a mutant, as JSON."""
    return json.dumps(mutated_document(document, mutant)).encode()


def mutated_document(document: Document, mutant: Mutant) -> Document:
    """Returns a plain document with the slip of a mutant."""
    changed = copy.deepcopy(document)
    dropped = []
    for path, value in mutant.edits:
        holder: Any = changed
        for part in path[:-1]:
            holder = holder[part]
        if value is None and isinstance(path[-1], int):
            dropped.append((holder, path[-1]))
        elif value is None:
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
    for holder, index in dropped:
        del holder[index]
    return changed


def mutants(graph: DecisionGraph) -> tuple[Mutant, ...]:
    """Returns all mutants of a guideline, each once, in the order of the file's sections."""
    found: dict[str, Mutant] = {}
    document = document_of(graph)
    for mutant in _all(graph, document):
        found.setdefault(mutant.id, mutant)
    return tuple(found.values())


def _all(graph: DecisionGraph, document: Document) -> Iterator[Mutant]:
    for part in written_conditions(graph):
        if part.kind is Kind.FORMULA:
            continue
        old = condition_text(part.condition)
        for operator, changed in variants(part.condition, graph):
            new = condition_text(changed)
            if new != old:
                edits = ((part.path, new),)
                yield Mutant(operator, part.path, part.name, old, new, True, edits)
    yield from _numbers(graph, document)
    yield from _formulas(graph, document)
    yield from _edges(graph, document)
    yield from _nodes(graph, document)
    yield from _sections(document)


def _set(
    operator: str, path: Path, place: str, old: object, new: object, *, is_logic: bool
) -> Mutant:
    return Mutant(operator, path, place, str(old), str(new), is_logic, ((path, new),))


def _drop(operator: str, path: Path, place: str, old: object, *, is_logic: bool = False) -> Mutant:
    return Mutant(operator, path, place, _short(old), DROPPED, is_logic, ((path, None),))


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _numbers(graph: DecisionGraph, document: Document) -> Iterator[Mutant]:
    for index, number in enumerate(document["numbers"]):
        key = "whole" if "whole" in number else "decimal"
        value = number[key] if key == "whole" else float(number[key])
        for moved in moved_values(value):
            path = ("numbers", index, key)
            yield _set("named number moved", path, number["id"], value, moved, is_logic=True)


def _formulas(graph: DecisionGraph, document: Document) -> Iterator[Mutant]:
    slips: tuple[tuple[str, str, Callable[[re.Match[str]], str]], ...] = (
        ("formula number moved", r"(?<![\w.])\d+\.\d+", lambda m: f"{float(m[0]) * 1.01:.6g}"),
        ("formula number moved", r"(?<![\w.])\d+\.\d+", lambda m: f"{float(m[0]) * 0.9:.6g}"),
        ("formula operator swapped", r" [*/+-] ", lambda m: _OPERATORS[m[0]]),
        ("formula value swapped", r"\bFEMALE\b", lambda _: "MALE"),
    )
    for index, number in enumerate(document["computed_numbers"]):
        path: Path = ("computed_numbers", index, "formula")
        formula: str = number["formula"]
        for operator, pattern, slip in slips:
            for match in re.finditer(pattern, formula):
                new = formula[: match.start()] + _decimal(slip(match)) + formula[match.end() :]
                yield _set(operator, path, number["id"], formula, new, is_logic=True)
        if " ? " in formula:
            head, _, rest = formula.partition(" ? ")
            new = f"!({head}) ? {rest}"
            yield _set("formula branches swapped", path, number["id"], formula, new, is_logic=True)
        if "valid_when" in number:
            valid = ("computed_numbers", index, "valid_when")
            old = number["valid_when"]
            yield _set("validity negated", valid, number["id"], old, f"!{old}", is_logic=True)
            yield _set("validity dropped", valid, number["id"], old, "true", is_logic=True)


_OPERATORS = {" * ": " / ", " / ": " * ", " + ": " - ", " - ": " + "}


def _decimal(text: str) -> str:
    return f"{text}.0" if text.isdigit() else text


def _edges(graph: DecisionGraph, document: Document) -> Iterator[Mutant]:
    edges = document["edges"]
    lanes = {node["id"]: node.get("lane", "") for node in document["nodes"]}
    order = [node["id"] for node in document["nodes"]]
    for index, edge in enumerate(edges):
        tail, head = edge["from_node"], edge["to_node"]
        place = f"{tail} -> {head}"
        yield _drop("branch deleted", ("edges", index), place, edge, is_logic=True)
        taken = {e["to_node"] for e in edges if e["from_node"] == tail}
        near = [id for id in order if lanes[id] == lanes[head] and id not in {*taken, tail}]
        if near:
            after = next((id for id in near if order.index(id) > order.index(head)), near[0])
            path: Path = ("edges", index, "to_node")
            yield _set("branch led elsewhere", path, place, head, after, is_logic=True)
        for other in range(index + 1, len(edges)):
            if edges[other]["from_node"] == tail and ("when" in edge or "otherwise" in edge):
                to = edges[other]["to_node"]
                yield Mutant(
                    "branches swapped",
                    ("edges", index, "to_node"),
                    f"{tail}: to {head} and to {to}",
                    head,
                    to,
                    True,
                    ((("edges", index, "to_node"), to), (("edges", other, "to_node"), head)),
                )


_URGENCIES = ("URGENCY_ROUTINE", "URGENCY_PROMPT", "URGENCY_SAME_DAY", "URGENCY_EMERGENCY")


def _nodes(graph: DecisionGraph, document: Document) -> Iterator[Mutant]:
    treatments = [treatment["id"] for treatment in document["treatments"]]
    for index, node in enumerate(document["nodes"]):
        path: Path = ("nodes", index)
        yield from _citations(node, path, node["id"])
        if "finding" in node:
            new = f"{node['finding'].get('value', 'YES')}_X"
            place = (*path, "finding", "value")
            yield _set("finding changed", place, node["id"], node["finding"], new, is_logic=True)
        part = node.get("recommendation")
        if part is None:
            continue
        inner = (*path, "recommendation")
        at = _URGENCIES.index(part["urgency"])
        for other in (at - 1, at + 1):
            if 0 <= other < len(_URGENCIES):
                yield _set(
                    "urgency changed",
                    (*inner, "urgency"),
                    node["id"],
                    part["urgency"],
                    _URGENCIES[other],
                    is_logic=False,
                )
        for number in range(len(part["provenance"])):
            place = (*inner, "provenance", number)
            yield _drop("provenance dropped", place, node["id"], part["provenance"][number])
        if part.get("gives"):
            for treatment in treatments:
                if treatment != part["gives"]:
                    place = (*inner, "gives")
                    yield _set(
                        "gives changed", place, node["id"], part["gives"], treatment, is_logic=False
                    )
            yield _drop("gives dropped", (*inner, "gives"), node["id"], part["gives"])
        else:
            place = (*inner, "gives")
            yield _set("gives added", place, node["id"], "", treatments[0], is_logic=False)
        for number, note in enumerate(part.get("notes", ())):
            place = (*inner, "notes", number)
            name = f"{node['id']}, note {number + 1}"
            yield _drop("note dropped", place, name, note)
            if "when" in note:
                yield _drop(
                    "condition dropped", (*place, "when"), name, note["when"], is_logic=True
                )
            yield from _citations(note, place, name)
        for number, other_part in enumerate(part.get("alternatives", ())):
            place = (*inner, "alternatives", number)
            yield _drop("alternative dropped", place, node["id"], other_part)
        if "regimen" in part:
            yield from _regimen(part["regimen"], (*inner, "regimen"), node["id"])


def _regimen(plan: Document, path: Path, id: str) -> Iterator[Mutant]:
    for key in ("doses_per_day_min", "doses_per_day_max", "days"):
        if key in plan:
            for moved in (plan[key] - 1, plan[key] + 1):
                yield _set("regimen changed", (*path, key), id, plan[key], moved, is_logic=False)
    rows = plan.get("rows", [])
    for index, row in enumerate(rows):
        name = f"{id}, row {index + 1}"
        place = (*path, "rows", index)
        dose = float(row["dose_mg_per_kg"])
        for moved in (dose - 5, dose + 5, dose * 10):
            place_dose = (*place, "dose_mg_per_kg")
            yield _set("dose digit changed", place_dose, name, dose, moved, is_logic=True)
        for hours in {6, 8, 12, 24} - {row["interval_hours"]}:
            yield _set(
                "interval changed",
                (*place, "interval_hours"),
                name,
                row["interval_hours"],
                hours,
                is_logic=True,
            )
        yield _drop("row dropped", place, name, row, is_logic=True)
        if index + 1 < len(rows):
            after = rows[index + 1]
            yield Mutant(
                "row conditions swapped",
                place,
                f"{name} and the next",
                row["when"],
                after["when"],
                True,
                (
                    ((*place, "when"), after["when"]),
                    ((*path, "rows", index + 1, "when"), row["when"]),
                ),
            )
    if rows:
        yield _drop("dose gate dropped", (*path, "dose_gate"), id, plan["dose_gate"], is_logic=True)


def _citations(part: Document, path: Path, place: str) -> Iterator[Mutant]:
    """Yields a part without one of its citations or reservations."""
    for key in ("statements", "sources"):
        for index, each in enumerate(part.get(key, ())):
            yield _drop("citation dropped", (*path, key, index), place, each)
    for index, flag in enumerate(part.get("flags", ())):
        yield _drop("flag dropped", (*path, "flags", index), place, flag)
        if "when" in flag:
            where = (*path, "flags", index, "when")
            yield _drop("condition dropped", where, place, flag["when"], is_logic=True)


_SECTIONS = ("definitions", "contradictions", "cautions", "not_covered")


def _sections(document: Document) -> Iterator[Mutant]:
    for section in ("numbers", "computed_numbers", *_SECTIONS):
        for index, part in enumerate(document[section]):
            yield from _citations(part, (section, index), part["id"])
            if section in ("contradictions", "cautions", "not_covered"):
                yield _drop("part dropped", (section, index), part["id"], part, is_logic=True)
            if "withheld_code" in part:
                place = (section, index, "withheld_code")
                yield _drop("code dropped", place, part["id"], part["withheld_code"])
    for section in ("invariants", "properties", "statements", "not_actionable", "references"):
        for index, part in enumerate(document[section]):
            called = part.get("id", section) if isinstance(part, dict) else str(part)
            yield _drop(f"{section} dropped", (section, index), called, part)
    for index, reference in enumerate(document["references"]):
        place = ("references", index, "resolved")
        old = reference.get("resolved", False)
        name = f"reference {reference['number']}"
        yield _set("reference resolved or not", place, name, old, not old, is_logic=False)
    danger = document["red_flag"]
    other = like(danger, [part["id"] for part in document["definitions"]])
    yield _set("red flag swapped", ("red_flag",), "red_flag", danger, other, is_logic=True)
    status = document["review_status"]
    approved = guideline_pb2.ReviewStatus.Name(guideline_pb2.REVIEW_STATUS_APPROVED)
    yield _set(
        "review status changed",
        ("review_status",),
        "review_status",
        status,
        approved,
        is_logic=False,
    )
