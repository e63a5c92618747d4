"""The proof: what holds in every case of a guideline, shown by machine, each failure by a case."""

from rashpath.readings.proof.prove import TIMEOUT_S, Proof, certificate, prove
from rashpath.readings.proof.result import Counterexample, Failed, Proved, Refuted, Settled

__all__ = [
    "TIMEOUT_S",
    "Counterexample",
    "Failed",
    "Proof",
    "Proved",
    "Refuted",
    "Settled",
    "certificate",
    "prove",
]
