"""Who did what, when and why: append only, each entry sealed over the one before."""

from sqlalchemy import JSON, BigInteger, Column, Integer, String, Table, Text

from store.tables.metadata import UtcDateTime, metadata

audit_entries = Table(
    "audit_entry",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(100), nullable=False),
    Column("subject", String(200), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("detail", JSON, nullable=False),  # not JSONB: it writes numbers its own way, which would break the seal
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
