"""Rows of the seats room: seats, waiting callers, reservations, what seats did, missed and rescue calls, ratings."""

from sqlalchemy import Column, Dialect, Float, Index, Integer, String, Table, Text, TypeDecorator

from seats.missed_calls import MissedKind, MissedState
from seats.queue import EntryState, Lane
from seats.rescue_desk import RescueState
from seats.reservation import ReservationEnd
from seats.seat import SeatState, Wish
from store.tables.metadata import EncryptedPhone, EnumText, Json, UtcDateTime, metadata, ulid


class SkillSet(TypeDecorator[frozenset[str]]):
    """Skills as one text, sorted, separated by commas; no skill contains one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str:
        """See TypeDecorator."""
        return ",".join(sorted(value or ()))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str]:
        """See TypeDecorator."""
        return frozenset(value.split(",")) if value else frozenset()


class LaneNumber(TypeDecorator[Lane]):
    """A lane as its number, so that the database can sort by it."""

    impl = Integer
    cache_ok = True

    def process_result_value(self, value: int | None, dialect: Dialect) -> Lane | None:
        """See TypeDecorator."""
        return None if value is None else Lane(value)


seat_table = Table(
    "seat",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("staff_number", String(20), nullable=False),
    Column("staff_name", String(60), nullable=False),
    Column("skills", SkillSet(), nullable=False),
    Column("state", EnumText(SeatState), nullable=False),
    Column("since", UtcDateTime),
    Column("free_since", UtcDateTime),
    Column("until", UtcDateTime, index=True),
    Column("reason", String(200), nullable=False),
    Column("wish", EnumText(Wish), nullable=False),
    Column("taken_from", EnumText(SeatState), nullable=False),
    Column("entry_id", ulid()),
    Column("missed_in_a_row", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)
"""One row a SIP account. A seat serves at most one caller because ``entry_id`` is one column, taken by version."""

queue_entry_table = Table(
    "queue_entry",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("call_id", String(40), nullable=False, index=True),
    Column("lane", LaneNumber(), nullable=False),
    Column("entered_at", UtcDateTime, nullable=False, index=True),
    Column("skill", String(60)),
    Column("number", EncryptedPhone("queue_entry.number")),
    Column("holder", String(80), nullable=False),
    Column("lease_until", UtcDateTime),
    Column("state", EnumText(EntryState), nullable=False, index=True),
    Column("left_at", UtcDateTime),
    Column("left_reason", String(40), nullable=False),
    Column("offers", Integer, nullable=False),
    Column("resting", Json, nullable=False),
    Column("version", Integer, nullable=False),
)

reservation_table = Table(
    "reservation",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("entry_id", ulid(), nullable=False, index=True),
    Column("call_id", String(40), nullable=False),
    Column("account", String(64), nullable=False),
    Column("holder", String(80), nullable=False),
    Column("made_at", UtcDateTime, nullable=False, index=True),
    Column("until", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("outcome", EnumText(ReservationEnd)),
    Column("ended_at", UtcDateTime),
)

seat_event_table = Table(
    "seat_event",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("event", String(40), nullable=False),
    Column("state", EnumText(SeatState), nullable=False),
    Column("staff_number", String(20), nullable=False),
    Column("call_id", String(40)),
    Column("reason", String(200), nullable=False),
    Index(None, "account", "at"),
)

missed_call_table = Table(
    "missed_call",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("call_id", String(40), nullable=False, index=True),
    Column("kind", EnumText(MissedKind), nullable=False),
    Column("number", EncryptedPhone("missed_call.number")),
    Column("at", UtcDateTime, nullable=False),
    Column("waited_s", Float, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("recording", String(40)),
    Column("case_number", String(32)),
    Column("state", EnumText(MissedState), nullable=False),
    Column("handled_by", String(64), nullable=False),
    Column("handled_at", UtcDateTime),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "state", "due_at"),
)

rescue_call_table = Table(
    "rescue_call",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("call_id", String(40), nullable=False, index=True),
    Column("number", EncryptedPhone("rescue_call.number")),
    Column("lost_at", UtcDateTime, nullable=False),
    Column("found_by", String(200), nullable=False),
    Column("recording", String(40)),
    Column("case_number", String(32)),
    Column("state", EnumText(RescueState), nullable=False, index=True),
    Column("calls_back", Integer, nullable=False),
    Column("last_call_back_at", UtcDateTime),
    Column("handled_by", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

call_rating_table = Table(
    "call_rating",
    metadata,
    Column("call_id", String(40), primary_key=True),
    Column("level", Integer, nullable=False),
    Column("label", String(20), nullable=False),
    Column("scale", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("staff_number", String(20)),
    Column("case_number", String(32)),
)
