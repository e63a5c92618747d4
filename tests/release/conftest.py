"""What the tests of a release share: the toy guideline in a folder of its own, and keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from rashpath.audit.signing import SigningKey
from rashpath.guideline import DecisionGraph, load
from rashpath.guideline.model import SEMANTICS_VERSION
from rashpath.guideline.release import (
    Certificate,
    CertifiedProperty,
    Result,
    required,
    write_certificate,
)
from tests.guideline.small import TEXT


@dataclass(frozen=True, slots=True)
class Draft:
    """A guideline file that a test changes."""

    path: Path

    @property
    def folder(self) -> Path:
        """The folder of guidelines that a server would be given."""
        return self.path.parent.parent

    def load(self) -> DecisionGraph:
        """Returns the guideline as its file is now."""
        return load(self.path)

    def replace(self, old: str, new: str) -> None:
        """Replaces the only such passage of the file."""
        text = self.path.read_text()
        assert text.count(old) == 1
        self.path.write_text(text.replace(old, new))

    def state(self, status: str) -> None:
        """Writes a review status into the file."""
        lines = self.path.read_text().splitlines(keepends=True)
        (place,) = (i for i, line in enumerate(lines) if line.startswith("review_status:"))
        lines[place] = f"review_status: {status}\n"
        self.path.write_text("".join(lines))

    def certify(self) -> None:
        """Writes a certificate as if all had been proved; who asks for it is tested here."""
        graph = self.load()
        properties = tuple(
            CertifiedProperty(id, id, Result.PROVED, 1, (), 0.0) for id in required(graph)
        )
        made = Certificate(SEMANTICS_VERSION, "z3", "0", "2026-01-02T03:04:05Z", 0.0, properties)
        write_certificate(graph, self.path, made)


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """The toy guideline where a server looks for it, submitted."""
    path = tmp_path / "guidelines" / "small" / "0.1.0.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT, encoding="utf-8")
    made = Draft(path)
    made.state("SUBMITTED")
    return made


@pytest.fixture(scope="session")
def key() -> SigningKey:
    """The key of an approver."""
    return SigningKey.generate()


@pytest.fixture(scope="session")
def stranger() -> SigningKey:
    """The key of somebody who may not approve."""
    return SigningKey.generate()
