"""A process of callers: `python -m tests.load.caller` reads its orders from standard input.

Each thread has a connection of its own, now and then a new one, and sends one call after the other
at random moments. It does what docs/clients.md tells a client to: UNAVAILABLE and lost connections
are tried again under the same request id, after the pause that the server asks for. It ends when
its input ends.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar

from rashpath.client import Client, ClientError, DeadlineExceeded, Overloaded, Unavailable
from rashpath.client.errors import class_of
from rashpath.v1.decision_pb2 import CaseError
from rashpath.v1.decision_service_pb2 import (
    EvaluateRequest,
    EvaluateResponse,
    ExplainPathResponse,
)
from rashpath.v1.errors_pb2 import ErrorReason
from tests.load import journal
from tests.load.book import WHY, Book, Page, answer_digest, explanation_digest
from tests.load.journal import OK, UNREPEATABLE, Answered, Call

T = TypeVar("T")

MIX = {
    "evaluate": 58,
    "repeat": 8,
    UNREPEATABLE: 4,
    "batch": 6,
    "explain": 8,
    "explain recorded": 8,
    "health": 8,
}
"""How often each kind of call is sent, of a hundred."""

_CALLS_OF_A_CONNECTION = 50
"""On average; then the caller goes, and another comes. Only so does a new worker get any."""

_KEPT = 400
_NO_WORD = ("", "UNREACHABLE", "DEADLINE_EXCEEDED")
"""Reasons that our client gives where no word came from a server; a server may give the last too,
which a caller need not tell apart."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What a process of callers does.

    Args:
        name: begins its request ids; no other process has it.
        target: address of the server.
        book: file of what is asked.
        journal: file of what came of it.
        seed: of what is asked when.
        threads: callers of the process.
        rate: calls a second of the process.
        timeout_s: of one attempt.
        patience_s: after which a call is tried no more.
        token: sent along; empty: none.
        options: of the channel.
    """

    name: str
    target: str
    book: str
    journal: str
    seed: int
    threads: int
    rate: float
    timeout_s: float = 10.0
    patience_s: float = 120.0
    token: str = ""
    options: tuple[tuple[str, Any], ...] = ()

    def text(self) -> str:
        """Returns the orders as a line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def of_text(cls, text: str) -> Orders:
        """Returns the orders of a line."""
        content = json.loads(text)
        content["options"] = tuple((name, value) for name, value in content["options"])
        return cls(**content)


@dataclass(frozen=True, slots=True)
class Known:
    """A decision that a caller was answered, to ask for it again."""

    page: Page
    answered: Answered
    guideline: str


