"""The null RPC: the same server set-up as rashpath's, which parses the request and decides nothing.

`python -m tests.bench.null_server BYTES` prints its port and serves until it is killed. Whatever
part of its rate a real server reaches is what the decision costs beside the wire.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import grpc
import uvloop

from rashpath.service.channel_options import channel_options
from rashpath.service.core_sharing import CoreSharing
from rashpath.service.settings import load_settings
from rashpath.v1.decision_service_pb2 import EvaluateRequest

SERVICE = "rashpath.v1.DecisionService"


async def serve(answer: bytes) -> None:
    """Serves Evaluate until it is killed; every answer is the same bytes."""

    async def evaluate(data: bytes, context: Any) -> bytes:
        EvaluateRequest.FromString(data)
        return answer

    with CoreSharing().of_new_threads():
        server = grpc.aio.server(
            options=channel_options(load_settings(environment={}), share_port=False)
        )
    handler: Any = grpc.unary_unary_rpc_method_handler(evaluate)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Evaluate": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    # As `rashpath serve` does: the bytes of the request are parsed in the handler, on uvloop.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(bytes(int(sys.argv[1]))))
