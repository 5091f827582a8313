"""Calls as they were: one row a call, one a leg, and which call a recording belongs to."""

from sqlalchemy import Column, Float, Integer, String, Table, Text

from store.tables.metadata import EncryptedPhone, EnumText, UtcDateTime, metadata, phone_key, ulid
from telephony.ports import Admission, Direction

call_table = Table(
    "call",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("purpose", String(40), nullable=False),
    Column("direction", EnumText(Direction), nullable=False),
    Column("admission", EnumText(Admission)),
    Column("trunk", String(40)),
    Column("dialled", String(80), nullable=False),
    Column("number", EncryptedPhone("call.number")),
    Column("number_masked", String(40), nullable=False, default=""),
    Column("number_key", phone_key(), nullable=False, index=True),
    Column("setup_at", UtcDateTime, nullable=False, index=True),
    Column("rang_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("cause", String(40)),
    Column("reason", Text, nullable=False, default=""),
)

leg_table = Table(
    "leg",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("call_id", ulid(), nullable=False, index=True),
    Column("direction", EnumText(Direction), nullable=False),
    Column("account", String(80)),
    Column("trunk", String(40)),
    Column("dialled", String(80), nullable=False),
    Column("setup_at", UtcDateTime, nullable=False),
    Column("rang_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("cause", String(40), nullable=False),
    Column("sip_status", Integer),
    Column("bridged_s", Float, nullable=False),
    Column("packets_received", Integer, nullable=False),
    Column("packets_sent", Integer, nullable=False),
    Column("packets_lost", Integer, nullable=False),
)

call_recording_table = Table(
    "call_recording",
    metadata,
    Column("recording_id", ulid(), primary_key=True),
    Column("call_id", ulid(), nullable=False, index=True),
    Column("leg_id", ulid(), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
)
