"""Guards the speed of the kernel by what is the same on every machine: WebAssembly instructions.

What `test_ratios.py` counts ends where the kernel begins. Bounds are a fifth above what was counted
when they were set.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable

import pytest

from rashpath.facts.wording import Audience
from rashpath.readings.compiled import Answers, CompiledGraph
from tests.bench import instructions
from tests.bench.guidelines import shipped
from tests.bench.whole_cases import KINDS, whole_cases

MOST = {
    KINDS[0]: (94_000, 171_000),
    KINDS[1]: (383_000, 714_000),
    KINDS[2]: (189_000, 660_000),
}
"""Instructions of a decision, and of a decision with its answer, the mean of 20 cases.

Counted with wasmtime 50: 90,269 and 151,335; 318,734 and 594,592; 157,138 and 549,472. The first
bound was set before doses were read with all other diagrams.
"""

MOST_FROM_BYTES = {KINDS[0]: 107_000, KINDS[1]: 391_000, KINDS[2]: 190_000}
"""Instructions of a decision that reads its case from bytes, the mean of 20 cases.

Counted with wasmtime 50: 101,379; 325,113; 157,689.
"""


Counting = tuple[CompiledGraph, Callable[[], int]]


@pytest.fixture
def counting() -> Counting:
    """The shipped guideline with a kernel that counts, and how many instructions it counted."""
    return instructions.counting(shipped())


@pytest.mark.parametrize("kind", KINDS)
def test_the_work_of_the_kernel_is_bounded(kind: str, counting: Counting) -> None:
    compiled, spent = counting
    answers = Answers(compiled, Audience.CLINICIAN)
    cases = [compiled.read(case) for case in whole_cases(shipped(), kind, 20)]
    counts = []
    for case in cases:
        assert case is not None
        answers.answer(case)  # its words are made once
        before = spent()
        assert compiled.decide(case) is not None
        between = spent()
        assert answers.answer(case) is not None
        counts.append((between - before, spent() - between))
    decided, answered = (statistics.mean(each) for each in zip(*counts, strict=True))
    assert decided < MOST[kind][0]
    assert answered < MOST[kind][1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_work_from_bytes_is_bounded(kind: str, counting: Counting) -> None:
    compiled, spent = counting
    counts = []
    for case in whole_cases(shipped(), kind, 20):
        data = case.SerializeToString()
        before = spent()
        assert compiled.decide_bytes(data) is not None
        counts.append(spent() - before)
    assert statistics.mean(counts) < MOST_FROM_BYTES[kind]


def test_the_count_is_exact(counting: Counting) -> None:
    """The same case takes the same instructions each time."""
    compiled, spent = counting
    case = compiled.read(whole_cases(shipped(), KINDS[1], 1)[0])
    assert case is not None
    marks = [spent()]
    for _ in range(4):
        compiled.decide(case)
        marks.append(spent())
    _, *steps = (after - before for before, after in itertools.pairwise(marks))
    assert len(set(steps)) == 1
    assert steps[0] > 1000
