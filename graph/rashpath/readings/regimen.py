"""Projects a dose to the regimen that an answer shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from rashpath.facts.show import number_text
from rashpath.facts.wording import Audience, Wording
from rashpath.guideline.model import Definition, Regimen
from rashpath.readings.walk import Dose, LeafUse, Walk, Withheld
from rashpath.readings.walk.reasons import deciding
from rashpath.readings.walk.steps import leaf_use
from rashpath.readings.words import floor_mg, label, leaf_words
from rashpath.v1 import decision_pb2

BETWEEN: Final = ", "
"""Between the names of facts, and between the words of comparisons."""


def regimen(
    walked: Walk,
    id: str,
    plan: Regimen,
    audience: Audience,
) -> decision_pb2.Regimen:
    """Returns how a treatment is given to this patient.

    Args:
        walked: the walk.
        id: the recommendation.
        plan: what the guideline says of its regimen.
        audience: whose words to use.
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
        _add_dose(result, dose, partial(withheld_words, walked, audience=audience))
    return result


def _add_dose(result: decision_pb2.Regimen, dose: Dose, say: Callable[[Withheld], str]) -> None:
    if dose.row is not None:
        result.dose_mg_per_kg = dose.row.dose_mg_per_kg
        result.interval_hours = dose.row.interval_hours
        result.row = dose.row.text
    if dose.mg is not None and dose.row is not None and dose.weight is not None:
        result.dose_mg = dose.mg
        result.formula = formula(dose)
    result.withheld_because.extend(
        dict.fromkeys(reason for withheld in dose.withheld for reason in withheld.because)
    )
    result.withheld_texts.extend(map(say, dose.withheld))


def formula(dose: Dose) -> str:
    """Says how the milligrams of a dose that is not withheld came about."""
    assert dose.row is not None
    assert dose.weight is not None
    assert dose.mg is not None
    per_kg, weight = number_text(dose.row.dose_mg_per_kg), number_text(dose.weight)
    said = f"{per_kg} mg/kg x {weight} kg = {number_text(dose.mg)} mg"
    return said if dose.mg == int(dose.mg) else f"{said}, shown as {floor_mg(dose.mg)} mg"


def withheld_words(walked: Walk, withheld: Withheld, audience: Audience) -> str:
    """Says why there is no dose in milligrams: what is not known, or which facts are against it."""
    graph = walked.graph
    definition = withheld.definition
    if withheld.missing:
        paths = [path for path in withheld.because if path in graph.dictionary]
        return not_known(definition, (label(graph, path, audience) for path in paths), audience)
    assert definition is not None
    uses: list[LeafUse] = [
        leaf_use(leaf, walked.facts) for leaf in deciding(definition.condition, walked.facts)
    ]
    return not_so(definition, (leaf_words(walked, use, audience) for use in uses), audience)


def not_known(definition: Definition | None, names: Iterable[str], audience: Audience) -> str:
    """Says that facts are not known, which a definition needs, or none."""
    listed = BETWEEN.join(names)
    if definition is None:
        return f"not known: {listed}"
    return f"{definition.text.to(audience)}: not known ({listed})"


def not_so(definition: Definition, words: Iterable[str], audience: Audience) -> str:
    """Says that a definition does not hold, and the words of what decides that."""
    return f"{definition.text.to(audience)}: not so ({BETWEEN.join(dict.fromkeys(words))})"
