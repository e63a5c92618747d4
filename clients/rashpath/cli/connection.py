"""Where a command gets its answers: from a server, or in process."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rashpath.cli.errors import CommandError

if TYPE_CHECKING:
    from rashpath.client import Client, Tls
    from rashpath.client.decisions import DecisionCalls

ADDRESS = "localhost:50051"


@dataclass(frozen=True, slots=True)
class Connection:
    """How a command reaches what decides.

    Args:
        address: ``HOST:PORT`` of the server.
        local: decide in process, without a server.
        timeout_s: seconds that one call may take, more than 0.
        ca_file: certificates to trust, in PEM; with it the connection is encrypted.
        cert_file: the client's own certificate, in PEM; with it the connection is encrypted.
        key_file: its private key, in PEM.
        token_file: file whose first line is the token to show; wins over ``token``.
        token: the token itself; empty: none.
    """

    address: str
    local: bool
    timeout_s: float
    ca_file: Path | None
    cert_file: Path | None
    key_file: Path | None
    token_file: Path | None
    token: str

    def open(self) -> AbstractContextManager[DecisionCalls]:
        """Returns what decides, to be closed after use.

        Raises:
            CommandError: a file that an option names cannot be read.
        """
        if self.local:
            from rashpath.cli.local import LocalClient

            return LocalClient()
        return self.client()

    def client(self) -> Client:
        """Returns the client of the server, to be closed after use.

        Raises:
            CommandError: a file that an option names cannot be read.
        """
        # grpc's own lines on stderr help nobody; the error that follows says what is wrong.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from rashpath.client import Client
        from rashpath.client.tls import is_loopback

        tls = self._tls()
        token = self._token()
        if token and tls is None and not is_loopback(self.address):
            raise CommandError(
                f"the token would travel unencrypted to `{self.address}`; give `--ca-file` too"
            )
        return Client(self.address, timeout_s=self.timeout_s, tls=tls, token=token or None)

    def explain_command(self, case: str) -> str:
        """Returns the command that explains a case, asking what this connection asks."""
        return f"rashpath explain {case}{' --local' if self.local else ''}"

    def _tls(self) -> Tls | None:
        from rashpath.client import Tls

        if (self.cert_file is None) != (self.key_file is None):
            raise CommandError("`--cert-file` and `--key-file` must be given together")
        if self.ca_file is None and self.cert_file is None:
            return None
        # A key that is encrypted, or another's, would only make every handshake fail.
        if self.cert_file is not None and self.key_file is not None:
            _require_pair(self.cert_file, self.key_file)
        files = (self.ca_file, self.cert_file, self.key_file)
        ca, certificate, key = (None if path is None else _read(path) for path in files)
        return Tls(ca, certificate, key)

    def _token(self) -> str:
        token = self.token
        if self.token_file is not None:
            token = _read(self.token_file).decode("utf-8", "replace").strip()
        if token and not (token.isascii() and token.isprintable()):
            raise CommandError("the token must be one line of printable ASCII")
        return token


def connection_options(
    address: Annotated[
        str,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            envvar="RASHPATH_ADDRESS",
            help="Server to ask.",
        ),
    ] = ADDRESS,
    local: Annotated[
        bool, typer.Option("--local", help="Decide in process, without a server.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            envvar="RASHPATH_TIMEOUT",
            help="Longest wait for one answer.",
        ),
    ] = 10.0,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca-file",
            envvar="RASHPATH_CA_FILE",
            help="Certificates to trust (PEM); encrypts the connection.",
        ),
    ] = None,
    cert_file: Annotated[
        Path | None,
        typer.Option(
            "--cert-file",
            envvar="RASHPATH_CERT_FILE",
            help="Your own certificate (PEM), where the server asks for one.",
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", envvar="RASHPATH_KEY_FILE", help="Its private key (PEM)."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="File that holds the token (else RASHPATH_TOKEN)."),
    ] = None,
) -> Connection:
    """Returns the connection that the options of a command ask for."""
    if not 0 < timeout <= 86_400:
        raise CommandError("`--timeout` must be more than 0 and at most 86400 seconds")
    token = os.environ.get("RASHPATH_TOKEN", "")
    return Connection(address, local, timeout, ca_file, cert_file, key_file, token_file, token)


def asks_a_server(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the connection options to a command that has a parameter ``connection``.

    The command line is built from signatures, so the returned function carries the signature of
    both.
    """
    own = inspect.signature(command, eval_str=True)
    shared = inspect.signature(connection_options, eval_str=True).parameters

    def run(**given: Any) -> Any:
        connection = connection_options(**{name: given.pop(name) for name in shared})
        try:
            return command(connection=connection, **given)
        except Exception as error:
            # Whoever reads the error learns which server was asked.
            error.add_note(connection.address)
            raise

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in [*own.parameters.values(), *shared.values()]
        if parameter.name != "connection"
    ]
    run.__name__ = command.__name__
    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # functions have it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _require_pair(certificate: Path, key: Path) -> None:
    import ssl

    for path in (certificate, key):
        _read(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, _no_password)
    except (ssl.SSLError, ValueError):
        raise CommandError(
            "`--cert-file` and `--key-file` are not a PEM certificate and its unencrypted key"
        ) from None


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise CommandError(f"`{path}`: {reason}") from None
