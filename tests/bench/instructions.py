"""Counts the WebAssembly instructions of the kernel, which are the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import wasmtime

from rashpath.guideline import DecisionGraph
from rashpath.readings.compiled import CompiledGraph, machine
from rashpath.readings.compiled.kernel_wasm import KERNEL

_FUEL = 10**15


def counting(graph: DecisionGraph) -> tuple[CompiledGraph, Callable[[], int]]:
    """Returns a guideline with a kernel that counts, and how many instructions it has counted."""
    with counted() as spent:
        compiled = CompiledGraph(graph)
    return compiled, spent


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """Lets the kernels that are made meanwhile count; gives how many instructions they have
    counted together.
    """
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module(engine, KERNEL)
    store = wasmtime.Store(engine)
    store.set_fuel(_FUEL)

    def instance() -> tuple[wasmtime.Store, Any]:
        return store, wasmtime.Instance(store, module, []).exports(store)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "instance", instance)
        yield lambda: _FUEL - store.get_fuel()
