"""Where the kernel fails or does not run, the plain walk answers: never an error, never a guess."""

from __future__ import annotations

import logging
import math
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import wasmtime

from rashpath.facts.wording import Audience
from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled import (
    Answers,
    CompiledGraph,
    Decision,
    NotCompiledError,
    decision,
    instance,
)
from rashpath.readings.compiled.image import _HEAD
from rashpath.readings.compiled.instance import KernelError
from rashpath.readings.compiled.kernel_step import Op
from rashpath.readings.compiled.machine import Machine
from rashpath.readings.compiled.program import Values, program
from rashpath.readings.compiled.standing import MOST_FAULTS, Standing
from rashpath.readings.engine import CompiledEngine, GraphEngine
from tests.conformance.expectations import case_files

CASES = case_files()
BEYOND = 0x0FFFFFF0
"""A slot of numbers, an offset of bytes: beyond the memory of any image here."""


def field(image: bytes, name: str) -> int:
    """Returns a field of an image's head."""
    head: tuple[int, ...] = struct.unpack_from(f"<{len(_HEAD)}I", image)
    return head[list(_HEAD).index(name)]


def with_words(image: bytes, changes: dict[int, int]) -> bytes:
    """Returns an image with other words at some offsets."""
    changed = bytearray(image)
    for offset, word in changes.items():
        struct.pack_into("<I", changed, offset, word)
    return bytes(changed)


def asked(standing: Standing, values: Values) -> tuple[Decision, bytes] | None:
    """Returns what the kernel of a guideline answers; None: it gave up."""
    return standing.ask(Audience.CLINICIAN, lambda answers: answers.answer(values))


def broken_steps(image: bytes) -> bytes:
    """Returns an image in which a comparison reads a number beyond the memory."""
    first = field(image, "step")
    offsets = range(first, first + 20 * field(image, "steps"), 20)
    compares = [at for at in offsets if struct.unpack_from("<I", image, at)[0] == Op.AT_LEAST]
    return with_words(image, {compares[0] + 12: BEYOND})


def broken_defeaters(image: bytes) -> bytes:
    """Returns an image in which what can withdraw a recommendation lies beyond the memory."""
    first = field(image, "level")
    offsets = range(first, first + 40 * field(image, "levels"), 40)
    changes = {at + 28: BEYOND for at in offsets if struct.unpack_from("<I", image, at + 28)[0]}
    assert changes
    return with_words(image, changes)


def breaking(
    monkeypatch: pytest.MonkeyPatch, graph: DecisionGraph, by: Callable[[bytes], bytes]
) -> None:
    """Has every guideline lowered to a broken image from now on."""
    whole = program(graph)
    broken = replace(whole, image=by(whole.image))
    monkeypatch.setattr(decision, "program", lambda graph: broken)


