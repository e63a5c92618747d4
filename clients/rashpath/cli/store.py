"""Reads a ledger, or a copy of one, without a server and without ever writing to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message
from sqlalchemy import select

from rashpath.audit import AuditConfig, OpenStore, open_to_read
from rashpath.audit.envelope import PLAIN
from rashpath.audit.errors import LedgerDamagedError, StoreError, StoreUnavailableError
from rashpath.audit.tables import DATA_KEYS
from rashpath.audit.verify import verify
from rashpath.cli.auditor import StorePlace
from rashpath.cli.errors import CommandError, ExitCode, say
from rashpath.cli.local import answered
from rashpath.client.asking import R
from rashpath.client.audit import AuditCalls
from rashpath.service.auditing import Auditing
from rashpath.service.decision_id import DecisionIds
from rashpath.service.explain_path import explain_path, subject_of
from rashpath.service.guidelines import Guidelines
from rashpath.service.render_diagram import render_diagram
from rashpath.v1.audit_pb2 import Checkpoint
from rashpath.v1.audit_service_pb2 import (
    CreateCheckpointRequest,
    EraseDecisionRequest,
    GetDecisionRequest,
    ListDecisionsRequest,
    ReplayDecisionRequest,
    VerifyLedgerRequest,
    VerifyLedgerResponse,
)
from rashpath.v1.decision_service_pb2 import ExplainPathRequest, ExplainPathResponse
from rashpath.v1.guideline_service_pb2 import (
    GetGuidelineRequest,
    RenderDiagramRequest,
    RenderDiagramResponse,
)

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")

_NONE_SERVED = Guidelines({}, "", {})
"""A store brings the guideline of each decision; nothing else is explained or drawn from it."""


_CHANGES: dict[type[Message], str] = {
    CreateCheckpointRequest: "a checkpoint is made",
    EraseDecisionRequest: "a decision is erased",
}
"""What a store that is only read cannot do."""


class StoreAuditor(AuditCalls):
    """The audit service over a store that is only read; it answers and raises as the client does.

    Args:
        place: the store and its keys.
        progress: told the number of records verified, from time to time.

    Raises:
        CommandError: the store or a key file cannot be read, or there is none.
    """

    def __init__(self, place: StorePlace, progress: Callable[[int], None] = lambda _: None) -> None:
        with telling():
            self.opened: OpenStore = open_to_read(
                AuditConfig(
                    url=place.url,
                    keyring_file=place.keyring,
                    signing_key_file=place.signing_key,
                    public_key_file=place.public_key,
                )
            )
        self._auditing = Auditing.of_store(self.opened)
        self._methods: dict[type[Message], Callable[[Any], Any]] = {
            GetDecisionRequest: self._auditing.get_decision,
            ListDecisionsRequest: self._auditing.list_decisions,
            ReplayDecisionRequest: self._auditing.replay_decision,
            GetGuidelineRequest: self._auditing.get_guideline,
            ExplainPathRequest: self._explained,
            RenderDiagramRequest: self._drawn,
        }
        self._has_keyring = place.keyring is not None
        self._progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.opened.store.close()

    def verify_ledger(
        self, checkpoint: Checkpoint | None = None, *, timeout_s: float | None = None
    ) -> VerifyLedgerResponse:
        """Verifies the whole ledger, contents too where they can be opened.

        Raises:
            CommandError: no key is known whose signatures would count.
        """
        if self.opened.trusted is None and checkpoint is None:
            raise CommandError(
                "the key that signed this ledger is not beside it",
                exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION,
                hint="name its public part with `--public-key FILE`, itself with `--signing-key "
                "FILE`, or a checkpoint with `--checkpoint FILE`",
            )
        if self._has_keyring or not self._encrypted():
            request = VerifyLedgerRequest(checkpoint=checkpoint)
            return answered(lambda it: self._auditing.verify_ledger(it, self._progress), request)
        say("no `--keyring` is given: contents are compared as they are stored, not opened")
        with telling():
            opened = self.opened
            return verify(opened.store, opened.trusted, None, checkpoint, self._progress)

    def _ask(self, request: Message, answer: type[R], timeout_s: float | None) -> R:
        if type(request) not in self._methods:
            raise _only_read(_CHANGES[type(request)])
        made: R = answered(self._methods[type(request)], request)
        return made

    def _encrypted(self) -> bool:
        """Tells whether any content needs a keyring."""
        with telling(), self.opened.store.read() as connection:
            wrapped = select(DATA_KEYS.c.id).where(DATA_KEYS.c.key_id != PLAIN).limit(1)
            return connection.execute(wrapped).scalar() is not None

    def _explained(self, request: ExplainPathRequest) -> ExplainPathResponse:
        subject = subject_of(_NONE_SERVED, request, self._auditing.recall)
        return explain_path(subject, DecisionIds(), request)

    def _drawn(self, request: RenderDiagramRequest) -> RenderDiagramResponse:
        recalled = self._auditing.recall(request.decision_id)
        return render_diagram(_NONE_SERVED, request, recalled)()


def told(found: Iterator[T]) -> Iterator[T]:
    """Yields what a reader yields, and tells why it can go no further.

    Raises:
        CommandError: the store or a content of it cannot be read.
    """
    with telling():
        yield from found


def _only_read(done: str) -> CommandError:
    return CommandError(
        f"`--store` only reads; {done} by the server that records",
        exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION,
        hint="leave `--store` out, and name the server with `--address`",
    )


@contextmanager
def telling() -> Iterator[None]:
    """Tells why a ledger cannot be opened or read."""
    try:
        yield
    except StoreUnavailableError as error:
        raise CommandError(str(error), exit_code=ExitCode.UNAVAILABLE_OR_DEADLINE) from None
    except LedgerDamagedError as error:
        raise CommandError(str(error), exit_code=ExitCode.CHECK_FAILED) from None
    except StoreError as error:
        raise CommandError(str(error), exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION) from None
