"""Runs the mutants of the shipped guideline, and writes what found each into `docs/coverage.md`.

`python -m tests.coverage.mutation` runs all of them, on two processes. `--sample N` runs every
N-th, `--extend` writes cases that find the survivors, `--resume LOG` goes on from an earlier log.
The exit code is 1 where a mutant survives.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from rashpath.expression.evaluate import Case, evaluate
from rashpath.expression.truth import Truth
from rashpath.facts.document import SIZE_LIMIT, Document, parse
from rashpath.guideline import DecisionGraph, GuidelineError, load_bytes
from rashpath.guideline.check_content import check_content, check_names
from rashpath.guideline.check_exact import build_reach
from rashpath.guideline.check_structure import check_structure
from rashpath.guideline.compile import Compilation
from rashpath.guideline.errors import Faults
from rashpath.readings.answer import answer
from rashpath.readings.coverage.conditions import written_conditions
from rashpath.readings.coverage.expectation import Expectation, expected, observed
from rashpath.readings.coverage.generate import Generated, Generation, Suite
from rashpath.readings.coverage.goals import Tells
from rashpath.readings.coverage.mutants import Mutant, document_of, mutants, mutated_document
from rashpath.readings.coverage.sameness import difference
from rashpath.readings.coverage.suite import SuiteCase, read_suite
from rashpath.readings.coverage.write import write_slips
from rashpath.readings.invariants import holds
from rashpath.readings.proof.second_opinion import SecondOpinion
from rashpath.readings.walk import Walk, walk
from rashpath.v1 import guideline_pb2
from tests.conformance.expectations import case_files, mismatches
from tests.coverage.decision_table import faults_of_table
from tests.coverage.record import record
from tests.coverage.tables import CONTENT, GENERATED, Found, table, write_tables


class Run:
    """The shipped guideline with its suites, against which mutants are run."""

    def __init__(self) -> None:
        self.graph = load_bytes(CONTENT.read_bytes(), "1.0.0.yaml")
        self.document = document_of(self.graph)
        self.record = record(self.graph.guideline)
        self.hand = {case.name: case for case in case_files()}
        self.generated = {case.name: case for case in read_suite(GENERATED, self.graph.dictionary)}
        self.shown = {
            name: _signature(walk(self.graph, case.facts)) for name, case in self.hand.items()
        }
        self.facts = {name: Case(case.facts) for name, case in self.hand.items()}
        self.facts |= {name: Case(case.facts) for name, case in self.generated.items()}
        self.truths = {
            part.path: {name: evaluate(part.condition, facts) for name, facts in self.facts.items()}
            for part in written_conditions(self.graph)
        }
        self.kills: Counter[str] = Counter()
        self.base = Generation(self.graph).base

    def find(self, mutant: Mutant) -> Found:
        """Returns what finds a mutant."""
        try:
            graph = self._load(mutant)
        except GuidelineError as error:
            return Found(mutant, refused=error.problems[0].text)
        if not mutant.is_logic:
            return self._of_content(mutant, graph)
        names = self._candidates(mutant, graph)
        by_hand = self._by_hand(graph, [name for name in names if name in self.hand])
        generated = self._generated(graph, [name for name in names if name in self.generated])
        if by_hand or generated:
            violated = self._violated(graph, by_hand or generated)
            return Found(mutant, invariant=violated, by_hand=by_hand, generated=generated)
        if record(graph.guideline) != self.record:
            return Found(mutant, generated="record")
        found = difference(self.graph, graph)
        if not found.regions:
            return Found(mutant, same=True)
        case = found.case(self.base)
        if case is not None:
            self._learn(f"new/{mutant.id}", case)
        return Found(mutant, differs=tuple(found.regions), case=case)

    def _learn(self, name: str, case: dict[str, int | float]) -> None:
        """Adds a case to the generated ones of this run."""
        wanted = expected(self.graph, case, SecondOpinion(self.graph))
        self.generated[name] = SuiteCase(name, case, wanted, generated=True)
        self.facts[name] = Case(case)
        for part in written_conditions(self.graph):
            self.truths[part.path][name] = evaluate(part.condition, self.facts[name])
        self.kills[name] = 1

    def _load(self, mutant: Mutant) -> DecisionGraph:
        """Loads a mutant as the loader does, but for the text of a file and a digest of its own.

        Where no condition is changed, the regions of the guideline are those of the mutant.
        """
        guideline = json_format.ParseDict(
            mutated_document(self.document, mutant), guideline_pb2.Guideline()
        )
        dictionary = self.graph.dictionary
        faults = Faults(Document({}, {}, "mutant"))
        check_content(guideline, faults)
        check_names(guideline, dictionary, faults)
        faults.raise_if_any()
        compilation = Compilation(guideline, dictionary, faults)
        check_structure(compilation, faults)
        faults.raise_if_any()
        reach = build_reach(compilation, faults) if mutant.is_logic else self.graph.reach
        faults.raise_if_any()
        return DecisionGraph(
            guideline=guideline,
            dictionary=dictionary,
            digest="",
            nodes=compilation.nodes,
            edges=compilation.edges,
            definitions=compilation.definitions,
            computed=compilation.computed,
            contradictions=compilation.contradictions,
            cautions=compilation.cautions,
            not_covered=compilation.not_covered,
            invariants=compilation.invariants,
            red_flag=compilation.definitions[guideline.red_flag],
            reach=reach,
        )

    def _of_content(self, mutant: Mutant, graph: DecisionGraph) -> Found:
        table = faults_of_table(graph)
        by_hand = f"decision table: {table[0]}" if table else ""
        if not by_hand:
            touched = [
                name for name, case in self.hand.items() if _may_show(mutant, graph, case.expect)
            ]
            by_hand = self._by_hand(graph, touched, content=True)
        changed = record(graph.guideline) != self.record
        return Found(mutant, by_hand=by_hand, generated="record" if changed else "")

    def _candidates(self, mutant: Mutant, graph: DecisionGraph) -> list[str]:
        """Returns the cases that may tell a mutant: where the changed condition differs, first."""
        ordered = sorted(self.facts, key=lambda name: -self.kills[name])
        gates = {node.recommendation.regimen.dose_gate for node in graph.guideline.nodes}
        changed = [
            part
            for part in written_conditions(graph)
            if part.path == mutant.path and part.name not in gates
        ]
        if len(changed) != 1 or len(mutant.edits) != 1 or mutant.path not in self.truths:
            return ordered
        before = self.truths[mutant.path]
        differing, still_open = [], []
        for name in ordered:
            truth = evaluate(changed[0].condition, Case(self.facts[name]))
            if truth is not before[name]:
                differing.append(name)
            elif truth is Truth.UNKNOWN:
                still_open.append(name)
        return differing + still_open

    def _by_hand(self, graph: DecisionGraph, names: list[str], *, content: bool = False) -> str:
        for name in names:
            walked = walk(graph, self.hand[name].facts)
            if not content and _signature(walked) == self.shown[name]:
                continue
            if mismatches(self.hand[name].expect, answer(walked, full=True)):
                self.kills[name] += 1
                return name
        return ""

    def _generated(self, graph: DecisionGraph, names: list[str]) -> str:
        for name in names:
            if observed(walk(graph, self.generated[name].facts)) != self.generated[name].expect:
                self.kills[name] += 1
                return name
        return ""

    def _violated(self, graph: DecisionGraph, name: str) -> str:
        walked = walk(graph, self.facts[name])
        return next(
            (part.id for part in graph.invariants if holds(part, walked) is Truth.FALSE), ""
        )


def _signature(walked: Walk) -> tuple[Expectation, object, object]:
    decisive = tuple((step.verdict, step.decisive) for step in walked.steps)
    withheld = {id: dose.withheld for id, dose in walked.doses.items()}
    because = {id: [each.because for each in found] for id, found in withheld.items()}
    return observed(walked), (decisive, walked.questions, walked.defeaters), because


def _may_show(mutant: Mutant, graph: DecisionGraph, expect: object) -> bool:
    """Tells whether what a case expects can depend on what a content mutant changes."""
    assert isinstance(expect, dict)
    match mutant.operator:
        case "urgency changed":
            return "urgency" in expect or "urgency_not_excluded" in expect
        case "flag dropped":
            return "evidence_flags" in expect
        case "code dropped":
            return "withheld_because" in expect
        case "regimen changed" | "reference resolved or not" | "references dropped":
            return bool({"regimen", "evidence_flags"} & set(expect))
        case _:
            return False


_run: Run | None = None


def _begin() -> None:
    global _run
    _run = Run()


def _find(mutant: Mutant) -> Found:
    assert _run is not None
    return _run.find(mutant)


def run(chosen: Iterable[Mutant], *, processes: int = 2) -> Iterator[Found]:
    """Yields what becomes of some mutants, in their order."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_begin) as pool:
        yield from pool.imap(_find, chosen, chunksize=4)


