"""The commands `token new` and `token hash`: make tokens of which a server keeps a hash."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rashpath.cli.errors import CommandError, say
from rashpath.cli.options import examples

NEW_EXAMPLES = examples(
    "rashpath token new ward-7 --role caller -o ward-7.token >> access.toml",
    "rashpath evaluate case.yaml --token-file ward-7.token",
)
HASH_EXAMPLES = examples(
    "rashpath token hash ward-7.token",
)
_LONGEST = 1000


class Role(StrEnum):
    """What the holder of a token may do."""

    CALLER = "caller"
    AUDITOR = "auditor"
    AUTHOR = "author"


def new_token(
    name: Annotated[str, typer.Argument(help="Who holds it; the ledger records `token:NAME`.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="New file for the token, mode 0600."),
    ],
    roles: Annotated[
        list[Role], typer.Option("--role", help="What it is good for; may be given more than once.")
    ],
    expires: Annotated[
        str, typer.Option("--expires", metavar="YYYY-MM-DD", help="Its last day, in UTC.")
    ] = "",
) -> None:
    """Make a token, and print the entry for the server's access file.

    The token goes to its holder, the entry to the server: from the entry
    nobody can find the token.
    """
    from rashpath.service.identity import static_tokens
    from rashpath.service.identity.access import NAME

    if not NAME.fullmatch(name):
        raise CommandError("the name may have letters, digits and `._@-`, up to 100 characters")
    last_day = _date(expires) if expires else ""
    token = static_tokens.new_token()
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"`{output}` is there already; tokens are never overwritten") from None
    except OSError as error:
        raise CommandError(
            f"`{output}`: {(error.strerror or 'cannot be written').lower()}"
        ) from None
    with os.fdopen(handle, "w") as file:
        file.write(f"{token}\n")
    print(f'[tokens."{name}"]')
    print(f'sha256 = "{static_tokens.digest_of(token).hex()}"')
    named = ", ".join(f'"{role}"' for role in dict.fromkeys(roles))
    print(f"roles = [{named}]")
    if last_day:
        print(f"expires = {last_day}")
    say(f"wrote {output}: a token for {name}; give it to its holder and keep no copy")


def hash_token(
    file: Annotated[Path, typer.Argument(help="File that holds the token; `-` reads stdin.")],
) -> None:
    """Print the SHA-256 of a token that `token new` made.

    Other texts are refused: what a person thinks up can be found from such
    a hash.
    """
    from rashpath.service.identity import static_tokens

    try:
        if str(file) == "-":
            token = sys.stdin.read(_LONGEST).strip()
        else:
            with file.open(encoding="utf-8") as stream:
                token = stream.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not text"
        raise CommandError(f"`{file}`: {reason.lower()}") from None
    if not static_tokens.is_static(token):
        raise CommandError("this is no token that `rashpath token new` made")
    print(static_tokens.digest_of(token).hex())


def _date(text: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise CommandError(f"`--expires {text}` is not a date, YYYY-MM-DD") from None
