"""Opens pages in a real browser, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # Nothing that a page might ask for can be found, so nothing leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of opening a page: what the browser wrote, said and asked for."""

    output: str
    console: tuple[str, ...]
    requests: str


Browse = Callable[..., Visit]


@pytest.fixture(scope="session")
def browser() -> str:
    """The path of a Chromium."""
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip("no chromium on the PATH; `.ci/chromium.sh` installs one")


@pytest.fixture
def browse(browser: str, tmp_path: Path) -> Browse:
    """Opens a page in the browser with further flags."""

    def visit(path: Path, *flags: str) -> Visit:
        log = tmp_path / "requests.json"
        done = subprocess.run(
            [
                browser,
                *FLAGS,
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--log-net-log={log}",
                *flags,
                path.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        console = tuple(line for line in done.stderr.splitlines() if "CONSOLE" in line)
        return Visit(done.stdout, console, log.read_text(encoding="utf-8"))

    return visit


@pytest.fixture(scope="session")
def pdf_text() -> Callable[[Path], list[str]]:
    """Returns the text of each page of a PDF."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("no pdftotext on the PATH; `.ci/chromium.sh` installs one")

    def read(path: Path) -> list[str]:
        done = subprocess.run(
            [program, "-layout", str(path), "-"], capture_output=True, check=True, timeout=30
        )
        return done.stdout.decode().split("\f")[:-1]

    return read
