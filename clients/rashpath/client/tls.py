"""How a client encrypts its connection, and where it may send a token without."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

import grpc

_SCHEME = re.compile(r"(?:dns|ipv4|ipv6):(?:///)?")


@dataclass(frozen=True, slots=True)
class Tls:
    """An encrypted connection.

    Args:
        ca_certificates: PEM certificates to trust; None: those of grpc.
        certificate: PEM chain of the client's own certificate; None: none.
        key: PEM private key of it.
        server_name: name that the server's certificate must have; empty: the address's host.
    """

    ca_certificates: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    server_name: str = ""

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("`certificate` and `key` must be given together")

    def credentials(self) -> grpc.ChannelCredentials:
        """Returns the credentials of a channel."""
        return grpc.ssl_channel_credentials(self.ca_certificates, self.key, self.certificate)


def is_loopback(address: str) -> bool:
    """Tells whether an address never leaves this machine; a name but `localhost` is taken to.

    Example:
        >>> is_loopback("127.0.0.1:50051"), is_loopback("[::1]:50051"), is_loopback("server:50051")
        (True, True, False)
    """
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    bare = _SCHEME.sub("", address, count=1)
    if bare.startswith("["):
        host = bare[1:].partition("]")[0]
    elif bare.count(":") > 1:
        host = bare
    else:
        host = bare.partition(":")[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
