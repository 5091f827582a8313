"""Rows of the callbacks room. Words and numbers of users stand encrypted; people are found by the keyed hash."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from callbacks.answer import ReasonCode, WishKind
from callbacks.callback import CallbackState
from callbacks.contact_caps import Exemption, SurveyState
from callbacks.windows import Channel, WindowException
from cases.commands import CallbackVerdict
from store.tables.metadata import (
    EncryptedPhone,
    EncryptedText,
    EnumText,
    Json,
    UtcDateTime,
    metadata,
    phone_key,
    ulid,
)

callback = Table(
    "callback",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("case_number", String(32), nullable=False, index=True),
    Column("phone", EncryptedPhone("callback.phone")),
    Column("phone_key", phone_key(), index=True),
    Column("matter", String(60), nullable=False),
    Column("is_gas", Boolean, nullable=False),
    Column("reported_on", Date, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", EnumText(CallbackState), nullable=False),
    Column("channel", EnumText(Channel), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("not_before", UtcDateTime),
    Column("due_at", UtcDateTime),
    Column("rule_number", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("exemption", EnumText(Exemption)),
    Column("window_exception", EnumText(WindowException)),
    Column("late", Boolean, nullable=False),
    Column("lease_holder", String(64)),
    Column("lease_until", UtcDateTime),
    Column("fence", Integer, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("call_id", String(40)),
    Column("survey", EnumText(SurveyState), nullable=False),
    Column("extension", String(8)),
    Column("sms_id", String(40)),
    Column("survey_sent_at", UtcDateTime),
    Column("survey_delivered_at", UtcDateTime),
    Column("survey_until", UtcDateTime),
    Column("ai_unanswered", Integer, nullable=False),
    Column("ai_handed_over", Boolean, nullable=False),
    Column("human_attempts", Integer, nullable=False),
    Column("tried_windows", Json, nullable=False),
    Column("needs_approval", Boolean, nullable=False),
    Column("complained_staff", String(64)),
    Column("feedback_summary", Text, nullable=False),
    Column("rating", String(16), nullable=False),
    Column("rated_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("deferred_to", UtcDateTime),
    Column("version", Integer, nullable=False),
    Index("ix_callback_due", "state", "channel", "not_before"),
    Index("ix_callback_lease", "state", "lease_until"),
    Index("ix_callback_survey", "phone_key", "survey_sent_at"),
)

callback_answer = Table(
    "callback_answer",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("callback_id", ulid(), ForeignKey("callback.id"), nullable=False, index=True),
    Column("case_number", String(32), nullable=False, index=True),
    Column("channel", EnumText(Channel), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(64), nullable=False),
    Column("verdict", EnumText(CallbackVerdict)),
    Column("rating", String(16), nullable=False),
    Column("attitude", String(16), nullable=False),
    Column("timeliness", String(16), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("contacted", Boolean),
    Column("visited", Boolean),
    Column("resolved", Boolean),
    Column("reason_code", EnumText(ReasonCode)),
    Column("words", EncryptedText("callback_answer.words"), nullable=False),
    Column("new_demand", EncryptedText("callback_answer.new_demand"), nullable=False),
    Column("identity_checked", Boolean, nullable=False),
    Column("feedback_read", Boolean, nullable=False),
    Column("call_id", String(40)),
    Column("sms_id", String(40)),
    Column("partial", Boolean, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("windows", Integer, nullable=False),
    Column("sms_sent", Boolean, nullable=False),
    Column("approved_by", String(64), nullable=False),
)

contact_record = Table(
    "contact_record",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("callback_id", ulid(), ForeignKey("callback.id"), nullable=False, index=True),
    Column("case_number", String(32), nullable=False),
    Column("phone_key", phone_key(), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("channel", EnumText(Channel), nullable=False),
    Column("reached", Boolean, nullable=False),
    Column("by", String(64), nullable=False),
    Column("result", String(120), nullable=False),
    Column("exemption", EnumText(Exemption)),
    Column("call_id", String(40)),
    Column("sms_id", String(40)),
    Index("ix_contact_record_person", "phone_key", "at"),
)

contact_lock = Table(
    "contact_lock",
    metadata,
    Column("phone_key", phone_key(), primary_key=True),
    Column("channel", EnumText(Channel), nullable=False),
    Column("holder", String(64), nullable=False),
    Column("callback_id", ulid(), nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("fence", Integer, nullable=False),
)

contact_wish = Table(
    "contact_wish",
    metadata,
    Column("phone_key", phone_key(), nullable=False),
    Column("kind", EnumText(WishKind), nullable=False),
    Column("words", EncryptedText("contact_wish.words"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(64), nullable=False),
    UniqueConstraint("phone_key", "kind"),
)

outbound_switch = Table(
    "outbound_switch",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("paused", Boolean, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
)
"""One row, once somebody moved it; who moved it before stands in the audit trail."""
