"""Runs scenarios of load and faults: `python -m tests.load --scenario soak --seconds 600`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.load import page
from tests.load.kept import FIGURES, keep
from tests.load.report import Progress, Report
from tests.load.scenarios import SCENARIOS


def main() -> int:
    """Runs what the words of the command line name; returns 1 if something was found."""
    known = {each.name: each for each in SCENARIOS}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", action="append", choices=known, help="only this one")
    parser.add_argument("--seconds", type=float, help="of load, for each scenario")
    parser.add_argument("--folder", type=Path, help="keeps ledgers, logs and journals there")
    parser.add_argument("--short", action="store_true", help="as short as in `make test`")
    parser.add_argument("--keep", type=Path, default=None, help="a file for the figures")
    parser.add_argument("--write", action="store_true", help="write docs/load-and-faults.*")
    words = parser.parse_args()
    well = True
    for name in words.scenario or known:
        scenario = known[name]
        seconds = words.seconds or (words.short and scenario.short_s) or scenario.seconds
        with _folder(words.folder) as folder:
            try:
                report = scenario.run(folder / name, seconds, _progress(name))
            except Exception:  # the others are run all the same
                traceback.print_exc()
                well = False
                continue
        _tell(report)
        well = well and report.well
        for path in filter(None, (words.keep, FIGURES if words.write else None)):
            keep(report, path)
        if words.write:
            page.write()
    return 0 if well else 1


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="rashpath-load-") as folder:
        yield Path(folder)


def _progress(name: str) -> Progress:
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{name} {time.monotonic() - began:7.1f} s  {text}", file=sys.stderr, flush=True)

    return tell


def _tell(report: Report) -> None:
    figures = report.figures
    print(
        f"{report.scenario}: {figures.sent} calls, {figures.answered} answered, "
        f"{figures.accepted} decisions recorded, {figures.lost} lost, "
        f"{figures.duplicated} duplicated, {figures.wrong} wrong"
    )
    print(f"  not answered: {dict(figures.given_up)}; tried again: {figures.retried}")
    print(f"  refused: {dict(figures.refused)}; no word: {dict(figures.unanswered)}")
    for text in (*report.notes, *(f"FAULT: {each}" for each in figures.faults)):
        print(f"  {text}")


if __name__ == "__main__":
    sys.exit(main())
