"""The sub-guideline as Rego, run by regorus through the package opa-eval."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.bench.sub_cases import Outcome, Plain

_POLICY = Path(__file__).with_name("policy.rego")


def prepare(facts: Plain) -> str:
    """Returns the facts as opa-eval takes them: as JSON text."""
    return json.dumps(facts)


def decider(example: Plain) -> Callable[[str], Outcome]:
    """Returns the decision by regorus."""
    import opa_eval

    policy = opa_eval.OpaEval(str(_POLICY), query="data.rash.outcome")

    def decide(facts: str) -> Outcome:
        return tuple(policy.evaluate_parsed(facts))

    return decide
