"""The sub-guideline as JsonLogic: in Python (panzi-json-logic) and in Rust (datalogic-py)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.bench.sub_cases import Outcome, Plain


def _var(name: str) -> Any:
    return {"var": name}


def _is(name: str, value: str) -> Any:
    return {"===": [_var(name), value]}


def _any(*names: str) -> list[Any]:
    return [_var(name) for name in names]


_DOSE_LOW = {"<": [{"*": _any("dose_mg", "doses_per_day")}, 1000]}
_IMMUNOCOMPROMISED = {
    "or": [
        _is("hiv", "HIV_POSITIVE"),
        *_any("organ_transplant", "stem_cell_transplant", "immunosuppressive_medication"),
        *_any("haematological_malignancy", "other_immunodeficiency"),
    ]
}
_GROUNDS = {
    "or": [
        {
            "and": [
                {"!==": [_var("drug"), "NO_ANTIVIRAL"]},
                {"!": [_DOSE_LOW]},
                _is("adherence", "GOOD"),
                {">=": [_var("days_on_therapy"), 7]},
            ]
        },
        _var("appropriate_therapy_failed"),
        {"and": [_var("prolonged_or_repeated_courses"), _IMMUNOCOMPROMISED]},
        {"and": _any("breakthrough_on_prophylaxis", "stem_cell_transplant")},
        _var("earlier_resistant_isolate"),
    ]
}
_ANOTHER_CAUSE = {"or": [_is("lesion_pcr", "PCR_NEGATIVE"), _is("virus", "OTHER_CAUSE")]}
_NEEDED = {
    "and": [
        {"!==": [_var("trend"), "IMPROVING"]},
        {"!==": [_var("acyclovir_susceptibility"), "SUSCEPTIBILITY_SUSCEPTIBLE"]},
        {
            "or": [
                _is("acyclovir_susceptibility", "SUSCEPTIBILITY_RESISTANT"),
                {"and": [{"!": [_ANOTHER_CAUSE]}, _GROUNDS]},
            ]
        },
    ]
}
_COMPUTABLE = {
    "and": [
        {">=": [_var("age_years"), 18]},
        _is("pregnancy", "NOT_PREGNANT"),
        _is("dialysis", "NO_DIALYSIS"),
        _var("stable"),
    ]
}
_CLEARANCE = {
    "*": [
        {"/": [{"-": [140, _var("age_years")]}, {"*": [72, _var("serum_creatinine_mg_dl")]}]},
        {"if": [_is("sex", "FEMALE"), 0.85, 1]},
    ]
}

RULE: list[Any] = [
    {
        "if": [
            _is("drug", "NO_ANTIVIRAL"),
            "no_antiviral",
            _DOSE_LOW,
            "correct_dose",
            {"in": [_var("adherence"), ["PARTIAL", "POOR"]]},
            "restore_adherence",
            "therapy_in_order",
        ]
    },
    {
        "if": [
            _is("hiv", "HIV_NOT_TESTED"),
            "test_hiv",
            _is("hiv", "HIV_PENDING"),
            "awaiting_hiv",
            {"or": _any("unexplained_weight_loss", "lymphadenopathy")},
            "investigate_immunodeficiency",
            _IMMUNOCOMPROMISED,
            "host_immunocompromised",
            "host_not_reported",
        ]
    },
    {
        "if": [
            _is("trend", "IMPROVING"),
            "continue_and_review",
            _is("acyclovir_susceptibility", "SUSCEPTIBILITY_RESISTANT"),
            "resistance_confirmed",
            _is("acyclovir_susceptibility", "SUSCEPTIBILITY_SUSCEPTIBLE"),
            "resistance_excluded",
            _ANOTHER_CAUSE,
            "reconsider_diagnosis",
            _GROUNDS,
            "resistance_suspected",
            {
                "or": [
                    _var("prolonged_or_repeated_courses"),
                    {"and": [{">=": [_var("days_on_therapy"), 4]}, _is("adherence", "GOOD")]},
                ]
            },
            "resistance_possible",
            "resistance_not_suspected",
        ]
    },
    {
        "if": [
            {"!": [_NEEDED]},
            "foscarnet_not_needed",
            {
                "or": [
                    *_any("new_exanthem", "facial_oedema", "skin_detachment"),
                    *_any("hypersensitivity", "failed_or_not_tolerated"),
                ]
            },
            "foscarnet_barred",
            {"!": [_COMPUTABLE]},
            "settle_renal_function",
            {">": [_CLEARANCE, 1.4]},
            "foscarnet_full",
            {">=": [_CLEARANCE, 0.4]},
            "foscarnet_reduced",
            "foscarnet_not_recommended",
        ]
    },
]
"""The four lanes; an array of rules is evaluated item by item."""


def python_decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by panzi-json-logic, which is pure Python."""
    import json_logic

    def decide(facts: Plain) -> Outcome:
        return tuple(json_logic.jsonLogic(RULE, facts))

    return decide


def rust_decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by datalogic-py, on its fastest way from Python values."""
    import datalogic_py

    engine = datalogic_py.Engine()
    rule = engine.compile(json.dumps(RULE))
    session = engine.session()

    def decide(facts: Plain) -> Outcome:
        return tuple(session.evaluate(rule, facts))

    return decide
