"""Reads a document, YAML or JSON, into plain values with their places.

See :mod:`rashpath.facts.yaml_text` and :mod:`rashpath.facts.json_text` for how strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rashpath.facts.errors import Reason
from rashpath.facts.json_text import read_json
from rashpath.facts.plain import Path, Place, Plain, empty, fault
from rashpath.facts.yaml_text import read_yaml

SIZE_LIMIT = 1 << 20
"""Largest document read by default, in bytes."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text.

    Args:
        value: its plain value.
        places: where each value stands; that of a mapping's entry is the place of its key.
        source: name of the text, for messages.
    """

    value: Plain
    places: Mapping[Path, Place]
    source: str


def parse(data: bytes, source: str = "", *, limit: int = SIZE_LIMIT) -> Document:
    """Reads one YAML or JSON document.

    Args:
        data: the text in UTF-8, a byte order mark allowed.
        source: name of the text, such as a file name; one that ends in ``.json`` or ``.ndjson``
            must be JSON. Otherwise a text that opens with a brace or bracket and is JSON is read
            as JSON, and all else as YAML.
        limit: most bytes accepted.

    Raises:
        FactsError: the text is empty, too large, nested deeper than 64, not UTF-8, not YAML or
            JSON, has a key twice, more than one document, an anchor, an alias or a tag.

    Example:
        >>> parse(b"rash: {trend: SPREADING}").value
        {'rash': {'trend': 'SPREADING'}}
    """
    if len(data) > limit:
        raise fault(
            source, f"the input has {len(data)} bytes, more than {limit}", reason=Reason.TOO_LARGE
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise fault(source, "the input is not UTF-8 text") from None
    if not text.strip():
        raise empty(source)
    must_be_json = source.endswith((".json", ".ndjson"))
    if must_be_json or text.lstrip()[0] in "{[":
        read = read_json(text, source, must_be_json=must_be_json)
        if read is not None:
            return Document(read[0], read[1], source)
    value, places = read_yaml(text, source)
    return Document(value, MappingProxyType(places), source)
