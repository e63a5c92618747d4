"""Runs the kernel as WebAssembly: one instance for each guideline, with a memory of its own."""

from __future__ import annotations

import atexit
import ctypes
import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from rashpath.readings.compiled.kernel_wasm import KERNEL

if TYPE_CHECKING:
    # Only imported where it is used: where it cannot be, guidelines are walked plainly.
    import wasmtime

_LOG = logging.getLogger(__name__)

_HELD: Final[WeakSet[Any]] = WeakSet()
"""What the package would free when it is thrown away."""

_INTERPRETED: Final = "pulley64"
"""Wasmtime's portable interpreter: the same results, without memory that is made executable."""


class KernelError(RuntimeError):
    """The kernel could not be run: not on this machine, no memory for a guideline, or a trap."""


class Soundness:
    """Whether an instance may still be called."""

    def __init__(self) -> None:
        self.fell = False

    def ended(self, why: str) -> KernelError:
        """Notes that it may not any more, and returns the error that says so."""
        self.fell = True
        return KernelError(why)


def instance() -> tuple[wasmtime.Store, Any]:
    """Returns a new instance of the kernel: what holds it, and what it exports by name."""
    engine, module = _module()
    import wasmtime

    try:
        store = wasmtime.Store(engine)
        _HELD.add(store)
        return store, wasmtime.Instance(store, module, []).exports(store)
    except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
        raise KernelError(_first_line(error)) from error


@cache
def _module() -> tuple[wasmtime.Engine, wasmtime.Module]:
    try:
        import wasmtime
    except (ImportError, OSError, RuntimeError) as error:
        # A RuntimeError: it knows neither this system nor this processor.
        raise KernelError(
            f"the package `wasmtime` cannot be loaded: {_first_line(error)}"
        ) from error
    try:
        engine, module = _compiled("")
    except wasmtime.WasmtimeError as refused:
        reason = _first_line(refused)
        try:
            engine, module = _compiled(_INTERPRETED)
        except wasmtime.WasmtimeError:
            raise KernelError(reason) from refused
        _LOG.warning(f"the kernel is interpreted, which is slower: {reason}")
    _HELD.update((engine, module))
    atexit.register(_let_go)
    return engine, module


def _compiled(target: str) -> tuple[wasmtime.Engine, wasmtime.Module]:
    """Compiles the kernel for a target; empty: this machine."""
    import wasmtime

    config = wasmtime.Config()
    # The threads that it would start for so small a module take more memory than it does.
    config.parallel_compilation = False
    if target:
        config.target = target
    engine = wasmtime.Engine(config)
    return engine, wasmtime.Module(engine, KERNEL)


def _let_go() -> None:
    """Leaves everything to the end of the process: by then the package cannot free it any more,
    and a thread may still be in the kernel.
    """
    for each in list(_HELD):
        each._consume()
    _HELD.clear()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class QuickCall:
    """A function of numbers to one number, called in half a microsecond rather than in twenty.

    It goes past the conversions of the `wasmtime` package to the C function that its own calls
    end in.
    """

    def __init__(
        self, store: wasmtime.Store, function: wasmtime.Func, count: int, standing: Soundness
    ) -> None:
        from wasmtime import _bindings, _ffi

        # Held: the context lives as long as the store.
        self._store, self._function, self._standing = store, function, standing
        call: Any = ctypes.PyDLL(_ffi.dll._name).wasmtime_func_call_unchecked
        call.restype = ctypes.c_void_p
        self._call = call
        raw = _bindings.wasmtime_val_raw
        values = (raw * max(count, 1))()
        self._trap = ctypes.c_void_p()
        # As C has them: nothing is to be converted at a call.
        self._arguments = (
            ctypes.cast(store._context(), ctypes.c_void_p),
            ctypes.c_void_p(ctypes.addressof(function._func)),
            ctypes.cast(values, ctypes.c_void_p),
            ctypes.c_size_t(len(values)),
            ctypes.c_void_p(ctypes.addressof(self._trap)),
        )
        self._numbers = [
            ctypes.c_int32.from_buffer(values, at * ctypes.sizeof(raw)) for at in range(len(values))
        ]
        self._first = self._numbers[0]

    def __call__(self, *numbers: int) -> int:
        if len(numbers) > 1:
            self.preset(*numbers[1:])
        return self._with(numbers[0] if numbers else 0)

    def preset(self, *rest: int) -> Callable[[int], int]:
        """Sets all numbers but the first, and returns what calls the function with that one."""
        for place, number in zip(self._numbers[1:], rest):  # noqa: B905  # some take none
            place.value = number
        return self._with

    def _with(self, first: int) -> int:
        if self._standing.fell:
            raise KernelError("the kernel gave up before")
        self._first.value = first
        error = self._call(*self._arguments)
        if error or self._trap:
            raise self._standing.ended(_said_of(error, self._trap))
        return self._first.value


def _said_of(error: int | None, trap: ctypes.c_void_p) -> str:
    """Returns why a call ended, and frees what said so."""
    import wasmtime
    from wasmtime import _ffi

    if error:
        of_error = ctypes.POINTER(_ffi.wasmtime_error_t)
        pointer = ctypes.cast(ctypes.c_void_p(error), of_error)
        return _first_line(wasmtime.WasmtimeError._from_ptr(pointer))
    of_trap = ctypes.POINTER(_ffi.wasm_trap_t)
    return _name_of(wasmtime.Trap._from_ptr(ctypes.cast(trap, of_trap)))


def _name_of(trap: wasmtime.Trap) -> str:
    # Its text begins with where in the module it was: the code tells what it was.
    code = trap.trap_code
    return "a trap" if code is None else code.name.lower().replace("_", " ")
