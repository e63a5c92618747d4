"""Proves a guideline: every property over all cases, known and unknown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic

from rashpath.guideline.model import SEMANTICS_VERSION, DecisionGraph
from rashpath.guideline.release import INVARIANT, Certificate, CertifiedProperty, Result
from rashpath.readings.proof import built_in, monotone, properties, safe_numbers
from rashpath.readings.proof.invariants import invariant
from rashpath.readings.proof.prover import Prover
from rashpath.readings.proof.result import Failed, Outcome, Proved, Refuted, Settled
from rashpath.readings.proof.solver import NAME, version
from rashpath.v1 import guideline_pb2

TIMEOUT_S = 20.0
"""Seconds for one question to the solver, unless told otherwise."""

_RESTS_ON_DIAGRAMS = "rests on `diagrams`, which does not hold"
_NEEDS_NO_DIAGRAM = frozenset({"diagrams", "branches", "no_error"})


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of every property of one guideline, in the order in which they were asked.

    Args:
        settled: the properties.
        seconds: how long all took.
    """

    settled: tuple[Settled, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """True where every property is proved."""
        return all(isinstance(each.outcome, Proved) for each in self.settled)


Progress = Callable[[str], None]
"""Is told the words of each property before it is asked."""


def prove(
    graph: DecisionGraph,
    *,
    timeout_s: float = TIMEOUT_S,
    progress: Progress | None = None,
    only: Collection[str] | None = None,
) -> Proof:
    """Settles every property of a guideline over all cases within types and ranges.

    Args:
        graph: the guideline.
        timeout_s: most seconds for one question to the solver.
        progress: told of each property before it is asked.
        only: ids of the properties to settle; None: all. Most rest on `diagrams`.

    Returns:
        The proof. A property that the solver does not settle counts as failed.

    Example:
        >>> from importlib.resources import files
        >>> from rashpath.guideline import load
        >>> folder = files("rashpath.content") / "valacyclovir_spreading_rash"
        >>> prove(load(folder / "1.0.0.yaml")).holds
        True
    """
    begun = monotonic()
    prover = Prover(graph, timeout_s)
    settled: list[Settled] = []
    sound = True
    for id, text, settle in _properties(prover, timeout_s):
        if only is not None and id not in only:
            continue
        if progress is not None:
            progress(text)
        start, asked = monotonic(), prover.questions
        trusted = sound or id in _NEEDS_NO_DIAGRAM
        outcome = settle() if trusted else Failed((_RESTS_ON_DIAGRAMS,))
        if id == "diagrams":
            sound = isinstance(outcome, Proved)
        settled.append(Settled(id, text, outcome, monotonic() - start, prover.questions - asked))
    return Proof(tuple(settled), monotonic() - begun)


def certificate(proof: Proof, at: datetime) -> Certificate:
    """Returns a proof as it is kept beside the guideline.

    Args:
        proof: the proof.
        at: when it was finished, in UTC.
    """
    return Certificate(
        semantics_version=SEMANTICS_VERSION,
        solver=NAME,
        solver_version=version(),
        proved_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(proof.seconds, 3),
        properties=tuple(
            CertifiedProperty(
                each.id,
                each.text,
                _RESULTS[type(each.outcome)],
                each.outcome.checked if isinstance(each.outcome, Proved) else 0,
                each.outcome.notes if isinstance(each.outcome, Proved) else (),
                round(each.seconds, 3),
            )
            for each in proof.settled
        ),
    )


_RESULTS = {Proved: Result.PROVED, Refuted: Result.REFUTED, Failed: Result.FAILED}


def _properties(
    prover: Prover, timeout_s: float
) -> Iterator[tuple[str, str, Callable[[], Outcome]]]:
    """Yields each property: its id, its words, and what settles it."""
    yield (
        "diagrams",
        "the exact readings say what the graph says",
        partial(properties.diagrams, prover),
    )
    yield (
        "branches",
        "branches exclude each other and leave no case out",
        partial(properties.branches, prover),
    )
    yield (
        "no_error",
        "no division by zero, overflow, missing number or missing row",
        partial(safe_numbers.no_error, prover, timeout_s),
    )
    yield (
        "reachable",
        "every node and branch is reached by a case",
        partial(properties.reachable, prover),
    )
    yield "conditions", "no condition is constant", partial(properties.conditions, prover)
    yield (
        "recommendations",
        "every recommendation can apply and fail to apply",
        partial(properties.recommendations, prover),
    )
    yield "exact", "every verdict is exact", partial(properties.exactness, prover)
    yield (
        "monotone",
        "what is learnt withdraws nothing but by a defeater",
        partial(monotone.monotone, prover),
    )
    yield "total", "with every fact given nothing is undetermined", partial(built_in.total, prover)
    yield (
        "deterministic",
        "the same facts give the same answer",
        partial(built_in.deterministic, prover),
    )
    if guideline_pb2.PROPERTY_DOSE_TOTAL_NEVER_RISES in prover.graph.guideline.properties:
        yield (
            "dose_total",
            "daily doses never rise as their number falls",
            partial(built_in.dose_total, prover),
        )
    for stated in prover.graph.invariants:
        yield f"{INVARIANT}{stated.id}", stated.text, partial(invariant, prover, stated)
