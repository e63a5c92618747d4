"""Tells what a guideline can recommend, lane by lane, and how far it can be relied on."""

from __future__ import annotations

from collections.abc import Iterator

from rashpath.cli.page import Line
from rashpath.cli.text import headline
from rashpath.cli.words import citations, review_words, urgency_words
from rashpath.v1.guideline_pb2 import Guideline, Node, Provenance
from rashpath.v1.guideline_service_pb2 import GetGuidelineResponse, ReviewStep
from rashpath.v1.options_pb2 import Wording


def guideline_page(response: GetGuidelineResponse, *, audience: str) -> Iterator[Line]:
    """Yields the page of a guideline.

    Args:
        response: the guideline with its info.
        audience: ``clinician`` or ``patient``.
    """
    guideline = response.guideline
    yield Line(f"{guideline.id} {guideline.version}", style="bold")
    yield Line(headline(response.info))
    yield Line(_words(guideline.question, audience))
    yield Line(_size(guideline))
    by_lane: dict[str, list[Node]] = {}
    for node in guideline.nodes:
        if node.WhichOneof("kind") == "recommendation":
            by_lane.setdefault(node.lane, []).append(node)
    titles = {lane.id: _words(lane.title, audience) for lane in guideline.lanes}
    for lane in [*titles, *sorted(set(by_lane) - set(titles))]:
        if lane not in by_lane:
            continue
        yield Line(titles.get(lane, lane), style="bold")
        for node in by_lane[lane]:
            yield from _recommendation(node, audience)
    if response.review_history:
        yield Line("Review", style="bold")
        for step in response.review_history:
            yield _review_step(step)
    yield Line()
    yield Line(f"digest {response.info.digest}", style="dim")
    if response.HasField("certificate"):
        proof = response.certificate
        yield Line(
            f"{len(proof.properties)} properties proved over all cases, "
            f"{proof.prove_time.ToDatetime():%Y-%m-%d}, by {proof.solver} {proof.solver_version}",
            style="dim",
        )
    yield Line(_words(guideline.disclaimer, audience), style="dim")


def _review_step(step: ReviewStep) -> Line:
    said = f"{step.review_time.ToDatetime():%Y-%m-%d}  {review_words(step.status)}: {step.reviewer}"
    if step.comment:
        said += f", {step.comment}"
    if step.key_id:
        checked = "verified" if step.signature_verified else "not verified by this server"
        said += f" (signed by key {step.key_id}, {checked})"
    if step.of_this_content:
        return Line(said, mark="  - ")
    return Line(f"{said}, of an earlier content", mark="  - ", style="dim")


def _size(guideline: Guideline) -> str:
    kinds = [node.WhichOneof("kind") for node in guideline.nodes]
    return (
        f"{len(kinds)} nodes ({kinds.count('decision')} decisions, "
        f"{kinds.count('recommendation')} recommendations), {len(guideline.edges)} edges, "
        f"{len(guideline.definitions)} definitions, {len(guideline.statements)} statements of the "
        f"article, {len(guideline.sources)} other sources"
    )


def _recommendation(node: Node, audience: str) -> Iterator[Line]:
    if audience == "patient":
        yield Line(_words(node.recommendation.text, audience), mark="  - ")
        return
    layers = " ".join(
        Provenance.Name(each).removeprefix("PROVENANCE_").lower()
        for each in node.recommendation.provenance
    )
    yield Line(
        f"{node.id}: {node.title.clinician}",
        mark="  - ",
        right=f"{urgency_words(node.recommendation.urgency)}  {citations(node.statements)}".strip(),
    )
    if layers:
        yield Line(f"from: {layers}", mark="    ", style="dim")


def _words(wording: Wording, audience: str) -> str:
    return (wording.patient if audience == "patient" else "") or wording.clinician
