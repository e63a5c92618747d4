"""Has the wall clock of a server jump by hours, forth and back, under load.

The clock is shifted in the processes of the server alone, by `shifted/sitecustomize.py`.
"""

from __future__ import annotations

import time
from pathlib import Path

from rashpath.audit import AuditConfig, open_to_read
from rashpath.audit.reading import Filters
from rashpath.client import Client, DeadlineExceeded, Unauthenticated
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from tests.load.book import Book, answer_digest
from tests.load.crowd import crowd
from tests.load.expected import book_of
from tests.load.journal import OK, Answered, Call
from tests.load.report import Progress, Report, silent
from tests.load.settling import settle
from tests.load.site import config_of, keep_checkpoint, site, wait
from tests.service.identity.papers import AUDIENCE, ISSUER, Issuer
from tests.service.test_audit_faults import locked

RATE = 40.0
HOUR_S = 3600.0
JUMPS_S = (3 * HOUR_S, -3 * HOUR_S, 26 * HOUR_S, 60.0, -26 * HOUR_S, 0.0)
"""By how much the clock is wrong, one after the other."""

DEADLINE_S = 1.0
_CALLS = 5
_SHIFTED = Path(__file__).with_name("shifted")


def clock_jumps(folder: Path, seconds: float, progress: Progress = silent) -> Report:
    """Has the clock jump under load.

    Args:
        folder: for the ledger, logs and journals; made here.
        seconds: of load.
        progress: told what goes on.
    """
    folder.mkdir(parents=True)
    shift = folder / "shift"
    shift.write_text("0")
    issuer = Issuer.make()
    (folder / "jwks.json").write_text(issuer.key_set())
    now = int(time.time())
    long = issuer.token(iat=now - 10**6, exp=now + 10**6, roles=["caller", "auditor"])
    settings: dict[str, object] = {
        "workers": 2,
        "jwt_jwks_file": folder / "jwks.json",
        "jwt_audience": AUDIENCE,
        "jwt_issuer": ISSUER,
    }
    variables = {"PYTHONPATH": str(_SHIFTED), "SHIFTED_CLOCK_FILE": str(shift)}
    book = book_of()
    faults: list[str] = []
    with site(folder / "site", settings, **variables) as place:
        server = place.start()
        hour = issuer.token(iat=now - 60, exp=now + int(HOUR_S))
        if why := _refused(server.address, hour):
            faults.append(f"a token of this hour is refused before any jump: {why}")
        with crowd(folder / "calls", server.address, book, rate=RATE, token=long) as callers:
            wait(callers.count)
            began = time.monotonic()
            kept = [keep_checkpoint(server.address, long)]
            faithful = _Faithful(server.address, long, book)
            faithful.call(_CALLS)
            for jump_s in JUMPS_S:
                _write(shift, jump_s)
                time.sleep(0.2)
                fresh = issuer.token(iat=now - 60, exp=now + int(HOUR_S), jti=str(jump_s))
                faults += _token_faults(jump_s, server.address, fresh, hour)
                faithful.call(_CALLS)
                progress(f"the clock is wrong by {jump_s / HOUR_S:+.2f} h")
                time.sleep(seconds / len(JUMPS_S))
            _write(shift, JUMPS_S[0])
            with locked(place.ledger):
                waited_s = _deadline(server.address, long, book)
            faithful.call(_CALLS)
            faithful.close()
            callers.end()
            took_s = time.monotonic() - began
            calls = [*callers.calls(), *faithful.calls]
        kept.append(keep_checkpoint(server.address, long))
        code = server.stop()
        config = config_of(place)
        figures = settle(calls, book, config, checkpoints=kept, progress=progress)
        chains, span_h, back = _times(config)
    if code:
        faults.append(f"the server ended with {code}")
    if waited_s is None or waited_s < DEADLINE_S * 0.9:
        faults.append(f"a deadline of {DEADLINE_S:.0f} s was not kept: {waited_s}")
    if span_h < 50 or not back:
        faults.append(f"the records span {span_h:.0f} h: the clock did not jump")
    faults += faithful.faults()
    figures.faults += faults
    hours = ", ".join(f"{jump_s / HOUR_S:+.2f}" for jump_s in JUMPS_S)
    return Report(
        "clock jumps",
        f"the server's wall clock wrong by {hours} h, one after the other, under load",
        took_s,
        figures,
        [
            f"{len(faithful.calls)} ids that one worker gave out, one after the other, rise, "
            "though its clock went back",
            f"{chains} chains, in which {back} records are an hour and more older than the one "
            f"before; they span {span_h:.0f} h",
            "a token of an hour is refused as expired three hours later, also where it was known "
            "before, and as not yet valid three hours earlier, where it was not",
            f"a deadline of {DEADLINE_S:.0f} s was kept with a wrong clock",
        ],
    )


