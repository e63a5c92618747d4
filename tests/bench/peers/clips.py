"""The sub-guideline as CLIPS rules, run by clipspy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.sub_cases import LANES, Outcome, Plain

_RULES = Path(__file__).with_name("rules.clp")


def prepare(facts: Plain) -> dict[str, Any]:
    """Returns the facts with symbols in place of texts, as the slots of the template."""
    import clips

    return {
        name: clips.Symbol(value) if isinstance(value, str) else value
        for name, value in facts.items()
    }


def decider(example: Plain) -> Callable[[dict[str, Any]], Outcome]:
    """Returns the decision by CLIPS."""
    import clips

    environment = clips.Environment()
    environment.load(str(_RULES))
    template = environment.find_template("case")
    outcomes = environment.find_template("outcome")

    def decide(facts: dict[str, Any]) -> Outcome:
        environment.reset()
        template.assert_fact(**facts)
        environment.run()
        found = {str(fact["lane"]): str(fact["node"]) for fact in outcomes.facts()}
        return tuple(found[lane] for lane in LANES)  # type: ignore[return-value]  # four texts

    return decide
