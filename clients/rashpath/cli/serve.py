"""The command `serve`: runs the server until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rashpath.cli.errors import CommandError
from rashpath.cli.options import examples

EXAMPLES = examples(
    "rashpath serve",
    "rashpath serve --address 0.0.0.0:50051 --workers 2 --settings rashpath.toml",
    "rashpath serve --settings /etc/rashpath/rashpath.toml",
    "rashpath serve --address localhost:0 --ready-file /run/rashpath.address",
)


def serve(
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            help="Where to listen; port 0 takes a free one [default: localhost:50051].",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Processes that share the port [default: 1]."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="Settings in TOML."),
    ] = None,
    guideline_dir: Annotated[
        Path | None,
        typer.Option("--guideline-dir", metavar="DIR", help="Guidelines, ID/VERSION.yaml."),
    ] = None,
    default_guideline: Annotated[
        str | None,
        typer.Option("--default-guideline", metavar="ID[@VERSION]", help="Decides by default."),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning or error."),
    ] = None,
    reflection: Annotated[
        bool | None,
        typer.Option("--reflection/--no-reflection", help="Tell clients the services there are."),
    ] = None,
    tls_certificate_file: Annotated[
        Path | None, typer.Option("--tls-certificate-file", metavar="FILE", help="PEM chain.")
    ] = None,
    tls_key_file: Annotated[
        Path | None, typer.Option("--tls-key-file", metavar="FILE", help="PEM private key.")
    ] = None,
    tls_client_ca_file: Annotated[
        Path | None,
        typer.Option(
            "--tls-client-ca-file", metavar="FILE", help="Demand client certificates signed by it."
        ),
    ] = None,
    access_file: Annotated[
        Path | None,
        typer.Option("--access-file", metavar="FILE", help="Who has which roles (TOML)."),
    ] = None,
    insecure_i_understand: Annotated[
        bool | None,
        typer.Option(
            "--insecure-i-understand",
            help="Serve other machines without TLS, or without knowing who calls.",
        ),
    ] = None,
    audit_mode: Annotated[
        str | None,
        typer.Option("--audit-mode", metavar="MODE", help="required (default) or off."),
    ] = None,
    audit_url: Annotated[
        str | None,
        typer.Option(
            "--audit-url", metavar="URL", help="Records decisions: sqlite:///FILE, postgresql://..."
        ),
    ] = None,
    metrics_address: Annotated[
        str | None,
        typer.Option(
            "--metrics-address", metavar="HOST:PORT", help="Where Prometheus reads the metrics."
        ),
    ] = None,
    ready_file: Annotated[
        Path | None,
        typer.Option("--ready-file", metavar="FILE", help="Gets the bound address once serving."),
    ] = None,
) -> None:
    """Run the server.

    Every setting can also come from the environment (RASHPATH_WORKERS) or
    from the settings file (workers = 2); an option wins over both. SIGTERM
    lets calls in flight finish; SIGHUP takes in changed guidelines.
    """
    from rashpath.service.settings import SettingsError, load_settings

    given = {
        "address": address,
        "workers": workers,
        "guideline_dir": guideline_dir,
        "default_guideline": default_guideline,
        "log_level": log_level,
        "reflection": reflection,
        "tls_certificate_file": tls_certificate_file,
        "tls_key_file": tls_key_file,
        "tls_client_ca_file": tls_client_ca_file,
        "access_file": access_file,
        "insecure_i_understand": insecure_i_understand,
        "audit_mode": audit_mode,
        "audit_url": audit_url,
        "metrics_address": metrics_address,
        "ready_file": ready_file,
    }
    try:
        loaded = load_settings(given, settings_file=settings)
    except SettingsError as error:
        raise CommandError(*error.problems, summary="nothing served") from None
    from rashpath.service.main import serve as run_server

    raise typer.Exit(run_server(loaded))
