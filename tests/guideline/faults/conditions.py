"""Faults of conditions, formulas and dose gates."""

from __future__ import annotations

from tests.guideline.faults.fault import Fault

LIGHT = "when: patient.weight_kg <= 50.0"

CONDITIONS = {
    "undefined name": Fault(
        "when: grown && coherent",
        "when: grown && sober",
        "definitions[3].when",
        "undeclared reference to 'sober' (in container '') (line 1, column 10)",
    ),
    "undefined fact": Fault(
        "when: patient.weight_kg > 120.0",
        "when: patient.wieght_kg > 120.0",
        "cautions[0].when",
        "undefined field 'wieght_kg'",
    ),
    "type error": Fault(
        "when: patient.weight_kg > 120.0",
        "when: patient.weight_kg > 120",
        "cautions[0].when",
        "found no matching overload for '_>_' applied to '(double, int)'",
    ),
    "type error on an edge": Fault(
        "when: rash.trend == UNCHANGED",
        "when: rash.trend == PRESENT",
        "edges[4].when",
        "`rash.trend` is compared with its own values only (character 15)",
    ),
    "type error in a row": Fault(
        LIGHT,
        "when: patient.height_cm",
        "nodes[3].recommendation.regimen.rows[0].when",
        "a condition is expected here",
    ),
    "type error in a note": Fault(
        "          when: patient.age_years > 60",
        "          when: patient.age_years > 60.5",
        "nodes[3].recommendation.notes[0].when",
        "found no matching overload",
    ),
    "type error in an invariant": Fault(
        "applies('act')",
        "applies('akt')",
        "invariants[0].holds",
        "`akt` is not a recommendation",
        "holds:",
    ),
    "faulty contradiction": Fault(
        "patient.age_years > 60\n    text: {clinician: old",
        "patient.age > 60\n    text: {clinician: old",
        "contradictions[0].when",
        "undefined field 'age'",
        "when: >-\n      has(patient.weight_kg)",
    ),
    "defined by itself": Fault(
        "when: grown && coherent",
        "when: grown || ready",
        "definitions[3].when",
        "is defined by itself: `ready` -> `ready`",
    ),
    "computed by itself": Fault(
        "valid_when: renal.stable == PRESENT",
        "valid_when: extent > 3.0",
        "computed_numbers[0].valid_when",
        "is defined by itself: `extent` -> `extent`",
    ),
    "range too small": Fault(
        "range: {minimum: 0, maximum: 250}",
        "range: {minimum: 0, maximum: 249}",
        "computed_numbers[0].range",
        "does not enclose what the formula can give: 0 to 250",
    ),
    "no range": Fault(
        "    range: {minimum: 0, maximum: 250}\n",
        "",
        "computed_numbers[0].range",
        "does not enclose",
        "id: extent",
    ),
    "divisor that could be zero": Fault(
        "/ patient.weight_kg",
        "/ therapy.dose_mg",
        "computed_numbers[0].formula",
        "a divisor is a product of constants and facts whose range excludes zero",
        "formula:",
    ),
    "gate that is no conjunction of definitions": Fault(
        "when: grown && coherent",
        "when: grown || coherent",
        "nodes[3].recommendation.regimen.dose_gate",
        "`ready` is not a conjunction of definitions",
        "dose_gate:",
    ),
    "gate with a bare condition": Fault(
        "when: grown && coherent",
        "when: grown && patient.age_years < 100",
        "nodes[3].recommendation.regimen.dose_gate",
        "`ready` is not a conjunction of definitions",
        "dose_gate:",
    ),
    "gate that is not defined": Fault(
        "dose_gate: ready",
        "dose_gate: redy",
        "nodes[3].recommendation.regimen.dose_gate",
        "`redy` is not a definition",
    ),
    "code for what keeps a dose back that names a fact": Fault(
        "  - id: grown\n",
        "  - id: grown\n    withheld_code: patient.age_years\n",
        "definitions[0].withheld_code",
        "is the path of a fact",
        "withheld_code:",
    ),
    "weight that is no fact": Fault(
        "weight_fact: patient.weight_kg",
        "weight_fact: patient.sex",
        "nodes[3].recommendation.regimen.weight_fact",
        "is not a fact that is a decimal number",
    ),
    "rows without a gate": Fault(
        "        dose_gate: ready\n",
        "",
        "nodes[3].recommendation.regimen",
        "rows, dose_gate and weight_fact go together",
        "regimen:",
    ),
    "row without a dose": Fault(
        "dose_mg_per_kg: 2, ",
        "",
        "nodes[3].recommendation.regimen.rows[0]",
        "has no dose or no interval",
        "{when: patient.weight_kg <= 50.0",
    ),
}
