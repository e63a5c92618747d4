"""The pages in a real browser: they show, print, run nothing and ask for nothing."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from rashpath.cli.report_page import page
from rashpath.cli.trace_page import trace_page
from rashpath.facts import given
from rashpath.guideline.trace import read_cases, trace
from rashpath.readings.diagram import draw
from rashpath.readings.walk import walk
from tests.report import build

CANARY = "<script>document.title='pwned'</script><img src=http://example.invalid/x.png>"


@pytest.fixture(scope="module")
def report(graph, tmp_path_factory) -> Path:
    """A report of the example with the engine's own drawing, and with markup in a name."""
    walked = walk(graph, given(build.read(build.EXAMPLE), graph.dictionary))
    data = build.data(graph, svg=draw(graph, walked).content, caller=CANARY)
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page(data), encoding="utf-8")
    return path


def asked_for(requests: str) -> list[str]:
    """Returns the addresses beyond this machine that a page asked for, by the browser's own log.

    The browser asks for some on its own account; those have no page as their initiator.
    """
    try:
        events = json.loads(requests)["events"]
    except json.JSONDecodeError:  # a browser that ends early leaves its list open
        events = json.loads(requests.rstrip().rstrip(",") + "]}")["events"]
    asked = (event["params"] for event in events if "initiator" in event.get("params", {}))
    return [
        each["url"]
        for each in asked
        if each["initiator"] != "not an origin" and each.get("url", "").startswith("http")
    ]


def test_it_shows_without_running_or_asking(browse, report):
    """No script runs, nothing is complained about, and no request leaves the file."""
    visit = browse(report, "--dump-dom")
    assert visit.console == ()
    assert f"<title>Audit report, decision {build.DECISION}</title>" in visit.output
    assert "<script" not in visit.output
    assert "<img" not in visit.output
    assert visit.output.count("<main>") == 1
    assert asked_for(visit.requests) == []


def test_a_request_would_be_seen(browse, tmp_path):
    """The check can fail: a page that fetches something is caught."""
    bad = tmp_path / "bad.html"
    bad.write_text("<!DOCTYPE html><title>x</title><img src='http://example.invalid/x.png'>")
    assert asked_for(browse(bad, "--dump-dom").requests) == ["http://example.invalid/x.png"]


def test_it_prints_well(browse, report, pdf_text, tmp_path):
    """On paper it has its header, footer and page numbers, and the drawing a sheet of its own."""
    pdf = tmp_path / "report.pdf"
    browse(report, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    pages = pdf_text(pdf)
    assert 12 <= len(pages) <= 26
    for number, text in enumerate(pages, start=1):
        assert f"Audit report - decision {build.DECISION}" in text
        assert f"{number} of {len(pages)}" in text
    whole = "\n".join(pages)
    assert "30 mg/kg x 70 kg = 2100 mg" in whole
    assert "not a medical" in whole
    sizes = subprocess.run(
        ["pdfinfo", "-l", str(len(pages)), str(pdf)], capture_output=True, text=True, check=True
    ).stdout
    wide = [line for line in sizes.splitlines() if "size:" in line and "(A3)" in line]
    assert len(wide) == 1
    assert sizes.count("(A4)") == len(pages) - 1


def test_it_is_drawn(browse, report, tmp_path):
    """A picture of the page has dark ink on white paper, neither of it all."""
    picture = tmp_path / "report.png"
    browse(report, "--window-size=1200,1600", f"--screenshot={picture}")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000


def test_an_erased_decision_prints_on_two_pages(browse, graph, pdf_text, tmp_path):
    """What is left of an erased decision is short."""
    path, pdf = tmp_path / "erased.html", tmp_path / "erased.pdf"
    path.write_text(page(replace(build.erased(graph))), encoding="utf-8")
    browse(path, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    assert len(pdf_text(pdf)) <= 2


def test_the_matrix_shows_and_prints(browse, graph, pdf_text, tmp_path):
    """The traceability page runs nothing, asks for nothing, and prints on wide sheets."""
    path, pdf = tmp_path / "trace.html", tmp_path / "trace.pdf"
    traced = trace(graph.guideline, read_cases(build.ROOT / "tests" / "cases"))
    path.write_text(trace_page(traced), encoding="utf-8")
    visit = browse(path, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    assert visit.console == ()
    assert asked_for(visit.requests) == []
    pages = pdf_text(pdf)
    assert len(pages) < 60
    assert all("Traceability of valacyclovir_spreading_rash" in text for text in pages)
    assert any("no_foscarnet_dose_below_floor" in text for text in pages)
