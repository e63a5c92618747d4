"""Keeps what stays for good out of the rounds of Python's garbage collector.

A loaded guideline is hundreds of thousands of objects. To go through all of them, as the collector
does every few thousand calls, stops the event loop for tens of milliseconds.
"""

from __future__ import annotations

import gc

from rashpath.service.heap import give_back


def set_aside() -> None:
    """Collects garbage once, then leaves all that is there alone until the next time.

    What was left alone before is looked at again, so that guidelines that no longer serve go, and
    their memory with them.
    """
    gc.unfreeze()
    gc.collect()
    give_back()
    gc.freeze()
