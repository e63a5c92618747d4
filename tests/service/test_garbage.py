"""The garbage collector leaves loaded guidelines alone, and still frees those that went."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc, weakref
from rashpath.service.application import Application
from rashpath.service.garbage import set_aside

gone, stays = Application.load(), Application.load()
kept = weakref.ref(gone.guidelines.all()[0])
set_aside()
left = len(gc.get_objects())
del gone
set_aside()
print(left, gc.get_freeze_count(), kept() is None)
"""


def test_what_is_loaded_is_left_alone_until_it_goes() -> None:
    """Once set aside, next to nothing is left to go through; what is not used any more by the next
    time is freed then. In a process of its own, since it concerns all of one."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    left, frozen, freed = done.stdout.split()
    assert int(left) < 1_000 < 10_000 < int(frozen)
    assert freed == "True"
