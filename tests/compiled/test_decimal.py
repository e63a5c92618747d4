"""The kernel writes numbers in words as Python does, to the last digit, or leaves them."""

from __future__ import annotations

import math
import random
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rashpath.facts.show import number_text
from rashpath.readings.words import number_words

SOURCE = Path(__file__).parents[2] / "graph/rashpath/readings/compiled/decimal.c"

HARNESS = """
typedef unsigned char u8;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
#include "decimal.c"
static u8 text[LONGEST_NUMBER + 1];
__attribute__((export_name("at"))) u32 at(void) { return (u32)text; }
__attribute__((export_name("plain"))) u32 plain(double value) { return write_number(text, value); }
__attribute__((export_name("few"))) u32 few(double value, double limit) {
  return write_rounded(text, value, limit);
}
"""

Write = Callable[..., str]


def is_written(number: float) -> bool:
    """Tells whether a number is of a size that is written here."""
    return 1e-4 <= abs(number) < 1e15 or str(number) == "0.0"


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a number, or one beside a limit; empty: it is left to others."""
    folder = tmp_path_factory.mktemp("decimal")
    (folder / "decimal.c").write_bytes(SOURCE.read_bytes())
    (folder / "harness.c").write_text(HARNESS)
    compiler = (sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-freestanding", "-Os")
    options = ("-mbulk-memory", "-ffp-contract=off", "-Wl,--no-entry", "-o", "it.wasm", "harness.c")
    subprocess.run([*compiler, *options], cwd=folder, check=True, timeout=120)
    store = wasmtime.Store()
    module = wasmtime.Module.from_file(store.engine, str(folder / "it.wasm"))
    exports: Any = wasmtime.Instance(store, module, []).exports(store)
    start = exports["at"](store)

    def written(value: float, limit: float | None = None) -> str:
        if limit is None:
            size = exports["plain"](store, float(value))
        else:
            size = exports["few"](store, float(value), float(limit))
        return bytes(exports["memory"].read(store, start, start + size)).decode()

    return written


def numbers(count: int) -> Iterator[float]:
    """Yields numbers of every size that is written, and their neighbours."""
    chance = random.Random(count)
    for _ in range(count):
        size = 10 ** chance.uniform(-4.2, 15.2)
        yield from (size, -size, float(round(size)), round(size, chance.randrange(12)))
        yield math.nextafter(round(size, 2), math.inf)
        yield round(size * 8) / 8
        yield float(2 ** chance.randrange(-14, 51))
        yield math.nextafter(float(2 ** chance.randrange(-14, 51)), 0.0)
        # As from pounds, or worked out by a formula.
        yield chance.randrange(1, 9999) / 10 * 0.45359237
        yield round((140 - chance.randrange(120)) * size / (72 * chance.uniform(0.2, 25)), 9)


def test_numbers_are_written_as_python_writes_them(write: Write) -> None:
    """Those that are left are beyond what is written, or next to a power of two."""
    left = 0
    for number in numbers(4_000):
        text = write(number)
        if text:
            assert text == number_text(number)
        else:
            left += 1
            assert not is_written(number) or math.frexp(number)[0] in (0.5, -0.5)
    assert left < 4_000


def test_few_digits_are_those_of_python(write: Write) -> None:
    """Three digits, ties to even as they are exactly, and more where a limit lies near."""
    for number in numbers(2_000):
        for limit in (0.0, 1.4, number, round(number, 1), math.nextafter(number, math.inf)):
            text = write(number, limit)
            if text:
                assert text == number_words(number, limit)
            else:
                # Only more digits than 15 would show on which side of the limit it lies.
                few = float(f"{number:.15g}")
                assert not is_written(number) or (few > limit, few < limit) != (
                    number > limit,
                    number < limit,
                )


@settings(max_examples=3_000, deadline=None)
@example(bits=struct.unpack("<Q", struct.pack("<d", -0.0))[0])
@example(bits=struct.unpack("<Q", struct.pack("<d", 5e-324))[0])
@example(bits=struct.unpack("<Q", struct.pack("<d", math.nan))[0])
@example(bits=struct.unpack("<Q", struct.pack("<d", math.inf))[0])
@given(bits=st.integers(0, 2**64 - 1))
def test_no_number_is_written_wrongly(write: Write, bits: int) -> None:
    """Whatever the bits: as Python writes it, or not at all."""
    (number,) = struct.unpack("<d", struct.pack("<Q", bits))
    assert write(number) in ("", number_text(number))
    if not math.isnan(number):
        assert write(number, 7.0) in ("", number_words(number, 7.0) if is_written(number) else "")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (70.0, "70"), (0.9, "0.9"), (69.98929269, "69.98929269"), (1e14, "1" + "0" * 14)],
)
def test_everyday_numbers(write: Write, number: float, text: str) -> None:
    assert write(number) == text


def test_what_needs_an_exponent_is_left(write: Write) -> None:
    assert [write(number) for number in (1e-5, 1e16, -1e-7, 1e300, -0.0)] == [""] * 5


def test_a_limit_is_not_hidden(write: Write) -> None:
    assert write(1.4004, 1.4) == "1.4004"
    assert write(84.25, 0.0) == "84.2"
    assert write(84.75, 0.0) == "84.8"
    assert write(-999.96, 0.0) == "-1000"
