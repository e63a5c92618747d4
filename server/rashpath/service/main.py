"""Starts the service: what `rashpath serve` calls."""

from __future__ import annotations

import os
import sys

from rashpath.facts.errors import RashpathError
from rashpath.service.exposure import require_closed
from rashpath.service.log import Log, capture_libraries, make_log
from rashpath.service.settings import Settings

BAD_INPUT = 2
"""Exit code where the settings, the address or a guideline are at fault."""


def serve(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT, drains, and returns the exit code.

    Returns:
        0 after a drain; 1 if workers failed; 2 if the settings, the address or a guideline cannot
        be used, each fault told in a line on stderr. A further SIGTERM changes nothing; a further
        SIGINT ends the process at once with 130.
    """
    log = begin(settings)
    try:
        require_closed(settings)
        if settings.workers > 1:
            return _serve_shared(settings, log)
        _serve_alone(settings, log)
    except RashpathError as error:
        return report(error)
    except OSError as error:
        return report(RashpathError(f"`{error.filename}`: {error.strerror}"))
    return 0


def begin(settings: Settings) -> Log:
    """Prepares logging in a process that will serve, and returns the log."""
    # grpc's core reads this when it starts; its own lines on stderr would not be JSON.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    log = make_log(settings.log_level)
    capture_libraries(log)
    return log


def report(error: RashpathError) -> int:
    """Tells every fault that an error carries in a line on stderr; returns the exit code."""
    for problem in getattr(error, "problems", (str(error),)):
        print(f"error: {problem}", file=sys.stderr)
    return BAD_INPUT


def _serve_alone(settings: Settings, log: Log) -> None:
    from rashpath.service.alone import alone
    from rashpath.service.reload.generation import content_digest
    from rashpath.service.server import run, run_loop

    # Taken before they are loaded: what changes in between is then seen as changed.
    digest = content_digest(settings.guideline_dir) if settings.reload_watch_s else None
    folder = settings.guideline_dir
    run_loop(
        settings,
        run(settings, log, folder=folder, around=lambda each: alone(each, settings, log, digest)),
    )


def _serve_shared(settings: Settings, log: Log) -> int:
    import asyncio

    from rashpath.service.workers import Workers

    return asyncio.run(Workers(settings, log).run())
