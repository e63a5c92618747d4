"""What can be wrong with a guideline file, all of it told at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rashpath.facts.document import Document
from rashpath.facts.errors import Problem, RashpathError, Reason
from rashpath.facts.plain import Path, path_text

_CAPITAL = re.compile(r"[A-Z]")


class GuidelineError(RashpathError):
    """A guideline that must not be served; carries every fault found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(problem.located() for problem in self.problems))


class Faults:
    """Collects the faults of one guideline file with their places.

    Args:
        document: the parsed file.
    """

    def __init__(self, document: Document) -> None:
        self._source = document.source
        self._places = {_proto_path(path): place for path, place in document.places.items()}
        self._problems: dict[tuple[Path, str], Problem] = {}

    def add(self, path: Path, text: str) -> None:
        """Notes a fault at a place of the file; the nearest place above it that is known."""
        known = path
        while known and known not in self._places:
            known = known[:-1]
        place = self._places.get(known)
        line, column = (place.line, place.column) if place is not None else (None, None)
        name = path_text(path)
        words = f"`{name}`: {text}" if name else text
        problem = Problem(Reason.WRONG_TYPE, name, words, words, line, column, self._source)
        self._problems.setdefault((path, text), problem)

    def raise_if_any(self) -> None:
        """Ends the loading if there is a fault.

        Raises:
            GuidelineError: there is.
        """
        if self._problems:
            raise GuidelineError(self._problems.values())


def _proto_path(path: Path) -> Path:
    """Returns a path with proto names; the file may have JSON names such as `caseType`."""
    return tuple(
        part if isinstance(part, int) else _CAPITAL.sub(lambda found: f"_{found[0].lower()}", part)
        for part in path
    )
