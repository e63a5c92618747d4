"""CEL that the condition language leaves out is refused when it is read, by name and place."""

from __future__ import annotations

import pytest

from rashpath.expression import (
    ExpressionError,
    Names,
    compile_condition,
    compile_formula,
    compile_invariant,
)
from rashpath.expression.cel import LONGEST_TEXT
from rashpath.expression.text import condition_text, number_text
from tests.expression.language import CONSTANTS, DICTIONARY, definition, extent

NAMES = Names(
    DICTIONARY,
    constants=CONSTANTS,
    computed={"extent": extent},
    definitions={"heavy": lambda: definition("heavy")},
    nodes=frozenset({"act"}),
)

ONE_SIDE = "a comparison has one fact or computed number on one side and a constant on the other"
OWN_VALUES = "`rash.trend` is compared with its own values only"
DECIMAL = "arithmetic is over decimal numbers"
DIVISOR = "a divisor is a product of constants and facts whose range excludes zero"
MACROS = "macros other than `has()`, messages and maps are not in the language"
TOWERS = "computed numbers do not build on each other"

CONDITIONS = {
    "whole division": ("patient.age_years / 2 > 3", DECIMAL, 19),
    "whole addition": ("patient.age_years + 2 > 3", DECIMAL, 19),
    "whole negation": ("-patient.age_years > 3", DECIMAL, 1),
    "remainder": ("patient.age_years % 2 == 0", "`%` is not in the condition language", 19),
    "to a whole number": ("int(patient.weight_kg) > 3", "`int` is not in the condition", 4),
    "to text": ("string(patient.age_years) == 'a'", "`string` is not in the condition", 7),
    "to unsigned": ("uint(patient.age_years) > 3u", "`uint` is not in the condition", 5),
    "text to a number": ("double('3') > 2.0", "`double()` turns whole numbers to decimal", 7),
    "any type": ("dyn(rash.trend) == 'x'", "`dyn` is not in the condition language", 4),
    "order of a choice": ("rash.trend < SPREADING", "have no order, `<` needs one", 12),
    "sum of a choice": ("rash.trend + 1 == 2", DECIMAL, 12),
    "another choice's value": ("rash.trend == PRESENT", OWN_VALUES, 15),
    "number of a value": ("rash.trend == 3", OWN_VALUES, 15),
    "another's value in a list": ("rash.trend in [SPREADING, PRESENT]", OWN_VALUES, 27),
    "two choices": ("rash.trend == infection.virus", OWN_VALUES, 24),
    "choice of a choice": ("rash.trend == (heavy ? SPREADING : UNCHANGED)", OWN_VALUES, 22),
    "two values": ("SPREADING == UNCHANGED", "a number is expected here", 1),
    "empty list": ("rash.trend in []", "at least one value", 15),
    "number in a list": ("patient.age_years in [1, 2]", "a choice is expected here", 8),
    "null": ("rash.trend == null", "'(int, null_type)'", 12),
    "group and null": ("patient == null", "`patient` is a group of facts", 1),
    "two messages": ("patient == patient", "`patient` is a group of facts", 1),
    "message literal": ("rashpath.v1.Rash{} == rash", MACROS, 1),
    "exists": ("[1].exists(x, x == 1)", MACROS, 11),
    "all": ("[1].all(x, x == 1)", MACROS, 8),
    "map": ("[1].map(x, x) == [1]", MACROS, 8),
    "size": ("size('a') == 1", "`size` is not in the condition language", 5),
    "method": ("'a'.startsWith('a')", "`startsWith` is not in the condition language", 15),
    "index": ("[1][0] == 1", "is not in the condition language", 4),
    "text": ("'a' == 'b'", "a number is expected here", 1),
    "condition and true": ("heavy == true", "`heavy` is a condition", 1),
    "two conditions": ("has(rash.trend) == has(rash.severe)", "`has()` is a condition", 4),
    "number alone": ("patient.weight_kg", "a condition is expected here", 8),
    "choice alone": ("rash.trend", "a condition is expected here", 5),
    "two facts": ("patient.weight_kg > patient.height_cm", ONE_SIDE, 19),
    "arithmetic": ("patient.weight_kg * 2.0 > 3.0", ONE_SIDE, 25),
    "converted fact": ("double(patient.age_years) > 3.0", ONE_SIDE, 27),
    "whole with decimal": ("patient.age_years > 18.5", "'(int, double)'", 19),
    "decimal with whole": ("patient.weight_kg > 18", "'(double, int)'", 19),
    "named of another type": ("patient.age_years == cut", "'(int, double)'", 19),
    "infinite": ("patient.weight_kg < 1e999", "a number is expected here", 21),
    "divided by nothing": ("patient.weight_kg > 1.0 / 0.0", DIVISOR, 27),
    "divided by next to nothing": ("patient.weight_kg > 1.0/(1e-200*1e-200)", DIVISOR, 32),
    "misspelt fact": ("rash.trned == SPREADING", "undefined field 'trned'", 5),
    "misspelt group": ("rsah.trend == SPREADING", "undeclared reference to 'rsah.trend'", 5),
    "misspelt value": ("rash.trend == SPREDING", "undeclared reference to 'SPREDING'", 15),
    "unspecified value": ("rash.trend == TREND_UNSPECIFIED", "'TREND_UNSPECIFIED'", 15),
    "unknown name": ("heavy && light", "undeclared reference to 'light'", 10),
    "presence of a group": ("has(rash)", "has() argument must be a field selection", 5),
    "presence of no fact": ("has(rash.colour)", "undefined field 'colour'", 4),
    "validity of a fact": ("valid(patient.weight_kg)", "`valid()` takes a computed number", 14),
    "validity of a constant": ("valid(cut)", "`valid()` takes a computed number", 7),
    "term of invariants": ("applies('act')", "undeclared reference to 'applies'", 8),
    "unfinished": ("heavy &&", "Syntax error", 9),
    "word for a sign": ("heavy and heavy", "Syntax error", 7),
}


