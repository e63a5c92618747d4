"""What goes on around a server of one process: metrics are read, guidelines reloaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from rashpath.service import ready_file
from rashpath.service.log import Log
from rashpath.service.metrics import catalogue
from rashpath.service.metrics.endpoint import metrics_endpoint
from rashpath.service.metrics.snapshot import Snapshot
from rashpath.service.reload.hangup import on_hangup
from rashpath.service.reload.local import LocalReload
from rashpath.service.reload.reloading import Reloading
from rashpath.service.server import Server
from rashpath.service.settings import Settings


@asynccontextmanager
async def alone(
    server: Server, settings: Settings, log: Log, serving: str | None = None
) -> AsyncIterator[None]:
    """Keeps a server company for as long as the context lasts, its drain included.

    Args:
        server: serves.
        settings: its settings.
        log: the log.
        serving: digest of the files of the guidelines that serve; None: not known.

    Raises:
        AddressError: `metrics_address` cannot be listened on.
        OSError: the ready file cannot be written.
    """
    local = LocalReload(server, settings)
    reloading = Reloading(settings.guideline_dir, lambda: [local], log, serving=serving)

    async def gather() -> Snapshot:
        snapshot = server.counted()
        snapshot.put(catalogue.WORKERS_ENDED, 0)
        reloading.put(snapshot)
        return snapshot

    with ExitStack() as stack:
        stack.callback(reloading.close)
        if settings.metrics_address is not None:
            stack.enter_context(metrics_endpoint(settings.metrics_address, gather, log))
        on_hangup(reloading.ask)
        task = asyncio.create_task(reloading.run(settings.reload_watch_s))
        stack.callback(task.cancel)
        if settings.ready_file is not None:
            ready_file.write(settings.ready_file, server.address)
            stack.callback(ready_file.remove, settings.ready_file)
        yield
