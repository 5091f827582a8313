"""Answers cases.queries.CaseQueries by plain SELECTs; numbers leave masked, reporters not at all."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from cases.case_states import CaseState
from cases.queries import CallRow, CaseFilter, CasePage, CaseRow, CaseView, EventRow, TimerRow
from store.database import Database
from store.tables import cases as tables

_FINAL = (CaseState.ARCHIVED, CaseState.VOID)
_MOST_ROWS = 200
_ROW_COLUMNS = tuple(
    tables.cases.c[name]
    for name in (
        "number", "version", "state", "case_type", "suggested_type", "source", "matter", "suggested_matter", "urgency",
        "suggested_urgency", "demand", "address", "phone", "person_name", "unit", "reminders", "opened_at",
        "updated_at",
    )
)  # fmt: skip
_COUNTERS = ("format_returns", "mismatch_count", "unit_rejects", "transfers", "extensions", "reminders")
_FLAGS = (
    "needs_person", "is_key_item", "in_dispute", "sms_dissatisfied", "late_dissatisfied", "unreached",
    "was_supervised", "is_anonymous", "refuses_callback",
)  # fmt: skip


class SqlCaseQueries:
    """See cases.queries.CaseQueries.

    Args:
        database: read on its reading side.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: CaseFilter, *, cursor: str | None = None, limit: int = 50) -> CasePage:
        """See CaseQueries."""
        case = tables.cases.c
        limit = max(1, min(limit, _MOST_ROWS))
        statement = _rows().where(*_conditions(wanted))
        if cursor is not None:
            statement = statement.where(case.number < cursor)
        rows = await self._all(statement.order_by(case.number.desc()).limit(limit + 1))
        shown = tuple(_row(row) for row in rows[:limit])
        return CasePage(shown, shown[-1].number if len(rows) > limit else None)

    async def one(self, number: str) -> CaseView | None:
        """See CaseQueries."""
        case = await self._all(select(tables.cases, _close_due()).where(tables.cases.c.number == number))
        if not case:
            return None
        events = await self._children(tables.case_events, number, tables.case_events.c.sequence)
        calls = await self._children(tables.case_calls, number, tables.case_calls.c.at)
        timers = await self._children(tables.case_timers, number, tables.case_timers.c.timer_id)
        return _view(
            case[0],
            tuple(EventRow(**{name: row[name] for name in EventRow.__dataclass_fields__}) for row in events),
            tuple(CallRow(**{name: row[name] for name in CallRow.__dataclass_fields__}) for row in calls),
            tuple(TimerRow(**{name: row[name] for name in TimerRow.__dataclass_fields__}) for row in timers),
        )

    async def open_cases_of(self, phone_key: str, *, limit: int = 20) -> tuple[CaseRow, ...]:
        """See CaseQueries."""
        wanted = CaseFilter(phone_key=phone_key, is_open=True)
        return (await self.page(wanted, limit=limit)).rows

    async def number_of_call(self, call_id: str) -> str | None:
        """See CaseQueries."""
        table = tables.case_calls.c
        found = await self._all(select(table.case_number).where(table.call_id == call_id).order_by(table.case_number))
        return str(found[0]["case_number"]) if found else None

    async def counts(self) -> dict[str, int]:
        """See CaseQueries."""
        state = tables.cases.c.state
        rows = await self._all(select(state, func.count().label("total")).group_by(state))
        return {row["state"].value: int(row["total"]) for row in rows}

    async def _children(self, table: Any, number: str, order: Any) -> Sequence[Mapping[str, Any]]:
        return await self._all(select(table).where(table.c.case_number == number).order_by(order))

    async def _all(self, statement: Select[Any]) -> Sequence[Mapping[str, Any]]:
        async with self._database.reading.connect() as connection:
            return [dict(row) for row in (await connection.execute(statement)).mappings()]


def _close_due() -> Any:
    timer = tables.case_timers.c
    running = and_(timer.case_number == tables.cases.c.number, timer.name == "T_close", timer.stopped_at.is_(None))
    due = select(func.max(timer.due_at)).where(running).scalar_subquery()
    return due.label("close_due_at")


def _rows() -> Select[Any]:
    return select(*_ROW_COLUMNS, _close_due())


def _conditions(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    case = tables.cases.c
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(case.state.in_(wanted.states))
    if wanted.case_types:
        found.append(func.coalesce(case.case_type, case.suggested_type).in_(wanted.case_types))
    if wanted.urgencies:
        found.append(func.coalesce(case.urgency, case.suggested_urgency).in_(wanted.urgencies))
    if wanted.units:
        found.append(case.unit.in_(wanted.units))
    if wanted.phone_key:
        found.append(case.phone_key == wanted.phone_key)
    if wanted.opened_from:
        found.append(case.opened_at >= wanted.opened_from)
    if wanted.opened_before:
        found.append(case.opened_at < wanted.opened_before)
    if wanted.is_open is not None:
        found.append(case.state.not_in(_FINAL) if wanted.is_open else case.state.in_(_FINAL))
    searched = (case.number, case.demand, case.address)
    found += [or_(*(column.contains(word, autoescape=True) for column in searched)) for word in wanted.text.split()]
    return found


def _row(row: Mapping[str, Any]) -> CaseRow:
    return CaseRow(
        number=row["number"],
        version=row["version"],
        state=row["state"],
        case_type=row["case_type"] or row["suggested_type"],
        source=row["source"],
        matter=row["matter"] or row["suggested_matter"],
        urgency=row["urgency"] or row["suggested_urgency"],
        demand=row["demand"],
        address=row["address"],
        masked_phone=row["phone"].masked if row["phone"] is not None else "",
        person_name=row["person_name"],
        unit=row["unit"],
        reminders=row["reminders"],
        opened_at=row["opened_at"],
        close_due_at=row["close_due_at"],
        updated_at=row["updated_at"],
    )


def _view(
    case: Mapping[str, Any], events: tuple[EventRow, ...], calls: tuple[CallRow, ...], timers: tuple[TimerRow, ...]
) -> CaseView:
    return CaseView(
        row=_row(case),
        suggested_type=case["suggested_type"],
        suggested_matter=case["suggested_matter"],
        suggested_urgency=case["suggested_urgency"],
        suggestion_reason=case["suggestion_reason"],
        first_contact=case["first_contact"],
        parent=case["parent"],
        related=case["related"],
        is_duplicate=case["is_duplicate"],
        duplicate_reason=case["duplicate_reason"],
        identity_withheld=case["identity_withheld"],
        forward_body=case["forward_body"],
        forward_number=case["forward_number"],
        forward_due_at=case["forward_due_at"],
        feedbacks=tuple(msgspec.to_builtins(feedback) for feedback in case["feedbacks"]),
        callbacks=tuple(msgspec.to_builtins(note) for note in case["callbacks"]),
        rating=case["rating"],
        user_words=case["user_words"],
        counters={name: case[name] for name in _COUNTERS},
        history=events,
        calls=calls,
        timers=timers,
        flags={name: case[name] for name in _FLAGS},
    )
