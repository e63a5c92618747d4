"""docs/operations.md says something of every alert there is, and of none that is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from rashpath.service.settings import Settings

ROW = re.compile(r"^\| `(Rashpath\w+)` \| (.+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def document(root: Path) -> str:
    """The document."""
    return (root / "docs" / "operations.md").read_text()


def test_each_alert_says_what_to_do(document: str, deploy: Path) -> None:
    """Whoever is woken by an alert finds it in the document; none stands there that never rings."""
    rules = deploy / "observe" / "alerts.yaml"
    groups = yaml.safe_load(rules.read_text())["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]
    documented = [name for name, _ in ROW.findall(document)]
    assert len(alerts) >= 5
    assert sorted(alerts) == sorted(documented)


def test_what_the_document_names_is_there(document: str, root: Path) -> None:
    """Each file that a link or a name points to exists, and each setting is one."""
    links = re.findall(r"\]\((?!#)([^)#]+)(?:#[^)]*)?\)", document)
    tests = re.findall(r"`(tests/deploy/\w+\.py)`", document)
    assert len(links) >= 8
    assert len(tests) >= 2
    assert [each for each in links if not (root / "docs" / each).exists()] == []
    assert [each for each in tests if not (root / each).exists()] == []
    named = set(re.findall(r"`((?:audit|health|lame|drain|concurrent)_\w+)`", document))
    assert len(named) >= 7
    assert named - set(Settings.model_fields) == set()
