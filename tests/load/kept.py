"""Keeps the figures of scenarios in docs/load-and-faults.json, from which the page is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.machine import description
from tests.load.report import Report
from tests.load.settling import Figures

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "docs" / "load-and-faults.json"


def read(path: Path = FIGURES) -> dict[str, Any]:
    """Returns what is kept of each scenario; nothing where there is no file."""
    content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return content


def keep(report: Report, path: Path = FIGURES) -> None:
    """Puts a report in the place of the one that was kept of its scenario."""
    kept = read(path) | {report.scenario: plain(report)}
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def plain(report: Report) -> Mapping[str, Any]:
    """Returns a report as plain values, with when, by which version and on what it was made."""
    return {
        **_fields(report),
        "figures": _fields(report.figures),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": version("rashpath"),
        "machine": description(),
    }


def _fields(of: Report | Figures) -> dict[str, Any]:
    return {field.name: getattr(of, field.name) for field in fields(of)}