@pytest.mark.parametrize(("text", "fragment", "column"), CONDITIONS.values(), ids=CONDITIONS)
def test_condition_is_refused(text: str, fragment: str, column: int) -> None:
    """What is no condition is refused by its name, with the place in the text."""
    with pytest.raises(ExpressionError) as caught:
        compile_condition(text, NAMES)
    message = str(caught.value)
    assert fragment in message
    assert message.endswith((f"(character {column})", f"column {column})")), message


FORMULAS = {
    "whole number": ("patient.age_years", "a formula gives a decimal number from facts"),
    "whole constant": ("week", "a formula gives a decimal number from facts"),
    "negated whole number": ("-patient.age_years", DECIMAL),
    "choice": ("rash.trend", "`rash.trend` is a choice, where a number is expected"),
    "converted choice": ("double(rash.trend)", "`rash.trend` is a choice"),
    "condition": ("heavy", "`heavy` is a condition"),
    "two types": ("heavy ? 1.0 : 2", "'(bool, double, int)'"),
    "computed": ("extent", TOWERS),
    "sum with computed": ("extent + 1.0", TOWERS),
    "negated computed": ("-extent", TOWERS),
    "choice by computed": ("extent > 3.0 ? 1.0 : 2.0", TOWERS),
    "choice by validity": ("valid(extent) ? 1.0 : 2.0", TOWERS),
    "choice of computed": ("heavy ? extent : 1.0", TOWERS),
    "by zero": ("patient.weight_kg / 0.0", DIVISOR),
    "by what can be zero": ("patient.weight_kg / therapy.dose_mg", DIVISOR),
    "by a sum": ("patient.weight_kg / (patient.height_cm + 1.0)", DIVISOR),
    "by a quotient": ("1.0 / (patient.weight_kg / patient.height_cm)", DIVISOR),
    "by a choice of numbers": ("patient.weight_kg / (heavy ? 1.0 : 2.0)", DIVISOR),
    "by a computed number": ("patient.weight_kg / extent", TOWERS),
    "by an underflow": ("patient.weight_kg / (1e-200 * 1e-200)", DIVISOR),
    "remainder": ("patient.weight_kg % 2.0", "'_%_' applied to '(double, double)'"),
}


