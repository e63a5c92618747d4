"""Checks what a guideline says: names, wordings, citations, and a home for every statement."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message

from rashpath.expression import Names
from rashpath.facts.dictionary import Dictionary
from rashpath.facts.plain import Path
from rashpath.guideline.compile import CONTRADICTED
from rashpath.guideline.errors import Faults
from rashpath.v1 import decision_service_pb2, guideline_pb2, guideline_service_pb2, options_pb2

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?\Z")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_UNSURE = (
    guideline_pb2.EVIDENCE_FLAG_UNVERIFIED,
    guideline_pb2.EVIDENCE_FLAG_PROPOSAL,
)
_LETTERED = frozenset({"statements", "page_features", "sources", "not_actionable"})
"""Sections whose ids are a letter and a number, such as `S18`."""
_WITHOUT_PATIENT_WORDS = frozenset({"question"})
"""Wordings that may lack patient words; the article's own question is for both all the same."""


def check_content(guideline: guideline_pb2.Guideline, faults: Faults) -> None:
    """Notes every fault of what a guideline says.

    Args:
        guideline: the message that the file holds.
        faults: where faults are noted.
    """
    _check_head(guideline, faults)
    _check_ids(guideline, faults)
    for message, path in _messages(guideline, ()):
        _check_message(message, path, guideline, faults)
    _check_homes(guideline, faults)


def check_names(guideline: guideline_pb2.Guideline, dictionary: Dictionary, faults: Faults) -> None:
    """Notes every id that cannot be a name in conditions."""
    names = Names(dictionary)
    seen: dict[str, str] = {CONTRADICTED: "the condition language"}
    for section in ("numbers", "computed_numbers", "definitions"):
        for index, part in enumerate(getattr(guideline, section)):
            path: Path = (section, index, "id")
            fault = names.fault_of_id(part.id)
            if fault is not None:
                faults.add(path, f"`{part.id}` {fault}")
            elif seen.get(part.id, section) != section:
                faults.add(path, f"`{part.id}` is already a name of {seen[part.id]}")
            seen.setdefault(part.id, section)


def _check_head(guideline: guideline_pb2.Guideline, faults: Faults) -> None:
    if not _SNAKE.match(guideline.id):
        faults.add(("id",), "is not lowercase snake_case")
    if not _VERSION.match(guideline.version):
        faults.add(("version",), "is not a semantic version such as `1.0.0`")
    try:
        datetime.date.fromisoformat(guideline.last_updated)
    except ValueError:
        faults.add(("last_updated",), "is not a day such as `2025-07-11`")
    if guideline.review_status == guideline_pb2.REVIEW_STATUS_UNSPECIFIED:
        faults.add(("review_status",), "is missing")
    for field in ("title", "question", "disclaimer"):
        if not guideline.HasField(field):
            faults.add((field,), "is missing")
    if guideline.red_flag not in {definition.id for definition in guideline.definitions}:
        faults.add(("red_flag",), f"`{guideline.red_flag}` is not a definition")


def _check_ids(guideline: guideline_pb2.Guideline, faults: Faults) -> None:
    """Notes ids that are missing, badly written or used twice in their section."""
    for field, parts in guideline.ListFields():
        if not field.is_repeated or field.message_type is None:
            continue
        if "id" not in field.message_type.fields_by_name:
            continue
        seen: set[str] = set()
        for index, part in enumerate(parts):
            path: Path = (field.name, index, "id")
            if not part.id:
                faults.add((field.name, index), "has no id")
            elif part.id in seen:
                faults.add(path, f"`{part.id}` is already an id in `{field.name}`")
            elif field.name not in _LETTERED and not _SNAKE.match(part.id):
                faults.add(path, f"`{part.id}` is not lowercase snake_case")
            seen.add(part.id)


def _messages(message: Message, path: Path) -> Iterator[tuple[Message, Path]]:
    yield message, path
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.is_repeated:
            for index, part in enumerate(value):
                yield from _messages(part, (*path, field.name, index))
        else:
            yield from _messages(value, (*path, field.name))


def _check_message(
    message: Message, path: Path, guideline: guideline_pb2.Guideline, faults: Faults
) -> None:
    match message:
        case options_pb2.Wording():
            if not message.clinician:
                faults.add(path, "has no clinician wording")
            if not message.patient and path[-1] not in _WITHOUT_PATIENT_WORDS:
                faults.add(path, "has no patient wording")
        case guideline_pb2.Flag():
            if message.flag == guideline_pb2.EVIDENCE_FLAG_UNSPECIFIED or not message.text:
                faults.add(path, "a flag needs its kind and a text")
        case guideline_pb2.Node():
            if not message.HasField("title"):
                faults.add(path, "has no title")
        case guideline_pb2.Recommendation():
            _check_recommendation(message, path, guideline, faults)
        case guideline_pb2.ComputedNumber():
            _check_cited(message, path, faults)
            if not message.HasField("label"):
                faults.add(path, "has no label")
            if message.valid_when and not message.HasField("invalid_text"):
                faults.add(path, "has `valid_when` but no `invalid_text`")
            if not message.unit:
                faults.add(path, "has no unit")
        case guideline_pb2.NamedNumber():
            _check_cited(message, path, faults)
            if not message.unit or not message.text or message.WhichOneof("value") is None:
                faults.add(path, "needs a value, a unit and a text")
        case guideline_pb2.Definition() | guideline_pb2.Caution() | guideline_pb2.Contradiction():
            if not message.HasField("text"):
                faults.add(path, "has no text")
        case guideline_pb2.NotCovered() | guideline_pb2.Note():
            if not message.HasField("text"):
                faults.add(path, "has no text")
        case guideline_pb2.Invariant() | guideline_pb2.Statement() | guideline_pb2.PageFeature():
            if not message.text:
                faults.add(path, "has no text")
        case guideline_pb2.Alternative():
            if not message.text or not message.sources:
                faults.add(path, "an alternative needs a text and its sources")
        case guideline_pb2.DoseRow():
            if not message.text or not (message.statements or message.sources):
                faults.add(path, "a row needs a text and a citation")
    _check_references(message, path, guideline, faults)


