"""Writes messages as JSON and YAML: the proto's JSON mapping with proto field names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.message import Message


def as_plain(message: Message) -> dict[str, Any]:
    """Returns a message as plain values, enums by their full names."""
    from google.protobuf.json_format import MessageToDict

    plain: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return plain


def as_json(message: Message) -> str:
    """Returns a message as indented JSON text."""
    return json.dumps(as_plain(message), indent=2, ensure_ascii=False)


def as_json_line(plain: dict[str, Any]) -> str:
    """Returns plain values as one line of JSON."""
    return json.dumps(plain, ensure_ascii=False, separators=(", ", ": "))


def as_yaml(message: Message) -> str:
    """Returns a message as YAML text."""
    import yaml

    text: str = yaml.dump(
        as_plain(message),
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    return text.rstrip("\n")
