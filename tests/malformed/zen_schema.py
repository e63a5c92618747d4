"""zen-engine with a JSON Schema in the input node of its decision graph, as its docs suggest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rashpath.facts.dictionary import Choice, Fact, WholeNumber
from tests.bench.guidelines import sub
from tests.bench.peers import zen
from tests.bench.sub_cases import FACTS, Outcome, Plain


def schema_decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by a decision graph that checks its input."""
    return zen.graph_decider(example, schema())


def schema() -> dict[str, Any]:
    """Returns what the dictionary of facts says, as a JSON Schema.

    Every fact is required, since the expressions need them all, and no other is allowed. What
    cannot be true together stands there as `not`.
    """
    facts = {path.split(".")[1]: sub().dictionary[path] for path in FACTS}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(facts),
        "properties": {name: _property(fact) for name, fact in facts.items()},
        "not": {
            "anyOf": [
                _all(sex={"const": "MALE"}, pregnancy={"const": "PREGNANT"}),
                _all(age_years={"exclusiveMinimum": 60}, pregnancy={"const": "PREGNANT"}),
                _all(
                    drug={"const": "NO_ANTIVIRAL"},
                    dose_mg={"exclusiveMinimum": 0},
                    doses_per_day={"exclusiveMinimum": 0},
                ),
            ]
        },
    }


def _property(fact: Fact) -> dict[str, Any]:
    kind = fact.kind
    if isinstance(kind, Choice):
        short = [value.short for value in kind.values]
        return {"type": "boolean"} if short == ["PRESENT", "ABSENT"] else {"enum": short}
    whole = isinstance(kind, WholeNumber)
    limits = {"minimum": kind.hard.minimum, "maximum": kind.hard.maximum}
    return {"type": "integer" if whole else "number", **limits}


def _all(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"required": list(properties), "properties": properties}
