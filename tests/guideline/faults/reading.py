"""Faults of the file, before it is a guideline at all."""

from __future__ import annotations

from tests.guideline.faults.fault import Fault

READING = {
    "misspelt key": Fault(
        "      urgency: ROUTINE",
        "      urgancy: ROUTINE",
        "nodes[6].recommendation.urgancy",
        "`urgancy` is not a field of `nodes[6].recommendation`; did you mean `urgency`?",
    ),
    "misspelt section": Fault(
        "\ncautions:", "\ncaution:", "caution", "did you mean `cautions`?", "caution:"
    ),
    "misspelt value": Fault(
        "urgency: ROUTINE",
        "urgency: ROUTIEN",
        "nodes[6].recommendation.urgency",
        "did you mean ROUTINE?",
    ),
    "number as text": Fault(
        "maximum: 250",
        "maximum: '250'",
        "computed_numbers[0].range.maximum",
        'is text "250", where a number is expected',
        "range: {",
    ),
    "not a number": Fault(
        "decimal: 90.0", "decimal: .nan", "numbers[0].decimal", "is not a number"
    ),
    "two kinds of node": Fault(
        "    end: {}\n",
        "    end: {}\n    all: {}\n",
        "nodes[7].end",
        "`all` and `end` exclude each other",
        "end: {}\n    all: {}\nedges",
    ),
    "key twice": Fault(
        "id: small\n",
        "id: small\nid: large\n",
        "id",
        "`id` is given twice, first on line 2",
        "id: large",
    ),
}
