"""Shows the way of a decision: the drawing, every step in words, and why each verdict is so."""

from __future__ import annotations

from rashpath.cli.html import NOTHING, Content, Html, element, join, table
from rashpath.cli.picture import PictureError, take
from rashpath.cli.report_data import ReportData
from rashpath.cli.words import citations
from rashpath.v1 import decision_pb2
from rashpath.v1.decision_pb2 import ExplainedRecommendation, ExplainedStep, Reason

_KINDS = {
    decision_pb2.NODE_KIND_START: "start",
    decision_pb2.NODE_KIND_DECISION: "question",
    decision_pb2.NODE_KIND_ALL: "fork",
    decision_pb2.NODE_KIND_FINDING: "finding",
    decision_pb2.NODE_KIND_RECOMMENDATION: "recommendation",
    decision_pb2.NODE_KIND_END: "end of this way",
}

UNTOLD = "This cannot be told without the content of the decision."


def drawing(data: ReportData, heading: Html) -> Html:
    """Returns the drawing of the way, on a sheet of its own; nothing where there is none."""
    if data.diagram is None:
        return element("section", heading, element("p", "There is no drawing in this report."))
    try:
        picture = take(data.diagram.content)
    except PictureError as error:
        return element("section", heading, element("p", f"{error}; it is left out."))
    return element(
        "section",
        heading,
        element(
            "figure",
            picture.markup,
            element(
                "figcaption",
                "Solid and heavy: the way taken. Dashed: open. Dotted: refused. "
                "Faint: not visited. The steps below say the same in words.",
            ),
        ),
        class_=f"picture {picture.paper}",
    )


def strays(data: ReportData) -> Html:
    """Returns a warning where the words are not of the walk that was recorded."""
    if not data.strayed:
        return NOTHING
    named = ", ".join(data.titles.get(each, each) for each in data.strayed[:8])
    more = f" and {len(data.strayed) - 8} more" if len(data.strayed) > 8 else ""
    return element(
        "div",
        element("strong", "The words differ from the record. "),
        f"The present engine reaches other verdicts than were recorded, at: {named}{more}. "
        "Drawing, steps and reasons are the present engine's; the walk as recorded is listed at "
        "the end.",
        class_="alert",
        role="note",
    )


def steps(data: ReportData) -> Html:
    """Returns each step of the way in words, lane by lane."""
    if data.explained is None:
        return element("p", UNTOLD)
    lanes = {step.node: step.lane for step in data.explained.decision.path}
    titles = {
        lane.id: (lane.title.patient if data.for_patient else "") or lane.title.clinician
        for lane in data.content.lanes
    }
    by_lane: dict[str, list[tuple[int, ExplainedStep]]] = {}
    for place, step in enumerate(data.explained.steps, start=1):
        by_lane.setdefault(lanes.get(step.node, ""), []).append((place, step))
    order = [*(lane for lane in ("", *titles) if lane in by_lane)]
    order += [lane for lane in by_lane if lane not in order]
    return element(
        "div",
        strays(data),
        [
            table(
                titles.get(lane, lane) if lane else "Start",
                ("Step", "What it says"),
                [_step(place, step) for place, step in by_lane[lane]],
                class_="steps",
            )
            for lane in order
        ],
    )


def why(data: ReportData) -> Html:
    """Returns why each recommendation applies, or what keeps it open."""
    if data.explained is None:
        return element("p", UNTOLD)
    chosen = [
        *data.explained_as(decision_pb2.VERDICT_APPLIES),
        *data.explained_as(decision_pb2.VERDICT_UNDETERMINED),
    ]
    if not chosen:
        return element("p", "No recommendation applies or is open.")
    return element("ul", [element("li", _way(each, data)) for each in chosen], class_="ways")


def why_not(data: ReportData) -> Html:
    """Returns why the other recommendations do not apply: the first edges that refuse them."""
    if data.explained is None:
        return element("p", UNTOLD)
    refused: dict[str, list[ExplainedRecommendation]] = {}
    for each in data.explained_as(decision_pb2.VERDICT_DOES_NOT_APPLY):
        key = join([_reason(reason, data) for reason in each.reasons]).markup
        refused.setdefault(key, []).append(each)
    if not refused:
        return element("p", "No recommendation is ruled out.")
    items = []
    for group in refused.values():
        names = [_name(each, data) for each in group]
        items.append(
            element(
                "li",
                element("strong", join(names, "; ")),
                [_reason(reason, data) for reason in group[0].reasons],
            )
        )
    return element("ul", items, class_="ways")


def _step(place: int, step: ExplainedStep) -> tuple[Content, ...]:
    open_ = step.verdict == decision_pb2.VERDICT_UNDETERMINED
    kind = _KINDS.get(step.kind, "")
    weighty = step.kind in (
        decision_pb2.NODE_KIND_FINDING,
        decision_pb2.NODE_KIND_RECOMMENDATION,
    )
    return (
        (f"{place}. ", element("span", kind, class_="soft")),
        (
            element("strong", step.text) if weighty else step.text,
            (" ", element("span", "open", class_="tag")) if open_ else NOTHING,
            [element("div", because, class_="soft small") for because in step.because],
        ),
    )


def _name(each: ExplainedRecommendation, data: ReportData) -> Html:
    title = each.text.rpartition(": ")[0] or each.text
    shown = NOTHING if data.for_patient else element("code", each.id, class_="soft")
    return join([title, " " if shown.markup else "", shown])


def _way(each: ExplainedRecommendation, data: ReportData) -> Content:
    cited = "" if data.for_patient else citations(each.statements)
    state = (
        element("span", "open", class_="tag")
        if each.verdict == decision_pb2.VERDICT_UNDETERMINED
        else element("span", "applies", class_="tag plain")
    )
    return (
        element("strong", _name(each, data)),
        " ",
        state,
        element("span", f" {cited}", class_="cited") if cited else NOTHING,
        [_reason(reason, data) for reason in each.reasons],
        element("p", "Would settle it: ", " ".join(each.would_settle), class_="small")
        if each.would_settle
        else NOTHING,
    )


def _reason(reason: Reason, data: ReportData) -> Html:
    cited = "" if data.for_patient else citations(reason.statements)
    grounds, facts = "; ".join(reason.grounds), "; ".join(reason.because)
    return element(
        "div",
        element(
            "p", reason.text, element("span", f" {cited}", class_="cited") if cited else NOTHING
        ),
        element("p", grounds, class_="grounds") if grounds else NOTHING,
        element("p", f"because {facts}", class_="grounds") if facts else NOTHING,
    )
