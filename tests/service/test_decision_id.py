"""Ids of answers: unique, and in the order of time."""

from __future__ import annotations

import re

from rashpath.audit.sortable_id import id_text
from rashpath.service.decision_id import DecisionIds


def test_ids_rise_even_within_one_millisecond() -> None:
    """Answers given at once still have an order."""
    ids = DecisionIds(clock_ms=lambda: 1_700_000_000_000)
    given = [ids.next() for _ in range(1000)]
    assert given == sorted(set(given))
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", each) for each in given)


def test_ids_of_a_batch_are_reserved() -> None:
    """None of them is given to another answer, also where the batch used fewer."""
    ids = DecisionIds(clock_ms=lambda: 1_700_000_000_000)
    before, first, after = ids.next(), ids.reserve(64), ids.next()
    reserved = [id_text(first + place) for place in range(64)]
    assert [before, *reserved, after] == sorted({before, *reserved, after})


def test_ids_rise_when_the_clock_goes_back() -> None:
    """A clock that is set back does not put a later answer before an earlier one."""
    times = iter([1000, 500, 1001])
    ids = DecisionIds(clock_ms=lambda: next(times))
    given = [ids.next() for _ in range(3)]
    assert given == sorted(given)


def test_ids_of_two_processes_differ() -> None:
    """Workers that answer in the same millisecond do not give the same id."""
    first, second = DecisionIds(clock_ms=lambda: 7), DecisionIds(clock_ms=lambda: 7)
    assert first.next() != second.next()


def test_an_id_begins_with_its_time() -> None:
    """The first ten characters are the milliseconds, so that ids sort by them."""
    ids = DecisionIds(clock_ms=lambda: 32**9 + 5, random_bits=lambda bits: (1 << bits) - 1)
    assert ids.next() == "1000000005" + "Z" * 16
