"""Checks that keys are kept from others, and that bad key files are refused with the reason."""

from __future__ import annotations

import json
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rashpath.audit import AuditConfig, open_ledger, open_to_read
from rashpath.audit.envelope import Envelope, Seal
from rashpath.audit.errors import KeyFileError, KeyUnknownError, LedgerDamagedError
from rashpath.audit.key_file import key_text
from rashpath.audit.keyring import Keyring
from rashpath.audit.signing import SigningKey, TrustedKeys
from rashpath.audit.verify import verify
from rashpath.v1.audit_pb2 import SignedHead
from tests.audit.conftest import POSTGRESQL
from tests.audit.decisions import entry

WAIT_S = 20
KEY = "00" * 32

RFC_8032_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""The public key of the first test of RFC 8032, section 7.1."""

RFC_8032_PEM = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n"
)

ECDSA_PEM = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjlM7b6C/e0YluzBmfAH7YH75+Lio\n"
    "D+9bMAYocDGHsqNz6x294DMYNm0Gn4Om9ZAAU8c2M8sEGyHFXhqGwfQAtA==\n"
    "-----END PUBLIC KEY-----\n"
)
"""A key of another kind."""


def test_written_keys_are_read_again_by_their_owner_only(tmp_path):
    """A key file has the mode 0600 and holds what was written."""
    keyring, signing = Keyring.generate("a").rotated("b"), SigningKey.generate().replaced()
    keyring.save(tmp_path / "k.json")
    signing.save(tmp_path / "s.json")
    assert Keyring.load(tmp_path / "k.json") == keyring
    assert SigningKey.load(tmp_path / "s.json").trusted == signing.trusted
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


def test_keys_are_never_overwritten(tmp_path):
    """A second key does not replace the first."""
    Keyring.generate("a").save(tmp_path / "k.json")
    with pytest.raises(FileExistsError):
        Keyring.generate("b").save(tmp_path / "k.json")
    assert Keyring.load(tmp_path / "k.json").current == "a"


@pytest.mark.parametrize("mode", [0o604, 0o666, 0o620, 0o641])
def test_open_key_file_is_refused(tmp_path, mode):
    """A key that others can read or write is no key."""
    path = tmp_path / "k.json"
    Keyring.generate().save(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        Keyring.load(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_group_may_read_only_what_is_roots(tmp_path):
    """Orchestrators mount secrets as root's files for a group; a user's own key has no group."""
    path = tmp_path / "k.json"
    Keyring.generate().save(path)
    path.chmod(0o640)
    assert Keyring.load(path).current == "1"
    os.chown(path, 12345, -1)
    with pytest.raises(KeyFileError):
        Keyring.load(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ("{}", "at least one key"),
        (json.dumps({"keys": {"a": KEY}, "index_key": KEY}), "names none"),
        (json.dumps({"keys": {"a": KEY}, "current": "b", "index_key": KEY}), "names none"),
        (json.dumps({"keys": {"a": "00"}, "current": "a", "index_key": KEY}), "32 bytes"),
        (json.dumps({"keys": {"a": KEY}, "current": "a"}), "index_key"),
        (json.dumps({"keys": {"": KEY}, "current": ""}), "key id"),
        (json.dumps({"keys": {"a": KEY}, "current": "a", "colour": 1}), "colour"),
    ],
)
def test_malformed_keyring_is_refused(tmp_path, content, reason):
    """A keyring that is not whole is refused with the reason, without showing a key."""
    path = tmp_path / "k.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=reason) as refused:
        Keyring.load(path)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{}", "private_key"),
        (json.dumps({"private_key": KEY, "public_keys": []}), "public_keys"),
        (json.dumps({"private_key": KEY, "kind": "x"}), "kind"),
    ],
)
def test_malformed_signing_key_is_refused(tmp_path, content, reason):
    """A signing key that is not whole is refused with the reason."""
    path = tmp_path / "s.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=reason):
        SigningKey.load(path)


def test_public_keys_are_read_again_and_signatures_checked(tmp_path):
    """What is handed out trusts the key and those that it replaced, and holds no secret."""
    first = SigningKey.generate()
    second = first.replaced()
    path = tmp_path / "s.pem"
    path.write_text(second.trusted.pem())
    path.chmod(0o644)
    head = SignedHead(count=1)
    first.sign(head)
    trusted = TrustedKeys.load(path)
    assert trusted == second.trusted
    assert trusted.trusts(head)
    head.count = 2
    assert not trusted.trusts(head)
    assert key_text(second.private.private_bytes_raw()) not in path.read_text()


def test_openssl_keys_are_public_keys_too(tmp_path):
    """The file is what other programs write and read: text around its keys does not matter."""
    path = tmp_path / "s.pem"
    path.write_text(f"Key of the ward\n\n{RFC_8032_PEM}")
    assert list(TrustedKeys.load(path).keys.values()) == [RFC_8032_KEY]
    assert TrustedKeys({"a": RFC_8032_KEY}).pem() == RFC_8032_PEM


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no public key in PEM"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be read"),
        (ECDSA_PEM, "none of Ed25519"),
    ],
)
def test_other_files_hold_no_public_keys(tmp_path, content, reason):
    """A file that cannot say whom to trust is refused; nobody is trusted by mistake."""
    path = tmp_path / "s.pem"
    path.write_text(content)
    with pytest.raises(KeyFileError, match=reason):
        TrustedKeys.load(path)


def test_a_private_key_is_no_public_one(tmp_path):
    """A secret that was handed out by mistake is told, and not used in silence."""
    private = SigningKey.generate().private
    path = tmp_path / "s.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(KeyFileError, match="holds a private key, where public keys alone"):
        TrustedKeys.load(path)


def test_missing_key_file_is_refused(tmp_path):
    """A key file that is not there is said to be missing, never made up."""
    for load in (Keyring.load, TrustedKeys.load):
        with pytest.raises(KeyFileError, match="no such file"):
            load(tmp_path / "k.json")


def test_keys_do_not_show_in_texts():
    """A keyring that is printed by mistake shows no key."""
    keyring = Keyring("a", {"a": b"\x01" * 32}, b"\x02" * 32)
    assert "\\x01" not in repr(keyring)
    assert "\\x02" not in repr(keyring)


def test_signing_key_is_made_once_beside_a_file(tmp_path):
    """Processes that start at once on a new SQLite ledger agree on its signing key."""
    path = tmp_path / "s.json"
    with ThreadPoolExecutor(8) as pool:
        ids = {key.id for key in pool.map(lambda _: SigningKey.load_or_generate(path), range(8))}
    assert len(ids) == 1


def test_default_ledger_needs_no_key_files(tmp_path, graph):
    """A first try needs no keys: the signing key appears beside the file."""
    config = AuditConfig(f"sqlite:///{tmp_path}/audit.db")
    ledger = open_ledger(config)
    ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    ledger.close(WAIT_S)
    opened = open_to_read(config)
    assert opened.trusted is not None
    assert verify(opened.store, opened.trusted, opened.reader.seal).sound
    opened.store.close()


@pytest.mark.parametrize("kind", [POSTGRESQL])
def test_postgresql_needs_a_signing_key(place):
    """A database has no folder to keep a key beside, so one must be given."""
    with pytest.raises(KeyFileError, match="signing_key_file"):
        open_ledger(replace(place.config, signing_key_file=None))


def test_replaced_signing_key_still_proves_the_old(place, graph):
    """After a change of the signing key, what the old one signed still verifies."""
    ledger = open_ledger(place.config)
    ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    old = ledger.key
    ledger.close(WAIT_S)
    old.replaced().save(place.folder / "new.json")
    ledger = open_ledger(replace(place.config, signing_key_file=place.folder / "new.json"))
    ledger.submit([entry(graph, ledger.reader.seal)]).result(WAIT_S)
    assert verify(ledger.store, ledger.key.trusted).sound
    assert not verify(ledger.store, old.trusted).sound
    ledger.close(WAIT_S)


def test_signature_counts_for_the_whole_message():
    """A signature proves every field, and only under a key that is trusted."""
    key = SigningKey.generate()
    head = SignedHead(chain="a", count=1, hash=b"h", record_hashes=[b"h"])
    key.sign(head)
    assert key.trusted.trusts(head)
    assert not SigningKey.generate().trusted.trusts(head)
    head.count = 2
    assert not key.trusted.trusts(head)


def test_content_is_bound_to_its_record():
    """Content and data key open only under the id that they were sealed for."""
    seal = Seal(Keyring.generate("k"), b"")
    sealed = seal.seal("one", b"content")
    keys = {sealed.key_id: sealed.wrapped_key}
    opened = seal.open("one", keys, sealed.envelope)
    assert (opened.content, opened.commitment) == (b"content", sealed.commitment)
    with pytest.raises(LedgerDamagedError):
        seal.open("two", keys, sealed.envelope)
    for changed in ({"tags": bytes(16)}, {"format": 0}, {"format": 2}, {"nonce": bytes(12)}):
        with pytest.raises(LedgerDamagedError):
            seal.open("one", keys, replace(sealed.envelope, **changed))
    with pytest.raises(KeyUnknownError):
        Seal(Keyring.generate("other"), b"").open("one", keys, sealed.envelope)
    with pytest.raises(KeyUnknownError):
        Seal(None, b"").open("one", keys, sealed.envelope)


def test_stored_bytes_do_not_run_together():
    """What is moved from one stored part of a content into another has another digest."""
    envelope = Envelope(1, b"nonce", b"tags", b"ciphertext")
    moved = [
        replace(envelope, nonce=b"noncet", tags=b"ags"),
        replace(envelope, tags=b"tagsc", ciphertext=b"iphertext"),
        replace(envelope, format=2),
    ]
    assert len({each.digest for each in (envelope, *moved)}) == 4


def test_ciphertext_length_says_little():
    """Contents of different sizes are padded to the same block."""
    seal = Seal(Keyring.generate(), b"")
    contents = [secrets.token_bytes(size) for size in range(0, 900, 90)]
    lengths = {len(seal.seal("x", each).envelope.ciphertext) for each in contents}
    assert lengths == {1024 + 16}


def test_request_hashes_keep_callers_apart():
    """Two callers and ids that run together are told apart, and hashes need the key."""
    seal, other = Seal(None, b"1"), Seal(None, b"2")
    assert seal.request_hash("ab", "c") != seal.request_hash("a", "bc")
    assert seal.request_hash("a", "b") != other.request_hash("a", "b")
    assert seal.request_hash("a", "b") == Seal(None, b"1").request_hash("a", "b")
    assert seal.request_hash("a", "") == b""
