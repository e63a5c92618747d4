"""The Python client of rashpath: typed, synchronous, with deadlines, retries and real errors."""

from rashpath.client.client import Client
from rashpath.client.errors import (
    ClientError,
    DeadlineExceeded,
    FieldFault,
    InvalidCase,
    LedgerDamaged,
    NotFound,
    Overloaded,
    PermissionDenied,
    PreconditionFailed,
    RequestIdReused,
    ServerFault,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from rashpath.client.tls import Tls

__all__ = [
    "Client",
    "ClientError",
    "DeadlineExceeded",
    "FieldFault",
    "InvalidCase",
    "LedgerDamaged",
    "NotFound",
    "Overloaded",
    "PermissionDenied",
    "PreconditionFailed",
    "RequestIdReused",
    "ServerFault",
    "Tls",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
]