@pytest.mark.parametrize("by", [broken_steps, broken_defeaters], ids=lambda by: by.__name__)
def test_a_kernel_that_traps_leaves_its_cases_to_the_plain_walk(
    graph: DecisionGraph,
    by: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answers are those of the plain walk, the log says so, and in the end it is not tried
    any more."""
    breaking(monkeypatch, graph, by)
    engine, plain = CompiledEngine(), GraphEngine()
    for case in CASES[: MOST_FAULTS + 3]:
        said, meant = (
            each.decide(graph, case.case, audience=Audience.CLINICIAN, full=False)
            for each in (engine, plain)
        )
        assert said is not None
        assert meant is not None
        assert said.answer == meant.answer
    messages = [record.getMessage() for record in caplog.records]
    gave_up = f"the kernel gave up on a case of `{graph.name}`, now walked plainly"
    assert messages == [f"{gave_up}: memory out of bounds"] * MOST_FAULTS + [
        f"every further case of `{graph.name}` is walked plainly"
    ]
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_an_instance_that_trapped_is_not_used_again(graph: DecisionGraph) -> None:
    """Its memory may be half written: each further call raises, and one of another does not."""
    lowered = program(graph)
    sizes = (len(graph.dictionary), lowered.places.size, 8)
    values = [math.nan if each is None else each for each in CompiledGraph(graph).values({})]
    broken, whole = (
        Machine(image, *sizes) for image in (broken_defeaters(lowered.image), lowered.image)
    )
    for each in (broken, whole):
        each.take(values)
        assert each.decide(with_defeaters=False) is not None
    with pytest.raises(KernelError, match="memory out of bounds"):
        broken.decide(with_defeaters=True)
    with pytest.raises(KernelError, match="gave up before"):
        broken.decide(with_defeaters=False)
    assert whole.decide(with_defeaters=True) is not None


def test_the_case_after_a_fault_is_decided_by_a_new_instance(
    graph: DecisionGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as once:
        breaking(once, graph, broken_defeaters)
        standing = Standing(graph)
    faulty = standing.compiled
    assert faulty is not None
    values = faulty.values(CASES[0].facts)
    assert asked(standing, values) is None
    again = asked(standing, values)
    assert again is not None
    assert again[0].compiled is not faulty
    meant = GraphEngine().decide(graph, CASES[0].case, audience=Audience.CLINICIAN, full=False)
    assert meant is not None
    assert again[1] == meant.answer


def test_a_fault_that_several_threads_meet_counts_once(
    graph: DecisionGraph, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever waited for the kernel that gave up is walked plainly too, and logs nothing more."""
    breaking(monkeypatch, graph, broken_defeaters)
    standing = Standing(graph)
    monkeypatch.undo()
    compiled = standing.compiled
    assert compiled is not None
    values = compiled.values(CASES[0].facts)
    answers: list[object] = []
    with compiled.machine.lock:
        threads = [
            threading.Thread(target=lambda: answers.append(asked(standing, values)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        # All four have taken the kernel, and wait for it.
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    assert answers == [None] * 4
    assert len(caplog.records) == 1
    assert asked(standing, values) is not None


def test_an_image_that_the_memory_cannot_hold_is_not_compiled(graph: DecisionGraph) -> None:
    """Its tables would not fit the four gigabytes that there are: refused before a case comes."""
    lowered = program(graph)
    at = 4 * list(_HEAD).index("branches")
    with pytest.raises(KernelError, match="no memory for a guideline"):
        Machine(with_words(lowered.image, {at: 0x10000000}), 1, 1, 1)


def test_without_the_package_guidelines_are_walked_plainly(
    graph: DecisionGraph, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine that Wasmtime does not know decides as well, and says at the start that it is
    slower."""
    monkeypatch.setattr(instance, "_module", instance._module.__wrapped__)
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    with pytest.raises(NotCompiledError, match="`wasmtime` cannot be loaded"):
        CompiledGraph(graph)
    engine = CompiledEngine()
    engine.prepare(graph)
    cases = [case.case for case in CASES[:3]]
    for case in cases:
        said, meant = (
            each.decide(graph, case, audience=Audience.PATIENT, full=False)
            for each in (engine, GraphEngine())
        )
        assert said is not None
        assert meant is not None
        assert said.answer == meant.answer
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"`{graph.name}` is walked plainly, which is slower: ")


def test_where_no_memory_may_be_made_executable_the_kernel_is_interpreted(
    graph: DecisionGraph, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As under MemoryDenyWriteExecute of systemd: the same bytes are told, only slower."""
    compile_module = wasmtime.Module.__init__
    refused: list[wasmtime.Engine] = []

    def init(self: wasmtime.Module, engine: wasmtime.Engine, wasm: bytes) -> None:
        if not refused:
            refused.append(engine)
            raise wasmtime.WasmtimeError("unable to make memory executable")
        compile_module(self, engine, wasm)

    monkeypatch.setattr(instance, "_module", instance._module.__wrapped__)
    quick = CompiledGraph(graph)
    monkeypatch.setattr(wasmtime.Module, "__init__", init)
    slow = CompiledGraph(graph)
    assert len(refused) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the kernel is interpreted, which is slower: unable to make memory executable"
    ]
    for case in CASES[:40]:
        values = quick.values(case.facts)
        said, meant = (Answers(each, Audience.CLINICIAN).answer(values) for each in (slow, quick))
        assert said is not None
        assert meant is not None
        assert said[0].told == meant[0].told
        assert said[1] == meant[1]


def test_a_process_that_decided_ends_quietly() -> None:
    """Nothing is written to the log of a server or to a terminal while Python clears up."""
    program = (
        "from rashpath.readings.compiled import CompiledGraph\n"
        "from tests.guideline.small import NAME, TEXT\n"
        "from rashpath.guideline import load_bytes\n"
        "compiled = CompiledGraph(load_bytes(TEXT.encode(), NAME))\n"
        "assert compiled.decide(compiled.values({})) is not None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
