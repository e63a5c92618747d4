"""Refusals are counted, for whoever exports the counts."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import grpc

from rashpath.service.application import Application
from rashpath.service.log import make_log
from rashpath.service.server import Server
from rashpath.service.settings import load_settings
from tests.service.identity.papers import static_tokens
from tests.service.ledgers import EVALUATE

CASE = b"\x0a\x00"


async def counts_after_calls(folder: Path) -> dict[tuple[str, str, str], int]:
    """Returns what a server counts of an answer, a faulty request and three refusals of callers."""
    path = folder / "access.toml"
    tokens = static_tokens(path, {"ward": "caller", "audit": "auditor"})
    settings = load_settings({"address": "127.0.0.1:0", "access_file": path}, {})
    server = Server(Application.load(), settings, make_log("error", io.StringIO()))
    await server.start()
    calls = [
        (tokens["ward"], CASE),
        (tokens["ward"], b"\xff"),
        (tokens["audit"], CASE),
        ("wrong", CASE),
        ("wrong", CASE),
    ]
    async with grpc.aio.insecure_channel(server.address) as channel:
        for token, data in calls:
            try:
                await channel.unary_unary(EVALUATE)(
                    data, timeout=20, metadata=[("authorization", f"Bearer {token}")]
                )
            except grpc.aio.AioRpcError:
                continue
    counts = server.refusals.counts()
    await server.drain()
    return counts


def test_each_refusal_is_counted_by_method_and_reason(tmp_path: Path) -> None:
    """What is answered is not counted; what is refused is, with what was wrong with a token."""
    assert asyncio.run(counts_after_calls(tmp_path)) == {
        ("Evaluate", "DOCUMENT_MALFORMED", ""): 1,
        ("Evaluate", "PERMISSION_DENIED", ""): 1,
        ("Evaluate", "UNAUTHENTICATED", "token_unknown"): 2,
    }
