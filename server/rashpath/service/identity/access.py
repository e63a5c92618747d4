"""The access file: which certificates, static tokens and claims have which roles.

```toml
revoked = ["3f9c..."]            # SHA-256 fingerprints of client certificates

[certificates]                   # subject alternative names
"ward-7.example" = ["caller"]

[tokens.ward-8]                  # made by `rashpath token new`
sha256 = "..."
roles = ["caller"]
expires = 2027-01-31             # may be left out; a day ends with it, in UTC

[claims]                         # values of the roles claim of a JWT
"rashpath-users" = ["caller"]
```
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rashpath.service.identity.roles import Role, Roles
from rashpath.service.settings import SettingsError

_LARGEST = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
"""Name of the holder of a static token."""

# Strictly: a number would be taken for seconds since 1970.
StrictTime = Annotated[datetime, Field(strict=True)]
StrictDate = Annotated[date, Field(strict=True)]
RoleList = Annotated[list[Role], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A token that the access file lists.

    Args:
        name: of its holder, without the prefix `token:`.
        digest: SHA-256 of the token, 32 bytes.
        roles: one or more.
        valid_until_s: end of its validity, not included, in seconds since 1970; infinity: none.
    """

    name: str
    digest: bytes
    roles: Roles
    valid_until_s: float


@dataclass(frozen=True, slots=True)
class Access:
    """What an access file says.

    Args:
        certificates: roles by subject alternative name.
        tokens: the static tokens.
        claims: roles by value of the roles claim; empty: the roles' own names count.
        revoked: SHA-256 fingerprints of client certificates, lowercase hex without colons.
    """

    certificates: Mapping[str, Roles]
    tokens: tuple[StaticToken, ...]
    claims: Mapping[str, Roles]
    revoked: frozenset[str]


class _Token(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str
    roles: RoleList
    expires: StrictTime | StrictDate | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    revoked: list[str] = []
    certificates: dict[str, RoleList] = {}
    tokens: dict[str, _Token] = {}
    claims: dict[str, RoleList] = {}


def load_access(path: Path) -> Access:
    """Returns what an access file says.

    Raises:
        SettingsError: it cannot be read, or with every entry that is faulty; no digest is shown.
    """
    try:
        data = path.read_bytes()
        if len(data) > _LARGEST:
            raise SettingsError([f"the access file `{path}` is larger than {_LARGEST} bytes"])
        file = _File.model_validate(tomllib.loads(data.decode("utf-8")))
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise SettingsError([f"the access file `{path}` cannot be read: {reason}"]) from None
    except ValidationError as error:
        raise SettingsError(
            f"{path}: `{'.'.join(map(str, each['loc']))}` {_problem(each['type'], each['msg'])}"
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        ) from None
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: a number of thousands of digits is a plain ValueError.
        place = re.search(r"\(at .*\)$", str(error))
        where = f" {place.group()}" if place else ""
        raise SettingsError([f"the access file `{path}` is not valid TOML{where}"]) from None
    problems = _problems(file)
    if problems:
        raise SettingsError(f"{path}: {each}" for each in problems)
    return Access(
        certificates={name: frozenset(roles) for name, roles in file.certificates.items()},
        tokens=tuple(_token(name, token) for name, token in file.tokens.items()),
        claims={name: frozenset(roles) for name, roles in file.claims.items()},
        revoked=frozenset(_fingerprint(each) for each in file.revoked),
    )


def _problem(kind: str, text: str) -> str:
    match kind:
        case "extra_forbidden":
            return (
                "is not known here; known: `revoked`, `certificates`, `tokens` with `sha256`, "
                "`roles` and `expires`, `claims`"
            )
        case "enum":
            return f"is no role; there are {', '.join(f'`{role}`' for role in Role)}"
        case _:
            return text[0].lower() + text[1:]


def _problems(file: _File) -> list[str]:
    problems = []
    holders: dict[str, str] = {}
    for name, token in file.tokens.items():
        if not NAME.fullmatch(name):
            problems.append(f"`tokens.{name}`: a name has letters, digits and `._@-`, up to 100")
        if not _DIGEST.fullmatch(token.sha256):
            problems.append(f"`tokens.{name}.sha256` is not 64 lowercase hexadecimal digits")
        elif (other := holders.setdefault(token.sha256, name)) != name:
            problems.append(f"`tokens.{name}` and `tokens.{other}` are the same token")
    for index, each in enumerate(file.revoked):
        if not _DIGEST.fullmatch(_fingerprint(each)):
            problems.append(f"`revoked.{index}` is not a SHA-256 fingerprint")
    for kind, names in (("certificates", file.certificates), ("claims", file.claims)):
        problems += [f"`{kind}` has an empty name" for name in names if not name.strip()]
    if not (file.tokens or file.certificates or file.claims):
        problems.append("lets nobody in: it has no `certificates`, `tokens` or `claims`")
    return problems


def _token(name: str, token: _Token) -> StaticToken:
    end = float("inf")
    match token.expires:
        case datetime() as moment:
            end = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        case date() as day:
            end = datetime.combine(day + timedelta(days=1), time(), UTC).timestamp()
    return StaticToken(name, bytes.fromhex(token.sha256), frozenset(token.roles), end)


def _fingerprint(text: str) -> str:
    return text.replace(":", "").lower()
