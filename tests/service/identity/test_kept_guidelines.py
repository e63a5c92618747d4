"""A guideline that only the ledger still has is auditors' and authors' to read, not callers'."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rashpath.client import NotFound
from rashpath.v1.decision_service_pb2 import GuidelineSelector
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.identity.papers import static_tokens
from tests.service.ledgers import database

CONTENT = Path(__file__).parents[3] / "graph/rashpath/content"
GUIDELINE = "valacyclovir_spreading_rash"


def test_a_kept_guideline_is_not_for_callers(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """After the guideline was replaced its digest still opens the old one, but to a caller it is a
    guideline that is not served, like any other."""
    access = tmp_path / "access.toml"
    tokens = static_tokens(access, {name: name for name in ("caller", "auditor", "author")})
    first = start_server(access_file=access)
    with first.client(token=tokens["caller"]) as client:
        digest = client.evaluate(PatientCase()).guideline.digest
    assert first.stop() == 0
    folder = tmp_path / "content" / GUIDELINE
    folder.mkdir(parents=True)
    text = (CONTENT / GUIDELINE / "1.0.0.yaml").read_text()
    (folder / "1.0.1.yaml").write_text(text.replace('version: "1.0.0"', 'version: "1.0.1"'))
    second = start_server(
        access_file=access,
        guideline_dir=folder.parent,
        audit_url=f"sqlite:///{database(first)}",
    )
    selector = GuidelineSelector(digest=digest)
    for name in ("auditor", "author"):
        with second.client(token=tokens[name]) as client:
            assert client.get_guideline(selector).info.version == "1.0.0"
    with second.client(token=tokens["caller"]) as client:
        with pytest.raises(NotFound) as kept:
            client.get_guideline(GuidelineSelector(id=GUIDELINE, version="1.0.0", digest=digest))
        with pytest.raises(NotFound) as absent:
            client.get_guideline(GuidelineSelector(id=GUIDELINE, version="1.0.0", digest="0" * 64))
    assert kept.value.message == absent.value.message
