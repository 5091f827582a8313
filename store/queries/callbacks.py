"""Answers ``callbacks.queries.CallbackQueries`` with plain SELECTs."""

from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import RowMapping, Select, case, func, select

from callbacks.answer import CallbackAnswer, WishKind
from callbacks.callback import CallbackState
from callbacks.contact_caps import SurveyState
from callbacks.daily_clearing import ClearingItem, DailyClearing, clear_day
from callbacks.queries import AttemptRow, CallbackRow, CallbackView
from callbacks.windows import Channel
from store.database import Database
from store.tables import callbacks as tables
from vocabulary.clock import SHANGHAI

_LIVE = [state for state in CallbackState if not state.is_final]
_ANSWER_FIELDS = [field.name for field in fields(CallbackAnswer)]


class SqlCallbackQueries:
    """See the port.

    Args:
        database: read by its reading engine.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def human_queue(self, now: datetime, *, limit: int = 100) -> tuple[CallbackRow, ...]:
        """See the port."""
        column = tables.callback.c
        held = case((column.state == CallbackState.CLAIMED, 2), (column.not_before > now, 1), else_=0)
        query = (
            select(tables.callback)
            .where(column.channel == Channel.HUMAN, column.state.in_([CallbackState.WAITING, CallbackState.CLAIMED]))
            .order_by(held, column.priority, column.due_at, column.id)
            .limit(limit)
        )
        return await self._rows(query)

    async def of_case(self, case_number: str) -> tuple[CallbackRow, ...]:
        """See the port."""
        column = tables.callback.c
        query = select(tables.callback).where(column.case_number == case_number)
        return await self._rows(query.order_by(column.created_at.desc(), column.id.desc()))

    async def one(self, callback_id: str) -> CallbackView | None:
        """See the port."""
        record, answer = tables.contact_record.c, tables.callback_answer.c
        wish = tables.contact_wish.c
        async with self._database.reading.connect() as connection:
            query = select(tables.callback).where(tables.callback.c.id == callback_id)
            found = (await connection.execute(query)).mappings().first()
            if found is None:
                return None
            attempts = await connection.execute(
                select(record.at, record.channel, record.reached, record.by, record.result, record.call_id)
                .where(record.callback_id == callback_id)
                .order_by(record.at, record.id)
            )
            answers = await connection.execute(
                select(tables.callback_answer).where(answer.callback_id == callback_id).order_by(answer.at, answer.id)
            )
            wishes = await connection.execute(select(wish.kind).where(wish.phone_key == found["phone_key"]))
            return CallbackView(
                _row(found),
                tuple(AttemptRow(*row) for row in attempts.all()),
                tuple(_answer(row) for row in answers.mappings().all()),
                tuple(sorted(wishes.scalars().all(), key=lambda kind: kind.value)),
            )

    async def pending_of(self, phone_key: str) -> tuple[CallbackRow, ...]:
        """See the port."""
        column = tables.callback.c
        query = select(tables.callback).where(column.phone_key == phone_key, column.state.in_(_LIVE))
        return await self._rows(query.order_by(column.priority, column.due_at, column.id))

    async def counts(self) -> dict[str, int]:
        """See the port."""
        column = tables.callback.c
        query = (
            select(column.state, column.channel, func.count())
            .where(column.state.in_(_LIVE))
            .group_by(column.state, column.channel)
        )
        async with self._database.reading.connect() as connection:
            found = (await connection.execute(query)).all()
        return {f"{state.value}/{channel.value}": count for state, channel, count in found}

    async def clearing(self, day: date) -> DailyClearing:
        """See the port: callbacks that passed their check on the day, and older ones due on it."""
        begins = datetime.combine(day, time(0, 0), SHANGHAI).astimezone(UTC)
        ends = begins + timedelta(days=1)
        column, wish = tables.callback.c, tables.contact_wish.c
        due = (column.due_at >= begins) & (column.due_at < ends)
        checked = (column.checked_at >= begins) & (column.checked_at < ends)
        refusing = select(wish.phone_key).where(wish.kind == WishKind.NO_CALLBACK)
        query = select(tables.callback, column.phone_key.in_(refusing).label("refuses")).where(due | checked)
        async with self._database.reading.connect() as connection:
            found = (await connection.execute(query)).mappings().all()
        return clear_day(day, [_clearing_item(row) for row in found])

    async def _rows(self, query: Select[Any]) -> tuple[CallbackRow, ...]:
        async with self._database.reading.connect() as connection:
            return tuple(_row(row) for row in (await connection.execute(query)).mappings().all())


def _row(row: RowMapping) -> CallbackRow:
    phone = row["phone"]
    return CallbackRow(
        id=row["id"],
        case_number=row["case_number"],
        state=row["state"],
        channel=row["channel"],
        priority=row["priority"],
        rule_number=row["rule_number"],
        reason=row["reason"],
        matter=row["matter"],
        masked_phone=phone.masked if phone else "",
        not_before=row["not_before"],
        due_at=row["due_at"],
        claimed_by=row["lease_holder"] if row["state"] is CallbackState.CLAIMED else None,
        late=row["late"],
        rating=row["rating"],
        feedback_summary=row["feedback_summary"],
    )


def _answer(row: RowMapping) -> CallbackAnswer:
    return CallbackAnswer(**{name: row[name] for name in _ANSWER_FIELDS})


def _clearing_item(row: RowMapping) -> ClearingItem:
    state = row["state"]
    unreached = state is CallbackState.UNREACHED
    told = state is CallbackState.DONE and row["channel"] is Channel.SMS_NOTICE  # delivered; nobody was asked
    over = state in (CallbackState.DONE, CallbackState.NOT_NEEDED)
    return ClearingItem(
        callback_id=row["id"],
        case_number=row["case_number"],
        rule_number=row["rule_number"],
        not_needed=state in (CallbackState.NOT_NEEDED, CallbackState.CANCELLED) and not row["refuses"],
        answered=state is CallbackState.DONE and bool(row["rating"]),
        survey_delivered=told or (state is CallbackState.ASKED and row["survey"] is SurveyState.OPEN),
        deferred_to=row["deferred_to"],
        unreached=unreached,
        refused=state is CallbackState.REFUSED or (bool(row["refuses"]) and over and not row["rating"] and not told),
        approved=not row["needs_approval"] if unreached else row["deferred_to"] is not None,
    )
