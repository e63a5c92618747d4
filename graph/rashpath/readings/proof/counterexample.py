"""Makes a counterexample small, simple and readable: fewest facts, simplest values, a case file.

It works on cases alone and asks the walk (through a predicate) whether a smaller one still shows
the fault, so that what is printed is always confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from rashpath.facts.dictionary import Choice, Dictionary, Fact, WholeNumber
from rashpath.facts.show import symbol
from rashpath.readings.proof.result import Case, Counterexample

Cases = tuple[Case, ...]
Confirm = Callable[[Cases], bool]
"""Asks the walk whether some cases show what they are to show."""


def fewer_facts(cases: Cases, confirm: Confirm, dictionary: Dictionary) -> Cases:
    """Returns cases from which no single fact can be taken without losing what they show."""
    for fact in reversed(tuple(dictionary)):
        if not any(fact.path in case for case in cases):
            continue
        smaller = tuple(
            {path: value for path, value in case.items() if path != fact.path} for case in cases
        )
        if confirm(smaller):
            cases = smaller
    return cases


def simpler_values(cases: Cases, confirm: Confirm, dictionary: Dictionary) -> Cases:
    """Returns cases whose numbers are as simple as they can be, one after the other."""
    for fact in dictionary:
        for value in dict.fromkeys(case[fact.path] for case in cases if fact.path in case):
            for candidate in _simpler(fact, value):
                simpler = tuple(
                    {**case, fact.path: candidate} if case.get(fact.path) == value else case
                    for case in cases
                )
                if confirm(simpler):
                    cases = simpler
                    break
    return cases


def _simpler(fact: Fact, value: float) -> Iterator[int | float]:
    """Yields simpler values of a fact than the present one, the simplest first."""
    match fact.kind:
        case Choice() as choice:
            yield from (each.number for each in choice.values if each.number < value)
        case WholeNumber() as kind:
            for step in (100, 10, 5):
                rounded = round(value / step) * step
                if rounded in kind.hard and rounded != value:
                    yield rounded
        case kind:
            for decimals in (-2, -1, 0, 1, 2, 3):
                rounded_value = round(float(value), decimals)
                if rounded_value in kind.hard and rounded_value != value:
                    yield rounded_value


def as_value(fact: Fact, exact: Fraction) -> int | float:
    """Returns a value of the solver as the value of a fact."""
    if not isinstance(fact.kind, Choice | WholeNumber):
        return min(max(float(exact), fact.kind.hard.minimum), fact.kind.hard.maximum)
    return int(exact)


def case_file(case: Case, dictionary: Dictionary, comments: Iterable[str] = ()) -> str:
    """Returns a case as the text of a case file, which `rashpath evaluate` takes.

    Args:
        case: the given facts.
        dictionary: the facts.
        comments: lines to put above it.
    """
    lines = [f"# {comment}" if comment else "#" for comment in comments]
    for group in dictionary.groups():
        given = [fact for fact in dictionary if fact.group == group and fact.path in case]
        if given:
            lines.append(f"{group}:")
            lines += [f"  {fact.name}: {symbol(fact, case[fact.path])}" for fact in given]
    if not case:
        lines.append("{}")
    return "\n".join(lines) + "\n"


def counterexample_files(
    property_id: str, found: Counterexample, dictionary: Dictionary
) -> list[str]:
    """Returns the case files of a counterexample: one, or two where a property compares two."""
    texts = []
    for index, case in enumerate(found.cases):
        head = [f"{property_id}: {found.about}"]
        if len(found.cases) > 1:
            head.append(f"case {index + 1} of {len(found.cases)}")
        head.append("fewest facts that show it" if found.fewest else "few facts that show it")
        texts.append(case_file(case, dictionary, head))
    return texts
