"""Projects a dose to the regimen that an answer shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rashpath.facts.show import number_text
from rashpath.facts.wording import Audience, Wording
from rashpath.guideline.model import Regimen
from rashpath.readings.walk import Dose, LeafUse, Walk, Withheld
from rashpath.readings.walk.reasons import deciding
from rashpath.readings.walk.steps import leaf_use
from rashpath.readings.words import floor_mg, label, leaf_words
from rashpath.v1 import decision_pb2

WithheldWords = Callable[[Withheld], str]
"""Says one reason why a dose is withheld."""


def regimen(
    walked: Walk,
    id: str,
    plan: Regimen,
    audience: Audience,
    withheld_words: WithheldWords | None = None,
) -> decision_pb2.Regimen:
    """Returns how a treatment is given to this patient.

    Args:
        walked: the walk.
        id: the recommendation.
        plan: what the guideline says of its regimen.
        audience: whose words to use.
        withheld_words: says a reason as :func:`withheld_words` does; None: that function.
    """
    written = plan.plan
    result = decision_pb2.Regimen(
        drug=written.drug,
        route=written.route,
        strength=written.strength,
        until=Wording.of(written.until).to(audience),
    )
    for field in ("doses_per_day_min", "doses_per_day_max", "days"):
        if written.HasField(field):
            setattr(result, field, getattr(written, field))
    dose = walked.doses.get(id)
    if dose is not None:
        say = withheld_words or partial(_say, walked, audience)
        _add_dose(result, dose, say)
    return result


def _add_dose(result: decision_pb2.Regimen, dose: Dose, say: WithheldWords) -> None:
    if dose.row is not None:
        result.dose_mg_per_kg = dose.row.dose_mg_per_kg
        result.interval_hours = dose.row.interval_hours
        result.row = dose.row.text
    if dose.mg is not None and dose.row is not None and dose.weight is not None:
        result.dose_mg = dose.mg
        per_kg, weight = number_text(dose.row.dose_mg_per_kg), number_text(dose.weight)
        result.formula = f"{per_kg} mg/kg x {weight} kg = {number_text(dose.mg)} mg"
        if dose.mg != int(dose.mg):
            result.formula += f", shown as {floor_mg(dose.mg)} mg"
    result.withheld_because.extend(
        dict.fromkeys(reason for withheld in dose.withheld for reason in withheld.because)
    )
    result.withheld_texts.extend(map(say, dose.withheld))


def _say(walked: Walk, audience: Audience, withheld: Withheld) -> str:
    return withheld_words(walked, withheld, audience)


def withheld_words(walked: Walk, withheld: Withheld, audience: Audience) -> str:
    """Says why there is no dose in milligrams: what is not known, or which facts are against it."""
    graph = walked.graph
    definition = withheld.definition
    if withheld.missing:
        names = ", ".join(
            label(graph, path, audience) for path in withheld.because if path in graph.dictionary
        )
        if definition is None:
            return f"not known: {names}"
        return f"{definition.text.to(audience)}: not known ({names})"
    assert definition is not None
    uses: list[LeafUse] = [
        leaf_use(leaf, walked.facts) for leaf in deciding(definition.condition, walked.facts)
    ]
    facts = dict.fromkeys(leaf_words(walked, use, audience) for use in uses)
    return f"{definition.text.to(audience)}: not so ({', '.join(facts)})"
