"""The command `healthcheck`: a probe that ends with 0 where a server serves, else with 4."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from rashpath.cli.errors import CommandError, ExitCode
from rashpath.cli.options import examples

DEFAULT = "localhost:50051"

EXAMPLES = examples(
    "rashpath healthcheck",
    "rashpath healthcheck --address localhost:50052 --wait 30",
    "rashpath healthcheck --service rashpath.v1.DecisionService",
)

_PAUSE_S = 0.2
_THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # where a server listens, where to ask it


def healthcheck(
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            help="Server to ask; else RASHPATH_HEALTH_ADDRESS, RASHPATH_ADDRESS, localhost:50051.",
        ),
    ] = None,
    service: Annotated[
        str, typer.Option("--service", help="Full name of one service; else the whole server.")
    ] = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", help="Longest wait for one answer.")
    ] = 3.0,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", help="Ask again for so long.")
    ] = 0.0,
    ca_file: Annotated[
        Path | None,
        # Not from the environment: the port of `health_address` speaks plain text.
        typer.Option("--ca-file", help="Certificates to trust (PEM); encrypts the connection."),
    ] = None,
    server_name: Annotated[
        str,
        typer.Option("--server-name", help="Name in the server's certificate, if not the host."),
    ] = "",
) -> None:
    """Exit with 0 where a server takes requests, else with 4.

    Prints nothing where it does. For probes of containers and for scripts
    that wait for a server.
    """
    for name, seconds, least in (("--timeout", timeout, 0.001), ("--wait", wait, 0.0)):
        if not least <= seconds <= 3600:
            raise CommandError(f"`{name}` must be from {least:g} to 3600 seconds")
    if server_name and ca_file is None:
        raise CommandError("`--server-name` needs `--ca-file`")
    asked = where_to_ask(address)
    certificates = None
    if ca_file is not None:
        try:
            certificates = ca_file.read_bytes()
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise CommandError(f"`{ca_file}`: {reason}") from None
    # grpc's own lines on stderr help nobody.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from rashpath.client import Client, ClientError, Tls

    tls = Tls(ca_certificates=certificates, server_name=server_name) if certificates else None
    end = time.monotonic() + wait
    with Client(asked, timeout_s=timeout, retries=0, tls=tls) as client:
        while True:
            try:
                if client.healthy(service):
                    return
                problem = "no server serves"
            except ClientError as error:
                problem = f"the server answers {error.code}"
            if time.monotonic() >= end:
                break
            time.sleep(_PAUSE_S)
    named = f" `{service}`" if service else ""
    raise CommandError(f"{problem}{named} at `{asked}`", exit_code=ExitCode.UNAVAILABLE_OR_DEADLINE)


def where_to_ask(address: str | None) -> str:
    """Returns where the server of this machine's environment can be asked for its health.

    Args:
        address: the address to ask, if one was given.

    Example:
        >>> where_to_ask("0.0.0.0:50052"), where_to_ask("[::]:1"), where_to_ask("rash.example:1")
        ('127.0.0.1:50052', '[::1]:1', 'rash.example:1')
    """
    variables = ("RASHPATH_HEALTH_ADDRESS", "RASHPATH_ADDRESS")
    found = address or next(filter(None, (os.environ.get(name) for name in variables)), DEFAULT)
    host, colon, port = found.rpartition(":")
    return f"{_THIS_MACHINE.get(host, host)}{colon}{port}"
