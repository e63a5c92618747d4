"""Static tokens: made here, kept as hashes, compared without telling anything by the time taken."""

from __future__ import annotations

import ast
import hmac
import inspect
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rashpath.client import ClientError
from rashpath.service.identity import static_tokens
from rashpath.service.identity.access import StaticToken, load_access
from rashpath.service.identity.roles import Role
from rashpath.service.identity.static_tokens import digest_of, find, is_static, new_token
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.identity import papers

OTHER = f'[tokens.other]\nsha256 = "{"ab" * 32}"\nroles = ["auditor"]\n'
PROGRAM = Path(sys.executable).with_name("rashpath")


def listed(count: int) -> list[StaticToken]:
    """Returns that many tokens as an access file lists them."""
    roles = frozenset({Role.CALLER})
    return [
        StaticToken(f"t{number}", digest_of(new_token()), roles, float("inf"))
        for number in range(count)
    ]


def test_tokens_are_random_and_long() -> None:
    """256 bits each, and no two alike."""
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(each) for each in tokens} == {len("rashpath_") + 43}
    assert all(is_static(each) for each in tokens)


def test_every_entry_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the token stands in the list, or if it is not there, each entry is compared, by the
    comparison that takes the same time for all digests."""
    compared: list[bytes] = []
    in_constant_time = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return in_constant_time(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    entries = listed(7)
    for wanted in (entries[0], entries[3], entries[6], None):
        compared.clear()
        digest = wanted.digest if wanted is not None else digest_of(new_token())
        assert find(digest, entries) is wanted
        assert compared == [each.digest for each in entries]


def test_no_other_comparison_sees_a_token() -> None:
    """The module that looks tokens up compares by `compare_digest` alone, and never leaves its loop
    early; the hash has one length, so that lengths tell nothing either."""
    tree = ast.parse(inspect.getsource(static_tokens.find))
    assert not [each for each in ast.walk(tree) if isinstance(each, ast.Break | ast.Return)][1:]
    compares = [each for each in ast.walk(tree) if isinstance(each, ast.Compare)]
    assert compares == []
    assert {len(digest_of(text)) for text in ("", "x", new_token(), "x" * 8192)} == {32}


@pytest.fixture(scope="module")
def ward(
    start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, dict[str, str], Path]:
    """A server with two tokens, one of which has expired."""
    path: Path = tmp_path_factory.mktemp("ward") / "access.toml"
    tokens = papers.static_tokens(path, {"ward": "caller", "old": "caller"})
    path.write_text(path.read_text() + "expires = 2020-01-31\n")
    return start_server(access_file=path), tokens, path


def why(server: Any, token: str) -> str:
    """Returns why a call with a token is refused; empty where it is answered."""
    with server.client(token=token) as client:
        try:
            client.evaluate(PatientCase())
        except ClientError as error:
            return f"{error.code} {error.metadata.get('why', '')}"
    return ""


def test_listed_tokens_open_and_others_do_not(ward: tuple[Any, dict[str, str], Path]) -> None:
    """One that is listed; not one that has expired, was never listed, or is a hash itself."""
    server, tokens, path = ward
    assert why(server, tokens["ward"]) == ""
    assert why(server, tokens["old"]) == "UNAUTHENTICATED token_expired"
    assert why(server, new_token()) == "UNAUTHENTICATED token_unknown"
    assert why(server, digest_of(tokens["ward"]).hex()) == "UNAUTHENTICATED token_unknown"
    assert why(server, tokens["ward"][:-1]) == "UNAUTHENTICATED token_unknown"
    text = server.log.read_text() + path.read_text()
    assert not [each for each in tokens.values() if each in text]


def test_a_token_taken_off_the_list_closes_without_restart(
    ward: tuple[Any, dict[str, str], Path],
) -> None:
    """Withdrawing a token takes a line less in the file and a second; that no token of a server is
    left does not open the door for all."""
    server, tokens, path = ward
    unknown = "UNAUTHENTICATED token_unknown"
    before = path.read_text()
    assert why(server, tokens["ward"]) == ""
    path.write_text(before.partition("[tokens.ward]")[0] + OTHER)
    assert papers.eventually(lambda: why(server, tokens["ward"]), unknown) == unknown
    assert why(server, new_token()) == unknown
    path.write_text(before)
    assert papers.eventually(lambda: why(server, tokens["ward"]), "") == ""


def run(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the program."""
    environment = {name: each for name, each in os.environ.items() if "RASHPATH" not in name}
    return subprocess.run(
        [PROGRAM, *words],
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_program_makes_tokens_and_entries(tmp_path: Path) -> None:
    """The token goes into a file for its owner alone, its entry is what the server reads, and
    nothing printed holds the token."""
    file = tmp_path / "ward-7.token"
    words = ("token", "new", "ward-7", "--role", "caller", "--role", "auditor")
    done = run(*words, "--expires", "2031-12-31", "-o", str(file))
    assert done.returncode == 0
    token = file.read_text().strip()
    assert is_static(token)
    assert token not in done.stdout + done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    access = tmp_path / "access.toml"
    access.write_text(done.stdout)
    (entry,) = load_access(access).tokens
    assert (entry.name, entry.digest) == ("ward-7", digest_of(token))
    assert entry.roles == {Role.CALLER, Role.AUDITOR}
    assert entry.valid_until_s == 1956528000  # the end of that day, in UTC
    again = run("token", "hash", str(file))
    assert again.stdout.strip() == entry.digest.hex()
    assert run("token", "hash", "-", text=f"{token}\n").stdout == again.stdout


def test_the_program_never_overwrites_and_never_hashes_a_password(tmp_path: Path) -> None:
    """A token that is in use stays; what a person thinks up is no token."""
    file = tmp_path / "x.token"
    file.write_text("kept")
    done = run("token", "new", "x", "--role", "caller", "-o", str(file))
    assert (done.returncode, file.read_text()) == (2, "kept")
    for text in ("hunter2", "rashpath_short", ""):
        done = run("token", "hash", "-", text=text)
        assert done.returncode == 2
        assert not re.search(r"[0-9a-f]{64}", done.stdout + done.stderr)
    assert run("token", "new", "a b", "--role", "caller", "-o", f"{file}2").returncode == 2
    assert run("token", "new", "x", "--role", "nurse", "-o", f"{file}2").returncode == 2
    done = run("token", "new", "x", "--role", "caller", "--expires", "soon", "-o", f"{file}2")
    assert done.returncode == 2
    assert not Path(f"{file}2").exists()
