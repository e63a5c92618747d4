"""Faults that only a look at every case finds."""

from __future__ import annotations

from tests.guideline.faults.fault import Fault

LIGHT = "when: patient.weight_kg <= 50.0"

EXACT = {
    "case left out": Fault(
        "    otherwise: true\n    text: {clinician: it goes",
        "    when: rash.trend == SPREADING && false\n    text: {clinician: it goes",
        "nodes[2]",
        "no branch is taken where rash.trend is IMPROVING",
        "id: ask_trend",
    ),
    "two branches at once": Fault(
        "when: rash.trend == UNCHANGED",
        "when: rash.trend != IMPROVING",
        "nodes[2]",
        "the branches to `act` and `steady` are both taken where rash.trend is SPREADING",
        "id: ask_trend",
    ),
    "edge that is never taken": Fault(
        "when: rash.trend == UNCHANGED",
        "when: rash.trend == UNCHANGED && rash.trend == IMPROVING",
        "edges[4]",
        "the edge from `ask_trend` to `steady` is taken in no case",
        "from_node: ask_trend\n    to_node: steady",
    ),
    "unguarded computed number": Fault(
        "(valid(extent) && extent > limit)",
        "extent > limit",
        "edges[6].when",
        "uses `extent` where it does not exist; guard it with `valid(extent)`",
        "when: extent > limit",
    ),
    "guard of the wrong side": Fault(
        "(valid(extent) && extent > limit)",
        "(valid(extent) || extent > limit)",
        "edges[6].when",
        "uses `extent` where it does not exist",
        "when: (valid(extent) ||",
    ),
    "contradiction that could be unknown": Fault(
        "has(patient.weight_kg) && has(patient.age_years)",
        "has(patient.weight_kg)",
        "contradictions[0].when",
        "reads `patient.age_years` where it is not given; use `has()`",
        "when: >-\n      has(patient.weight_kg)\n",
    ),
    "contradiction by a computed number": Fault(
        "&& patient.weight_kg < 5.0",
        "&& valid(extent) && extent < 5.0 && has(renal.stable)",
        "contradictions[0].when",
        "reads the computed number `extent`",
        "when: >-\n      has(patient.weight_kg)",
    ),
    "dose rows overlap": Fault(
        LIGHT,
        "when: patient.weight_kg <= 51.0",
        "nodes[3].recommendation.regimen.rows[1]",
        "overlaps another where patient.weight_kg is 50.5",
        "{when: patient.weight_kg > 50.0",
    ),
    "dose rows leave a gap": Fault(
        LIGHT,
        "when: patient.weight_kg < 50.0",
        "nodes[3].recommendation.regimen",
        "the gate is open but no row holds where patient.",
        "regimen:",
    ),
}
