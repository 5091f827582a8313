"""What a commit tells the other processes, and how far each of them has read."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from store.tables.metadata import Json, UtcDateTime, metadata, ulid

_number = BigInteger().with_variant(Integer, "sqlite")

event_outbox = Table(
    "event_outbox",
    metadata,
    Column("number", _number, primary_key=True, autoincrement=True),
    Column("id", ulid(), nullable=False, unique=True),
    Column("topic", String(60), nullable=False),
    Column("payload", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice, even after old events are removed
)

event_readers = Table(
    "event_reader",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("position", _number, nullable=False),
)
