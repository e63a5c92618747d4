"""The record of what a guideline says beside its logic: urgency, citations, reservations.

No condition decides these, so that no verdict tells when one is lost. They are kept as text, and
the difference is read when they change: `python -m tests.coverage.record` writes them anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from google.protobuf.message import Message

from rashpath.guideline import load
from rashpath.v1 import guideline_pb2

RECORD = Path(__file__).parents[1] / "generated" / "content.txt"
CONTENT = files("rashpath.content") / "valacyclovir_spreading_rash" / "1.0.0.yaml"

_SHOWN = ("statements", "sources", "flags", "urgency", "gives", "provenance", "withheld_code")


def record(guideline: guideline_pb2.Guideline) -> str:
    """Returns what a guideline says beside its logic, a line for each part that says something."""
    lines = [
        f"review_status: {guideline_pb2.ReviewStatus.Name(guideline.review_status)}",
        "properties: "
        + ", ".join(guideline_pb2.Property.Name(each) for each in guideline.properties),
        "not_actionable: " + ", ".join(each.id for each in guideline.not_actionable),
        "invariants: " + ", ".join(each.id for each in guideline.invariants),
    ]
    for reference in guideline.references:
        word = "resolved" if reference.resolved else "dangling"
        lines.append(f"reference {reference.number}: {word}")
    for section in (
        guideline.numbers,
        guideline.computed_numbers,
        guideline.definitions,
        guideline.contradictions,
        guideline.cautions,
        guideline.not_covered,
    ):
        for part in section:
            lines += _lines(part.id, part)
    for node in guideline.nodes:
        lines += _lines(node.id, node)
        if node.HasField("recommendation"):
            lines += _of_recommendation(node.id, node.recommendation)
    return "\n".join(lines) + "\n"


def _of_recommendation(id: str, part: guideline_pb2.Recommendation) -> Iterator[str]:
    yield from _lines(id, part)
    for index, alternative in enumerate(part.alternatives, 1):
        yield from _lines(f"{id}, alternative {index}", alternative)
    for index, note in enumerate(part.notes, 1):
        yield from _lines(f"{id}, note {index}", note) or [f"{id}, note {index}"]
    plan = part.regimen
    said = {
        key: getattr(plan, key)
        for key in ("doses_per_day_min", "doses_per_day_max", "days")
        if plan.HasField(key)
    }
    if said:
        yield f"{id}, regimen: " + ", ".join(f"{key} {value}" for key, value in said.items())


def _lines(name: str, part: Message) -> list[str]:
    said = []
    for field in _SHOWN:
        if field not in part.DESCRIPTOR.fields_by_name:
            continue
        value = getattr(part, field)
        match field:
            case "flags":
                words = [guideline_pb2.EvidenceFlag.Name(flag.flag) for flag in value]
            case "urgency":
                words = [guideline_pb2.Urgency.Name(value)]
            case "provenance":
                words = [guideline_pb2.Provenance.Name(each) for each in value]
            case "gives" | "withheld_code":
                words = [value] if value else []
            case _:
                words = list(value)
        if words:
            said.append(f"{field} {' '.join(words)}")
    return [f"{name}: {'; '.join(said)}"] if said else []


def main() -> None:
    """Writes the record of the shipped guideline."""
    with CONTENT.open("rb") as file:
        loaded = load(Path(file.name))
    RECORD.write_text(record(loaded.guideline), encoding="utf-8")


if __name__ == "__main__":
    main()
