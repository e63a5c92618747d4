"""The DOT and Mermaid texts show the whole graph, and over it what the walk says, edge by edge."""

from __future__ import annotations

import re

import pytest

from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.diagram import Detail, Format, Record, compose, draw
from rashpath.readings.diagram.mermaid import arrow_sign
from rashpath.readings.diagram.scene import Mark
from rashpath.readings.walk import Outcome, Verdict, Walk, walk
from tests.conformance.expectations import CaseFile, case_files
from tests.diagram.pictures import GOLDEN, arrows_in_dot, boxes_in_dot, pictures

EDGE_CLASSES = {
    Outcome.TAKEN: "taken",
    Outcome.REFUSED: "refused",
    Outcome.OPEN: "open",
    Outcome.UNVISITED: "unvisited",
}
NODE_CLASSES = {
    Verdict.APPLIES: "taken",
    Verdict.UNDETERMINED: "open",
    Verdict.DOES_NOT_APPLY: "unvisited",
}
MERMAID_ARROW = re.compile(r'^ +n_(\w+) (\S+?)(?:\|"([^"]*)"\|)? n_(\w+)$', re.MULTILINE)


def text_of(graph: DecisionGraph, walked: Walk | None, format: Format, **options: object) -> str:
    """Returns the picture as text."""
    return draw(graph, walked, format=format, **options).content.decode()  # type: ignore[arg-type] # passed on


def outcomes(walked: Walk) -> dict[tuple[str, str], str]:
    """Returns what the walk says of each edge, as the pictures call it."""
    return {
        (came.edge.tail, came.edge.head): EDGE_CLASSES[came.outcome]
        for step in walked.steps
        for came in step.edges
    }


@pytest.mark.parametrize("case", case_files()[::9], ids=lambda case: case.name)
def test_dot_classes_are_the_outcomes_of_the_walk(case: CaseFile, graph: DecisionGraph) -> None:
    """What the picture shows of every edge and node is what the walk found, no more, no less."""
    walked = walk(graph, case.facts)
    text = text_of(graph, walked, Format.DOT)
    assert outcomes(walked) == arrows_in_dot(text)
    verdicts = {step.node.id: NODE_CLASSES[step.verdict] for step in walked.steps}
    assert verdicts == {id: mark for id, (_, mark) in boxes_in_dot(text).items()}


@pytest.mark.parametrize("case", case_files()[::9], ids=lambda case: case.name)
def test_mermaid_signs_are_the_outcomes_of_the_walk(case: CaseFile, graph: DecisionGraph) -> None:
    """Mermaid draws each edge with the line of its outcome."""
    walked = walk(graph, case.facts)
    text = text_of(graph, walked, Format.MERMAID)
    found = {
        (tail, head): sign
        for tail, sign, _, head in MERMAID_ARROW.findall(text)
        if not tail.startswith("legend_")
    }
    assert {ends: arrow_sign(Mark(each)) for ends, each in outcomes(walked).items()} == found


def test_link_styles_count_the_arrows_as_mermaid_does(graph, spreading):
    """Each arrow gets the line of its own outcome: they are numbered in the order of the text."""
    text = text_of(graph, spreading, Format.MERMAID)
    signs = [sign for _, sign, _, _ in MERMAID_ARROW.findall(text)]
    styled = {
        int(place): colour
        for places, colour in re.findall(r"linkStyle ([\d,]+) stroke:(#\w+)", text)
        for place in places.split(",")
    }
    assert sorted(styled) == list(range(len(signs)))
    colours: dict[str, set[str]] = {}
    for place, sign in enumerate(signs):
        colours.setdefault(sign, set()).add(styled[place])
    assert all(len(found) == 1 for found in colours.values())
    assert len({min(found) for found in colours.values()}) == 4


def test_the_guideline_alone_is_drawn_plain(graph):
    """Without a case nothing looks taken or refused, and every node and edge is there."""
    text = text_of(graph, None, Format.DOT)
    edges = {(edge.tail, edge.head) for node in graph.order for edge in graph.out_of(node.id)}
    assert arrows_in_dot(text) == dict.fromkeys(edges, "plain")
    assert {id: mark for id, (_, mark) in boxes_in_dot(text).items()} == {
        node.id: "plain" for node in graph.order
    }