_TELLS = re.compile(r"(?P<place>.*): tells the slip `(?P<operator>.*)`")


def _slips(graph: DecisionGraph) -> Iterator[Generated]:
    """Yields the cases that tell slips and lie there already."""
    path = GENERATED / "slips.yaml"
    if not path.exists():
        return
    document: Any = parse(path.read_bytes(), limit=4 * SIZE_LIMIT).value
    facts = {case.name: case.facts for case in read_suite(GENERATED, graph.dictionary)}
    for each in document["cases"]:
        told = _TELLS.fullmatch(each["shows"][0])
        assert told is not None
        goal = Tells(told["operator"], told["place"])
        yield Generated(dict(facts[f"slips/{each['name']}"]), (goal,))


_KEPT = ("refused", "invariant", "by_hand", "generated", "same")


def _line(found: Found) -> str:
    """Returns what became of a mutant as a line of the log."""
    fate = {key: getattr(found, key) for key in _KEPT}
    return json.dumps({"id": found.mutant.id, "survives": found.survives, **fate})


def _known(log: Path) -> dict[str, dict[str, Any]]:
    """Returns what an earlier run found, by mutant; survivors are run anew.

    What found a mutant finds it again as long as guideline and suites are the same, or the suites
    have only grown.
    """
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {line["id"]: {key: line[key] for key in _KEPT} for line in lines if not line["survives"]}


