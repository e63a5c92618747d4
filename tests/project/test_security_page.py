"""Holds docs/security.md to the code: its tests and settings exist, its examples work."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from rashpath.service.identity.access import load_access
from rashpath.service.settings import Settings

PAGE = "docs/security.md"
NAMED = re.compile(r"`(test_\w+\.py)(?:::(test_\w+))?`")


def blocks(text: str) -> list[str]:
    """Returns the TOML examples of a page, in order."""
    return re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def known_tests(root: Path) -> dict[str, set[str]]:
    """Returns the names of all test functions by the name of their file."""
    found: dict[str, set[str]] = {}
    for path in (root / "tests").rglob("test_*.py"):
        names = {
            node.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef)
        }
        found.setdefault(path.name, set()).update(names)
    return found


def test_each_threat_names_tests_that_exist(root):
    """No control is claimed without a test that shows it, and no test that was renamed is left."""
    text = (root / PAGE).read_text(encoding="utf-8")
    table = text[text.index("## Threats") :]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 20
    assert [row for row in rows if not NAMED.search(row)] == []
    known = known_tests(root)
    assert [
        f"{file}::{name}"
        for file, name in NAMED.findall(table)
        if file not in known or (name and name not in known[file])
    ] == []


def test_the_examples_can_be_read(root, tmp_path):
    """What an operator copies from the page is taken, but for what stands as dots."""
    settings, access = blocks((root / PAGE).read_text(encoding="utf-8"))
    assert set(tomllib.loads(settings)) <= set(Settings.model_fields)
    filled = access.replace('"3F:9C:..."', f'"{"AB:" * 31}AB"').replace('"..."', f'"{"ab" * 32}"')
    path = tmp_path / "access.toml"
    path.write_text(filled)
    found = load_access(path)
    assert set(found.certificates) == {"ward-7.example", "spiffe://clinic/audit"}
    assert [each.name for each in found.tokens] == ["ward-8"]


def test_every_setting_is_documented(root):
    """Each setting stands in the README or on a page that it points to."""
    pages = [root / "README.md", *(root / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert [name for name in Settings.model_fields if f"`{name}`" not in text] == []
