"""Names a guideline by its content."""

from __future__ import annotations

import hashlib

import rfc8785
from google.protobuf.json_format import MessageToDict

from rashpath.facts.dictionary import Dictionary
from rashpath.v1 import guideline_pb2


def digest(guideline: guideline_pb2.Guideline, dictionary: Dictionary) -> str:
    """Returns SHA-256 over canonical JSON (RFC 8785) of a guideline and its fact dictionary.

    Returns:
        64 lowercase hexadecimal digits; the same for the same content, whatever the layout of the
        file was.
    """
    content = {
        "guideline": MessageToDict(guideline, preserving_proto_field_name=True),
        "facts": dictionary.canonical(),
    }
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()
