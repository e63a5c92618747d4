"""RenderDiagram, through a real server and the real client."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from rashpath.client import Client, InvalidCase, NotFound
from rashpath.v1 import guideline_pb2
from rashpath.v1.facts_pb2 import PatientCase, Trend
from rashpath.v1.guideline_service_pb2 import DiagramDetail, DiagramFormat, RenderDiagramRequest
from tests.diagram.pictures import arrows_in_dot

SPREADING = PatientCase(rash={"trend": Trend.TREND_SPREADING})


@pytest.mark.parametrize(
    ("format", "media_type", "beginning"),
    [
        (DiagramFormat.DIAGRAM_FORMAT_UNSPECIFIED, "image/svg+xml", b"<?xml"),
        (DiagramFormat.DIAGRAM_FORMAT_SVG, "image/svg+xml", b"<?xml"),
        (DiagramFormat.DIAGRAM_FORMAT_PNG, "image/png", b"\x89PNG"),
        (DiagramFormat.DIAGRAM_FORMAT_DOT, "text/vnd.graphviz", b"digraph"),
        (DiagramFormat.DIAGRAM_FORMAT_MERMAID, "text/vnd.mermaid", b"---"),
    ],
)
def test_each_format_is_drawn(client: Client, format, media_type, beginning) -> None:
    """The picture comes with its media type and the guideline that was drawn."""
    request = RenderDiagramRequest(
        format=format, detail=DiagramDetail.DIAGRAM_DETAIL_OVERVIEW, patient_case=SPREADING
    )
    picture = client.render_diagram(request)
    assert picture.media_type == media_type
    assert picture.content.startswith(beginning)
    assert picture.guideline.digest


def test_the_same_request_gets_the_same_bytes(client: Client) -> None:
    """The way of a case looks the same whenever it is drawn."""
    request = RenderDiagramRequest(patient_case=SPREADING)
    assert client.render_diagram(request) == client.render_diagram(request)


def test_an_empty_case_is_not_no_case(client: Client) -> None:
    """A case of which nothing is known is drawn open, the guideline alone plain."""
    dot = DiagramFormat.DIAGRAM_FORMAT_DOT
    alone = client.render_diagram(RenderDiagramRequest(format=dot)).content
    nothing = RenderDiagramRequest(format=dot, patient_case=PatientCase())
    assert b'class="open"' not in alone
    assert b'class="open"' in client.render_diagram(nothing).content


def test_a_faulty_case_is_refused_by_field(client: Client) -> None:
    """A number out of range is named, and no picture is made of it."""
    case = PatientCase(patient={"age_years": 300})
    with pytest.raises(InvalidCase) as caught:
        client.render_diagram(RenderDiagramRequest(patient_case=case))
    assert [fault.field for fault in caught.value.fields] == ["patient.age_years"]


@pytest.mark.parametrize("dots", [-1, 35, 301])
def test_a_resolution_out_of_range_is_refused(client: Client, dots: int) -> None:
    """The resolution is bounded, since a picture grows with its square."""
    with pytest.raises(InvalidCase) as caught:
        client.render_diagram(RenderDiagramRequest(dots_per_inch=dots))
    assert [fault.field for fault in caught.value.fields] == ["dots_per_inch"]


def test_the_server_answers_while_it_draws(client: Client, server) -> None:
    """A picture in the making does not keep decisions waiting."""
    request = RenderDiagramRequest(patient_case=SPREADING)
    with server.client(timeout_s=30) as other, ThreadPoolExecutor(4) as pool:
        pending = [pool.submit(other.render_diagram, request) for _ in range(4)]
        client.evaluate(SPREADING)
        still_drawing = [not each.done() for each in pending]
        assert [each.result().media_type for each in pending] == ["image/svg+xml"] * 4
    assert any(still_drawing)


def test_patients_get_their_own_words(client: Client) -> None:
    """The audience decides the wording."""
    request = RenderDiagramRequest(
        format=DiagramFormat.DIAGRAM_FORMAT_MERMAID,
        audience=guideline_pb2.Audience.AUDIENCE_PATIENT,
    )
    assert b"Get medical help now" in client.render_diagram(request).content


def test_a_recorded_decision_is_drawn_with_its_record(client: Client) -> None:
    """The picture of a recorded decision is that of its case, traced to record and decision."""
    dot = DiagramFormat.DIAGRAM_FORMAT_DOT
    decided = client.evaluate(SPREADING).decision_id
    recorded = client.render_diagram(RenderDiagramRequest(format=dot, decision_id=decided))
    case = client.render_diagram(RenderDiagramRequest(format=dot, patient_case=SPREADING))
    text = recorded.content.decode()
    assert re.search(rf"decision\s{decided}", text) is not None
    assert re.search(r"record\s[0-9a-f]{64}\b", text) is not None
    assert arrows_in_dot(case.content.decode()) == arrows_in_dot(text)


def test_an_unknown_decision_is_not_drawn(client: Client) -> None:
    """An id that no record has is not found."""
    with pytest.raises(NotFound):
        client.render_diagram(RenderDiagramRequest(decision_id="01JD8ZT0QW2X5R3NVC7M9KAB4E"))
