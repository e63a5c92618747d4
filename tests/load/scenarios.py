"""All scenarios, each with how long it runs for the table and in `make test`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.load.clock import clock_jumps
from tests.load.full_disk import full_disk
from tests.load.killed import killed
from tests.load.report import Progress, Report
from tests.load.slow import slow_clients
from tests.load.soak import soak
from tests.load.stopped_store import locked_sqlite, stopped_postgresql
from tests.load.storms import storms

Run = Callable[[Path, float, Progress], Report]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario.

    Args:
        name: its name, which its report has too.
        run: runs it in a folder that it makes, for some seconds of load.
        seconds: of load for the table.
        short_s: seconds of load in `make test`; None: its short form is a test of another file.
    """

    name: str
    run: Run
    seconds: float
    short_s: float | None


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("soak", soak, 3600.0, 4.0),
    Scenario("killed", killed, 90.0, 3.0),
    Scenario("full disk", full_disk, 90.0, 2.0),
    # Short: tests/service/test_audit_postgresql.py, and those of tests/audit/test_faults.py.
    Scenario("stopped PostgreSQL", stopped_postgresql, 105.0, None),
    # Short: tests/service/test_audit_faults.py, test_a_locked_ledger_lets_nothing_be_answered.
    Scenario("locked SQLite", locked_sqlite, 90.0, None),
    Scenario("clock jumps", clock_jumps, 60.0, 2.0),
    Scenario("storms", storms, 90.0, 3.0),
    Scenario("slow clients", slow_clients, 90.0, 3.0),
)
