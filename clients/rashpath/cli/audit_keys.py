"""The commands `audit keygen`, `public-key` and `rewrap`: make, hand out and replace keys."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rashpath.cli.errors import CommandError, ExitCode, say
from rashpath.cli.options import examples

KEYGEN_EXAMPLES = examples(
    "rashpath audit keygen keyring -o keyring.json",
    "rashpath audit keygen signing -o signing.json",
    "rashpath audit keygen keyring --replace keyring.json -o keyring-new.json",
)
PUBLIC_KEY_EXAMPLES = examples("rashpath audit public-key signing.json > signing.pem")
REWRAP_EXAMPLES = examples(
    "rashpath audit rewrap --store sqlite:///audit.db --keyring keyring-new.json"
)


class KeyKind(StrEnum):
    """What keys a file holds."""

    KEYRING = "keyring"
    SIGNING = "signing"


def keygen(
    kind: Annotated[
        KeyKind, typer.Argument(help="keyring: encrypts what is recorded; signing: signs it.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="New file, for its owner alone.")
    ],
    replace: Annotated[
        Path | None,
        typer.Option(
            "--replace",
            metavar="FILE",
            help="Take over the keys of this file, and put a new one in front of them.",
        ),
    ] = None,
    key_id: Annotated[
        str,
        typer.Option("--id", metavar="ID", help="Id of a keyring's new key [default: the time]."),
    ] = "",
) -> None:
    """Make a file of keys, with mode 0600; a file that is there is never overwritten.

    Whoever has the keyring can read what was recorded; whoever loses it
    cannot. Whoever has the signing key can rewrite history. Keep both apart
    from the ledger and its backups.
    """
    from rashpath.audit.errors import KeyFileError
    from rashpath.audit.keyring import Keyring
    from rashpath.audit.signing import SigningKey

    if key_id and kind is KeyKind.SIGNING:
        raise CommandError("`--id` is for a keyring; a signing key is named by its public part")
    name = key_id or f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        match kind:
            case KeyKind.KEYRING:
                keyring = (
                    Keyring.generate(name)
                    if replace is None
                    else Keyring.load(replace).rotated(name)
                )
                keyring.save(output)
                said = f"keyring with the current key {keyring.current}"
            case KeyKind.SIGNING:
                signing = (
                    SigningKey.generate()
                    if replace is None
                    else SigningKey.load(replace).replaced()
                )
                signing.save(output)
                said = f"signing key {signing.id}"
    except FileExistsError:
        raise CommandError(f"`{output}` is there already; keys are never overwritten") from None
    except KeyFileError as error:
        raise CommandError(str(error), exit_code=ExitCode.BAD_INPUT) from None
    say(f"wrote {output}: {said}")


def public_key(
    key: Annotated[
        Path,
        typer.Argument(metavar="KEY", help="Signing key, as `audit keygen signing` makes it."),
    ],
) -> None:
    """Print the public part of a signing key in PEM, for whoever verifies.

    What is printed holds no secret: an auditor can verify with it and sign
    nothing. The public parts of the keys that it replaced follow.
    """
    from rashpath.audit.errors import KeyFileError
    from rashpath.audit.signing import SigningKey, TrustedKeys

    try:
        signing = SigningKey.load(key)
    except KeyFileError as error:
        raise CommandError(str(error)) from None
    print(TrustedKeys({signing.id: signing.public, **signing.older}).pem(), end="")


def rewrap(
    store: Annotated[
        str, typer.Option("--store", metavar="URL", help="The ledger itself, which is changed.")
    ],
    keyring: Annotated[
        Path,
        typer.Option(
            "--keyring",
            metavar="FILE",
            envvar="RASHPATH_AUDIT_KEYRING_FILE",
            help="Holds the older keys and, as the current one, the new key.",
        ),
    ],
) -> None:
    """Wrap the keys of all contents anew under the current key of a keyring.

    Afterwards the older keys of the keyring can be retired. Servers may go on
    recording meanwhile, once all of them have the new keyring.
    """
    from rashpath.audit.envelope import Seal
    from rashpath.audit.keyring import Keyring
    from rashpath.audit.rewrap import rewrap as wrap_anew
    from rashpath.audit.store import open_store
    from rashpath.cli.store import telling

    with telling():
        keys = Keyring.load(keyring)
        opened = open_store(store, change=False)
        try:
            count = wrap_anew(opened, Seal(keys, opened.ledger_key()))
        finally:
            opened.close()
    print(f"wrapped {count} keys anew under {keys.current}")