def _write(shift: Path, seconds: float) -> None:
    draft = shift.with_suffix(".draft")
    draft.write_text(repr(seconds))
    draft.replace(shift)


def _refused(address: str, token: str) -> str:
    """Returns why a token does not open; empty where it does."""
    with Client(address, token=token, timeout_s=20) as client:
        try:
            client.list_guidelines()
        except Unauthenticated as error:
            return error.metadata["why"]
    return ""


def _token_faults(jump_s: float, address: str, fresh: str, known: str) -> list[str]:
    """Returns what tokens of this hour do that they must not while the clock is wrong."""
    expected = ""
    if jump_s >= HOUR_S:
        expected = "token_expired"
    elif jump_s <= -HOUR_S:
        expected = "token_not_yet_valid"
    faults = []
    if (why := _refused(address, fresh)) != expected:
        faults.append(f"at {jump_s:+.0f} s a token gets `{why}`, not `{expected}`")
    # One that was known may still be when the clock goes back: it was right when it was shown.
    why = _refused(address, known)
    if why != expected and not (jump_s < 0 and not why):
        faults.append(f"at {jump_s:+.0f} s a known token gets `{why}`, not `{expected}`")
    return faults


def _deadline(address: str, token: str, book: Book) -> float | None:
    """Returns how long a caller waited whose deadline passed; None where it did not."""
    # It may be recorded all the same; so it must be one whose answer is known.
    request = EvaluateRequest.FromString(book.pages[0].request)
    with Client(address, token=token, retries=0) as client:
        client.healthy()
        started = time.monotonic()
        try:
            client.evaluate(
                request.patient_case,
                view=request.view,
                audience=request.audience,
                timeout_s=DEADLINE_S,
            )
        except DeadlineExceeded:
            return time.monotonic() - started
    return None


def _times(config: AuditConfig) -> tuple[int, float, int]:
    """Returns the number of chains, the hours that the records span, and how often a record is an
    hour older, or more, than the one before it in its chain."""
    times: dict[tuple[str, int], int] = {}
    opened = open_to_read(config)
    try:
        for each in opened.reader.all(Filters()):
            record = each.record
            times[record.chain, record.sequence] = record.time.ToMicroseconds()
    finally:
        opened.store.close()
    span_h = (max(times.values()) - min(times.values())) / 1e6 / HOUR_S
    back = sum(
        times.get((chain, place - 1), at) - at >= HOUR_S * 1e6
        for (chain, place), at in times.items()
    )
    return len({chain for chain, _ in times}), span_h, back


class _Faithful:
    """A caller who keeps to one connection, so to one worker, and whose ids must rise."""

    def __init__(self, address: str, token: str, book: Book) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._client = Client(address, token=token, timeout_s=20, channel_options=options)
        self._book = book
        self.calls: list[Call] = []

    def call(self, times: int) -> None:
        """Has some cases decided, one after the other."""
        for _ in range(times):
            number = len(self.calls)
            request = EvaluateRequest.FromString(
                self._book.pages[number % len(self._book.pages)].request
            )
            request.request_id = f"faithful.{number}"
            answer = self._client.evaluate(
                request.patient_case,
                view=request.view,
                audience=request.audience,
                request_id=request.request_id,
            )
            held = Answered(request.request_id, answer.decision_id, answer_digest(answer))
            self.calls.append(
                Call("evaluate", time.time(), attempts=1, outcome=OK, decisions=[held])
            )

    def faults(self) -> list[str]:
        """Returns whether the ids do not rise."""
        ids = [call.decisions[0].decision_id for call in self.calls]
        return [] if ids == sorted(set(ids)) else ["ids that one worker gives out do not rise"]

    def close(self) -> None:
        """Goes."""
        self._client.close()
