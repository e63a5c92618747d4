"""Exports recorded decisions as NDJSON or Parquet, one row a decision, the oldest first.

What is exported without content tells nothing of a patient. The ledger is read in pieces, so that
memory stays bounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from google.protobuf import json_format
from google.protobuf.message import Message

from rashpath.audit.errors import StoreError
from rashpath.audit.reading import Filters, Reader
from rashpath.v1.audit_pb2 import RecordedDecision

_AT_ONCE = 500
_TEXTS = (
    "decision_id",
    "time",
    "caller",
    "guideline_id",
    "guideline_version",
    "guideline_digest",
    "engine_version",
    "semantics_version",
    "chain",
)
_CONTENT = ("status", "urgency", "patient_case", "response", "walk")


class ParquetMissingError(StoreError):
    """Parquet needs a package that is not installed."""

    def __init__(self) -> None:
        super().__init__("Parquet needs `pyarrow`; install `rashpath[parquet]`")


def rows(
    reader: Reader, filters: Filters | None = None, *, content: bool = False
) -> Iterator[dict[str, Any]]:
    """Yields one row a decision, the oldest first.

    Args:
        reader: reads the ledger.
        filters: which decisions; None: all.
        content: whether facts, answer and walk are exported too, as JSON texts; of an erased
            decision they are null.

    Raises:
        KeyUnknownError: the keyring does not hold a key.
        LedgerDamagedError: a content is not what was recorded.
        StoreUnavailableError: the store cannot be read.
    """
    for shown in reader.all(filters or Filters()):
        yield _row(shown) | (_content(reader, shown) if content else {})


def write_ndjson(exported: Iterable[dict[str, Any]], file: TextIO) -> int:
    """Writes rows as lines of JSON; returns their number."""
    count = 0
    for row in exported:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def write_parquet(exported: Iterable[dict[str, Any]], path: Path, *, content: bool = False) -> int:
    """Writes rows as a Parquet file; returns their number.

    Args:
        exported: rows, as :func:`rows` yields them.
        path: the file; it is replaced.
        content: whether the rows have content.

    Raises:
        ParquetMissingError: the package for it is not installed.
    """
    try:
        import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
        import pyarrow.parquet as pq  # type: ignore[import-untyped] # it ships no types
    except ImportError:
        raise ParquetMissingError from None
    names = (*_TEXTS, "record_hash", *(_CONTENT if content else ()))
    schema = pa.schema(
        [(name, pa.string()) for name in names]
        + [("sequence", pa.uint64()), ("erased", pa.bool_())]
    )
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for group in _groups(exported):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _groups(exported: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in exported:
        group.append(row)
        if len(group) == _AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _row(shown: RecordedDecision) -> dict[str, Any]:
    record = shown.record
    texts = {name: getattr(record, name) for name in _TEXTS if name not in ("decision_id", "time")}
    return {
        "decision_id": record.id,
        "time": record.time.ToJsonString(),
        **texts,
        "sequence": record.sequence,
        "record_hash": shown.record_hash,
        "erased": shown.erased,
    }


def _content(reader: Reader, shown: RecordedDecision) -> dict[str, Any]:
    whole = reader.decision(shown.record.id)
    if whole.erased:
        return dict.fromkeys(_CONTENT)
    answer = json_format.MessageToDict(whole.response, preserving_proto_field_name=True)
    walk = [
        json_format.MessageToDict(node, preserving_proto_field_name=True) for node in whole.walk
    ]
    return {
        "status": answer.get("status"),
        "urgency": answer.get("urgency"),
        "patient_case": _json(whole.patient_case),
        "response": json.dumps(answer, ensure_ascii=False),
        "walk": json.dumps(walk, ensure_ascii=False),
    }


def _json(message: Message) -> str:
    return json_format.MessageToJson(message, preserving_proto_field_name=True, indent=None)
