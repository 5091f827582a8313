"""Running timers of cases and what was told about them; implements ``cases.reminding.Reminders``."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, and_, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from cases.case_states import CaseState
from cases.master_data import Urgency
from cases.reminders import Reminder, RunningTimer
from store.session import StoreSession
from store.tables import cases as tables

_TIMER_COLUMNS = ("timer_id", "case_number", "name", "started_at", "due_at", "source", "warn_at")


class ReminderRepository:
    """See the port."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def running(self) -> list[RunningTimer]:
        """See the port."""
        timer, case, told = tables.case_timers.c, tables.cases.c, tables.case_reminders.c
        over = exists().where(told.timer_id == timer.timer_id, told.threshold == "over")
        unconfirmed = and_(case.state == CaseState.ASSIGNED, case.urgency == Urgency.P0)
        query = (
            select(*(timer[name] for name in _TIMER_COLUMNS), case.state, case.urgency)
            .join(tables.cases, case.number == timer.case_number)
            .where(timer.stopped_at.is_(None), timer.paused_at.is_(None), ~over)
            .where(or_(timer.name != "T_state", unconfirmed))
            .order_by(timer.due_at, timer.timer_id)
        )
        rows = (await self._session.execute(query)).mappings().all()
        seen: dict[int, set[str]] = {}
        still = select(told.timer_id, told.threshold).join(tables.case_timers, timer.timer_id == told.timer_id)
        for timer_id, threshold in (await self._session.execute(still.where(timer.stopped_at.is_(None)))).all():
            seen.setdefault(timer_id, set()).add(threshold)
        return [_timer(row, frozenset(seen.get(row["timer_id"], ()))) for row in rows]

    async def remember(self, reminder: Reminder, at: datetime) -> bool:
        """See the port."""
        table = tables.case_reminders
        build: Any = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        values = {"timer_id": reminder.timer_id, "threshold": reminder.threshold, "at": at}
        adding = build.insert(table).values(**values).on_conflict_do_nothing().returning(table.c.timer_id)
        return (await self._session.execute(adding)).first() is not None


def _timer(row: RowMapping, told: frozenset[str]) -> RunningTimer:
    warn_at = tuple(datetime.fromisoformat(moment) for moment in row["warn_at"])
    given = {name: row[name] for name in _TIMER_COLUMNS if name != "warn_at"}
    return RunningTimer(**given, warn_at=warn_at, state=row["state"], is_p0=row["urgency"] is Urgency.P0, told=told)