def _check_references(
    message: Message, path: Path, guideline: guideline_pb2.Guideline, faults: Faults
) -> None:
    """Notes ids of statements, sources and lanes that do not exist."""
    if isinstance(message, guideline_pb2.Guideline):
        return
    fields = message.DESCRIPTOR.fields_by_name
    for name, known in (
        ("statements", {statement.id for statement in guideline.statements}),
        ("sources", {source.id for source in guideline.sources}),
    ):
        if name in fields and fields[name].type == FieldDescriptor.TYPE_STRING:
            for index, id in enumerate(getattr(message, name)):
                if id not in known:
                    faults.add((*path, name, index), f"`{id}` is not among the {name}")
    match message:
        case guideline_pb2.Statement() if message.HasField("citation"):
            if message.citation not in {reference.number for reference in guideline.references}:
                faults.add((*path, "citation"), f"{message.citation} is not among the references")
        case guideline_pb2.Node():
            if message.lane not in {"", *(lane.id for lane in guideline.lanes)}:
                faults.add((*path, "lane"), f"`{message.lane}` is not among the lanes")


def _check_recommendation(
    part: guideline_pb2.Recommendation,
    path: Path,
    guideline: guideline_pb2.Guideline,
    faults: Faults,
) -> None:
    node = guideline.nodes[int(path[1])]
    if not part.HasField("text"):
        faults.add(path, "has no text")
    if part.urgency == guideline_pb2.URGENCY_UNSPECIFIED:
        faults.add(path, "has no urgency")
    if not part.provenance or guideline_pb2.PROVENANCE_UNSPECIFIED in part.provenance:
        faults.add(path, "has no provenance")
    if guideline_pb2.PROVENANCE_ARTICLE in part.provenance and not node.statements:
        faults.add(path, "is of the article but cites no statement")
    _check_cited(node, path[:2], faults)
    if part.gives and part.gives not in {treatment.id for treatment in guideline.treatments}:
        faults.add((*path, "gives"), f"`{part.gives}` is not among the treatments")
    if part.HasField("regimen") and not (part.regimen.drug and part.regimen.route):
        faults.add((*path, "regimen"), "needs a drug and a route")


def _check_cited(
    part: guideline_pb2.Node | guideline_pb2.NamedNumber | guideline_pb2.ComputedNumber,
    path: Path,
    faults: Faults,
) -> None:
    unsure = any(flag.flag in _UNSURE for flag in part.flags)
    if not part.statements and not part.sources and not unsure:
        faults.add(
            path, "has no citation: a statement, a source, or a flag that says there is none"
        )


def _check_homes(guideline: guideline_pb2.Guideline, faults: Faults) -> None:
    """Notes statements and page features that have no home."""
    cited = {
        id
        for message, _ in _messages(guideline, ())
        if not isinstance(message, guideline_pb2.Guideline)
        and "statements" in message.DESCRIPTOR.fields_by_name
        for id in message.statements  # type: ignore[attr-defined] # the descriptor says so
    }
    excused = {entry.id: index for index, entry in enumerate(guideline.not_actionable)}
    known = {
        *(statement.id for statement in guideline.statements),
        *(feature.id for feature in guideline.page_features),
    }
    for id, index in excused.items():
        if id not in known:
            faults.add(("not_actionable", index), f"`{id}` is no statement and no page feature")
        if not guideline.not_actionable[index].reason:
            faults.add(("not_actionable", index), "has no reason")
    for index, statement in enumerate(guideline.statements):
        if statement.id not in cited and statement.id not in excused:
            faults.add(("statements", index), f"`{statement.id}` has no home: nothing cites it")
    homes: dict[str, Callable[[str], bool]] = {
        "field": lambda name: _is_filled(guideline, name),
        "method": _is_method,
        "choice": _is_enum,
    }
    for index, feature in enumerate(guideline.page_features):
        kind = feature.WhichOneof("home")
        if kind is None:
            if feature.id not in excused:
                faults.add(("page_features", index), f"`{feature.id}` has no home")
        elif not homes[kind](getattr(feature, kind)):
            name = getattr(feature, kind)
            faults.add(("page_features", index, kind), f"`{name}` is not there or not filled")


def _is_filled(guideline: guideline_pb2.Guideline, name: str) -> bool:
    return any(field.name == name for field, _ in guideline.ListFields())


def _is_method(name: str) -> bool:
    service, _, method = name.rpartition(".")
    return any(
        method in known.methods_by_name
        for file in (decision_service_pb2, guideline_service_pb2)
        for known in file.DESCRIPTOR.services_by_name.values()
        if known.full_name == service
    )


def _is_enum(name: str) -> bool:
    try:
        Default().FindEnumTypeByName(name)
    except KeyError:
        return False
    return True
