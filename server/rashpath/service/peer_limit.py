"""Ends the connections that one address holds beyond its share; grpc has no option for it.

A connection is a socket of this process like any other, so it can be found among them and shut
down; grpc then takes it as ended by its client. That happens within half a second, not before the
connection is taken: who opens new ones all the time is for a filter in front of the server.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from rashpath.service.log import Log, log_fault
from rashpath.service.settings import SettingsError

_OPEN_FILES = "/dev/fd"
_NETWORK_BITS = 64
"""Leading bits of an IPv6 address that count as one address: what a provider gives one customer."""

_NOBODY = ""

LOOK_S = 0.5
"""Seconds between two looks at who holds how many."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A connection.

    Args:
        age: place in the order in which connections were seen; the lower, the older.
        address: whose it is.
        file: its open file.
        inode: what tells it from all other open files of the system.
    """

    age: int
    address: str
    file: int
    inode: int


class PeerLimit:
    """Knows who holds which connections.

    Args:
        ports: the ports that are listened on.
        most: connections that one address may hold at a time, 1 or more.
        log: told of every address that held more.

    Raises:
        SettingsError: the system does not tell the open files of a process.
    """

    def __init__(self, ports: Collection[int], most: int, log: Log) -> None:
        try:
            _open_files()
        except OSError:
            text = f"`max_connections_per_address` needs `{_OPEN_FILES}`, which cannot be read here"
            raise SettingsError([text]) from None
        self._ports = frozenset(ports)
        self._most = most
        self._log = log
        self._known: dict[int, tuple[int, str]] = {}
        self._seen = 0

    async def watch(self) -> None:
        """Looks for ever, every half second."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                for address, ended in self.look().items():
                    self._log.warning(
                        "connections beyond `max_connections_per_address` were ended",
                        address=address,
                        connections=ended,
                    )
            except Exception as error:  # to look no more would be no limit
                log_fault(self._log, "connections", error)

    def look(self) -> dict[str, int]:
        """Ends what is held beyond the limit, the newest first; returns how many, by address."""
        files = _open_files()
        if len(files) <= self._most:
            self._known.clear()
            return {}
        by_address: dict[str, list[_Held]] = {}
        for held in self._held(files):
            by_address.setdefault(held.address, []).append(held)
        ended = {}
        for address, connections in by_address.items():
            connections.sort(key=lambda each: each.age)
            count = sum(self._end(each) for each in connections[self._most :])
            if count:
                ended[address] = count
        return ended

    def _held(self, files: list[int]) -> list[_Held]:
        """Returns the connections among open files; asks the system of new ones only."""
        found = []
        known = {}
        for file in files:
            try:
                state = os.fstat(file)
            except OSError:
                continue  # closed meanwhile
            if not stat.S_ISSOCK(state.st_mode):
                continue
            # The number of a socket's inode is its own for as long as it is open.
            entry = self._known.get(state.st_ino)
            if entry is None:
                self._seen += 1
                entry = (self._seen, self._address(file))
            known[state.st_ino] = entry
            if entry[1] != _NOBODY:
                found.append(_Held(*entry, file, state.st_ino))
        self._known = known
        return found

    def _address(self, file: int) -> str:
        """Returns whose connection an open file is; nobody's where it is at none of the ports."""
        try:
            with socket.socket(fileno=os.dup(file)) as connection:
                if connection.family not in (socket.AF_INET, socket.AF_INET6):
                    return _NOBODY
                if connection.getsockname()[1] not in self._ports:
                    return _NOBODY
                return counted_as(connection.getpeername()[0])
        except OSError:
            return _NOBODY  # it listens, or is closed meanwhile

    def _end(self, held: _Held) -> bool:
        """Shuts a connection down; grpc keeps the open file, sees the end and closes it."""
        try:
            # The file may be another connection by now: this one copy is asked and shut down.
            with socket.socket(fileno=os.dup(held.file)) as connection:
                if counted_as(connection.getpeername()[0]) != held.address:
                    return False
                connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return False
        self._known[held.inode] = (held.age, _NOBODY)
        return True


def counted_as(host: str) -> str:
    """Returns what an address is counted as: itself, or the network of an IPv6 address.

    Example:
        >>> counted_as("::ffff:192.0.2.7"), counted_as("2001:db8::1:2:3:4")
        ('192.0.2.7', '2001:db8::')
    """
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        bits = 128 - _NETWORK_BITS
        return str(IPv6Address(int(address) >> bits << bits))
    return str(address)


def _open_files() -> list[int]:
    return sorted(int(name) for name in os.listdir(_OPEN_FILES))
