"""What the tests of the facts share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rashpath.facts import Dictionary, FactsError, Problem, fill, parse
from rashpath.v1 import facts_pb2


@pytest.fixture(scope="session")
def dictionary() -> Dictionary:
    """Returns the dictionary of the patient case."""
    return Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)


def read_case(data: bytes, source: str) -> facts_pb2.PatientCase:
    """Returns the case of a text, as a program would read it."""
    document = parse(data, source)
    return fill(facts_pb2.PatientCase, document.value, document.places, source)


@pytest.fixture(scope="session")
def problems_of() -> Callable[..., tuple[Problem, ...]]:
    """Returns a function that reads a bad case file and gives its problems."""

    def read(text: str | bytes, source: str = "case.yaml") -> tuple[Problem, ...]:
        data = text.encode() if isinstance(text, str) else text
        with pytest.raises(FactsError) as caught:
            read_case(data, source)
        return caught.value.problems

    return read
