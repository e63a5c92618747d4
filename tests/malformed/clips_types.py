"""CLIPS with types, ranges and words in the slots of its template, as its guide suggests."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from rashpath.facts.dictionary import Choice, Fact, WholeNumber
from tests.bench.guidelines import sub
from tests.bench.peers import clips
from tests.bench.sub_cases import FACTS, Outcome, Plain

_TEMPLATE = re.compile(r"\(deftemplate case.*?\)\)\n", re.DOTALL)


def typed_decider(example: Plain) -> Callable[[dict[str, Any]], Outcome]:
    """Returns the decision by CLIPS over a template that checks what is asserted."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.clp"
        rules.write_text(typed_rules(), encoding="utf-8")
        # It makes its environment anew after a thousand decisions; here it never gets so far.
        return clips.decider(example, rules)


@cache
def typed_rules() -> str:
    """Returns the rules with what the dictionary of facts says in the template of a case.

    Slots are required as far as CLIPS can say so.
    """
    facts = {path.split(".")[1]: sub().dictionary[path] for path in FACTS}
    slots = "\n  ".join(_slot(name, fact) for name, fact in facts.items())
    rules = clips.RULES.read_text(encoding="utf-8")
    typed, count = _TEMPLATE.subn(f"(deftemplate case\n  {slots})\n", rules)
    assert count == 1
    return typed


def _slot(name: str, fact: Fact) -> str:
    kind = fact.kind
    if isinstance(kind, Choice):
        words = [value.short for value in kind.values]
        words = ["TRUE", "FALSE"] if words == ["PRESENT", "ABSENT"] else words
        limits = f"(type SYMBOL) (allowed-symbols {' '.join(words)})"
    else:
        low, high = kind.hard.minimum, kind.hard.maximum
        if isinstance(kind, WholeNumber):
            limits = f"(type INTEGER) (range {low:.0f} {high:.0f})"
        else:
            limits = f"(type NUMBER) (range {low} {high})"
    return f"(slot {name} {limits} (default ?NONE))"