def main() -> int:
    """Runs the mutants; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="run every N-th")
    parser.add_argument("--log", type=Path, help="add what found each mutant there, as NDJSON")
    parser.add_argument(
        "--resume", type=Path, metavar="LOG", help="run only what an earlier log leaves alive"
    )
    parser.add_argument(
        "--extend", action="store_true", help="write cases that find the survivors to slips.yaml"
    )
    parser.add_argument("--write", action="store_true", help="rewrite the table in the docs")
    words = parser.parse_args()
    every = mutants(load_bytes(CONTENT.read_bytes(), "1.0.0.yaml"))
    chosen = every[:: words.sample]
    known = _known(words.resume) if words.resume else {}
    results = run([each for each in chosen if each.id not in known])
    found = []
    with words.log.open("a", encoding="utf-8") if words.log else nullcontext() as log:
        for number, mutant in enumerate(chosen, 1):
            if mutant.id in known:
                each = Found(mutant, **known[mutant.id])
            else:
                each = next(results)
                if log is not None:
                    print(_line(each), file=log, flush=True)
            found.append(each)
            if number % 50 == 0:
                left = sum(one.survives for one in found)
                print(f"{number} of {len(chosen)}, {left} survive", file=sys.stderr, flush=True)
    survivors = [each for each in found if each.survives]
    if words.extend:
        graph = load_bytes(CONTENT.read_bytes(), "1.0.0.yaml")
        base = Generation(graph).base
        new = [
            Generated(each.case, (Tells(each.mutant.operator, each.mutant.place),))
            for each in found
            if each.case is not None
        ]
        write_slips(GENERATED, graph, Suite(base, (*_slips(graph), *new), ()))
    print(table(found))
    for each in survivors:
        print(f"\nSURVIVES: {each.mutant.operator} in {each.mutant.diff()}")
        print(f"  decides differently: {', '.join(each.differs[:5])}")
    if words.write:
        write_tables(found)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
