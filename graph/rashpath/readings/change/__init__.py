"""The change: the smallest sets of changes of facts that would turn a verdict."""

from rashpath.readings.change.search import SECONDS, Change, ChangeSet, Turn, what_would_change
from rashpath.readings.change.tell import tell

__all__ = ["SECONDS", "Change", "ChangeSet", "Turn", "tell", "what_would_change"]
