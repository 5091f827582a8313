"""Tables of cases, their histories, calls and timers, persons, reporters, numbering and answered commands."""

from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)  # fmt: skip

from cases.case_records import CallbackNote, Feedback
from cases.case_states import CaseState
from cases.master_data import CaseType, Source, Urgency
from store.tables.metadata import (
    EncryptedPhone,
    EncryptedText,
    EnumText,
    Json,
    UtcDateTime,
    metadata,
    phone_key,
    ulid,
)  # fmt: skip


class Values(TypeDecorator[tuple[Any, ...]]):
    """A tuple of one frozen value class, as a JSON list; assign a new tuple to change it.

    Args:
        value_class: a dataclass of plain values, or ``str``.
    """

    impl = Json
    cache_ok = True

    def __init__(self, value_class: type[Any]) -> None:
        super().__init__()
        self.value_class = value_class

    def process_bind_param(self, value: tuple[Any, ...] | None, dialect: Dialect) -> Any:
        """See TypeDecorator."""
        return None if value is None else msgspec.to_builtins(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Any, ...]:
        """See TypeDecorator."""
        return tuple(msgspec.convert(item, self.value_class) for item in value or ())


persons = Table(
    "person",
    metadata,
    Column("person_id", ulid(), primary_key=True),
    Column("phone", EncryptedPhone("person.phone"), nullable=False),
    Column("phone_key", phone_key(), nullable=False, unique=True),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("name", EncryptedText("person.name"), nullable=False),
    Column("address", EncryptedText("person.address"), nullable=False),
    Column("household_no", String(40), nullable=False, index=True),
    Column("birth_year", Integer),
    *(
        Column(name, Boolean, nullable=False)
        for name in (
            "is_elderly", "is_hard_of_hearing", "speaks_dialect", "refuses_bots", "refuses_callbacks", "is_institution",
        )
    ),
)  # fmt: skip

cases = Table(
    "hotline_case",
    metadata,
    Column("number", String(24), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", EnumText(CaseState), nullable=False),
    Column("source", EnumText(Source), nullable=False),
    Column("opened_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    Column("first_contact", String(80), nullable=False),
    Column("case_type", EnumText(CaseType)),
    Column("matter", String(40)),
    Column("urgency", EnumText(Urgency)),
    Column("suggested_type", EnumText(CaseType)),
    Column("suggested_matter", String(40)),
    Column("suggested_urgency", EnumText(Urgency)),
    Column("suggestion_reason", Text, nullable=False),
    Column("person_id", ulid(), ForeignKey("person.person_id")),
    Column("phone", EncryptedPhone("hotline_case.phone")),
    Column("phone_key", phone_key()),
    Column("person_name", EncryptedText("hotline_case.person_name"), nullable=False),
    Column("household_no", String(40), nullable=False),
    Column("address", Text, nullable=False),
    Column("district", String(40), nullable=False),
    Column("place_key", String(200), nullable=False),
    Column("community_key", String(120), nullable=False),
    Column("demand", Text, nullable=False),
    Column("call_id", String(64)),
    Column("no_recording_reason", Text, nullable=False),
    Column("is_anonymous", Boolean, nullable=False),
    Column("refuses_callback", Boolean, nullable=False),
    Column("identity_withheld", Boolean, nullable=False),
    Column("parent", String(24)),
    Column("related", Values(str), nullable=False),
    Column("is_duplicate", Boolean, nullable=False),
    Column("duplicate_row", Integer, nullable=False),
    Column("duplicate_reason", Text, nullable=False),
    Column("forward_body", Text, nullable=False),
    Column("forward_number", String(80), nullable=False),
    Column("forward_contact", EncryptedText("hotline_case.forward_contact"), nullable=False),
    Column("forward_due_at", UtcDateTime()),
    Column("unit", String(80)),
    Column("co_units", Values(str), nullable=False),
    Column("first_unit", String(80)),
    Column("handler", String(80)),
    Column("assigned_at", UtcDateTime()),
    Column("unclear_items", Text, nullable=False),
    Column("complained_staff", String(80)),
    *(
        Column(name, Integer, nullable=False)
        for name in ("format_returns", "mismatch_count", "unit_rejects", "transfers", "extensions", "reminders")
    ),
    Column("judged_because", String(20), nullable=False),
    Column("supervision_number", String(80), nullable=False),
    *(
        Column(name, Boolean, nullable=False)
        for name in (
            "was_supervised", "needs_person", "is_key_item", "in_dispute", "sms_dissatisfied", "late_dissatisfied",
            "unreached",
        )
    ),
    Column("answer", Text, nullable=False),
    Column("closing_rating", String(20), nullable=False),
    Column("rating", String(20), nullable=False),
    Column("user_words", Text, nullable=False),
    Column("checked_at", UtcDateTime()),
    Column("archived_at", UtcDateTime()),
    Column("feedbacks", Values(Feedback), nullable=False),
    Column("callbacks", Values(CallbackNote), nullable=False),
    Column("attributes", Json, nullable=False),
    Index(None, "phone_key"),
    Index(None, "household_no"),
    Index(None, "place_key"),
    Index(None, "community_key"),
    Index(None, "state", "opened_at"),
    Index(None, "opened_at", "number"),
    Index(None, "parent"),
)  # fmt: skip

case_events = Table(
    "case_event",
    metadata,
    Column("case_number", String(24), ForeignKey("hotline_case.number"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("by", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("move", String(40), nullable=False),
    Column("from_state", String(20)),
    Column("to_state", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Json, nullable=False),
    Column("seal", String(64), nullable=False),
)

case_calls = Table(
    "case_call",
    metadata,
    Column("case_number", String(24), ForeignKey("hotline_case.number"), primary_key=True),
    Column("call_id", String(64), primary_key=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("recording_id", String(64)),
    Column("no_recording_reason", Text, nullable=False),
    Column("transcript", EncryptedText("case_call.transcript")),
    Index(None, "call_id"),
)

case_timers = Table(
    "case_timer",
    metadata,
    Column("timer_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("case_number", String(24), ForeignKey("hotline_case.number"), nullable=False, index=True),
    Column("name", String(30), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("due_at", UtcDateTime(), nullable=False),
    Column("source", Text, nullable=False),
    Column("warn_at", Values(str), nullable=False),
    Column("is_natural", Boolean, nullable=False),
    Column("paused_at", UtcDateTime()),
    Column("stopped_at", UtcDateTime()),
    Index("ix_case_timer_running", "due_at", sqlite_where=text("stopped_at IS NULL"),
          postgresql_where=text("stopped_at IS NULL")),
)  # fmt: skip

case_reminders = Table(
    "case_reminder",
    metadata,
    Column(
        "timer_id", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("case_timer.timer_id"), primary_key=True
    ),
    Column("threshold", String(8), primary_key=True),
    Column("at", UtcDateTime(), nullable=False),
)
"""Thresholds of timers that were told, each once (``cases/reminders.py``)."""

reporters = Table(
    "reporter",
    metadata,
    Column(
        "case_number",
        String(24),
        ForeignKey("hotline_case.number", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    Column("phone", EncryptedPhone("reporter.phone")),
    Column("phone_key", phone_key()),
    Column("name", EncryptedText("reporter.name"), nullable=False),
    Column("address", EncryptedText("reporter.address"), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("person_id", EncryptedText("reporter.person_id")),
)

case_sequences = Table(
    "case_sequence",
    metadata,
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
)

intake_commands = Table(
    "intake_command",
    metadata,
    Column("command_id", String(64), primary_key=True),
    Column("intake", Json, nullable=False),
)
