"""Decides requests that are as ordinary clients write them, straight from their bytes.

Whatever is unusual, faulty or rare is left: to be read by the protobuf library, and to be checked
field by field by whoever names what is wrong. So nothing is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final, NamedTuple

from rashpath.facts.check import has_unknown
from rashpath.facts.wording import Audience
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.compiled import LONGEST_OPTIONS, Asked
from rashpath.readings.compiled.pieces import Memo, tag_of
from rashpath.readings.engine import Engine
from rashpath.readings.walk import Walked
from rashpath.service.decision_id import DecisionIds
from rashpath.service.errors import Refusal
from rashpath.service.evaluate import Decision, check_request, with_id
from rashpath.service.guidelines import Guidelines
from rashpath.service.request import audience_of, parse
from rashpath.v1.decision_pb2 import View
from rashpath.v1.decision_service_pb2 import (
    BatchEvaluateRequest,
    EvaluateRequest,
)

_CASE: Final = tag_of(EvaluateRequest, "patient_case")[0]
_REQUESTS: Final = tag_of(BatchEvaluateRequest, "requests")[0]
_LONGEST_SHIFT: Final = 28


class Some(NamedTuple):
    """Requests of a batch that were answered.

    Args:
        graph: the guideline that decided.
        cases: how many, one or more.
        notes: of each the verdicts of the recommendations, a byte each, and the facts it asks for
            as bits, in words of 8 bytes.
        walks: of each its way, where they are wanted.
    """

    graph: DecisionGraph
    cases: int
    notes: bytes
    walks: Sequence[Walked]


class Options(NamedTuple):
    """What a request says besides its case.

    Args:
        graph: the guideline that is to decide.
        audience: whose words to use.
    """

    graph: DecisionGraph
    audience: Audience


class Quick:
    """Decides requests from their bytes.

    Args:
        engine: walks the cases.
        guidelines: what decides.
        ids: gives the ids of answers.
    """

    def __init__(self, engine: Engine, guidelines: Guidelines, ids: DecisionIds) -> None:
        self._engine = engine
        self._guidelines = guidelines
        self._ids = ids
        self._options = Memo(self._options_of)

    def decide(self, data: bytes) -> Decision | None:
        """Decides a request in bytes; None: it is left to whoever reads it as a message."""
        parts = self._parts(data)
        if parts is None:
            return None
        start, end = parts
        options = self._options[data[end:]]
        if options is None:
            return None
        made = self._engine.decide_bytes(
            options.graph, data[start:end], audience=options.audience, full=False
        )
        return None if made is None else with_id(self._ids.next(), made)

    @staticmethod
    def _parts(data: bytes) -> tuple[int, int] | None:
        """Returns where the case of a request begins and ends; None: it does not come first."""
        # Fields come in the order of their numbers. A byte that is not there is none of a longer
        # case either.
        if len(data) < 2 or data[0] != _CASE:
            return None
        size, start = data[1], 2
        if size > 0x7F:
            if len(data) < 3 or data[2] > 0x7F:
                return None
            size, start = size & 0x7F | data[2] << 7, 3
        end = start + size
        return (start, end) if end <= len(data) <= end + LONGEST_OPTIONS else None

    def requests(self, data: bytes, most: int) -> list[int] | None:
        """Returns where the requests of a batch begin in its bytes, and where the last one ends;
        None: there are none, more than so many, or more than requests.
        """
        starts = [0]
        end, at = len(data), 0
        while at < end:
            # Megabytes may hold millions of empty ones: nobody waits for them to be counted.
            if data[at] != _REQUESTS or len(starts) > most:
                return None
            size = shift = 0
            while True:
                at += 1
                if at >= end or shift > _LONGEST_SHIFT:
                    return None
                size |= (data[at] & 0x7F) << shift
                if data[at] < 0x80:
                    break
                shift += 7
            at += 1 + size
            starts.append(at)
        return starts if at == end and at else None

    def decide_some(
        self,
        data: bytes,
        starts: list[int],
        index: int,
        most: int,
        into: BytesIO,
        *,
        walks: bool = False,
    ) -> Some | None:
        """Decides some requests of a batch from the one with a place on.

        Args:
            data: the batch.
            starts: as :meth:`requests` returned it.
            index: the place.
            most: how many at most.
            into: the results are written there, as bytes of a `BatchEvaluateResponse`.
            walks: whether the way of each case is wanted too.

        Returns:
            None: the request at that place is left to whoever reads it as a message.
        """
        request = self._request(data, starts, index)
        parts = self._parts(request)
        options = None if parts is None else self._options[request[parts[1] :]]
        if parts is None or options is None:
            return None
        asked = Asked(
            requests=data[starts[index] : starts[min(index + most, len(starts) - 1)]],
            options=request[parts[1] :],
            place=index,
            first_id=self._ids.reserve(most),
            most=most,
            into=into,
            walks=walks,
        )
        made = self._engine.decide_many(options.graph, asked, audience=options.audience)
        if made is None or not made.done:
            return None
        return Some(options.graph, made.done, made.notes, made.walks)

    def _request(self, data: bytes, starts: list[int], index: int) -> bytes:
        start = starts[index] + 1
        while data[start] > 0x7F:
            start += 1
        return data[start + 1 : starts[index + 1]]

    def _options_of(self, data: bytes) -> Options | None:
        """Returns what bytes after the case say; None: they say what is not for here."""
        try:
            request = parse(EvaluateRequest, data)
            clean = not has_unknown(request)
            check_request(request, clean=clean)
            graph = self._guidelines.select(request.guideline)
        except Refusal:
            return None
        plain = not (request.request_id or request.HasField("patient_case"))
        if not plain or request.view == View.VIEW_FULL:
            return None
        return Options(graph, audience_of(request.audience))
