"""Random conditions of the closed language, as text, and random cases to read them on."""

from __future__ import annotations

import re
from functools import cache

from hypothesis import strategies as st

from rashpath.expression import Names, compile_condition, compile_formula
from rashpath.expression.tree import Computed, Condition, Constant
from rashpath.facts import Choice, Dictionary, given
from rashpath.v1 import facts_pb2

DICTIONARY = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)

TREND = "rash.trend"
VIRUS = "infection.virus"
STABLE = "renal.stable"
AGE = "patient.age_years"
WEIGHT = "patient.weight_kg"
MEASURED = "renal.creatinine_clearance_ml_min"
FACTS = (TREND, VIRUS, STABLE, AGE, WEIGHT, MEASURED)

FORMULA = f"has({MEASURED}) ? {MEASURED} / {WEIGHT} : 140.0 - double({AGE})"
VALID_WHEN = f"{STABLE} == PRESENT"
DEFINITIONS = {
    "heavy": f"{WEIGHT} > cut",
    "spreading": f"{TREND} == SPREADING && {VIRUS} != OTHER_CAUSE",
}
CONSTANTS = {"week": Constant(7, "week"), "cut": Constant(40.0, "cut")}

_OPERATORS = ("<", "<=", "==", "!=", ">=", ">")
_AGES = ("week", "18", "-1", "120")
_WEIGHTS = ("cut", "80.5", "1.0", "400.0")
_EXTENTS = ("20.0", "100.0", "cut")


@cache
def names() -> Names:
    """Returns what the random conditions may name."""
    return Names(
        DICTIONARY,
        constants=CONSTANTS,
        computed={"extent": extent},
        definitions={id: lambda id=id: definition(id) for id in DEFINITIONS},  # type: ignore[misc] # a lambda with a default
    )


@cache
def extent() -> Computed:
    """Returns a computed number that reads one fact or two others, and exists in some cases."""
    plain = Names(DICTIONARY, constants=CONSTANTS)
    return Computed(
        "extent",
        compile_formula(FORMULA, plain),
        compile_condition(VALID_WHEN, plain),
        minimum=0.0,
        maximum=250.0,
    )


@cache
def definition(id: str) -> Condition:
    """Returns the condition behind a name."""
    return compile_condition(DEFINITIONS[id], Names(DICTIONARY, constants=CONSTANTS))


def as_plain_cel(text: str) -> str:
    """Returns a condition with definitions and computed numbers written out, as CEL knows neither.

    >>> as_plain_cel("valid(extent)")
    '(renal.stable == PRESENT)'
    """
    text = text.replace("valid(extent)", f"({VALID_WHEN})")
    for name, meaning in (*DEFINITIONS.items(), ("extent", FORMULA)):
        text = re.sub(rf"\b{name}\b", f"({meaning})", text)
    return text


def _choices(path: str) -> st.SearchStrategy[str]:
    kind = DICTIONARY[path].kind
    assert isinstance(kind, Choice)
    shorts = [value.short for value in kind.values]
    equal = st.builds(
        "{} {} {}".format, st.just(path), st.sampled_from(("==", "!=")), st.sampled_from(shorts)
    )
    several = st.lists(st.sampled_from(shorts), min_size=1, max_size=3)
    return equal | several.map(lambda values: f"{path} in [{', '.join(values)}]")


def _numbers(name: str, constants: tuple[str, ...]) -> st.SearchStrategy[str]:
    parts = (st.just(name), st.sampled_from(_OPERATORS), st.sampled_from(constants))
    return st.builds("{0} {1} {2}".format, *parts) | st.builds("{2} {1} {0}".format, *parts)


ATOMS: st.SearchStrategy[str] = st.one_of(
    _choices(TREND),
    _choices(VIRUS),
    _choices(STABLE),
    _numbers(AGE, _AGES),
    _numbers(WEIGHT, _WEIGHTS),
    _numbers("extent", _EXTENTS).map(lambda test: f"(valid(extent) && {test})"),
    _numbers("extent", _EXTENTS).map(lambda test: f"(!valid(extent) || {test})"),
    st.sampled_from(FACTS).map(lambda path: f"has({path})"),
    st.sampled_from(("valid(extent)", "heavy", "spreading", "true", "false")),
)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    )


CONDITIONS: st.SearchStrategy[str] = st.recursive(ATOMS, _compound, max_leaves=6)

_VALUES: dict[str, st.SearchStrategy[float]] = {
    TREND: st.integers(1, 3),
    VIRUS: st.integers(1, 3),
    STABLE: st.integers(1, 2),
    AGE: st.sampled_from((0, 6, 7, 8, 17, 18, 19, 120)) | st.integers(0, 120),
    WEIGHT: st.sampled_from((1.0, 40.0, 80.5, 400.0)) | st.floats(1, 400),
    MEASURED: st.sampled_from((0.0, 250.0)) | st.floats(0, 250),
}

CASES: st.SearchStrategy[dict[str, float]] = st.fixed_dictionaries({}, optional=_VALUES)
FULL_CASES: st.SearchStrategy[dict[str, float]] = st.fixed_dictionaries(
    {path: values for path, values in _VALUES.items() if path != MEASURED},
    optional={MEASURED: _VALUES[MEASURED]},
)
"""Every fact but the measured one is given: without that one the others are read."""


def message_of(facts: dict[str, float]) -> facts_pb2.PatientCase:
    """Returns the case message that gives some facts and no others."""
    message = facts_pb2.PatientCase()
    for path, value in facts.items():
        fact = DICTIONARY[path]
        setattr(getattr(message, fact.group), fact.name, value)
    assert given(message, DICTIONARY) == facts
    return message
