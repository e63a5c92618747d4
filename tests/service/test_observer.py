"""Each call ends once in the log and in the counts, and costs no more than what is looked at."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

from rashpath.service.call import Call
from rashpath.service.log import make_log
from rashpath.service.methods import METHODS
from rashpath.service.metrics.tally import Tally
from rashpath.service.observer import Observer

TRACE_ID = f"{0xC0:032x}"


@dataclass
class Context:
    """What grpc knows of a call; counts how often it is asked."""

    asked: int = 0

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """Returns what came along with the call."""
        self.asked += 1
        return (("traceparent", f"00-{TRACE_ID}-{7:016x}-01"),)

    def peer(self) -> str:
        """Returns where the call comes from."""
        self.asked += 1
        return "ipv4:127.0.0.1:1"


def test_a_call_ends_once() -> None:
    """A caller who hangs up when the answer is made, but not sent yet, was answered: there is one
    line, with the caller's trace, and one count."""
    stream, tally = io.StringIO(), Tally(METHODS)
    observer = Observer(make_log("info", stream), "info", tally)
    call = Call("Evaluate", b"123", 0.0, context=Context())
    observer.began(call)
    observer.ended(call, "OK", response_bytes=5)
    observer.ended(call, "CANCELLED")
    (line,) = [json.loads(each) for each in stream.getvalue().splitlines()]
    assert (line["code"], line["trace_id"], line["peer"]) == ("OK", TRACE_ID, "ipv4")
    assert (line["request_bytes"], line["response_bytes"]) == (3, 5)
    handled = tally.snapshot().numbers["grpc_server_handled_total"]
    assert {labels[-1]: count for labels, count in handled.items() if count} == {"OK": 1}


def test_what_is_not_told_is_not_asked() -> None:
    """Where calls have no lines, nothing is read for one, but for those that are not let in."""
    stream, context = io.StringIO(), Context()
    observer = Observer(make_log("warning", stream), "warning")
    for reason in ("", "UNAUTHENTICATED"):
        call = Call("Evaluate", b"", 0.0, context=context)
        observer.began(call)
        more = {"reason": reason} if reason else {}
        observer.ended(call, "UNAUTHENTICATED" if reason else "OK", **more)
        assert bool(stream.getvalue()) is bool(reason)
        assert context.asked == (2 if reason else 0)
