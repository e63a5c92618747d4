"""The tables of the ledger, the same on SQLite and PostgreSQL.

Columns beside a `body` only serve to find it: the bytes of the body are what counts, and `verify`
compares the columns with them. The database itself refuses to change or delete rows, but for the
deletion of data keys; see `migrations`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

METADATA = MetaData()

RECORDS = Table(
    "records",
    METADATA,
    Column("id", String, primary_key=True),
    Column("chain", String, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("guideline_id", String, nullable=False),
    Column("subject", String, nullable=False, comment="the decision that an erasure erases"),
    Column("body", LargeBinary, nullable=False, comment="AuditRecord"),
    UniqueConstraint("chain", "sequence", name="records_chain_sequence"),
)
BY_SUBJECT = Index("records_subject", RECORDS.c.subject, RECORDS.c.id)
BY_TIME = Index("records_time", RECORDS.c.kind, RECORDS.c.time_us, RECORDS.c.id)
BY_GUIDELINE = Index(
    "records_guideline", RECORDS.c.kind, RECORDS.c.guideline_id, RECORDS.c.time_us, RECORDS.c.id
)

ENVELOPES = Table(
    "envelopes",
    METADATA,
    Column("id", String, ForeignKey("records.id"), primary_key=True),
    Column("nonce", LargeBinary, nullable=False),
    Column("tags", LargeBinary, nullable=False, comment="empty but in content format 0"),
    Column("ciphertext", LargeBinary, nullable=False, comment="AuditEnvelope, encrypted"),
)

DATA_KEYS = Table(
    "data_keys",
    METADATA,
    Column("id", String, ForeignKey("records.id"), primary_key=True),
    Column("key_id", String, primary_key=True, comment="the wrapping key; empty: none"),
    Column("wrapped_key", LargeBinary, nullable=False),
)

REQUESTS = Table(
    "requests",
    METADATA,
    Column("caller", String, primary_key=True),
    Column("request_hash", LargeBinary, primary_key=True),
    Column("decision_id", String, nullable=False, unique=True),
)

HEADS = Table(
    "heads",
    METADATA,
    Column("chain", String, primary_key=True),
    Column("length", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False, comment="SignedHead"),
)

GUIDELINES = Table(
    "guidelines",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("content", LargeBinary, nullable=False, comment="the JSON that has the digest"),
)

DICTIONARIES = Table(
    "dictionaries",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("content", LargeBinary, nullable=False, comment="what contents are packed with"),
)

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("id", String, primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="Checkpoint"),
)

LEDGER = Table(
    "ledger",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
LEDGER_KEY = "key"
"""Name of the random value that stands in for the index key where there is no keyring."""

SCHEMA_VERSION = Table(
    "schema_version",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
)
