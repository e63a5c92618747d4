"""The judgement of the dependency audit: what was not asked is never "nothing known"."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

UNKNOWN = {"name": "grpcio", "skip_reason": "Dependency not found and could not be audited"}
SOUND = {"name": "rich", "version": "15.0.0", "vulns": []}
FAULTY = {
    "name": "pyyaml",
    "version": "5.3",
    "vulns": [{"id": "CVE-2020-14343", "fix_versions": ["5.4"]}],
}


@pytest.fixture(scope="module")
def supply(root: Path) -> ModuleType:
    """The program behind `make audit-dependencies`."""
    spec = importlib.util.spec_from_file_location("supply", root / ".ci" / "supply.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        ([SOUND, SOUND], 0, "no known fault in 2 packages"),
        ([SOUND, FAULTY], 1, "pyyaml 5.3: CVE-2020-14343 (mended in 5.4)"),
        ([UNKNOWN, FAULTY], 1, "NOT AUDITED: 1 of 2"),
        ([UNKNOWN, SOUND], 3, "NOT AUDITED: 1 of 2"),
        ([UNKNOWN], 3, "NOT AUDITED: 1 of 1"),
        ([], 3, "no package was asked for"),
    ],
    ids=["sound", "faulty", "faulty and unknown", "one unknown", "all unknown", "none"],
)
def test_only_what_was_asked_for_is_sound(
    supply: Any, found: list[dict[str, Any]], code: int, words: str
) -> None:
    """A feed that knows no package at all makes pip-audit say that all is well; we say that it
    was not asked."""
    judged, lines = supply.judge_audit(json.dumps({"dependencies": found}), "")
    assert code == judged
    assert words in "\n".join(lines)


@pytest.mark.parametrize("output", ["", "No known vulnerabilities found", "{}", "[]"])
def test_an_answer_that_is_none_is_not_a_good_one(supply: Any, output: str) -> None:
    """A service that cannot be reached, or an answer of another form, is an audit that was not
    made; the reason is told."""
    judged, lines = supply.judge_audit(output, "ERROR: Could not connect\n")
    assert judged == supply.NOT_AUDITED == 3
    assert "Could not connect" in lines[1]


def test_what_builds_the_wheel_is_what_the_project_asks_for(supply: Any) -> None:
    """The lock of the build has the one tool that pyproject.toml names, in one version."""
    (tool,) = supply.build_requirements()
    assert tool.startswith("hatchling==")
    assert supply.project()["build-system"]["requires"][0].startswith("hatchling")
