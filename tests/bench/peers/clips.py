"""The sub-guideline as CLIPS rules, run by clipspy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.sub_cases import LANES, Outcome, Plain

_DECISIONS_OF_AN_ENVIRONMENT = 1000
"""Decisions after which the environment is made anew: it slows down with each of them."""

RULES = Path(__file__).with_name("rules.clp")


def prepare(facts: Plain) -> dict[str, Any]:
    """Returns the facts with symbols in place of texts, as the slots of the template."""
    import clips

    return {
        name: clips.Symbol(value) if isinstance(value, str) else value
        for name, value in facts.items()
    }


def decider(example: Plain, rules: Path = RULES) -> Callable[[dict[str, Any]], Outcome]:
    """Returns the decision by CLIPS.

    Args:
        example: not needed here.
        rules: the file of the templates and rules, read whenever an environment is made.
    """
    import clips

    def fresh() -> Any:
        environment = clips.Environment()
        environment.load(str(rules))
        return environment

    environment, decided = fresh(), 0

    def decide(facts: dict[str, Any]) -> Outcome:
        nonlocal environment, decided
        decided += 1
        if decided % _DECISIONS_OF_AN_ENVIRONMENT == 0:
            environment = fresh()
        environment.reset()
        environment.find_template("case").assert_fact(**facts)
        environment.run()
        outcomes = environment.find_template("outcome").facts()
        found = {str(fact["lane"]): str(fact["node"]) for fact in outcomes}
        return tuple(found[lane] for lane in LANES)  # type: ignore[return-value]  # four texts

    return decide