def test_every_lane_is_a_cluster_in_order(graph):
    """Lanes stand as frames with their titles, in reading order."""
    found = re.findall(r'subgraph "cluster_(\w+)"', text_of(graph, None, Format.DOT))
    assert found == [lane.id for lane in graph.guideline.lanes]


@pytest.mark.parametrize("format", [Format.DOT, Format.MERMAID])
def test_every_statement_number_of_a_node_stands_on_it(graph, format):
    """The article's statements can be found in the picture by their numbers."""
    text = text_of(graph, None, format)
    wanted = {statement for node in graph.order for statement in node.statements}
    assert wanted - set(re.findall(r"\bS\d+\b", text)) == set()


def test_arrows_carry_the_facts_that_decided(graph, spreading):
    """A taken and a refused edge name the value that decided, an open one what it needs."""
    because = {
        (arrow.tail, arrow.head): arrow.because for arrow in compose(graph, spreading).arrows()
    }
    assert because["diagnosis_trend", "herpes_question"] == ("rash trend: spreading",)
    assert because["diagnosis_trend", "diagnosis_stands"] == ("rash trend: spreading",)
    assert because["danger_question", "emergency_review"] == ("needs: eye involvement",)


def test_every_decided_edge_of_a_question_says_why(graph, spreading):
    """No conditional edge that was taken or refused stands without a fact."""
    silent = [
        (arrow.tail, arrow.head)
        for arrow in compose(graph, spreading).arrows()
        if arrow.mark in (Mark.TAKEN, Mark.REFUSED) and arrow.text and not arrow.because
    ]
    assert silent == []


def test_the_overview_keeps_what_is_concluded(graph, spreading):
    """The one-page picture has every finding and recommendation, and no question."""
    boxes = boxes_in_dot(text_of(graph, spreading, Format.DOT, detail=Detail.OVERVIEW))
    shown = {
        id: mark for id, (kind, mark) in boxes.items() if kind in ("finding", "recommendation")
    }
    wanted = {
        step.node.id: NODE_CLASSES[step.verdict]
        for step in spreading.steps
        if type(step.node).__name__ in ("Finding", "Recommendation")
    }
    assert wanted == shown
    assert "decision" not in {kind for kind, _ in boxes.values()}


def test_the_footer_names_guideline_decision_and_record(graph, spreading):
    """A print can be traced to the digest, the decision and its record."""
    record = Record("01JD8ZT0QW2X5R3NVC7M9KAB4E", "ab" * 32)
    footer = " ".join(compose(graph, spreading, record=record).footer)
    for part in (graph.guideline.version, graph.digest, record.decision_id, record.record_hash):
        assert part in footer


def test_the_title_names_the_review_status(graph):
    """Nobody takes a guideline that awaits review for an approved one."""
    scene = compose(graph)
    assert any("under review" in line for line in scene.subtitle)


def test_patients_get_their_own_words(graph, spreading):
    """A picture for patients has their wording and no milligrams."""
    text = text_of(graph, spreading, Format.MERMAID, audience=Audience.PATIENT)
    assert "Get medical help now" in text
    assert re.search(r"\d\s*mg\b", text) is None


def test_texts_cannot_break_out_of_the_mermaid_text(graph):
    """Quotes and angle brackets of a guideline are written as entities."""
    text = text_of(graph, None, Format.MERMAID)
    labels = re.findall(r'"([^"]*)"', text.split("flowchart TB")[1])
    assert labels
    assert all("<" not in label.replace("<br/>", "") for label in labels)


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    """The pictures as they come out now."""
    return dict(pictures())


def test_every_kept_picture_is_drawn(drawn):
    """No picture is kept that nothing draws any more."""
    assert sorted(drawn) == sorted(path.name for path in GOLDEN.iterdir())


@pytest.mark.parametrize("path", sorted(GOLDEN.iterdir()), ids=lambda path: path.name)
def test_pictures_are_as_kept(path, drawn):
    """A change of a picture is seen in a review (`make golden` writes them anew)."""
    assert path.read_text().splitlines() == drawn[path.name].decode().splitlines()
