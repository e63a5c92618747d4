"""Lists what else differs between two guideline files: words, evidence, urgency, treatment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from rashpath.v1 import guideline_pb2


class Content(Enum):
    """What a passage of a guideline file is about.

    LOGIC is what decides; it is compared by its effect, so a change of it alone changes no answer.
    """

    WORDING = "WORDING"
    EVIDENCE = "EVIDENCE"
    URGENCY = "URGENCY"
    TREATMENT = "TREATMENT"
    LOGIC = "LOGIC"
    RELEASE = "RELEASE"


@dataclass(frozen=True, slots=True)
class ContentChange:
    """A passage that differs.

    Args:
        path: where it stands, such as ``nodes[test_hiv].title.clinician``.
        content: what it is about.
        before: as the first file has it; empty where it has none.
        after: as the second one has it.
    """

    path: str
    content: Content
    before: str
    after: str

    @property
    def decides(self) -> bool:
        """True where an answer recommends something else because of it."""
        return self.content in (Content.URGENCY, Content.TREATMENT)

    @property
    def shown(self) -> bool:
        """True where an answer shows it."""
        return self.decides or self.content in (Content.WORDING, Content.EVIDENCE)


_FIELDS = {
    Content.LOGIC: {
        "when",
        "otherwise",
        "whole",
        "decimal",
        "formula",
        "valid_when",
        "range",
        "holds",
        "properties",
        "red_flag",
        "dose_gate",
        "dose_mg_per_kg",
        "interval_hours",
        "definitions",
        "edges",
        "numbers",
        "computed_numbers",
        "invariants",
        "lane",
        "case_type",
    },
    Content.EVIDENCE: {
        "statements",
        "sources",
        "references",
        "flags",
        "flag",
        "provenance",
        "citation",
        "page_features",
        "not_actionable",
    },
    Content.URGENCY: {"urgency"},
    Content.TREATMENT: {
        "gives",
        "regimen",
        "drug",
        "route",
        "strength",
        "doses_per_day_min",
        "doses_per_day_max",
        "days",
        "weight_fact",
    },
    Content.RELEASE: {"id", "version", "review_status", "last_updated"},
}
"""What a passage is about, by its field; a field that stands nowhere is as what it stands in."""

_WORDS = {"title", "text", "question", "disclaimer", "label", "until", "invalid_text", "reason"}
_ABOUT = {field: content for content, fields in _FIELDS.items() for field in fields}
_ABOUT |= dict.fromkeys(_WORDS, Content.WORDING)

_MOST_SHOWN = 200


def content_changes(
    before: guideline_pb2.Guideline, after: guideline_pb2.Guideline
) -> Iterator[ContentChange]:
    """Yields the passages that differ, in the order of the schema.

    What has an id is compared with what has the same; an order alone is no difference.
    """
    yield from _message(before, after, "", Content.WORDING)


def _message(before: Message, after: Message, path: str, about: Content) -> Iterator[ContentChange]:
    for field in before.DESCRIPTOR.fields:
        place = f"{path}.{field.name}" if path else field.name
        content = _ABOUT.get(field.name, about)
        if field.name == "id" and path:
            continue
        if field.is_repeated:
            yield from _repeated(before, after, field, place, content)
        elif field.message_type is not None:
            if before.HasField(field.name) and after.HasField(field.name):
                yield from _message(
                    getattr(before, field.name), getattr(after, field.name), place, content
                )
            elif before.HasField(field.name) or after.HasField(field.name):
                first, second = _shown(before, field), _shown(after, field)
                yield ContentChange(place, content, first, second)
        else:
            first, second = _shown(before, field), _shown(after, field)
            if first != second:
                yield ContentChange(place, content, first, second)


def _repeated(
    before: Message, after: Message, field: Any, place: str, content: Content
) -> Iterator[ContentChange]:
    firsts, seconds = list(getattr(before, field.name)), list(getattr(after, field.name))
    if field.message_type is None:
        if firsts != seconds:
            yield ContentChange(place, content, _list(field, firsts), _list(field, seconds))
        return
    old, new = _keyed(firsts), _keyed(seconds)
    for key in dict.fromkeys((*old, *new)):
        inner = f"{place}[{key}]"
        if key in old and key in new:
            yield from _message(old[key], new[key], inner, content)
        else:
            added = _whole(new[key]) if key in new else ""
            removed = _whole(old[key]) if key in old else ""
            yield ContentChange(inner, _about_whole(field, content), removed, added)


def _about_whole(field: Any, content: Content) -> Content:
    """Returns what a whole part is about: a node that came or went is compared by its effect."""
    return Content.LOGIC if field.name in ("nodes", "lanes", "rows") else content


def _keyed(messages: list[Any]) -> dict[str, Message]:
    keyed: dict[str, Message] = {}
    for index, message in enumerate(messages):
        names = message.DESCRIPTOR.fields_by_name
        if "id" in names:
            key = str(message.id)
        elif "from_node" in names:
            key = f"{message.from_node} -> {message.to_node}"
        elif "number" in names:
            key = str(message.number)
        else:
            key = str(index)
        keyed[key] = message
    return keyed


def _shown(message: Message, field: Any) -> str:
    if field.has_presence and not message.HasField(field.name):
        return ""
    value = getattr(message, field.name)
    if field.message_type is not None:
        return _whole(value)
    return _scalar(field, value)


def _list(field: Any, values: list[Any]) -> str:
    return ", ".join(_scalar(field, value) for value in values)


def _scalar(field: Any, value: Any) -> str:
    if field.enum_type is not None:
        return str(field.enum_type.values_by_number[value].name)
    return str(value)


def _whole(message: Message) -> str:
    text = MessageToJson(message, preserving_proto_field_name=True, indent=None)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."
