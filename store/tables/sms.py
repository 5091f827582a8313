"""Rows of the messages room."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from sms.messages import SmsKind, SmsState
from store.tables.metadata import EncryptedPhone, EnumText, Json, UtcDateTime, metadata, phone_key, ulid

sms_message = Table(
    "sms_message",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("to_number", EncryptedPhone("sms_message.to_number"), nullable=False),
    Column("phone_key", phone_key(), nullable=False),
    Column("text", Text, nullable=False),
    Column("kind", EnumText(SmsKind), nullable=False),
    Column("reference", String(64), nullable=False, index=True),
    Column("matter", String(16), nullable=False),
    Column("extension", String(8), nullable=False),
    Column("state", EnumText(SmsState), nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("sends", Integer, nullable=False),
    Column("submitted_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Column("lease_until", UtcDateTime),
    Column("error", String(120), nullable=False),
    Column("gateway_ids", Json, nullable=False),
    Column("outstanding", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_sms_message_due", "state", "not_before"),
    Index("ix_sms_message_survey", "phone_key", "kind", "submitted_at"),
)

sms_gateway_id = Table(
    "sms_gateway_id",
    metadata,
    Column("gateway_id", String(80), primary_key=True),
    Column("message_id", ulid(), ForeignKey("sms_message.id"), nullable=False, index=True),
)

sms_receipt = Table(
    "sms_receipt",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("gateway_id", String(80), nullable=False, index=True),
    Column("delivered", Boolean, nullable=False),
    Column("error", String(120), nullable=False),
    Column("received_at", UtcDateTime, nullable=False, index=True),
)

sms_reply = Table(
    "sms_reply",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("dedupe_key", String(80), nullable=False, unique=True),
    Column("sender", EncryptedPhone("sms_reply.sender"), nullable=False),
    Column("phone_key", phone_key(), nullable=False, index=True),
    Column("extension", String(8), nullable=False),
    Column("text", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("message_id", ulid(), ForeignKey("sms_message.id")),
    Column("reference", String(64), index=True),
    Column("reading", String(16), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("demand", Boolean, nullable=False),
)

opt_out = Table(
    "opt_out",
    metadata,
    Column("phone_key", phone_key(), primary_key=True),
    Column("text", Text, nullable=False),
    Column("opted_out_at", UtcDateTime, nullable=False),
    Column("confirmed", Boolean, nullable=False),
)
