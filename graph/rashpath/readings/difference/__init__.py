"""The difference: what two guidelines decide differently, shown by cases, or that it is nothing."""

from rashpath.readings.difference.aspects import Aspect, Kind
from rashpath.readings.difference.compare import Comparison, DifferenceError, changed, compare
from rashpath.readings.difference.content import Content, ContentChange
from rashpath.readings.difference.look import Asked, Difference, State
from rashpath.readings.difference.region import Region

__all__ = [
    "Asked",
    "Aspect",
    "Comparison",
    "Content",
    "ContentChange",
    "Difference",
    "DifferenceError",
    "Kind",
    "Region",
    "State",
    "changed",
    "compare",
]
