"""Addresses to listen on: HOST:PORT, looked at before grpc does, whose errors say little."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from rashpath.facts.errors import RashpathError


class AddressError(RashpathError):
    """An address that cannot be listened on."""


def split(address: str) -> tuple[str, int]:
    """Returns host (without brackets) and port.

    Example:
        >>> split("[::1]:50051")
        ('::1', 50051)
    """
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def join(host: str, port: int) -> str:
    """Returns HOST:PORT, with brackets around an IPv6 host."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(address: str) -> bool:
    """Tells whether only this machine reaches an address."""
    host, _ = split(address)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def require_free(address: str) -> None:
    """Checks that nothing listens on an address yet.

    Raises:
        AddressError: the host is not of this machine, or the port is in use or not allowed.
    """
    for listener in _bound(address, share=False):
        listener.close()


def reserve(address: str) -> tuple[str, list[socket.socket]]:
    """Reserves an address for worker processes to share.

    Returns:
        The address, its port 0 replaced by the port found; and the sockets that hold it, which
        take no connections and are to be closed when the last worker has ended.

    Raises:
        AddressError: as :func:`require_free`.
    """
    host, port = split(address)
    if port:
        require_free(address)
        return address, _bound(address, share=True)
    first = _bound(address, share=True)[:1]
    found = join(host, first[0].getsockname()[1])
    sockets = _bound(found, share=True)
    first[0].close()
    return found, sockets


def _bound(address: str, *, share: bool) -> list[socket.socket]:
    host, port = split(address)
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise AddressError(f"the host of `{address}` is not known") from None
    listeners: list[socket.socket] = []
    absent: OSError | None = None
    for family, kind, protocol, _, where in dict.fromkeys(infos):
        listener = None
        try:
            listener = socket.socket(family, kind, protocol)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if share:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(where)
        except OSError as error:
            if listener is not None:
                listener.close()
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                absent = error  # such as ::1 of `localhost` on a machine without IPv6
                continue
            for each in listeners:
                each.close()
            raise AddressError(f"cannot listen on `{address}`: {_words(error)}") from None
        listeners.append(listener)
    if not listeners:
        raise AddressError(f"cannot listen on `{address}`: {_words(absent)}")
    return listeners


def _words(error: OSError | None) -> str:
    if error is None or error.errno is None:
        return "the system gives no reason"
    text = os.strerror(error.errno)
    return text[0].lower() + text[1:]
