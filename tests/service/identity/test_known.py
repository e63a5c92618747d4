"""What is remembered of tokens and callers stays bounded, in number and in time."""

from __future__ import annotations

import pytest

from rashpath.service.errors import Refusal
from rashpath.service.identity import known, rates
from rashpath.service.identity.known import KnownTokens
from rashpath.service.identity.rates import Rates
from rashpath.service.identity.roles import Caller, Role

WARD = Caller("token:ward", frozenset({Role.CALLER}))


class Clocks:
    """A clock for durations and one for dates, which are moved by hand."""

    def __init__(self) -> None:
        self.steady_s = 0.0
        self.wall_s = 1_000_000.0


@pytest.fixture
def clocks() -> Clocks:
    """Two clocks that stand still."""
    return Clocks()


@pytest.fixture
def tokens(clocks: Clocks) -> KnownTokens:
    """An empty table."""
    return KnownTokens(lambda: clocks.steady_s, lambda: clocks.wall_s)


def test_a_token_is_remembered_until_it_ends(tokens: KnownTokens, clocks: Clocks) -> None:
    """To the very second of its end, by the wall clock, which may jump."""
    tokens.remember(b"1", WARD, ends_s=1_000_050)
    clocks.wall_s += 49.9
    assert tokens.find(b"1") is WARD
    assert tokens.find(b"2") is None
    clocks.wall_s += 0.1
    assert tokens.find(b"1") is None
    assert len(tokens) == 0


def test_no_token_is_remembered_for_long(tokens: KnownTokens, clocks: Clocks) -> None:
    """However long it lasts, it is checked again after a while, by a clock that does not jump."""
    tokens.remember(b"1", WARD, ends_s=float("inf"))
    clocks.wall_s -= 10_000
    clocks.steady_s = known.LONGEST_S - 0.1
    assert tokens.find(b"1") is WARD
    clocks.steady_s = known.LONGEST_S
    assert tokens.find(b"1") is None


def test_the_table_of_tokens_is_bounded(tokens: KnownTokens) -> None:
    """Of too many, those that came first are forgotten, and can be checked again."""
    for number in range(known.MOST + 100):
        tokens.remember(str(number).encode(), WARD, ends_s=float("inf"))
    assert len(tokens) == known.MOST
    assert tokens.find(b"99") is None
    assert tokens.find(b"100") is WARD
    tokens.forget()
    assert len(tokens) == 0


def taken(bucket: Rates, caller: str, tries: int) -> int:
    """Returns how many of some calls are let in."""
    count = 0
    for _ in range(tries):
        try:
            bucket.charge(caller)
        except Refusal:
            continue
        count += 1
    return count


def test_a_caller_gets_its_burst_and_then_its_rate(clocks: Clocks) -> None:
    """A full bucket at first, then what the rate fills in; one caller's haste costs no other."""
    bucket = Rates(4, 8, lambda: clocks.steady_s)
    assert taken(bucket, "a", 20) == 8
    assert taken(bucket, "b", 20) == 8
    clocks.steady_s += 1
    assert taken(bucket, "a", 20) == 4
    clocks.steady_s += 1000
    assert taken(bucket, "a", 20) == 8


def test_a_refusal_says_when_to_come_back(clocks: Clocks) -> None:
    """After that time, and not before, the call is let in."""
    bucket = Rates(4, 1, lambda: clocks.steady_s)
    bucket.charge("a")
    with pytest.raises(Refusal) as refusal:
        bucket.charge("a")
    assert refusal.value.code.name == "RESOURCE_EXHAUSTED"
    assert refusal.value.retry_after_s == pytest.approx(0.25)
    clocks.steady_s += 0.24
    assert taken(bucket, "a", 1) == 0
    clocks.steady_s += 0.011
    assert taken(bucket, "a", 1) == 1


def test_a_batch_is_paid_for_afterwards_within_a_bound(clocks: Clocks) -> None:
    """Its cases count as calls; but nobody pays for longer than a minute."""
    bucket = Rates(10, 10, lambda: clocks.steady_s)
    bucket.charge("a")
    bucket.owe("a", 29)
    clocks.steady_s += 2
    assert taken(bucket, "a", 1) == 0
    clocks.steady_s += 0.2
    assert taken(bucket, "a", 1) == 1
    bucket.owe("a", 10**9)
    clocks.steady_s += 60.2
    assert taken(bucket, "a", 1) == 1


def test_the_table_of_callers_is_bounded(clocks: Clocks) -> None:
    """A crowd of made-up callers takes no more memory than the bound."""
    bucket = Rates(1, 1, lambda: clocks.steady_s)
    for number in range(rates.MOST + 500):
        bucket.charge(str(number))
    assert len(bucket) == rates.MOST


def test_without_a_rate_nothing_is_limited() -> None:
    """Zero means no limit, and the door then does not ask."""
    assert not Rates(0).limited
    assert Rates(0.5).limited
