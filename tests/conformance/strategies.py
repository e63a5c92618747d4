"""Random cases of the shipped guideline, whole and in part, crowded around its thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Fact, WholeNumber

Facts = Mapping[str, int | float]

# Values that make the interesting ways likely; every other value stays possible.
_LIKELY: Mapping[str, tuple[float, ...]] = {
    "patient.age_years": (17, 18, 45, 72, 80),
    "patient.weight_kg": (33.0, 50.0, 70.0, 120.0, 121.0),
    "patient.weight_age_days": (2, 30, 31),
    "patient.height_cm": (152.0, 178.0),
    "therapy.dose_mg": (0.0, 350.0, 400.0, 500.0, 800.0, 1000.0),
    "therapy.doses_per_day": (0, 1, 2, 3, 5),
    "therapy.days_on_therapy": (3, 4, 6, 7, 10),
    "renal.serum_creatinine_mg_dl": (0.9, 1.1, 1.6, 2.0, 4.0),
    "renal.creatinine_age_hours": (12, 72, 73),
    "renal.creatinine_clearance_ml_min": (9.0, 10.0, 13.2, 25.0, 30.0, 50.0, 84.0),
}


def values(fact: Fact) -> st.SearchStrategy[int | float]:
    """Returns any value of a fact within its hard range."""
    match fact.kind:
        case Choice():
            return st.sampled_from([value.number for value in fact.kind.values])
        case WholeNumber():
            whole = st.integers(int(fact.kind.hard.minimum), int(fact.kind.hard.maximum))
            likely = [int(value) for value in _LIKELY.get(fact.path, ())]
            return st.sampled_from(likely) | whole if likely else whole
        case DecimalNumber():
            decimal = st.floats(fact.kind.hard.minimum, fact.kind.hard.maximum)
            near = _LIKELY.get(fact.path, ())
            return st.sampled_from(near) | decimal if near else decimal


@st.composite
def full_cases(draw: st.DrawFn, dictionary: Dictionary) -> dict[str, int | float]:
    """Returns a case with every fact given."""
    return {fact.path: draw(values(fact)) for fact in dictionary}


@st.composite
def lifelike_cases(
    draw: st.DrawFn,
    dictionary: Dictionary,
    cases: Sequence[Facts],
    *,
    most_unknown: int,
    least_unknown: int = 1,
) -> dict[str, int | float]:
    """Returns a case near one of the case files: filled up, a few facts changed, a few unknown.

    Random facts alone nearly always contradict each other or lead nowhere; near a case that was
    thought through every change can matter.
    """
    base = draw(st.sampled_from(cases))
    rest = draw(st.sampled_from(cases))
    case = {fact.path: draw(values(fact)) for fact in dictionary if fact.path not in rest}
    case |= {**rest, **base}
    paths = [fact.path for fact in dictionary]
    for path in draw(st.lists(st.sampled_from(paths), max_size=3, unique=True)):
        case[path] = draw(values(dictionary[path]))
    unknown = draw(st.sets(st.sampled_from(paths), min_size=least_unknown, max_size=most_unknown))
    return {path: case[path] for path in paths if path not in unknown}


@st.composite
def partial_cases(
    draw: st.DrawFn, dictionary: Dictionary, *, most_unknown: int | None = None
) -> dict[str, int | float]:
    """Returns a case with some facts unknown: any number, or at most a few."""
    case = draw(full_cases(dictionary))
    paths = [fact.path for fact in dictionary]
    most = len(paths) if most_unknown is None else most_unknown
    unknown = draw(st.sets(st.sampled_from(paths), max_size=most))
    return {path: value for path, value in case.items() if path not in unknown}
