"""Reloading in the process that serves: loads in a thread beside it, swaps between two calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rashpath.service.garbage import set_aside
from rashpath.service.guidelines import GuidelinesError
from rashpath.service.reload.reloading import LoadReport
from rashpath.service.served import Served, load_served
from rashpath.service.server import Server
from rashpath.service.settings import Settings

_SET_ASIDE_S = 1.0
"""Seconds after a reload by which most calls have ended that began before it."""


class LocalReload:
    """One server that takes part in reloads.

    Args:
        server: the server.
        settings: what its guidelines must have.
    """

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server = server
        self._settings = settings
        self._loaded: Served | None = None

    async def load(self, folder: Path) -> LoadReport:
        """Loads, checks and tries those of a folder beside those that serve."""
        try:
            self._loaded = await asyncio.to_thread(load_served, self._settings, folder)
        except GuidelinesError as error:
            return LoadReport((), error.problems)
        except Exception as error:  # what serves must outlive any fault of what is to serve
            name = type(error).__name__
            return LoadReport((), (f"the guidelines cannot be loaded: {name}",))
        return LoadReport(self._loaded.guidelines.names(), ())

    async def swap(self) -> bool:
        """Serves what it has loaded from now on; tells whether there was something."""
        loaded, self._loaded = self._loaded, None
        if loaded is None:
            return False
        self._server.serve(loaded)
        # Later, since calls under way keep the guidelines before; those of longer ones go with the
        # next reload.
        asyncio.get_running_loop().call_later(_SET_ASIDE_S, set_aside)
        return True

    async def keep(self) -> None:
        """Forgets what it has loaded, and says in its health that a reload was refused."""
        self._loaded = None
        self._server.reload_refused()
