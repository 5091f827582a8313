"""Cases, persons and reporters inside one unit of work; implements the ports of ``cases.ports``."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from cases.case import Case
from cases.case_states import CaseState
from cases.duplicates import HOT_WITHIN, REOPENED_WITHIN, SAME_DOOR_WITHIN, Demand
from cases.errors import CaseNotFound
from cases.intake import Intake
from cases.master_data import CaseType, Urgency
from cases.person import Person, Reporter
from store.session import StoreSession
from store.tables import cases as tables
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

_ALERT_WITHIN = timedelta(hours=1)
_MOST_LIKE = 500
"""More than these known demands decide nothing further."""
_DEMAND_COLUMNS = tuple(
    tables.cases.c[name]
    for name in (
        "number", "source", "opened_at", "phone_key", "household_no", "matter", "suggested_matter", "place_key",
        "community_key", "case_type", "suggested_type", "urgency", "suggested_urgency", "archived_at", "state",
    )
)  # fmt: skip


class CaseRepository:
    """See cases.ports.Cases."""

    def __init__(self, store: StoreSession) -> None:
        self._store = store
        self._session = store.session

    async def next_sequence(self, day: date) -> int:
        """See cases.ports.Cases; the row is locked until the unit ends, so numbers never collide."""
        table = tables.case_sequences
        kind = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        statement = kind.insert(table).values(day=day, last=1)
        statement = statement.on_conflict_do_update(index_elements=[table.c.day], set_={"last": table.c.last + 1})
        return int((await self._session.execute(statement.returning(table.c.last))).scalar_one())

    def add(self, case: Case) -> None:
        """See cases.ports.Cases."""
        self._session.add(case)

    async def get(self, number: str) -> Case:
        """See cases.ports.Cases."""
        case = await self._session.get(Case, number)
        if case is None:
            raise CaseNotFound(f"没有工单 {number}")
        return case

    async def of_call(self, call_id: str) -> Sequence[Case]:
        """See cases.ports.Cases."""
        numbers = select(tables.case_calls.c.case_number).where(tables.case_calls.c.call_id == call_id)
        found = select(Case).where(tables.cases.c.number.in_(numbers)).order_by(tables.cases.c.number)
        return (await self._session.execute(found)).scalars().all()

    async def demands_like(self, new: Demand, now: datetime) -> Sequence[Demand]:
        """See cases.ports.Cases."""
        case = tables.cases.c
        matter = func.coalesce(case.matter, case.suggested_matter)
        open_or_recent = or_(case.archived_at.is_(None), case.archived_at >= now - REOPENED_WITHIN)
        near_in_time = case.opened_at >= now - max(SAME_DOOR_WITHIN, HOT_WITHIN)
        wanted: list[ColumnElement[bool]] = []
        if new.phone_key:
            wanted.append(and_(case.phone_key == new.phone_key, open_or_recent))
        if new.household_no:
            wanted.append(and_(case.household_no == new.household_no, open_or_recent))
        if new.place_key:
            wanted.append(and_(case.place_key == new.place_key, or_(near_in_time, case.archived_at.is_(None))))
        if new.community_key:
            wanted.append(and_(case.community_key == new.community_key, near_in_time))
        if new.matter:
            wanted.append(and_(case.opened_at >= now - _ALERT_WITHIN, matter == new.matter))
        found: dict[str, Demand] = {}
        for condition in wanted:  # one index each; an OR over them would read the whole table
            statement = select(*_DEMAND_COLUMNS).where(condition).order_by(case.opened_at.desc()).limit(_MOST_LIKE)
            for row in (await self._session.execute(statement)).mappings():
                found[row["number"]] = _demand(row)
        return tuple(found.values())

    async def answered(self, command_id: str) -> Intake | None:
        """See cases.ports.Cases."""
        table = tables.intake_commands
        statement = select(table.c.intake).where(table.c.command_id == command_id)
        kept = (await self._session.execute(statement)).scalar_one_or_none()
        return None if kept is None else msgspec.convert(kept, Intake)

    async def remember(self, command_id: str, intake: Intake) -> None:
        """See cases.ports.Cases."""
        values = {"command_id": command_id, "intake": msgspec.to_builtins(intake)}
        await self._session.execute(insert(tables.intake_commands).values(**values))


def _demand(row: Any) -> Demand:
    kind = row["case_type"] or row["suggested_type"]
    urgency = row["urgency"] or row["suggested_urgency"]
    return Demand(
        number=row["number"],
        source=row["source"],
        opened_at=row["opened_at"],
        phone_key=row["phone_key"],
        household_no=row["household_no"],
        matter=row["matter"] or row["suggested_matter"],
        place_key=row["place_key"],
        community_key=row["community_key"],
        is_emergency=kind is CaseType.EMERGENCY or urgency is Urgency.P0,
        urgency=urgency,
        archived_at=row["archived_at"],
        is_void=row["state"] is CaseState.VOID,
    )


class PersonRepository:
    """See cases.ports.Persons."""

    def __init__(self, store: StoreSession) -> None:
        self._store = store
        self._session = store.session

    async def with_phone(self, phone: PhoneNumber) -> Person:
        """See cases.ports.Persons; a race for the same number ends with one person."""
        key = self._store.phone_keyer.key(phone)
        statement = select(Person).where(tables.persons.c.phone_key == key)
        if (known := (await self._session.execute(statement)).scalar_one_or_none()) is not None:
            return known
        blank = Person(new_id(self._store.clock), phone, key, self._store.clock.now())
        values = {column.name: getattr(blank, column.name) for column in tables.persons.columns}
        kind = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        made = kind.insert(tables.persons).values(**values).on_conflict_do_nothing(index_elements=["phone_key"])
        await self._session.execute(made)
        return (await self._session.execute(statement)).scalar_one()

    async def get(self, person_id: str) -> Person | None:
        """See cases.ports.Persons."""
        return await self._session.get(Person, person_id)


class ReporterRepository:
    """See cases.ports.Reporters."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    def add(self, reporter: Reporter) -> None:
        """See cases.ports.Reporters."""
        self._session.add(reporter)

    async def of_case(self, number: str) -> Reporter | None:
        """See cases.ports.Reporters."""
        return await self._session.get(Reporter, number)

    async def remove(self, reporter: Reporter) -> None:
        """See cases.ports.Reporters."""
        await self._session.delete(reporter)
