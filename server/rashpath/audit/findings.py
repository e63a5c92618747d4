"""What a verification has found so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rashpath.v1.audit_pb2 import LedgerFault, LedgerFaultKind
from rashpath.v1.audit_service_pb2 import VerifyLedgerResponse

MOST_FAULTS = 1000
_PROGRESS_EVERY = 500


class Placed(Protocol):
    """Something with the place of a record."""

    @property
    def id(self) -> str:
        """Id of the record."""

    @property
    def chain(self) -> str:
        """Id of its chain."""

    @property
    def sequence(self) -> int:
        """Its place in the chain, from 1."""


class Findings:
    """Collects faults and counts.

    Args:
        progress: told the number of records that were verified, from time to time.
    """

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._faults: list[LedgerFault] = []
        self.records = 0
        self.chains = 0
        self.envelopes = 0
        self.erased = 0

    def note(
        self,
        kind: LedgerFaultKind.ValueType,
        text: str,
        *,
        chain: str = "",
        sequence: int = 0,
        id: str = "",
    ) -> None:
        """Notes a fault."""
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(
                LedgerFault(kind=kind, chain=chain, sequence=sequence, record_id=id, text=text)
            )

    def at(self, place: Placed, kind: LedgerFaultKind.ValueType, text: str) -> None:
        """Notes a fault of a record."""
        self.note(kind, text, chain=place.chain, sequence=place.sequence, id=place.id)

    def has(self, kind: LedgerFaultKind.ValueType, chain: str) -> bool:
        """Tells whether a chain has a fault of a kind."""
        return any(fault.kind == kind and fault.chain == chain for fault in self._faults)

    def count_record(self) -> None:
        """Counts a record."""
        self.records += 1
        if self.records % _PROGRESS_EVERY == 0:
            self._progress(self.records)

    def response(self, covered: int) -> VerifyLedgerResponse:
        """Returns the findings, their faults by chain and place.

        Args:
            covered: records that the given checkpoint covers.
        """
        self._progress(self.records)
        faults = sorted(self._faults, key=lambda fault: (fault.chain, fault.sequence))
        return VerifyLedgerResponse(
            sound=not faults,
            faults=faults,
            records=self.records,
            chains=self.chains,
            beyond_checkpoint=max(0, self.records - covered),
            envelopes=self.envelopes,
            erased=self.erased,
        )
