"""Facts of a case: their dictionary, strict reading, checking and showing."""

from rashpath.facts.assignment import find_fact, parse_assignment, parse_value
from rashpath.facts.check import Warning, check, given, unknown_fields
from rashpath.facts.dictionary import (
    Choice,
    Code,
    DecimalNumber,
    Dictionary,
    Fact,
    Kind,
    MistakenUnit,
    Range,
    Sensitivity,
    Value,
    WholeNumber,
)
from rashpath.facts.document import Document, parse
from rashpath.facts.errors import DictionaryError, FactsError, Problem, RashpathError, Reason
from rashpath.facts.message import fill
from rashpath.facts.plain import Path, Place, Plain
from rashpath.facts.show import number_text, range_text, show, symbol, unit_name
from rashpath.facts.wording import Audience, Wording

__all__ = [
    "Audience",
    "Choice",
    "Code",
    "DecimalNumber",
    "Dictionary",
    "DictionaryError",
    "Document",
    "Fact",
    "FactsError",
    "Kind",
    "MistakenUnit",
    "Path",
    "Place",
    "Plain",
    "Problem",
    "Range",
    "RashpathError",
    "Reason",
    "Sensitivity",
    "Value",
    "Warning",
    "WholeNumber",
    "Wording",
    "check",
    "fill",
    "find_fact",
    "given",
    "number_text",
    "parse",
    "parse_assignment",
    "parse_value",
    "range_text",
    "show",
    "symbol",
    "unit_name",
    "unknown_fields",
]
