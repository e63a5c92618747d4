"""What can be wrong with a condition or a formula."""

from __future__ import annotations

from rashpath.facts.errors import RashpathError


class ExpressionError(RashpathError):
    """A text that is no condition or formula of the language; the message says where and why."""
