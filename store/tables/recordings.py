"""Recordings that were made durable; the bytes stand in the folder or bucket under ``key``."""

from sqlalchemy import BigInteger, Boolean, Column, Float, String, Table

from store.tables.metadata import UtcDateTime, metadata, ulid

recording_table = Table(
    "recording",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("call_id", String(26), nullable=False, index=True),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("key", String(200), nullable=False, unique=True),
)
