"""Settles accounts: what callers hold in their hands against what the ledger holds.

Nothing here asks a server: the ledger is opened as an auditor would open a copy of it.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rashpath.audit import AuditConfig, open_to_read
from rashpath.audit.errors import StoreError
from rashpath.audit.opening import OpenStore
from rashpath.audit.reading import Filters
from rashpath.audit.replay import Replayer
from rashpath.audit.verify import verify
from rashpath.v1.audit_pb2 import Checkpoint, LedgerFaultKind, ReplayOutcome
from rashpath.v1.decision_service_pb2 import EvaluateResponse
from tests.load.book import Book, answer_digest
from tests.load.journal import OK, UNREPEATABLE, Answered, Call

_SHOWN = 5
"""Examples of each kind of fault."""


@dataclass(slots=True)
class Figures:
    """What came of a scenario.

    Args:
        sent: calls that were sent, each counted once however often it was tried.
        answered: calls that were answered in the end.
        given_up: calls that were not, by what their last attempt failed with.
        retried: attempts after the first.
        refused: attempts that the server refused, by code and reason.
        unanswered: attempts that got no word from the server, by code.
        decisions: answered decisions, each counted once.
        accepted: decisions that the server took, by the ledger: answered ones, and those whose
            answer did not arrive.
        lost: answered, and not in the ledger.
        duplicated: further decisions of a request id that has one already, in the ledger or in the
            hands of callers.
        wrong: answers that are not the expected ones, and records that are not what was answered.
        records: that were verified.
        chains: that were verified.
        checkpoints: that the ledger was verified against and that were kept outside of it.
        replayed: decisions that were decided again, and came out byte for byte.
        faults: what must not be, in words; empty where all is well.
    """

    sent: int = 0
    answered: int = 0
    given_up: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    decisions: int = 0
    accepted: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong: int = 0
    records: int = 0
    chains: int = 0
    checkpoints: int = 0
    replayed: int = 0
    faults: list[str] = field(default_factory=list)


def settle(
    calls: Sequence[Call],
    book: Book,
    config: AuditConfig,
    *,
    checkpoints: Iterable[Checkpoint] = (),
    sample: int = 40,
    progress: Callable[[str], None] = lambda _: None,
) -> Figures:
    """Compares all that callers were answered with a ledger that nobody writes to any more.

    Args:
        calls: all calls that were sent to servers of this ledger.
        book: what was asked.
        config: opens the ledger.
        checkpoints: kept elsewhere while the ledger was written.
        sample: decisions that are replayed.
        progress: told what goes on, from time to time.
    """
    figures = _of_calls(calls)
    opened = open_to_read(config)
    try:
        _compare(calls, book, opened, figures, progress)
        _verify(opened, list(checkpoints), figures, progress)
        _replay(opened, figures, sample)
    finally:
        opened.store.close()
    return figures


def _of_calls(calls: Sequence[Call]) -> Figures:
    figures = Figures(
        sent=len(calls),
        answered=sum(call.outcome == OK for call in calls),
        given_up=Counter(call.outcome for call in calls if call.outcome != OK),
        retried=sum(call.attempts - 1 for call in calls),
        refused=Counter(each for call in calls for each in call.refused),
        unanswered=Counter(each for call in calls for each in call.unanswered),
        wrong=sum(bool(call.wrong) for call in calls),
    )
    figures.faults += _some(text for call in calls for text in call.wrong)
    figures.faults += _some(
        f"a call was never answered: {call.kind}, {call.outcome}"
        for call in calls
        if call.outcome != OK and call.kind != UNREPEATABLE
    )
    return figures


def _compare(
    calls: Sequence[Call],
    book: Book,
    opened: OpenStore,
    figures: Figures,
    progress: Callable[[str], None],
) -> None:
    answered: dict[str, Answered] = {}
    ids_of: defaultdict[str, set[str]] = defaultdict(set)
    for call in calls:
        for each in call.decisions:
            before = answered.setdefault(each.decision_id, each)
            if before != each:
                _wrong(figures, f"decision {each.decision_id} was answered in two ways")
            if each.request_id:
                ids_of[each.request_id].add(each.decision_id)
    expected = {digest for page in book.pages for digest in page.answers.values()}
    recorded = set()
    for number, decision in enumerate(opened.reader.all(Filters()), 1):
        id = decision.record.id
        if id in recorded:
            figures.duplicated += 1
            figures.faults.append(f"decision {id} is in the ledger twice")
        recorded.add(id)
        if number % 5000 == 0:
            progress(f"{number} records compared")
        try:
            content = opened.reader.stored(id).content(opened.reader.seal)
        except StoreError as error:
            _wrong(figures, f"decision {id} cannot be read: {error}")
            continue
        answer = EvaluateResponse.FromString(content.answer)
        if content.request.request_id:
            ids_of[content.request.request_id].add(id)
        held = answered.get(id)
        digest = answer_digest(answer)
        if answer.decision_id != id:
            _wrong(figures, f"record {id} holds the answer of another decision")
        elif held is not None and held.request_id != content.request.request_id:
            _wrong(figures, f"record {id} has another request id than it was asked for by")
        elif held is not None and held.digest != digest:
            _wrong(figures, f"record {id} holds another answer than was given")
        elif digest not in expected:
            _wrong(figures, f"record {id} holds an answer that nobody expects")
    figures.decisions = len(answered)
    figures.accepted = len(recorded)
    lost = sorted(set(answered) - recorded)
    figures.lost = len(lost)
    figures.faults += _some(f"decision {id} was answered and is not in the ledger" for id in lost)
    doubled = {request_id: ids for request_id, ids in ids_of.items() if len(ids) > 1}
    figures.duplicated += sum(len(ids) - 1 for ids in doubled.values())
    figures.faults += _some(f"request {id} has {len(ids)} decisions" for id, ids in doubled.items())


def _verify(
    opened: OpenStore,
    checkpoints: Sequence[Checkpoint],
    figures: Figures,
    progress: Callable[[str], None],
) -> None:
    # Without one kept elsewhere, the ledger is still compared with those that lie in it. Each
    # verification reads the whole ledger; the first and the newest say the most.
    kept: list[Checkpoint | None] = [*checkpoints[:1], *checkpoints[1:][-1:]]
    for checkpoint in kept or [None]:
        found = verify(
            opened.store,
            opened.trusted,
            opened.reader.seal,
            checkpoint,
            lambda count: progress(f"{count} records verified"),
        )
        figures.records, figures.chains = found.records, found.chains
        if not found.sound:
            figures.faults.append(f"the ledger is not sound: {len(found.faults)} faults")
        figures.faults += _some(
            f"{LedgerFaultKind.Name(fault.kind)}: {fault.text}" for fault in found.faults
        )
    figures.checkpoints = len(kept)


def _replay(opened: OpenStore, figures: Figures, sample: int) -> None:
    ids = [each.record.id for each in opened.reader.all(Filters())]
    replayer = Replayer(opened.reader)
    for id in random.Random(1).sample(ids, min(sample, len(ids))):
        try:
            result = replayer.replay(id)
        except StoreError as error:
            _wrong(figures, f"decision {id} cannot be replayed: {error}")
            continue
        if result.outcome == ReplayOutcome.REPLAY_OUTCOME_IDENTICAL:
            figures.replayed += 1
        else:
            name = ReplayOutcome.Name(result.outcome)
            _wrong(figures, f"the replay of {id} ends with {name}")


def _wrong(figures: Figures, text: str) -> None:
    figures.wrong += 1
    if figures.wrong <= _SHOWN:
        figures.faults.append(text)


def _some(texts: Iterable[str]) -> list[str]:
    """Returns the first few of some texts, and how many more there are."""
    every = list(dict.fromkeys(texts))
    more = [f"and {len(every) - _SHOWN} more"] if len(every) > _SHOWN else []
    return every[:_SHOWN] + more
