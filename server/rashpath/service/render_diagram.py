"""RenderDiagram: draws a guideline, alone or with the way of a case through it."""

from __future__ import annotations

from collections.abc import Callable

from rashpath.facts.check import given
from rashpath.readings.diagram import (
    DOTS_PER_INCH,
    LEAST_DOTS_PER_INCH,
    MOST_DOTS_PER_INCH,
    Detail,
    Format,
    Record,
    compose,
    render,
)
from rashpath.readings.walk import walk
from rashpath.service.errors import FieldFault, invalid
from rashpath.service.guidelines import Guidelines
from rashpath.service.recall import Recalled
from rashpath.service.request import audience_of, case_facts, check_envelope
from rashpath.v1 import guideline_service_pb2
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import RenderDiagramRequest, RenderDiagramResponse

_FORMATS = {
    guideline_service_pb2.DIAGRAM_FORMAT_UNSPECIFIED: Format.SVG,
    guideline_service_pb2.DIAGRAM_FORMAT_SVG: Format.SVG,
    guideline_service_pb2.DIAGRAM_FORMAT_PNG: Format.PNG,
    guideline_service_pb2.DIAGRAM_FORMAT_DOT: Format.DOT,
    guideline_service_pb2.DIAGRAM_FORMAT_MERMAID: Format.MERMAID,
}
_DETAILS = {
    guideline_service_pb2.DIAGRAM_DETAIL_UNSPECIFIED: Detail.FULL,
    guideline_service_pb2.DIAGRAM_DETAIL_FULL: Detail.FULL,
    guideline_service_pb2.DIAGRAM_DETAIL_OVERVIEW: Detail.OVERVIEW,
}

Drawing = Callable[[], RenderDiagramResponse]
"""What is left to do once it is settled what a picture shows; any thread may do it."""


def render_diagram(
    guidelines: Guidelines, request: RenderDiagramRequest, recalled: Recalled | None = None
) -> Drawing:
    """Settles what a picture shows, and returns the drawing of it, which takes longer.

    Args:
        guidelines: those that are served.
        request: what to draw.
        recalled: the recorded decision that the request names, if it names one.

    Raises:
        Refusal: faulty fields, or a guideline that is not served as named.
    """
    check_envelope(request)
    dots = _dots_per_inch(request)
    audience = audience_of(request.audience)
    walked = record = None
    if recalled is not None:
        _require_no_guideline(request)
        graph = recalled.graph
        walked = walk(graph, given(recalled.decision.patient_case, graph.dictionary))
        record = Record(recalled.decision.record.id, recalled.decision.record_hash)
    else:
        graph = guidelines.select(request.guideline)
        if request.WhichOneof("overlay") == "patient_case":
            walked = walk(graph, case_facts(graph, request.patient_case))
    scene = compose(
        graph,
        walked,
        audience=audience,
        detail=_DETAILS[request.detail],
        mask_facts=request.mask_facts,
        record=record,
    )
    format = _FORMATS[request.format]
    info = graph.info(audience)

    def drawing() -> RenderDiagramResponse:
        picture = render(scene, format, dots_per_inch=dots)
        return RenderDiagramResponse(
            content=picture.content, media_type=picture.media_type, guideline=info
        )

    return drawing


def _require_no_guideline(request: RenderDiagramRequest) -> None:
    if request.HasField("guideline"):
        text = "`guideline` does not go together with `decision_id`, which brings its own"
        raise invalid((FieldFault("guideline", text, ErrorReason.ERROR_REASON_TYPE_WRONG),))


def _dots_per_inch(request: RenderDiagramRequest) -> int:
    dots = request.dots_per_inch or DOTS_PER_INCH
    if not LEAST_DOTS_PER_INCH <= dots <= MOST_DOTS_PER_INCH:
        text = f"`dots_per_inch` is not {LEAST_DOTS_PER_INCH} to {MOST_DOTS_PER_INCH}"
        fault = FieldFault("dots_per_inch", text, ErrorReason.ERROR_REASON_OUT_OF_RANGE)
        raise invalid((fault,))
    return dots
