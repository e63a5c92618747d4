"""What an auditor's command asks: a server, or a ledger without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rashpath.cli.connection import Connection
from rashpath.cli.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from rashpath.v1 import (
        audit_service_pb2,
        decision_service_pb2,
        guideline_pb2,
        guideline_service_pb2,
    )


@runtime_checkable
class Auditor(Protocol):
    """What the report asks: a server, or a ledger without one."""

    def get_decision(self, decision_id: str) -> audit_service_pb2.GetDecisionResponse:
        """Shows one recorded decision."""
        ...

    def explain_decision(
        self, decision_id: str, *, audience: guideline_pb2.Audience.ValueType
    ) -> decision_service_pb2.ExplainPathResponse:
        """Explains it: its recorded facts under its recorded guideline."""
        ...

    def render_decision(
        self,
        decision_id: str,
        *,
        format: guideline_service_pb2.DiagramFormat.ValueType,
        audience: guideline_pb2.Audience.ValueType,
    ) -> guideline_service_pb2.RenderDiagramResponse:
        """Draws its way."""
        ...

    def get_guideline(
        self, guideline: decision_service_pb2.GuidelineSelector | None = None
    ) -> guideline_service_pb2.GetGuidelineResponse:
        """Serves the guideline that a selector names, also one that only the ledger keeps."""
        ...

    def verify_ledger(self) -> audit_service_pb2.VerifyLedgerResponse:
        """Verifies the whole ledger."""
        ...

    def replay_decision(self, decision_id: str) -> audit_service_pb2.ReplayDecisionResponse:
        """Decides it again and compares."""
        ...


@contextmanager
def open_auditor(connection: Connection, store: str = "") -> Iterator[Auditor]:
    """Yields what answers an auditor's questions, closed after use.

    Args:
        connection: how a server is reached.
        store: URL of a ledger to read without a server; empty: the server is asked.

    Raises:
        CommandError: what was asked for keeps no ledger.
    """
    if store:
        raise CommandError(
            "`--store` is not possible yet", exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION
        )
    with connection.open() as client:
        if not isinstance(client, Auditor):
            raise CommandError(
                "there is no audit ledger here", exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION
            )
        yield client
