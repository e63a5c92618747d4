"""What a server decides by: its guidelines, with an engine that is ready for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rashpath.audit.dictionary import dictionary_of
from rashpath.audit.packing import Dictionary
from rashpath.readings.engine import Engine, engine_of
from rashpath.service.guidelines import Guidelines, GuidelinesError, load_guidelines
from rashpath.service.reload.generation import home
from rashpath.service.settings import Settings


@dataclass(frozen=True, slots=True)
class Served:
    """Guidelines and the engine that was prepared for them.

    Each loading has an engine of its own: what it keeps of guidelines goes with them.

    Args:
        guidelines: the guidelines.
        engine: decides by them.
        dictionaries: what the contents of their records are packed with, by digest of the
            guideline; empty where nothing is recorded.
    """

    guidelines: Guidelines
    engine: Engine
    dictionaries: Mapping[str, Dictionary]


def load_served(settings: Settings, folder: Path | None) -> Served:
    """Loads the guidelines of a folder as the settings demand, and has them pass their self-tests.

    Args:
        settings: the settings.
        folder: where to load them from, which may be a copy of what the settings say.

    Raises:
        GuidelinesError: they cannot be served.
    """
    try:
        guidelines = load_guidelines(
            folder,
            settings.default_guideline,
            require_certificate=settings.require_certificate,
            approval_key_file=settings.require_approval_key_file,
            self_test=True,
        )
    except GuidelinesError as error:
        if folder == settings.guideline_dir:
            raise
        # Whoever reads of a problem looks for it where the file lies, not in the copy.
        place = str(home(settings.guideline_dir))
        raise GuidelinesError(
            problem.replace(str(folder), place) for problem in error.problems
        ) from None
    engine = engine_of(settings.engine)
    for graph in guidelines.all():
        engine.prepare(graph)
    dictionaries = {}
    if settings.audit_mode != "off":
        dictionaries = {graph.digest: dictionary_of(graph, engine) for graph in guidelines.all()}
    return Served(guidelines, engine, dictionaries)
