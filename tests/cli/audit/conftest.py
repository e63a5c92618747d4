"""A server that records, and the program asked about its ledger with and without it."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from rashpath.cli import main
from rashpath.cli.errors import report


@dataclass(frozen=True, slots=True)
class Audited:
    """A server that encrypts and signs what it records.

    Args:
        address: of the server.
        folder: has its ledger and its keys.
        decisions: ids of the recorded decisions, the oldest first: a spreading case, then an
            improving one.
        offline: options that read its ledger without it.
    """

    address: str
    folder: Path
    decisions: tuple[str, ...]
    offline: tuple[str, ...]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Runs a command of the program within this process, which takes a fraction of the time.

    A case that is given as text is put into a file, whose name takes the place of `-`.
    """
    case = tmp_path_factory.mktemp("case") / "case.yaml"

    def run(*arguments, text="", server=""):
        kept = {key: each for key, each in os.environ.items() if not key.startswith("RASHPATH_")}
        if server:
            kept["RASHPATH_ADDRESS"] = server
        output, errors = io.StringIO(), io.StringIO()
        case.write_text(text)
        words = [str(case) if text and each == "-" else each for each in arguments]
        with (
            redirect_stdout(output),
            redirect_stderr(errors),
            mock.patch.dict(os.environ, kept, clear=True),
            mock.patch("sys.stdin", io.StringIO()),
        ):
            try:
                code = main.run(words)
            except Exception as error:
                code = report(error)
        assert "fault of rashpath" not in errors.getvalue()
        return subprocess.CompletedProcess(
            arguments, int(code), output.getvalue(), errors.getvalue()
        )

    return run


@pytest.fixture(scope="module")
def audited(serve, alone, tmp_path_factory):
    """A server with two recorded decisions."""
    folder = tmp_path_factory.mktemp("audited")
    keyring, signing = folder / "keyring.json", folder / "signing.json"
    for kind, path in (("keyring", keyring), ("signing", signing)):
        made = alone("audit", "keygen", kind, "-o", str(path))
        assert made.returncode == 0, made.stderr
    with serve(folder, audit_keyring_file=keyring, audit_signing_key_file=signing) as address:
        decisions = []
        for trend in ("SPREADING", "IMPROVING"):
            done = alone(
                "evaluate",
                "-",
                "--format",
                "json",
                "--request-id",
                f"audited/{trend}",
                text=f"rash: {{trend: {trend}}}\npatient: {{weight_kg: 61.25}}",
                server=address,
            )
            decisions.append(json.loads(done.stdout)["decision_id"])
        store = f"sqlite:///{folder}/audit.db"
        offline = ("--store", store, "--keyring", str(keyring), "--signing-key", str(signing))
        yield Audited(address, folder, tuple(decisions), offline)


@pytest.fixture(params=["server", "store"])
def audit(request, audited, alone):
    """Runs an audit command, through the server and then on its ledger."""

    def run(*arguments, **more):
        if request.param == "server":
            return alone("audit", *arguments, server=audited.address, **more)
        return alone("audit", *arguments, *audited.offline, **more)

    return run


@pytest.fixture
def copy(audited, tmp_path):
    """A copy of the ledger, to be spoilt; its URL and its file."""
    path = tmp_path / "copy.db"
    with sqlite3.connect(audited.folder / "audit.db") as source, sqlite3.connect(path) as target:
        source.backup(target)
    return path