class Caller:
    """One caller.

    Args:
        number: of the thread.
        orders: what to do.
        book: what is asked.
        write: takes each call that is over.
    """

    def __init__(
        self, number: int, orders: Orders, book: Book, write: Callable[[Call], None]
    ) -> None:
        self._name = f"{orders.name}.{number}"
        self._orders = orders
        self._book = book
        self._write = write
        self._chance = random.Random(f"{orders.seed} {self._name}")
        self._count = 0
        self._known: list[Known] = []

    def run(self, done: threading.Event) -> None:
        """Sends calls until told that it is done, over one connection after the other."""
        while not done.is_set():
            with self._connect() as client:
                self._use(client, done)

    def _connect(self) -> Client:
        orders = self._orders
        # Connections, not calls, are spread over workers: each caller has one of its own.
        options = [("grpc.use_local_subchannel_pool", 1), *orders.options]
        return Client(
            orders.target,
            retries=0,
            timeout_s=orders.timeout_s,
            token=orders.token or None,
            channel_options=options,
        )

    def _use(self, client: Client, done: threading.Event) -> None:
        """Sends calls over a connection, as many as chance will have it."""
        due = time.monotonic()
        while self._chance.random() > 1 / _CALLS_OF_A_CONNECTION:
            due += self._chance.expovariate(self._orders.rate / self._orders.threads)
            # What could not be sent in time is not made up for: no burst after an outage.
            due = max(due, time.monotonic())
            if done.wait(due - time.monotonic()):
                return
            self._call(client)

    def _call(self, client: Client) -> None:
        (kind,) = self._chance.choices([*MIX], [*MIX.values()])
        if kind in ("repeat", "explain recorded") and not self._known:
            kind = "evaluate"
        call = Call(kind)
        started = time.monotonic()
        try:
            match kind:
                case "evaluate":
                    self._evaluate(client, call, self._page(), self._request_id())
                case journal.UNREPEATABLE:
                    self._evaluate(client, call, self._page(), "")
                case "repeat":
                    self._repeat(client, call, self._chance.choice(self._known))
                case "batch":
                    self._batch(client, call)
                case "explain":
                    self._explain(client, call, self._page())
                case "explain recorded":
                    self._explain_recorded(client, call, self._chance.choice(self._known))
                case "health":
                    self._persist(call, partial(_require_health, client))
            call.outcome = OK
        except ClientError as error:
            call.outcome = f"{error.code} {error.reason}".strip()
        except Exception as error:  # a fault of the caller must not pass for silence
            call.outcome = f"fault of the caller: {type(error).__name__}: {error}"
        call.whole_s = time.monotonic() - started
        call.ended_s = time.time()
        self._write(call)

    def _evaluate(self, client: Client, call: Call, page: Page, request_id: str) -> None:
        request = EvaluateRequest.FromString(page.request)
        answer = self._persist(
            call,
            lambda: client.evaluate(
                request.patient_case,
                view=request.view,
                audience=request.audience,
                request_id=request_id,
            ),
            once=not request_id,
        )
        self._take(call, page, request_id, answer)

    def _repeat(self, client: Client, call: Call, known: Known) -> None:
        self._evaluate(client, call, known.page, known.answered.request_id)
        if call.decisions[-1] != known.answered:
            call.wrong.append("a repeated request got another answer than before")

    def _batch(self, client: Client, call: Call) -> None:
        asked = {self._request_id(): self._page() for _ in range(self._chance.randint(2, 5))}

        def attempt() -> None:
            requests = []
            for request_id, page in asked.items():
                requests.append(EvaluateRequest.FromString(page.request))
                requests[-1].request_id = request_id
            response = client.batch_evaluate(requests)
            failed: ClientError | None = None
            for result, (request_id, page) in zip(
                response.results, list(asked.items()), strict=True
            ):
                if result.HasField("response"):
                    self._take(call, page, request_id, result.response)
                    del asked[request_id]
                else:
                    failed = _failure(result.error)
            if failed is not None:
                raise failed

        self._persist(call, attempt)

    def _explain(self, client: Client, call: Call, page: Page) -> None:
        case = EvaluateRequest.FromString(page.request).patient_case
        answer = self._persist(call, lambda: client.explain_path(case, why=WHY))
        self._compare_explanation(call, page, answer)

    def _explain_recorded(self, client: Client, call: Call, known: Known) -> None:
        id = known.answered.decision_id
        answer = self._persist(call, lambda: client.explain_decision(id, why=WHY))
        self._compare_explanation(call, known.page, answer)
        if answer.decision.decision_id != id:
            call.wrong.append("another decision was explained")
        if answer.decision.guideline.digest != known.guideline:
            call.wrong.append("a decision was explained by another guideline than decided it")

    def _compare_explanation(self, call: Call, page: Page, answer: ExplainPathResponse) -> None:
        expected = page.explained.get(answer.decision.guideline.digest)
        if expected != explanation_digest(answer):
            call.wrong.append("an explanation is not the expected one")

    def _take(self, call: Call, page: Page, request_id: str, answer: EvaluateResponse) -> None:
        answered = Answered(request_id, answer.decision_id, answer_digest(answer))
        call.decisions.append(answered)
        if page.answers.get(answer.guideline.digest) != answered.digest:
            call.wrong.append("an answer is not the expected one")
        if not request_id:
            return
        known = Known(page, answered, answer.guideline.digest)
        if len(self._known) < _KEPT:
            self._known.append(known)
        else:
            self._known[self._chance.randrange(_KEPT)] = known

    def _persist(self, call: Call, attempt: Callable[[], T], *, once: bool = False) -> T:
        """Tries until there is an answer, or patience is over.

        Args:
            call: takes in what became of each attempt.
            attempt: sends the call.
            once: whether it may be sent again only where the server has said that it did not take
                it: without a request id it might be decided twice.
        """
        pause_s, end = _FIRST_PAUSE_S, time.monotonic() + self._orders.patience_s
        while True:
            call.attempts += 1
            started = time.monotonic()
            try:
                answer = attempt()
                call.latency_s = time.monotonic() - started
                return answer
            except (Unavailable, Overloaded, DeadlineExceeded) as error:
                call.latency_s = time.monotonic() - started
                said = error.reason not in _NO_WORD
                named = f"{error.code} {error.reason}" if said else error.code
                (call.refused if said else call.unanswered).append(named)
                wait_s = max(error.retry_after_s or 0.0, pause_s * self._chance.uniform(0.5, 1.0))
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                if time.monotonic() + wait_s > end or (once and not said):
                    raise
            time.sleep(wait_s)

    def _page(self) -> Page:
        return self._chance.choice(self._book.pages)

    def _request_id(self) -> str:
        self._count += 1
        return f"{self._name}.{self._count}"


def _require_health(client: Client) -> None:
    if not client.healthy():
        raise Unavailable("UNAVAILABLE", "no server says SERVING", reason="NOT_SERVING")


def _failure(error: CaseError) -> ClientError:
    """Returns what one case of a batch failed with, as if it had been asked alone."""
    reason = ErrorReason.Name(error.reason).removeprefix("ERROR_REASON_")
    return class_of(error.code, reason)(error.code, error.message, reason=reason)


def main(orders: Orders, done: TextIO) -> None:
    """Runs the callers of a process until an input ends."""
    book = Book.read(Path(orders.book))
    over, lock = threading.Event(), threading.Lock()
    with Path(orders.journal).open("w", buffering=1) as lines:

        def write(call: Call) -> None:
            with lock:
                lines.write(call.line())

        callers = [Caller(number, orders, book, write) for number in range(orders.threads)]
        threads = [threading.Thread(target=each.run, args=(over,)) for each in callers]
        for thread in threads:
            thread.start()
        done.read()
        over.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(Orders.of_text(sys.stdin.readline()), sys.stdin)
