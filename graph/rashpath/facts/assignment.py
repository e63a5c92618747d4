"""Reads facts from the words of a command line, such as ``rash.trend=SPREADING``."""

from __future__ import annotations

from rashpath.facts.accept import Refusal, accept_fact
from rashpath.facts.dictionary import Dictionary, Fact
from rashpath.facts.errors import FactsError, Problem, Reason, quoted
from rashpath.facts.yaml_text import plain_scalar


def parse_assignment(text: str, dictionary: Dictionary) -> tuple[Fact, int | float | None]:
    """Reads one assignment with the strictness of a case file.

    Args:
        text: ``fact=value``, blanks around either allowed.
        dictionary: the facts.

    Returns:
        The fact and its number (of a choice: the number of its value), or None where the value is
        the word ``UNSPECIFIED`` of a choice, which means unknown.

    Raises:
        FactsError: there is no ``=``, no such fact (names the nearest), or the value does not fit.

    Example:
        >>> from rashpath.v1 import facts_pb2
        >>> dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
        >>> fact, value = parse_assignment("rash.trend=SPREADING", dictionary)
        >>> fact.path, value
        ('rash.trend', 3)
    """
    name, equals, word = text.partition("=")
    name = name.strip()
    if not equals:
        shown = f"{quoted(name)} is not of the form `fact=value`"
        raise FactsError([Problem(Reason.SYNTAX, "", shown, "not of the form `fact=value`")])
    fact = find_fact(name, dictionary)
    return fact, parse_value(fact, word.strip())


def find_fact(name: str, dictionary: Dictionary) -> Fact:
    """Returns the fact of that path.

    Raises:
        FactsError: there is none; names the nearest.
    """
    if name in dictionary:
        return dictionary[name]
    shown = unknown_fact(name, dictionary)
    raise FactsError([Problem(Reason.UNKNOWN_FIELD, name, shown, shown)])


def unknown_fact(name: str, dictionary: Dictionary) -> str:
    """Returns the message for a name that is no fact, with the nearest one that is."""
    inside = next((fact.path for fact in dictionary if fact.group == name), None)
    if inside is not None:
        return f"{quoted(name)} is a group of facts; name one in it, such as `{inside}`"
    near = dictionary.nearest(name)
    hint = f"; did you mean `{near}`?" if near is not None else ""
    return f"{quoted(name)} is not a fact{hint}"


def parse_value(fact: Fact, word: str) -> int | float | None:
    """Reads the value of one fact.

    Returns:
        As :func:`parse_assignment`.

    Raises:
        FactsError: the word does not fit the fact.
    """
    accepted = accept_fact(fact, plain_scalar(word))
    if isinstance(accepted, Refusal):
        raise FactsError(
            [
                Problem(
                    accepted.reason,
                    fact.path,
                    f"`{fact.path}` {accepted.text}",
                    f"`{fact.path}` {accepted.private_text}",
                )
            ]
        )
    return accepted
