"""Compiles every condition of a guideline and builds its typed parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar, assert_never

from rashpath.expression import (
    ExpressionError,
    Names,
    compile_condition,
    compile_formula,
    compile_invariant,
)
from rashpath.expression.evaluate import DECIMALS
from rashpath.expression.interval import interval
from rashpath.expression.translate import NO_TOWERS
from rashpath.expression.tree import (
    Always,
    Computed,
    Condition,
    Constant,
    Named,
    Not,
    Or,
    computed_in,
    conjuncts,
)
from rashpath.facts.dictionary import DecimalNumber, Dictionary
from rashpath.facts.plain import Path
from rashpath.facts.wording import Wording
from rashpath.guideline.errors import Faults
from rashpath.guideline.model import (
    All,
    Caution,
    Contradiction,
    Decision,
    Definition,
    DoseRow,
    Edge,
    End,
    Finding,
    Flag,
    Invariant,
    NamedComputed,
    Node,
    NotCovered,
    Note,
    Recommendation,
    Regimen,
    Start,
)
from rashpath.v1 import guideline_pb2

CONTRADICTED = "contradicted"
"""Built-in definition: some contradiction holds."""

YES = "YES"
"""Value of a finding that names none."""

T = TypeVar("T")


class _BrokenError(ExpressionError):
    """A condition that names a faulty definition; its fault is told where it stands."""


class Compilation:
    """All parts of a guideline, compiled. Faults are noted, and what is faulty is left out.

    Args:
        guideline: the message that the file holds.
        dictionary: the facts of its case type.
        faults: where faults are noted.
    """

    def __init__(
        self, guideline: guideline_pb2.Guideline, dictionary: Dictionary, faults: Faults
    ) -> None:
        self.guideline = guideline
        self.dictionary = dictionary
        self._faults = faults
        self._open: list[str] = []
        self._done: dict[str, Condition | Computed] = {}
        self._written = {
            definition.id: (index, definition)
            for index, definition in enumerate(guideline.definitions)
        }
        self._written_numbers = {
            number.id: (index, number) for index, number in enumerate(guideline.computed_numbers)
        }
        self.names = Names(
            dictionary=dictionary,
            constants={number.id: _constant(number) for number in guideline.numbers},
            computed={id: partial(self._computed, id) for id in self._written_numbers},
            definitions={
                **{id: partial(self._definition, id) for id in self._written},
                CONTRADICTED: self._contradicted,
            },
            nodes=frozenset(
                node.id for node in guideline.nodes if node.WhichOneof("kind") == "recommendation"
            ),
        )
        self.computed = self._all_computed()
        self.contradictions = tuple(
            Contradiction(part.id, condition, Wording.of(part.text))
            for part, condition in self._conditions("contradictions", guideline.contradictions)
        )
        self.definitions = self._all_definitions()
        self.cautions = tuple(
            Caution(part.id, condition, Wording.of(part.text))
            for part, condition in self._conditions("cautions", guideline.cautions)
        )
        self.not_covered = tuple(
            NotCovered(part.id, condition, Wording.of(part.text))
            for part, condition in self._conditions("not_covered", guideline.not_covered)
        )
        self.nodes = tuple(
            self._node(node, ("nodes", index)) for index, node in enumerate(guideline.nodes)
        )
        self.edges = self._edges()
        self.invariants = tuple(
            Invariant(part.id, condition, part.text)
            for index, part in enumerate(guideline.invariants)
            if (
                condition := self._try(
                    ("invariants", index, "holds"),
                    partial(compile_invariant, part.holds, self.names),
                )
            )
            is not None
        )

    def condition(self, text: str, path: Path) -> Condition | None:
        """Compiles a condition; None, with the fault noted, where it is faulty."""
        return self._try(path, lambda: compile_condition(text, self.names))

    def _try(self, path: Path, compile: Callable[[], T]) -> T | None:
        try:
            return compile()
        except _BrokenError:
            return None
        except ExpressionError as error:
            self._faults.add(path, str(error))
            return None

    def _definition(self, id: str) -> Condition:
        index, written = self._written[id]
        path: Path = ("definitions", index, "when")
        done = self._resolve(id, lambda: self.condition(written.when, path))
        assert not isinstance(done, Computed)
        return done

    def _computed(self, id: str) -> Computed:
        index, _ = self._written_numbers[id]
        path: Path = ("computed_numbers", index)
        done = self._resolve(id, lambda: self._compile_computed(id, path))
        assert isinstance(done, Computed)
        return done

    def _resolve(
        self, id: str, compile: Callable[[], Condition | Computed | None]
    ) -> Condition | Computed:
        if id in self._open:
            way = " -> ".join(f"`{name}`" for name in [*self._open[self._open.index(id) :], id])
            raise ExpressionError(f"is defined by itself: {way}")
        if id not in self._done:
            self._open.append(id)
            try:
                compiled = compile()
            finally:
                self._open.pop()
            if compiled is None:
                raise _BrokenError(f"`{id}` is faulty")
            self._done[id] = compiled
        return self._done[id]

    def _contradicted(self) -> Condition:
        done = self._resolve(CONTRADICTED, self._compile_contradicted)
        assert not isinstance(done, Computed)
        return done

    def _compile_contradicted(self) -> Condition | None:
        compiled = [
            self.condition(part.when, ("contradictions", index, "when"))
            for index, part in enumerate(self.guideline.contradictions)
        ]
        parts = tuple(condition for condition in compiled if condition is not None)
        if len(parts) < len(compiled):
            return None
        match parts:
            case ():
                return Always(False)
            case (only,):
                return only
            case _:
                return Or(parts)

    def _compile_computed(self, id: str, path: Path) -> Computed | None:
        _, written = self._written_numbers[id]
        formula = self._try(
            (*path, "formula"), lambda: compile_formula(written.formula, self.names)
        )
        valid: Condition | None = Always(True)
        if written.valid_when:
            valid = self.condition(written.valid_when, (*path, "valid_when"))
            if valid is not None and any(True for _ in computed_in(valid)):
                self._faults.add((*path, "valid_when"), NO_TOWERS)
                return None
        if formula is None or valid is None:
            return None
        bounds = self._try((*path, "formula"), partial(interval, formula, self.dictionary))
        if bounds is None:
            return None
        # Values are rounded before they are compared, so the rounded bounds must fit.
        low, high = round(bounds[0], DECIMALS), round(bounds[1], DECIMALS)
        minimum, maximum = written.range.minimum, written.range.maximum
        if not minimum <= low <= high <= maximum:
            self._faults.add(
                (*path, "range"), f"does not enclose what the formula can give: {low:g} to {high:g}"
            )
            return None
        return Computed(id, formula, valid, minimum, maximum)

    def _all_computed(self) -> dict[str, NamedComputed]:
        found: dict[str, NamedComputed] = {}
        for index, part in enumerate(self.guideline.computed_numbers):
            number = self._try(("computed_numbers", index), partial(self._computed, part.id))
            if number is not None:
                found[part.id] = NamedComputed(
                    number, Wording.of(part.label), part.unit, Wording.of(part.invalid_text)
                )
        return found

    def _all_definitions(self) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        for index, part in enumerate(self.guideline.definitions):
            condition = self._try(
                ("definitions", index, "when"), partial(self._definition, part.id)
            )
            if part.withheld_code in self.dictionary:
                self._faults.add(("definitions", index, "withheld_code"), "is the path of a fact")
            if condition is not None:
                found[part.id] = Definition(
                    part.id,
                    condition,
                    Wording.of(part.text),
                    tuple(part.statements),
                    tuple(part.sources),
                    part.withheld_code,
                )
        return found

    def _conditions(self, section: str, parts: Iterable[T]) -> Iterable[tuple[T, Condition]]:
        for index, part in enumerate(parts):
            text: str = part.when  # type: ignore[attr-defined] # each such message has `when`
            condition = self.condition(text, (section, index, "when"))
            if condition is not None:
                yield part, condition

    def _flags(self, flags: Iterable[guideline_pb2.Flag], path: Path) -> tuple[Flag, ...]:
        return tuple(
            Flag(
                flag.flag,
                flag.text,
                tuple(flag.sources),
                self.condition(flag.when, (*path, index, "when")) if flag.when else None,
            )
            for index, flag in enumerate(flags)
        )

    def _node(self, node: guideline_pb2.Node, path: Path) -> Node:
        common = (
            node.id,
            node.lane,
            Wording.of(node.title),
            tuple(node.statements),
            tuple(node.sources),
            self._flags(node.flags, (*path, "flags")),
        )
        kind = node.WhichOneof("kind")
        match kind:
            case "start":
                return Start(*common)
            case "decision":
                return Decision(*common)
            case "all":
                return All(*common)
            case "finding":
                return Finding(*common, node.finding.finding or node.id, node.finding.value or YES)
            case "recommendation":
                part = node.recommendation
                place = (*path, "recommendation")
                return Recommendation(
                    *common,
                    text=Wording.of(part.text),
                    urgency=part.urgency,
                    provenance=tuple(part.provenance),
                    gives=part.gives,
                    regimen=self._regimen(part.regimen, (*place, "regimen"))
                    if part.HasField("regimen")
                    else None,
                    alternatives=tuple(part.alternatives),
                    notes=tuple(
                        self._note(note, (*place, "notes", index))
                        for index, note in enumerate(part.notes)
                    ),
                )
            case "end":
                return End(*common)
            case None:
                self._faults.add(path, "says not what kind of node it is")
                return End(*common)
            case _:
                assert_never(kind)

    def _note(self, note: guideline_pb2.Note, path: Path) -> Note:
        return Note(
            Wording.of(note.text),
            tuple(note.statements),
            tuple(note.sources),
            self._flags(note.flags, (*path, "flags")),
            self.condition(note.when, (*path, "when")) if note.when else None,
        )

    def _regimen(self, plan: guideline_pb2.RegimenPlan, path: Path) -> Regimen:
        rows = []
        for index, row in enumerate(plan.rows):
            when = self.condition(row.when, (*path, "rows", index, "when"))
            if row.dose_mg_per_kg <= 0 or row.interval_hours <= 0:
                self._faults.add((*path, "rows", index), "has no dose or no interval")
            if when is not None:
                rows.append(DoseRow(when, row.dose_mg_per_kg, row.interval_hours, row.text))
        if bool(plan.rows) != bool(plan.dose_gate) or bool(plan.rows) != bool(plan.weight_fact):
            self._faults.add(path, "rows, dose_gate and weight_fact go together")
        fact = self.dictionary.by_path.get(plan.weight_fact)
        if plan.weight_fact and (fact is None or not isinstance(fact.kind, DecimalNumber)):
            self._faults.add((*path, "weight_fact"), "is not a fact that is a decimal number")
        return Regimen(plan, tuple(rows), self._gate(plan.dose_gate, path), plan.weight_fact)

    def _gate(self, id: str, path: Path) -> tuple[Definition, ...]:
        if not id:
            return ()
        if id not in self.definitions:
            if id not in self._written:
                self._faults.add((*path, "dose_gate"), f"`{id}` is not a definition")
            return ()
        parts = conjuncts(self.definitions[id].condition)
        gate = [
            self.definitions[part.id]
            for part in parts
            if isinstance(part, Named) and part.id in self.definitions
        ]
        if len(gate) != len(parts):
            self._faults.add((*path, "dose_gate"), f"`{id}` is not a conjunction of definitions")
        return tuple(gate)

    def _edges(self) -> tuple[Edge, ...]:
        compiled: list[Condition | None] = [
            self.condition(edge.when, ("edges", index, "when")) if edge.when else None
            for index, edge in enumerate(self.guideline.edges)
        ]
        edges = []
        for edge, written in zip(self.guideline.edges, compiled, strict=True):
            condition: Condition = Always(True)
            if edge.otherwise:
                siblings = tuple(
                    other
                    for sibling, other in zip(self.guideline.edges, compiled, strict=True)
                    if sibling.from_node == edge.from_node and other is not None
                )
                match siblings:
                    case ():
                        # A decision without another branch is told where its branches are counted.
                        pass
                    case (only,):
                        condition = Not(only)
                    case _:
                        condition = Not(Or(siblings))
            elif written is not None:
                condition = written
            edges.append(
                Edge(
                    edge.from_node,
                    edge.to_node,
                    condition,
                    written,
                    edge.otherwise,
                    Wording.of(edge.text),
                )
            )
        return tuple(edges)


def _constant(number: guideline_pb2.NamedNumber) -> Constant:
    if number.WhichOneof("value") == "whole":
        return Constant(number.whole, number.id)
    return Constant(number.decimal, number.id)
