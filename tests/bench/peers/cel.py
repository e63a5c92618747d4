"""The sub-guideline as one CEL expression, for the three CEL engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.bench.sub_cases import Outcome, Plain

_DOSE_LOW = "dose_mg * double(doses_per_day) < 1000.0"
_IMMUNOCOMPROMISED = (
    "(hiv == 'HIV_POSITIVE' || organ_transplant || stem_cell_transplant"
    " || immunosuppressive_medication || haematological_malignancy || other_immunodeficiency)"
)
_GROUNDS = (
    f"((drug != 'NO_ANTIVIRAL' && !({_DOSE_LOW}) && adherence == 'GOOD' && days_on_therapy >= 7)"
    f" || appropriate_therapy_failed || (prolonged_or_repeated_courses && {_IMMUNOCOMPROMISED})"
    " || (breakthrough_on_prophylaxis && stem_cell_transplant) || earlier_resistant_isolate)"
)
_ANOTHER_CAUSE = "(lesion_pcr == 'PCR_NEGATIVE' || virus == 'OTHER_CAUSE')"
_CLEARANCE = (
    "(140.0 - double(age_years)) / (72.0 * serum_creatinine_mg_dl) * (sex == 'FEMALE' ? 0.85 : 1.0)"
)
_THERAPY = f"""
    drug == 'NO_ANTIVIRAL' ? 'no_antiviral'
    : {_DOSE_LOW} ? 'correct_dose'
    : adherence in ['PARTIAL', 'POOR'] ? 'restore_adherence'
    : 'therapy_in_order'"""
_IMMUNE = f"""
    hiv == 'HIV_NOT_TESTED' ? 'test_hiv'
    : hiv == 'HIV_PENDING' ? 'awaiting_hiv'
    : unexplained_weight_loss || lymphadenopathy ? 'investigate_immunodeficiency'
    : {_IMMUNOCOMPROMISED} ? 'host_immunocompromised'
    : 'host_not_reported'"""
_RESISTANCE = f"""
    trend == 'IMPROVING' ? 'continue_and_review'
    : acyclovir_susceptibility == 'SUSCEPTIBILITY_RESISTANT' ? 'resistance_confirmed'
    : acyclovir_susceptibility == 'SUSCEPTIBILITY_SUSCEPTIBLE' ? 'resistance_excluded'
    : {_ANOTHER_CAUSE} ? 'reconsider_diagnosis'
    : {_GROUNDS} ? 'resistance_suspected'
    : prolonged_or_repeated_courses || (days_on_therapy >= 4 && adherence == 'GOOD')
    ? 'resistance_possible'
    : 'resistance_not_suspected'"""
_FOSCARNET = f"""
    !(trend != 'IMPROVING' && acyclovir_susceptibility != 'SUSCEPTIBILITY_SUSCEPTIBLE'
      && (acyclovir_susceptibility == 'SUSCEPTIBILITY_RESISTANT'
          || (!{_ANOTHER_CAUSE} && {_GROUNDS}))) ? 'foscarnet_not_needed'
    : new_exanthem || facial_oedema || skin_detachment || hypersensitivity
      || failed_or_not_tolerated ? 'foscarnet_barred'
    : !(age_years >= 18 && pregnancy == 'NOT_PREGNANT' && dialysis == 'NO_DIALYSIS' && stable)
    ? 'settle_renal_function'
    : {_CLEARANCE} > 1.4 ? 'foscarnet_full'
    : {_CLEARANCE} >= 0.4 ? 'foscarnet_reduced'
    : 'foscarnet_not_recommended'"""

EXPRESSION = f"[{_THERAPY},{_IMMUNE},{_RESISTANCE},{_FOSCARNET}]"
"""Gives the list of the four outcomes."""


def prepare_cel_python(facts: Plain) -> Any:
    """Returns the facts in the types of cel-python."""
    import celpy

    return celpy.json_to_cel(facts)


def cel_python_decider(example: Any) -> Callable[[Any], Outcome]:
    """Returns the decision by cel-python."""
    import celpy

    environment = celpy.Environment()
    program = environment.program(environment.compile(EXPRESSION))

    def decide(facts: Any) -> Outcome:
        return tuple(str(each) for each in program.evaluate(facts))  # type: ignore[return-value]  # four texts

    return decide


def cel_expr_python_decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by Google's CEL, its variables declared with their types."""
    program = cel_expr_python_program(example)

    def decide(facts: Plain) -> Outcome:
        return tuple(each.value() for each in program.eval(data=facts).value())

    return decide


def cel_expr_python_program(example: Plain) -> Any:
    """Returns the program of Google's CEL, its variables declared with their types."""
    import cel_expr_python.cel as google_cel

    types = {
        bool: google_cel.Type.BOOL,
        int: google_cel.Type.INT,
        float: google_cel.Type.DOUBLE,
        str: google_cel.Type.STRING,
    }
    environment = google_cel.NewEnv(
        variables={name: types[type(value)] for name, value in example.items()}
    )
    return environment.compile(EXPRESSION)


def rust_cel_decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by common-expression-language, which is CEL in Rust."""
    import cel

    program = cel.compile(EXPRESSION)

    def decide(facts: Plain) -> Outcome:
        return tuple(program.execute(facts))

    return decide
