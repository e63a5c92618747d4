"""What an auditor's command asks: a server, or a ledger without one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rashpath.cli.connection import Connection
from rashpath.cli.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from rashpath.client.audit import AuditCalls


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A ledger that is read without a server.

    Args:
        url: where it is, `sqlite:///FILE` or `postgresql://...`; empty: the server is asked.
        keyring: file of the keys that open contents; None: none.
        signing_key: file of the key whose signatures count; None: the one beside an SQLite file.
        public_key: PEM file of the public keys whose signatures count instead; None: see above.
    """

    url: str = ""
    keyring: Path | None = None
    signing_key: Path | None = None
    public_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a command finds the ledger: through a connection, or in a store."""

    connection: Connection
    store: StorePlace

    def require_decision(self, decision: str) -> None:
        """Refuses a store where no recorded decision is asked for.

        Raises:
            CommandError: there is a store and no id of a decision.
        """
        if self.store.url and not decision:
            raise CommandError("`--store` is where a recorded decision lies; give `--decision ID`")


@contextmanager
def open_auditor(
    connection: Connection,
    store: StorePlace,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[AuditCalls]:
    """Yields what answers an auditor's questions, closed after use.

    Args:
        connection: how a server is reached.
        store: a ledger to read without a server; with an empty URL the server is asked.
        progress: told the number of records verified, from time to time; by a store only.

    Raises:
        CommandError: what was asked for keeps no ledger, or the store cannot be read.
    """
    if store.url:
        from rashpath.cli.store import StoreAuditor

        with StoreAuditor(store, progress) as auditor:
            yield auditor
        return
    if connection.local:
        raise CommandError(
            "`--local` keeps no audit ledger",
            exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION,
            hint="ask a server, or read a ledger with `--store URL`",
        )
    with connection.client() as client:
        yield client


def store_options(
    store: Annotated[
        str,
        typer.Option(
            "--store", metavar="URL", help="Read this ledger, or a copy of it, without a server."
        ),
    ] = "",
    keyring: Annotated[
        Path | None,
        typer.Option(
            "--keyring",
            metavar="FILE",
            envvar="RASHPATH_AUDIT_KEYRING_FILE",
            help="With --store: the keys that open what is recorded.",
        ),
    ] = None,
    signing_key: Annotated[
        Path | None,
        typer.Option(
            "--signing-key",
            metavar="FILE",
            envvar="RASHPATH_AUDIT_SIGNING_KEY_FILE",
            help="With --store: the key that signed it [default: the one beside the file].",
        ),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key",
            metavar="FILE",
            help="With --store: its public part in PEM, instead of --signing-key.",
        ),
    ] = None,
) -> StorePlace:
    """Returns the ledger that the options of a command name."""
    return StorePlace(store, keyring, signing_key, public_key)


def asks_an_auditor(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turns the parameter ``source`` of a command into ``connection`` and the store's options.

    The result goes to `asks_a_server`, which turns ``connection`` into options too.
    """
    own = inspect.signature(command, eval_str=True)
    shared = inspect.signature(store_options, eval_str=True).parameters

    def run(connection: Connection, **given: Any) -> Any:
        place = store_options(**{name: given.pop(name) for name in shared})
        return command(source=Source(connection, place), **given)

    parameters = [
        inspect.Parameter("connection", inspect.Parameter.KEYWORD_ONLY, annotation=Connection),
        *(
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in [*own.parameters.values(), *shared.values()]
            if parameter.name != "source"
        ),
    ]
    run.__name__ = command.__name__
    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # functions have it
    return run
