"""A memory of the kernel that moves as it grows, as it may where little address space is left."""

from __future__ import annotations

import subprocess
import sys

MOVING = """
import ctypes, io, wasmtime
from wasmtime import _bindings

class Moving(wasmtime.Config):
    def __init__(self):
        super().__init__()
        for name in ("reservation", "reservation_for_growth", "guard_size"):
            getattr(_bindings, f"wasmtime_config_memory_{name}_set")(self.ptr(), 0)

wasmtime.Config = Moving
from rashpath.facts.wording import Audience
from rashpath.readings.compiled import Answers, Asked, CompiledGraph
from rashpath.v1.decision_service_pb2 import BatchEvaluateRequest, EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from tests.shipped import shipped

compiled = CompiledGraph(shipped())
answers, machine = Answers(compiled, Audience.CLINICIAN), compiled.machine
one = EvaluateRequest(patient_case=PatientCase())
batch = BatchEvaluateRequest(requests=[one] * 2).SerializeToString()

def start():
    return ctypes.addressof(machine._memory.data_ptr(machine._store).contents)

def done():
    return answers.answer_many(Asked(batch, b"", 0, 0, 2, io.BytesIO())).done

done()
moved = 0
for _ in range(100):
    machine._make_room(answer=2_000)
    before = start()
    if not done():
        moved += start() != before
print(moved)
"""


def test_a_batch_outlives_a_memory_that_moves() -> None:
    """Where little memory is set aside, the kernel's moves as it grows: no old place is read."""
    command = (sys.executable, "-c", MOVING)
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) >= 3
