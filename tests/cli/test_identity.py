"""Tokens and certificates on the command line, against a server that wants both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.service.identity.papers import authority, static_tokens

CASE = "rash: {trend: SPREADING}\n"

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with papers of a client, and with tokens."""
    folder = tmp_path_factory.mktemp("papers")
    made = authority(folder)
    tls = made.tls("gateway.example")
    assert tls.certificate is not None
    assert tls.key is not None
    (folder / "client.pem").write_bytes(tls.certificate)
    (folder / "client.key").write_bytes(tls.key)
    tokens = static_tokens(folder / "access.toml", {"ward": "caller", "audit": "auditor"})
    for name, token in tokens.items():
        (folder / f"{name}.token").write_text(f"{token}\n")
    return folder


@pytest.fixture(scope="module")
def ask(
    serve: Callable[..., AbstractContextManager[str]], alone: Callable[..., Any], folder: Path
) -> Iterator[Ask]:
    """Runs a command against a server that wants a certificate and a token."""
    settings = {
        "tls_certificate_file": folder / "server.pem",
        "tls_key_file": folder / "server.key",
        "tls_client_ca_file": folder / "clients.pem",
        "access_file": folder / "access.toml",
    }
    with serve(folder, **settings) as address:

        def run(*words: str, **more: Any) -> Any:
            return alone(*words, "--timeout", "3", server=address, **more)

        yield run


def papers(folder: Path, token: str = "") -> list[str]:
    """Returns the options that show certificate and token."""
    shown = [
        *("--ca-file", str(folder / "clients.pem")),
        *("--cert-file", str(folder / "client.pem")),
        *("--key-file", str(folder / "client.key")),
    ]
    return [*shown, "--token-file", str(folder / f"{token}.token")] if token else shown


def test_a_caller_shows_certificate_and_token(ask: Ask, folder: Path) -> None:
    """By options, or by the environment."""
    done = ask("evaluate", "-", "--format", "json", *papers(folder, "ward"), text=CASE)
    assert done.returncode == 0
    assert json.loads(done.stdout)["decision_id"]
    variables = {
        "RASHPATH_CA_FILE": str(folder / "clients.pem"),
        "RASHPATH_CERT_FILE": str(folder / "client.pem"),
        "RASHPATH_KEY_FILE": str(folder / "client.key"),
        "RASHPATH_TOKEN": (folder / "audit.token").read_text().strip(),
    }
    done = ask("audit", "list", **variables)
    assert done.returncode == 0
    assert "token:ward" in done.stdout


def test_who_is_not_known_or_may_not_is_told_so(ask: Ask, folder: Path) -> None:
    """Exit code 3 and what to do about it; without a certificate there is no server to be found."""
    done = ask("evaluate", "-", *papers(folder), text=CASE)
    assert done.returncode == 3  # the certificate is known, and has no role
    assert "needs the role `caller`" in done.stderr
    done = ask("evaluate", "-", *papers(folder, "audit"), text=CASE)
    assert done.returncode == 3
    assert "access file" in done.stderr
    done = ask("evaluate", "-", *papers(folder), text=CASE, RASHPATH_TOKEN="wrong")
    assert done.returncode == 3
    assert "does not know the token" in done.stderr
    assert "--token-file" in done.stderr
    done = ask("evaluate", "-", "--ca-file", str(folder / "clients.pem"), text=CASE)
    assert done.returncode == 4


def test_half_a_pair_or_a_foreign_key_is_bad_input(ask: Ask, folder: Path) -> None:
    """The program says which file is wrong, where a handshake would only fail."""
    shown = papers(folder)
    done = ask("evaluate", "-", *shown[:4], text=CASE)
    assert done.returncode == 2
    assert "`--cert-file` and `--key-file` must be given together" in done.stderr
    foreign = [*shown[:5], str(folder / "server.key")]
    done = ask("evaluate", "-", *foreign, text=CASE)
    assert done.returncode == 2
    assert "are not a PEM certificate and its unencrypted key" in done.stderr
    done = ask("evaluate", "-", *shown[:5], str(folder / "absent.key"), text=CASE)
    assert done.returncode == 2
    assert "absent.key" in done.stderr
