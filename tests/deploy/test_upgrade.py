"""A rolling upgrade: the new server serves, then the old one drains; no call fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from rashpath.client import Client, ClientError
from rashpath.v1.facts_pb2 import PatientCase

PROGRAM = str(Path(sys.executable).with_name("rashpath"))
SPREAD = '{"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}'
"""Spreads calls over the servers that say SERVING, as docs/operations.md tells clients to."""

LAME_DUCK_S = 1.5


def free_addresses(count: int) -> list[str]:
    """Returns addresses of the loopback that are free just now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return found


def start(address: str, folder: Path) -> subprocess.Popen[bytes]:
    """Starts a server over the one ledger, and returns when it serves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RASHPATH_")}
    settings = {
        "RASHPATH_ADDRESS": address,
        "RASHPATH_AUDIT_URL": f"sqlite:///{folder}/audit.db",
        "RASHPATH_LAME_DUCK_S": str(LAME_DUCK_S),
    }
    with (folder / f"{address}.log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "serve"], env=kept | settings, stderr=log)
    probe = [PROGRAM, "healthcheck", "--address", address, "--wait", "30"]
    subprocess.run(probe, env=kept, check=True, timeout=40)
    return process


def test_no_call_is_lost_while_one_server_replaces_another(tmp_path: Path) -> None:
    """Callers that never try twice notice nothing; each answer is in the one ledger, a repeated
    request id gets the old server's answer from the new one, and the ledger verifies."""
    old, new = free_addresses(2)
    options = (
        ("grpc.service_config", SPREAD),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 200),
    )
    outcomes: Counter[str] = Counter()
    ids: set[str] = set()
    first: dict[int, str] = {}
    done = threading.Event()
    lock = threading.Lock()

    def call(number: int) -> None:
        with Client(f"ipv4:{old},{new}", retries=0, channel_options=options) as client:
            while not done.wait(0.1):
                try:
                    answer = client.evaluate(PatientCase(), timeout_s=10)
                    same = client.evaluate(PatientCase(), request_id=f"r{number}", timeout_s=10)
                except ClientError as error:
                    with lock:
                        outcomes[f"{error.code} {error.reason}"] += 1
                    continue
                with lock:
                    ids.update((answer.decision_id, same.decision_id))
                    repeated = first.setdefault(number, same.decision_id) == same.decision_id
                    outcomes["OK" if repeated else "another answer"] += 1

    before = start(old, tmp_path)
    after = None
    callers = [threading.Thread(target=call, args=(number,)) for number in range(2)]
    try:
        for each in callers:
            each.start()
        time.sleep(0.3)
        after = start(new, tmp_path)
        at_the_signal = outcomes["OK"]
        before.send_signal(signal.SIGTERM)
        assert before.wait(20) == 0
        time.sleep(0.3)
        done.set()
        for each in callers:
            each.join(20)
        with Client(new, retries=0, timeout_s=30) as client:
            recorded = {each.record.id for each in client.decisions()}
            sound = client.verify_ledger().sound
    finally:
        done.set()
        for each in callers:
            each.join(20)
        for process in (before, after):
            if process is not None and process.poll() is None:
                process.terminate()
    assert set(outcomes) == {"OK"}, outcomes
    assert 0 < at_the_signal < outcomes["OK"]
    assert len(first) == 2
    assert after is not None
    assert after.wait(20) == 0
    assert ids == recorded
    assert sound
