"""The access file: read strictly, since whatever is misread lets somebody in or keeps them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from rashpath.service.identity.access import load_access
from rashpath.service.identity.door import open_door
from rashpath.service.identity.roles import Role
from rashpath.service.log import make_log
from rashpath.service.settings import SettingsError, load_settings

DIGEST = "ab" * 32


def problems(path: Path, text: str) -> str:
    """Returns what is wrong with an access file of this text."""
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_access(path)
    return "\n".join(error.value.problems)


def test_everything_in_a_good_file_is_read(tmp_path: Path) -> None:
    """Names, roles, hashes, ends and fingerprints, in the spellings that tools print them in."""
    path = tmp_path / "access.toml"
    path.write_text(f"""
revoked = ["{":".join(["AB"] * 32)}"]
[certificates]
"ward-7.example" = ["caller", "auditor"]
[tokens.ward-8]
sha256 = "{DIGEST}"
roles = ["author"]
expires = 2027-01-31T12:00:00+01:00
[claims]
"group-1" = ["auditor"]
""")
    access = load_access(path)
    assert access.revoked == {DIGEST}
    assert access.certificates == {"ward-7.example": {Role.CALLER, Role.AUDITOR}}
    assert access.claims == {"group-1": {Role.AUDITOR}}
    (token,) = access.tokens
    assert (token.name, token.digest.hex()) == ("ward-8", DIGEST)
    assert token.roles == {Role.AUTHOR}
    assert token.valid_until_s == 1801393200


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "lets nobody in"),
        ("[certificates\n", "not valid TOML (at line 1"),
        ('[certificate]\n"x" = ["caller"]\n', "`certificate` is not known here"),
        ('[certificates]\n"x" = ["nurse"]\n', "`certificates.x.0` is no role; there are `caller`"),
        ('[certificates]\n"x" = []\n', "`certificates.x`"),
        ('[certificates]\n"x" = "caller"\n', "`certificates.x`"),
        ('[certificates]\n"x" = ["caller"]\n"x" = ["auditor"]\n', "not valid TOML"),
        ('[certificates]\n" " = ["caller"]\n', "empty name"),
        ('[tokens.x]\nsha256 = "12"\nroles = ["caller"]\n', "`tokens.x.sha256`"),
        (f'[tokens.x]\nsha256 = "{DIGEST.upper()}"\nroles = ["caller"]\n', "lowercase"),
        (f'[tokens.x]\nsha256 = "{DIGEST}"\n', "`tokens.x.roles`"),
        (f'[tokens.x]\nsha256 = "{DIGEST}"\nroles = ["caller"]\nexpire = 2027-01-01\n', "expire`"),
        (f'[tokens.x]\nsha256 = "{DIGEST}"\nroles = ["caller"]\nexpires = 2027\n', "expires"),
        (f'[tokens."a b"]\nsha256 = "{DIGEST}"\nroles = ["caller"]\n', "`tokens.a b`"),
        (
            f'[tokens.x]\nsha256 = "{DIGEST}"\nroles = ["caller"]\n'
            f'[tokens.y]\nsha256 = "{DIGEST}"\nroles = ["auditor"]\n',
            "the same token",
        ),
        ('revoked = ["12"]\n[certificates]\n"x" = ["caller"]\n', "`revoked.0`"),
        pytest.param(f"revoked = {'9' * 4400}\n", "not valid TOML", id="4400 digits"),
        pytest.param(f"revoked = {'[' * 3000}\n", "not valid TOML", id="3000 brackets"),
    ],
)
def test_a_faulty_file_is_refused_by_the_place(tmp_path: Path, text: str, named: str) -> None:
    """A misspelt key, an unknown role, a list that is none: nothing is skipped in silence."""
    assert named in problems(tmp_path / "access.toml", text)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Neither a missing file nor bytes that are no text are taken for an empty one."""
    with pytest.raises(SettingsError, match="cannot be read"):
        load_access(tmp_path / "absent.toml")
    path = tmp_path / "access.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_access(path)
    path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(SettingsError, match="larger than"):
        load_access(path)


def test_no_digest_is_shown(tmp_path: Path) -> None:
    """A faulty entry is told by its name: what stands in it may be a token by mistake."""
    told = problems(
        tmp_path / "access.toml", '[tokens.x]\nsha256 = "rashpath_canary"\nroles = ["caller"]\n'
    )
    assert "canary" not in told


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[certificates]\n"x" = ["caller"]\n', "`tls_client_ca_file`"),
        ('[claims]\n"x" = ["caller"]\n', "`jwt_jwks_file`"),
    ],
)
def test_entries_that_nothing_could_use_are_refused(tmp_path: Path, text: str, named: str) -> None:
    """Names of certificates where none is asked for would lock everybody out, or seem to let in."""
    path = tmp_path / "access.toml"
    path.write_text(text)
    settings = load_settings({"access_file": path}, {})
    with pytest.raises(SettingsError, match=named):
        open_door(settings, make_log("error"))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"jwt_jwks_url": "https://i.example/k"}, "`jwt_audience` and `jwt_issuer` must be set"),
        ({"jwt_jwks_url": "https://i.example/k", "jwt_audience": "a"}, "must be set"),
        ({"jwt_audience": "a", "jwt_issuer": "i"}, "need `jwt_jwks_file`"),
        ({"jwt_jwks_url": "http://i.example/k"}, "must be https"),
        ({"jwt_jwks_url": "file:///etc/passwd"}, "must be https"),
        ({"jwt_jwks_url": "https://u@i.example/k"}, "must be https"),
        ({"caller_burst": 5}, "needs `caller_rate`"),
        ({"jwt_clock_skew_s": 3600}, "less than or equal to 300"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], named: str) -> None:
    """Half a way of knowing callers is a fault of the start, not an open door."""
    with pytest.raises(SettingsError, match=named):
        load_settings(settings, {})


def test_two_places_of_keys_are_refused(tmp_path: Path) -> None:
    """It must be plain which keys count."""
    path = tmp_path / "jwks.json"
    path.write_text("{}")
    given = {"jwt_jwks_file": path, "jwt_jwks_url": "https://i.example/k"}
    with pytest.raises(SettingsError, match="exclude each other"):
        load_settings(given | {"jwt_audience": "a", "jwt_issuer": "i"}, {})