@pytest.mark.parametrize(("text", "fragment"), FORMULAS.values(), ids=FORMULAS)
def test_formula_is_refused(text: str, fragment: str) -> None:
    """What is no arithmetic over facts is refused, above all a divisor that could be zero."""
    with pytest.raises(ExpressionError) as caught:
        compile_formula(text, NAMES)
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "patient.weight_kg / patient.height_cm",
        "patient.weight_kg / (72.0 * renal.serum_creatinine_mg_dl)",
        "(140.0 - double(patient.age_years)) * cut / 2.0",
        "has(patient.weight_kg) ? patient.weight_kg : 70.0",
        "patient.weight_kg * (heavy ? 0.85 : 1.0)",
    ],
)
def test_formula_is_accepted(text: str) -> None:
    """Arithmetic over facts is read, and comes back as the same formula from its own text."""
    formula = compile_formula(text, NAMES)
    assert formula == compile_formula(number_text(formula), NAMES)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("a" * (LONGEST_TEXT + 1), "is longer than 4000 characters"),
        ("(" * 400 + "heavy" + ")" * 400, "too deeply nested"),
    ],
    ids=["nothing", "blank", "long", "deep"],
)
def test_text_is_refused_whole(text: str, fragment: str) -> None:
    """A text without content, or too long or deep to be meant, is refused before it is read."""
    with pytest.raises(ExpressionError, match=fragment):
        compile_condition(text, NAMES)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("applies('akt')", "`akt` is not a recommendation"),
        ("applies(heavy)", "found no matching overload for 'applies'"),
        ("dose_given('')", "`` is not a recommendation"),
    ],
)
def test_invariant_is_refused(text: str, fragment: str) -> None:
    """An invariant asks about recommendations that there are."""
    with pytest.raises(ExpressionError) as caught:
        compile_invariant(text, NAMES)
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("18 <= patient.age_years", "patient.age_years >= 18"),
        ("cut < patient.weight_kg", "patient.weight_kg > cut"),
        ("patient.age_years > -(3)", "patient.age_years > -3"),
        ("patient.weight_kg > 2.0 * 3.0 + 1.0", "patient.weight_kg > 7.0"),
        ("patient.age_years != week", "patient.age_years != week"),
        ("rash.trend != IMPROVING", "!(rash.trend == IMPROVING)"),
        ("TREND_SPREADING == rash.trend", "rash.trend == SPREADING"),
        ("rash.trend in [SPREADING, UNCHANGED, SPREADING]", "rash.trend in [UNCHANGED, SPREADING]"),
        ("1.0 > 2.0", "false"),
        (
            "(heavy && has(rash.trend)) && !valid(extent)",
            "heavy && has(rash.trend) && !valid(extent)",
        ),
        ("heavy ? extent > 3.0 : true", "heavy ? (extent > 3.0) : true"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    """A condition is written in one form, which reads back as the same condition."""
    condition = compile_condition(text, NAMES)
    assert canonical == condition_text(condition)
    assert condition == compile_condition(canonical, NAMES)


@pytest.mark.parametrize(
    ("id", "fault"),
    [
        ("Heavy", "is not lowercase snake_case"),
        ("heavy__", "is not lowercase snake_case"),
        ("size", "is a word of the condition language"),
        ("applies", "is a word of the condition language"),
        ("rash", "is the name of a group of facts"),
        ("very_heavy", None),
    ],
)
def test_names(id: str, fault: str | None) -> None:
    """A name that conditions could not use is refused with the reason."""
    assert fault == NAMES.fault_of_id(id)
