"""Decides many cases in requests of bounded size, one line of JSON a case, in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any

from rashpath.cli.cases import Item, read_files, read_lines
from rashpath.cli.connection import Connection
from rashpath.cli.output import as_json_line, as_plain
from rashpath.cli.progress import ProgressBar
from rashpath.cli.words import audience_message
from rashpath.facts.errors import FactsError, Problem, Reason
from rashpath.v1 import decision_pb2, decision_service_pb2, facts_pb2

if TYPE_CHECKING:
    from rashpath.client.decisions import DecisionCalls

LARGEST = {"basic": 500, "full": 100}
"""Most cases in one request: their answers are far larger than they are."""

_FIRST = 16
_SECONDS = 1.0
"""What one request should take: far from its deadline, and often enough to show progress."""


def run(
    connection: Connection,
    names: list[str],
    *,
    ndjson: bool,
    guideline: decision_service_pb2.GuidelineSelector,
    view: str,
    audience: str,
) -> bool:
    """Prints one line a case and tells whether all of them were decided.

    Args:
        connection: what decides.
        names: files, or ``-``.
        ndjson: whether each line of a file is a case; otherwise each file is one.
        guideline: which guideline decides.
        view: ``basic`` or ``full``.
        audience: ``clinician`` or ``patient``.
    """
    items = read_lines(names) if ndjson else read_files(names)
    wanted = decision_service_pb2.EvaluateRequest(
        guideline=guideline,
        view=decision_pb2.View.Value(f"VIEW_{view.upper()}"),
        audience=audience_message(audience),
    )
    all_decided = True
    with ExitStack() as stack:
        decider = stack.enter_context(connection.open())
        progress = stack.enter_context(ProgressBar("cases", None if ndjson else len(names)))
        size = _FIRST
        while chunk := list(islice(items, size)):
            begun = monotonic()
            for line in _decide(decider, chunk, wanted):
                all_decided = all_decided and "response" in line
                print(as_json_line(line))
            sys.stdout.flush()
            progress.advance(len(chunk))
            size = _next_size(size, monotonic() - begun, LARGEST[view])
    return all_decided


def _next_size(size: int, took_s: float, largest: int) -> int:
    """Returns how many cases the next request gets, from how long the last one took."""
    fitting = int(size * _SECONDS / max(took_s, 0.001))
    return max(1, min(fitting, 4 * size, largest))


def _decide(
    decider: DecisionCalls, chunk: list[Item], wanted: decision_service_pb2.EvaluateRequest
) -> Iterator[dict[str, Any]]:
    requests = []
    for item in chunk:
        if isinstance(item.result, facts_pb2.PatientCase):
            request = decision_service_pb2.EvaluateRequest(patient_case=item.result)
            # An empty case must count as given, or the server would call it missing.
            request.patient_case.SetInParent()
            request.MergeFrom(wanted)
            requests.append(request)
    results = iter(decider.batch_evaluate(requests).results if requests else ())
    for item in chunk:
        if isinstance(item.result, FactsError):
            yield {"index": item.index, "error": _unreadable(item.result)}
            continue
        result = next(results)
        if result.WhichOneof("result") == "error":
            yield {"index": item.index, "error": _refused(result.error)}
        else:
            yield {"index": item.index, "response": as_plain(result.response)}


def _refused(error: decision_pb2.CaseError) -> dict[str, Any]:
    fields = [{"field": each.field, "description": each.description} for each in error.fields]
    return {"code": error.code, "message": error.message, "fields": fields}


def _unreadable(error: FactsError) -> dict[str, Any]:
    """Returns the error of a case that could not be read, without the values that it gave."""
    too_large = any(problem.reason is Reason.TOO_LARGE for problem in error.problems)
    return {
        "code": "RESOURCE_EXHAUSTED" if too_large else "INVALID_ARGUMENT",
        "message": "; ".join(_located(problem) for problem in error.problems),
        "fields": [
            {"field": problem.field, "description": problem.private_text}
            for problem in error.problems
            if problem.field
        ],
    }


def _located(problem: Problem) -> str:
    place = f"{problem.source}:{problem.line}" if problem.line else problem.source
    return f"{place}: {problem.private_text}" if place else problem.private_text
