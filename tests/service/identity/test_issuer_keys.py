"""Keys of a token issuer: read strictly, asked for beside the calls, and kept within bounds."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from rashpath.client import ClientError, Unavailable
from rashpath.service.identity.issuer_keys import KeyFile, KeyUrl
from rashpath.service.identity.key_set import LARGEST, KeySetError, read_key_set
from rashpath.service.log import make_log
from rashpath.service.settings import SettingsError
from rashpath.v1.facts_pb2 import PatientCase
from tests.service.identity.papers import AUDIENCE, ISSUER, Issuer, eventually

GOOD = Issuer.make()


class Site:
    """A web server of an issuer, whose answer can be changed."""

    def __init__(self) -> None:
        self.body = GOOD.key_set().encode()
        self.status = 200
        self.headers: dict[str, str] = {}
        self.open = threading.Event()
        self.open.set()
        self.asked = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answers as the site is set to."""
        self.asked += 1
        request.send_response(self.status)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.end_headers()
        try:
            for at in range(0, len(self.body), 1 << 16):
                request.wfile.write(self.body[at : at + (1 << 16)])
                self.open.wait(60)
        except OSError:
            return


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on this machine."""
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Watched:
    """Keys behind a URL, with a clock that stands still unless it is moved, and their log."""

    def __init__(self, url: str, max_age_s: float = 1000) -> None:
        self.now_s = 0.0
        self.stream = io.StringIO()
        log = make_log("info", self.stream)
        self.keys = KeyUrl(url, 300, max_age_s, log, clock_s=lambda: self.now_s)

    def known(self) -> str:
        """Returns the ids of the keys that are known, as words."""
        found = self.keys.current()
        return "none" if found is None else " ".join(sorted({key for key, _ in found.keys}))


@pytest.fixture
def watch(site: Site) -> Iterator[Callable[..., Watched]]:
    """Asks a site for keys."""
    made: list[Watched] = []

    def start(**options: Any) -> Watched:
        made.append(Watched(site.url, **options))
        return made[-1]

    yield start
    for each in made:
        each.keys.close()


def test_keys_come_and_are_renewed_when_a_token_names_another(
    site: Site, watch: Callable[..., Watched]
) -> None:
    """A key that is new at the issuer is there a moment after a token named it; more questions than
    one in some seconds are not asked, whatever tokens come."""
    watched = watch()
    assert eventually(watched.known, "k1") == "k1"
    site.body = Issuer.make(key_id="k2").key_set().encode()
    assert not watched.keys.renew()
    watched.now_s += 11
    assert watched.keys.renew()
    assert eventually(watched.known, "k2") == "k2"
    assert [watched.keys.renew() for _ in range(100)] == [False] * 100
    assert site.asked == 2


def test_keys_outlast_a_silent_issuer_but_not_for_ever(
    site: Site, watch: Callable[..., Watched]
) -> None:
    """While the issuer fails the last keys hold, until they are older than the settings allow."""
    watched = watch(max_age_s=100)
    assert eventually(watched.known, "k1") == "k1"
    site.status = 500
    watched.now_s += 99
    assert watched.keys.renew()
    assert eventually(lambda: str("status 500" in watched.stream.getvalue()), "True") == "True"
    assert watched.known() == "k1"
    watched.now_s += 2
    assert watched.known() == "none"
    site.status = 200
    watched.now_s += 11
    watched.keys.renew()
    assert eventually(watched.known, "k1") == "k1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": 404}, "status 404"),
        ({"body": b"{}"}, "no list `keys`"),
        ({"body": b"<html>"}, "not valid JSON"),
        ({"body": b'{"keys": []}'}, "no key that can be used"),
        ({"body": b"x" * (LARGEST + 1)}, f"more than {LARGEST} bytes"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, "status 302"),
    ],
)
def test_a_bad_answer_gives_no_keys(
    site: Site, watch: Callable[..., Watched], change: dict[str, Any], said: str
) -> None:
    """An error page, junk, too much, or a redirection: none is followed or half believed, and the
    log says what it was."""
    for name, value in change.items():
        setattr(site, name, value)
    watched = watch()
    assert eventually(lambda: str(said in watched.stream.getvalue()), "True") == "True"
    assert watched.known() == "none"


def test_no_call_waits_for_the_issuer(
    start_server: Callable[..., Any], site: Site, tmp_path: Path
) -> None:
    """While the issuer does not answer a token is neither right nor wrong: the call is told at once
    to come back, health goes on, and once the keys are there the same token opens."""
    site.body += b" " * (1 << 17)
    site.open.clear()  # the answer stops in its midst
    server = start_server(jwt_jwks_url=site.url, jwt_audience=AUDIENCE, jwt_issuer=ISSUER)
    token = GOOD.token()

    def outcome() -> str:
        with server.client(token=token) as client:
            try:
                client.evaluate(PatientCase())
            except ClientError as error:
                return f"{error.code} {error.reason}"
        return "OK"

    with server.client(token=token) as client:
        assert client.healthy()
        started = time.monotonic()
        with pytest.raises(Unavailable) as refusal:
            client.evaluate(PatientCase())
        assert time.monotonic() - started < 3
    assert refusal.value.reason == "IDENTITY_UNAVAILABLE"
    assert refusal.value.retry_after_s
    site.open.set()
    assert eventually(outcome, "OK") == "OK"
    assert server.stop() == 0


def test_a_key_file_is_read_again_when_it_changes(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    """A key that is withdrawn opens no more within a second or two, though its tokens were found
    right a moment ago; a faulty file changes nothing."""
    path = tmp_path / "jwks.json"
    path.write_text(GOOD.key_set())
    server = start_server(jwt_jwks_file=path, jwt_audience=AUDIENCE, jwt_issuer=ISSUER)
    newer = Issuer.make(key_id="k2")

    def outcome(issuer: Issuer, token: str = "") -> str:
        with server.client(token=token or issuer.token()) as client:
            try:
                client.evaluate(PatientCase())
            except ClientError as error:
                return str(error.metadata.get("why"))
        return "OK"

    token = GOOD.token()
    assert outcome(GOOD, token) == "OK"
    path.write_text("{")
    faulty = "a changed file is faulty; what was read before still holds"
    told = eventually(lambda: str(any(each["event"] == faulty for each in server.lines())), "True")
    assert told == "True"
    assert outcome(GOOD, token) == "OK"
    path.write_text(newer.key_set())
    assert eventually(lambda: outcome(newer), "OK") == "OK"
    assert outcome(GOOD, token) == "token_key_unknown"


def test_only_keys_that_can_be_used_are_read() -> None:
    """Secrets, keys for encryption, weak ones and unknown kinds are left out; the rest is kept
    under its id and each algorithm that fits it."""
    rsa_issuer = Issuer.make("RS256", "r")
    weak = Issuer(rsa.generate_private_key(65537, 1024), "weak", "RS256")
    entries = [
        GOOD.jwk(),
        rsa_issuer.jwk(),
        rsa_issuer.jwk(kid="pinned", alg="PS256"),
        Issuer.make("EdDSA", "e").jwk(),
        weak.jwk(),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "s", "alg": "HS256"},
        GOOD.jwk(kid="enc", use="enc"),
        GOOD.jwk(kid="ops", key_ops=["sign"]),
        GOOD.jwk(kid="none", alg="none"),
        GOOD.jwk(kid="hs", alg="HS256"),
        GOOD.jwk(kid="curve", crv="P-999"),
        GOOD.jwk(kid=7),
        {"kty": "EC", "crv": "P-256", "kid": "half"},
        "no key",
    ]
    found = read_key_set(json.dumps({"keys": entries}).encode()).keys
    assert set(found) == {
        ("k1", "ES256"),
        *(("r", f"{kind}{bits}") for kind in ("RS", "PS") for bits in (256, 384, 512)),
        ("pinned", "PS256"),
        ("e", "EdDSA"),
    }


def test_a_token_without_key_id_needs_a_single_key() -> None:
    """Where two keys would do, none is tried."""
    one = read_key_set(json.dumps({"keys": [GOOD.jwk()]}).encode())
    assert one.find(None, "ES256") is one.keys["k1", "ES256"]
    assert one.find(None, "RS256") is None
    other = Issuer.make(key_id="k2")
    two = read_key_set(json.dumps({"keys": [GOOD.jwk(), other.jwk()]}).encode())
    assert two.find(None, "ES256") is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "no list `keys`"),
        (b'{"keys": {}}', "no list `keys`"),
        (json.dumps({"keys": [{}] * 101}).encode(), "at most 100"),
        (json.dumps({"keys": [GOOD.jwk(), GOOD.jwk()]}).encode(), "two keys of one id"),
    ],
)
def test_what_is_no_key_set_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    """A faulty set is a fault, not a set without keys; a server does not start with it."""
    with pytest.raises(KeySetError, match=said):
        read_key_set(data)
    path = tmp_path / "jwks.json"
    path.write_bytes(data)
    with pytest.raises(SettingsError, match=said):
        KeyFile(path)
