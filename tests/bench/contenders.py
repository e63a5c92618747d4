"""Whoever decides the sub-guideline: rashpath, hand-written Python, and the peers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rashpath.guideline import DecisionGraph
from tests.bench.engines import BYTES, MESSAGE, Engine, ends_of_lanes
from tests.bench.peers import (
    cel,
    clips,
    dmn,
    hand_written,
    hand_written_message,
    json_logic,
    networkx_walk,
    rego,
    zen,
)
from tests.bench.sub_cases import Outcome, Plain, SubCase

Decide = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Contender:
    """One engine with the sub-guideline in its language.

    Args:
        name: for tables.
        distribution: its package; empty: none.
        gives: what its answer holds.
        reads: what it is given.
        prepare: turns a case into what it is given, outside the measured time.
        decider: makes the decision from an example of what it is given.
        outcome: turns its answer into the outcome of each lane.
        peer: whether rashpath is to be ahead of it.
    """

    name: str
    distribution: str
    gives: str
    reads: str
    prepare: Callable[[SubCase], Any]
    decider: Callable[[Any], Decide]
    outcome: Callable[[Any], Outcome] = lambda answer: answer
    peer: bool = True

    @property
    def version(self) -> str | None:
        """The version that is installed, or None."""
        try:
            return version(self.distribution) if self.distribution else ""
        except PackageNotFoundError:
            return None


def _plain(case: SubCase) -> Any:
    return case.plain


def _message(case: SubCase) -> Any:
    return case.message


def _bytes(case: SubCase) -> Any:
    return case.message.SerializeToString()


OUTCOME = "outcome"
DICT = "a dict"

HAND_WRITTEN = (
    Contender(
        "if/elif in Python",
        "",
        OUTCOME,
        DICT,
        _plain,
        lambda _: hand_written.decide,
        peer=False,
    ),
    Contender(
        "if/elif in Python, from the message",
        "",
        OUTCOME,
        MESSAGE,
        _message,
        lambda _: hand_written_message.decide,
        peer=False,
    ),
    Contender(
        "if/elif in Python, from the bytes",
        "",
        OUTCOME,
        BYTES,
        _bytes,
        lambda _: hand_written_message.decide_bytes,
        peer=False,
    ),
)
"""From what lies readiest to what arrives over the wire."""

FROM_BYTES = HAND_WRITTEN[-1]


def _peer(
    name: str,
    distribution: str,
    decider: Callable[[Any], Decide],
    reads: str = DICT,
    prepare: Callable[[Plain], Any] = lambda facts: facts,
) -> Contender:
    return Contender(name, distribution, OUTCOME, reads, lambda case: prepare(case.plain), decider)


PEERS = (
    _peer("zen-engine, compiled expression", "zen-engine", zen.expression_decider),
    _peer("zen-engine, decision graph", "zen-engine", zen.graph_decider),
    _peer("CEL in C++ (cel-expr-python)", "cel-expr-python", cel.cel_expr_python_decider),
    _peer(
        "CEL in Rust (common-expression-language)",
        "common-expression-language",
        cel.rust_cel_decider,
    ),
    _peer(
        "CEL in Python (cel-python)",
        "cel-python",
        cel.cel_python_decider,
        "CEL values",
        cel.prepare_cel_python,
    ),
    _peer("regorus (opa-eval)", "opa-eval", rego.decider, "JSON text", rego.prepare),
    _peer("CLIPS (clipspy)", "clipspy", clips.decider, "a dict of symbols", clips.prepare),
    _peer("SpiffWorkflow DMN", "SpiffWorkflow", dmn.decider),
    _peer("json-logic in Python (panzi-json-logic)", "panzi-json-logic", json_logic.python_decider),
    _peer("json-logic in Rust (datalogic-py)", "datalogic-py", json_logic.rust_decider),
    _peer("naive networkx walk", "networkx", networkx_walk.decider),
)


def rashpath(graph: DecisionGraph, engine: Engine, *, read: bool = False) -> Contender:
    """Returns rashpath itself, which gives verdicts, path and questions.

    Args:
        graph: the sub-guideline.
        engine: how it decides.
        read: whether the values of a case are read before, as the peers have theirs; else it gets
            the case as it arrives.
    """
    prepare = engine.read if read else engine.arrives
    return Contender(
        f"rashpath, engine {engine.name}{', values read before' if read else ''}",
        "",
        "verdicts, path, questions",
        "checked values" if read else engine.form,
        lambda case: prepare(case.message),
        lambda _: engine.decide_read if read else engine.decide,
        lambda decided: ends_of_lanes(graph, engine.verdicts(decided)),
        peer=False,
    )


def installed() -> tuple[tuple[Contender, ...], tuple[str, ...]]:
    """Returns the peers that are installed, and the packages of those that are not."""
    there = tuple(peer for peer in PEERS if peer.version is not None)
    missing = sorted({peer.distribution for peer in PEERS if peer.version is None})
    return there, tuple(missing)
