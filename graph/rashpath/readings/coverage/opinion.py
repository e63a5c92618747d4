"""The second opinion on everything that an answer shows, not on verdicts alone."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

from rashpath.expression.evaluate import Facts
from rashpath.expression.tree import Compare, Computed, Condition, Exists, FactNumber, Named
from rashpath.expression.truth import Truth
from rashpath.guideline.model import DecisionGraph
from rashpath.readings.coverage.conditions import leaves_of, written_conditions
from rashpath.readings.proof.second_opinion import DECIMALS, SecondOpinion, _World

_COMPARE: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


class Opinion(SecondOpinion):
    """Decides every condition of a guideline in a case, dose rows and warnings included.

    Args:
        graph: the guideline.
    """

    def __init__(self, graph: DecisionGraph) -> None:
        super().__init__(graph)
        for part in written_conditions(graph):
            self._note(part.condition)

    def truth(self, condition: Condition, facts: Facts) -> Truth:
        """Returns whether a condition holds in all completions of a case, in none, or in some.

        Raises:
            TooManyReadingsError: it has too many completions.
        """
        outcomes = self.outcomes(lambda world: self._holds(condition, world), facts)
        return Truth.UNKNOWN if len(outcomes) == 2 else Truth.of(True in outcomes)

    def _holds(self, condition: Condition, world: _World) -> bool:
        if isinstance(condition, Compare):
            # A constant is the decimal number that it is written as; a computed number is rounded
            # to as many decimals, so that it can lie exactly on it.
            constant = Fraction(round(Fraction(condition.right.value), DECIMALS))
            left = self._value(condition.left, world)
            return _COMPARE[condition.operator](left, constant)
        return super()._holds(condition, world)

    def _note(self, condition: Condition) -> None:
        """Notes with what each number is compared."""
        for leaf in leaves_of(condition):
            match leaf:
                case Named():
                    self._note(leaf.condition)
                case Exists():
                    self._note(leaf.computed.valid_when)
                case Compare(left=FactNumber(name) | Computed(name)):
                    constant = Fraction(round(Fraction(leaf.right.value), DECIMALS))
                    self._constants.setdefault(name, set()).add(constant)
                case _:
                    pass
