"""Runs the kernel: one WebAssembly instance for each guideline, with a memory of its own."""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from threading import Lock
from typing import Any, Final

import wasmtime
from wasmtime import _bindings

from rashpath.readings.compiled.kernel_wasm import KERNEL

_RAW: Final = _bindings.wasmtime_val_raw


class KernelError(RuntimeError):
    """The kernel could not be run: no memory for a guideline, or a trap."""


@cache
def _module() -> tuple[wasmtime.Engine, wasmtime.Module]:
    engine = wasmtime.Engine()
    return engine, wasmtime.Module(engine, KERNEL)


class Machine:
    """The kernel with the image of a guideline.

    Args:
        image: the image.
        facts: how many facts a case has.
        telling: bytes of what is told of a case.

    Raises:
        KernelError: no memory for it.
    """

    def __init__(self, image: bytes, facts: int, telling: int) -> None:
        engine, module = _module()
        self._store = wasmtime.Store(engine)
        self._exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        room = self._call("room", len(image))
        memory: Any = self._exports["memory"]
        if not room:
            raise KernelError("the kernel has no memory for a guideline")
        memory.write(self._store, image, room)
        case = self._call("load")
        if not case:
            raise KernelError("the kernel has no memory for a guideline")
        # From here on its memory does not grow, and stays where it is.
        start = ctypes.addressof(memory.data_ptr(self._store).contents)
        self._pack = struct.Struct(f"<{facts}d").pack_into
        self._case = (ctypes.c_char * (8 * facts)).from_address(start + case)
        told = start + self._call("telling")
        self._told = (ctypes.c_char * telling).from_address(told)
        self._decide = _Quick(self._store, self._exports["decide"])
        self._lock = Lock()

    def decide(self, values: list[float], *, with_defeaters: bool) -> bytes | None:
        """Decides a case.

        Args:
            values: of each fact its number: of a choice that of its value, 0 where it is unknown;
                NaN where a number is unknown.
            with_defeaters: whether to find what could withdraw the recommendations.

        Returns:
            What is told of it; None: it is left to the plain walk.
        """
        with self._lock:
            self._pack(self._case, 0, *values)
            if self._decide(with_defeaters):
                return None
            return self._told.raw

    def _call(self, name: str, *arguments: int) -> int:
        function: Any = self._exports[name]
        found = function(self._store, *arguments)
        return 0 if found is None else int(found) & 0xFFFFFFFF


class _Quick:
    """A function of one number to one number, called in half a microsecond rather than in twenty.

    It goes past the conversions of the `wasmtime` package to the C function that its own calls
    end in.
    """

    def __init__(self, store: wasmtime.Store, function: Any) -> None:
        # Held: the context lives as long as the store.
        self._store, self._function = store, function
        call = ctypes.PyDLL(_bindings.dll._name).wasmtime_func_call_unchecked
        call.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_size_t, ctypes.c_void_p]
        call.restype = ctypes.c_void_p
        self._call = call
        self._values = (_RAW * 1)()
        self._trap = ctypes.c_void_p()
        self._arguments = (
            ctypes.cast(store._context(), ctypes.c_void_p).value,
            ctypes.addressof(function._func),
            ctypes.addressof(self._values),
            1,
            ctypes.addressof(self._trap),
        )
        self._number = ctypes.c_int32.from_buffer(self._values)

    def __call__(self, number: int) -> int:
        self._number.value = number
        if self._call(*self._arguments) or self._trap:
            raise KernelError("the kernel gave up")
        return self._number.value
