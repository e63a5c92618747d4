"""The shipped guideline is proved, and so is any other: the engine knows no rash."""

from __future__ import annotations

import pytest

from rashpath.guideline import DecisionGraph
from rashpath.guideline.release import STRUCTURAL, required
from rashpath.readings.proof import Failed, Proof, Proved, properties, prove
from rashpath.readings.proof.monotone import defeaters
from rashpath.readings.proof.prover import GaveUp, Prover
from rashpath.readings.proof.solver import Solver, Unknown
from tests.shipped import CONTENT


def test_every_property_of_the_shipped_guideline_is_proved(shipped_proof: Proof) -> None:
    """No case, known or unknown, violates a property or an invariant of the shipped guideline."""
    assert [each for each in shipped_proof.settled if not isinstance(each.outcome, Proved)] == []
    assert shipped_proof.holds


def test_nothing_is_left_out_of_the_proof(shipped_proof: Proof, graph: DecisionGraph) -> None:
    """Every property that a certificate must have is asked, each invariant among them."""
    assert tuple(each.id for each in shipped_proof.settled) == required(graph)
    assert len(graph.invariants) == 13


def test_the_proof_is_of_something(shipped_proof: Proof, graph: DecisionGraph) -> None:
    """Every node, edge, decision and recommendation is asked about; no property is vacuous."""
    checked = {
        each.id: each.outcome.checked
        for each in shipped_proof.settled
        if isinstance(each.outcome, Proved)
    }
    edges = sum(len(graph.out_of(node.id)) for node in graph.order)
    assert checked["reachable"] == len(graph.order) + edges
    assert checked["recommendations"] == len(graph.recommendations) == 31
    assert checked["monotone"] == 31
    assert min(checked.values()) > 0


def test_the_defeasible_recommendations_are_named(
    shipped_proof: Proof, graph: DecisionGraph
) -> None:
    """Each recommendation that a further fact can withdraw is listed with those facts, proved."""
    notes = next(
        each.outcome.notes
        for each in shipped_proof.settled
        if each.id == "monotone" and isinstance(each.outcome, Proved)
    )
    named = {id: facts for id, facts in defeaters(graph).items() if facts}
    assert list(notes) == [f"defeasible: {id} by {', '.join(facts)}" for id, facts in named.items()]
    assert set(named) == graph.defeasible
    assert "start_foscarnet" in named
    assert "emergency_review" not in named


def test_what_kleene_leaves_open_is_named(shipped_proof: Proof) -> None:
    """The nodes whose verdicts need more than Kleene's tables are listed by name."""
    notes = next(
        each.outcome.notes
        for each in shipped_proof.settled
        if each.id == "exact" and isinstance(each.outcome, Proved)
    )
    assert any("start_foscarnet" in note for note in notes)
    assert not any("emergency_review" in note for note in notes)


def test_a_toy_guideline_is_proved(small: DecisionGraph) -> None:
    """The toy guideline of the other tests has all properties."""
    assert prove(small).holds


def test_a_guideline_of_another_subject_is_proved(bicycle: DecisionGraph) -> None:
    """Facts, choices and numbers that no rash has are proved by the same engine."""
    proof = prove(bicycle)
    assert [each for each in proof.settled if not isinstance(each.outcome, Proved)] == []
    assert defeaters(bicycle)["train"] == ("bicycle.measured_speed_km_h",)


ASKED = [*(id for id in STRUCTURAL if id != "deterministic"), "invariant.only_what_spreads"]


@pytest.mark.parametrize("id", ASKED)
def test_a_solver_that_does_not_know_proves_nothing(
    id: str, small: DecisionGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time-out or an unknown is a failure of the property, never a pass."""
    monkeypatch.setattr(Solver, "ask", lambda *_, **__: Unknown("timeout"))
    (settled,) = prove(small, only={id}).settled
    assert isinstance(settled.outcome, Failed)
    assert "timeout" in settled.outcome.reasons[0]


def test_nothing_is_believed_of_diagrams_that_are_not_proved(
    small: DecisionGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the exact readings are not shown to be right, what rests on them fails."""
    monkeypatch.setattr(properties, "diagrams", lambda _: Failed(("not settled",)))
    proof = prove(small)
    proved = {each.id for each in proof.settled if isinstance(each.outcome, Proved)}
    assert proved == {"branches", "no_error"}


def test_a_case_that_the_walk_does_not_confirm_is_a_bug_of_the_proof(small: DecisionGraph) -> None:
    """What only the solver sees is told as a bug of the proof, and never as a counterexample."""
    prover = Prover(small, 20)
    found = prover.refute("a fault", prover.sight.known["rash.trend"], lambda _: False)
    assert found == GaveUp("a fault: bug of the proof: the walk does not confirm the solver's case")


def test_the_shipped_file_is_the_one_that_is_proved(graph: DecisionGraph) -> None:
    """The proof is of the very file that is served."""
    assert f"id: {graph.guideline.id}\n" in CONTENT.read_text(encoding="utf-8")
