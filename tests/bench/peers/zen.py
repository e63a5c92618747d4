"""The sub-guideline for zen-engine: as a decision graph, and as one compiled expression."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.bench.sub_cases import LANES, Outcome, Plain

_DOSE_LOW = "dose_mg * doses_per_day < 1000"
_IMMUNOCOMPROMISED = (
    "hiv == 'HIV_POSITIVE' or organ_transplant or stem_cell_transplant"
    " or immunosuppressive_medication or haematological_malignancy or other_immunodeficiency"
)
_GROUNDS = (
    "(drug != 'NO_ANTIVIRAL' and not ({dose_low}) and adherence == 'GOOD'"
    " and days_on_therapy >= 7) or appropriate_therapy_failed"
    " or (prolonged_or_repeated_courses and ({immunocompromised}))"
    " or (breakthrough_on_prophylaxis and stem_cell_transplant) or earlier_resistant_isolate"
)
_ANOTHER_CAUSE = "lesion_pcr == 'PCR_NEGATIVE' or virus == 'OTHER_CAUSE'"
_CLEARANCE = "(140 - age_years) / (72 * serum_creatinine_mg_dl) * (sex == 'FEMALE' ? 0.85 : 1)"
_THERAPY = (
    "drug == 'NO_ANTIVIRAL' ? 'no_antiviral' : ({dose_low}) ? 'correct_dose'"
    " : adherence in ['PARTIAL', 'POOR'] ? 'restore_adherence' : 'therapy_in_order'"
)
_IMMUNE = (
    "hiv == 'HIV_NOT_TESTED' ? 'test_hiv' : hiv == 'HIV_PENDING' ? 'awaiting_hiv'"
    " : (unexplained_weight_loss or lymphadenopathy) ? 'investigate_immunodeficiency'"
    " : ({immunocompromised}) ? 'host_immunocompromised' : 'host_not_reported'"
)
_RESISTANCE = (
    "trend == 'IMPROVING' ? 'continue_and_review'"
    " : acyclovir_susceptibility == 'SUSCEPTIBILITY_RESISTANT' ? 'resistance_confirmed'"
    " : acyclovir_susceptibility == 'SUSCEPTIBILITY_SUSCEPTIBLE' ? 'resistance_excluded'"
    " : ({another_cause}) ? 'reconsider_diagnosis' : ({grounds}) ? 'resistance_suspected'"
    " : (prolonged_or_repeated_courses or (days_on_therapy >= 4 and adherence == 'GOOD'))"
    " ? 'resistance_possible' : 'resistance_not_suspected'"
)
_FOSCARNET = (
    "not ({needed}) ? 'foscarnet_not_needed'"
    " : (new_exanthem or facial_oedema or skin_detachment or hypersensitivity"
    " or failed_or_not_tolerated) ? 'foscarnet_barred'"
    " : not (age_years >= 18 and pregnancy == 'NOT_PREGNANT' and dialysis == 'NO_DIALYSIS'"
    " and stable) ? 'settle_renal_function'"
    " : ({clearance}) > 1.4 ? 'foscarnet_full' : ({clearance}) >= 0.4 ? 'foscarnet_reduced'"
    " : 'foscarnet_not_recommended'"
)


def graph_decider(
    example: Plain, schema: dict[str, Any] | None = None
) -> Callable[[Plain], Outcome]:
    """Returns the decision by a decision graph, whose expression node names its definitions.

    Args:
        example: not needed here.
        schema: a JSON Schema that the input node checks the facts by; None: it checks nothing.
    """
    import zen

    checks = {} if schema is None else {"content": {"schema": json.dumps(schema)}}

    named = {
        "dose_low": "$.dose_low",
        "immunocompromised": "$.immunocompromised",
        "grounds": "$.grounds",
        "another_cause": "$.another_cause",
        "needed": "$.resistance in ['resistance_confirmed', 'resistance_suspected']",
        "clearance": "$.clearance",
    }
    expressions = {
        "dose_low": _DOSE_LOW,
        "immunocompromised": _IMMUNOCOMPROMISED,
        "grounds": _GROUNDS.format(**named),
        "another_cause": _ANOTHER_CAUSE,
        "clearance": _CLEARANCE,
        "therapy": _THERAPY.format(**named),
        "immune": _IMMUNE.format(**named),
        "resistance": _RESISTANCE.format(**named),
        "foscarnet": _FOSCARNET.format(**named),
    }
    place = {"position": {"x": 0, "y": 0}}
    content = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", **place, **checks},
            {
                "id": "decide",
                "name": "decide",
                "type": "expressionNode",
                **place,
                "content": {
                    "expressions": [
                        {"id": key, "key": key, "value": value}
                        for key, value in expressions.items()
                    ]
                },
            },
            {"id": "out", "name": "out", "type": "outputNode", **place},
        ],
        "edges": [
            {"id": "first", "sourceId": "in", "targetId": "decide", "type": "edge"},
            {"id": "second", "sourceId": "decide", "targetId": "out", "type": "edge"},
        ],
    }
    decision = zen.ZenEngine().create_decision(json.dumps(content))

    def decide(facts: Plain) -> Outcome:
        result = decision.evaluate(facts)["result"]
        return tuple(result[lane] for lane in LANES)

    return decide


def expression_decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by one compiled expression, zen-engine's fastest way."""
    import zen

    inline = {
        "dose_low": _DOSE_LOW,
        "immunocompromised": _IMMUNOCOMPROMISED,
        "another_cause": _ANOTHER_CAUSE,
        "clearance": _CLEARANCE,
    }
    inline["grounds"] = _GROUNDS.format(**inline)
    inline["needed"] = (
        "trend != 'IMPROVING' and acyclovir_susceptibility != 'SUSCEPTIBILITY_SUSCEPTIBLE'"
        " and (acyclovir_susceptibility == 'SUSCEPTIBILITY_RESISTANT'"
        f" or (not ({_ANOTHER_CAUSE}) and ({inline['grounds']})))"
    )
    lanes = (_THERAPY, _IMMUNE, _RESISTANCE, _FOSCARNET)
    expression = zen.compile_expression(f"[{', '.join(lane.format(**inline) for lane in lanes)}]")

    def decide(facts: Plain) -> Outcome:
        return tuple(expression.evaluate(facts))

    return decide
