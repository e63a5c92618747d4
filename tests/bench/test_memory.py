"""A server keeps nothing from one case to the next: its memory stays flat."""

from __future__ import annotations

import pytest

from tests.bench.bench_processes import FLAT_MIB, flat_memory

SHORT, LONG = 2_000, 1_000_000
"""Requests, nearly all with different cases in the short form, and up to 100,000 in the long one.

`make bench` measures 60,000 requests."""


def test_memory_is_flat():
    """The short form: after a tenth of the requests the server hardly grows any more."""
    point = flat_memory(SHORT)
    assert float(point.figures["value"]) < FLAT_MIB


@pytest.mark.long
def test_memory_is_flat_over_a_million_requests():
    """The long form of the same."""
    point = flat_memory(LONG)
    assert float(point.figures["value"]) < FLAT_MIB
