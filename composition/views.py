"""Serves the ports of ``console.ports``: plain SELECTs over the store; numbers leave masked, or on their way to a look
that is written down."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.errors import CaseNotFound
from cases.master_data import Role
from cases.services import CaseServices
from console.ports import AlertRow, AuditRow, ChainState, JobLine, MessageRow, ReplyRow
from store.audit import last_seal, verify
from store.database import Database
from store.job_rules import JobState
from store.jobs import read_jobs
from store.tables.audit import audit_entries
from store.tables.cases import cases as case_table
from store.tables.event_outbox import event_outbox
from store.tables.seats import missed_call_table, rescue_call_table
from store.tables.sms import sms_message, sms_reply
from vocabulary.phone_number import PhoneNumber


class SqlMessageViews:
    """See console.ports.MessageViews."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages_of(self, reference: str) -> Sequence[MessageRow]:
        """See the port."""
        message = sms_message.c
        query = select(sms_message).where(message.reference == reference).order_by(message.queued_at, message.id)
        return [
            MessageRow(
                id=row.id,
                number=row.to_number.masked,
                text=row.text,
                kind=row.kind.value,
                state=row.state.value,
                queued_at=row.queued_at,
                not_before=row.not_before,
                submitted_at=row.submitted_at,
                settled_at=row.settled_at,
                sends=row.sends,
                error=row.error,
            )
            for row in await _rows(self._database, query)
        ]

    async def replies_to(self, reference: str) -> Sequence[ReplyRow]:
        """See the port."""
        reply = sms_reply.c
        query = select(sms_reply).where(reply.reference == reference).order_by(reply.received_at, reply.id)
        return [
            ReplyRow(
                id=row.id,
                number=row.sender.masked,
                text=row.text,
                reading=row.reading,
                reason=row.reason,
                received_at=row.received_at,
            )
            for row in await _rows(self._database, query)
        ]


class SqlSystemViews:
    """See console.ports.SystemViews."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def jobs(self, *, name: str | None, state: str | None, limit: int) -> Sequence[JobLine]:
        """See the port."""
        states = frozenset({JobState(state)}) if state is not None else None
        async with AsyncSession(self._database.reading) as session:
            rows = await read_jobs(session, name=name, states=states, limit=limit)
        return [
            JobLine(
                row.name, row.key, row.state.value, row.failures, row.reason, row.enqueued_at, row.due_at,
                row.finished_at,
            )
            for row in rows
        ]  # fmt: skip

    async def alerts(self, *, before: int | None, limit: int) -> Sequence[AlertRow]:
        """See the port."""
        event = event_outbox.c
        query = select(event.number, event.at, event.payload).where(event.topic == "alert")
        if before is not None:
            query = query.where(event.number < before)
        rows = await _rows(self._database, query.order_by(event.number.desc()).limit(limit))
        return [AlertRow(row.number, row.at, row.payload) for row in rows]

    async def audit(
        self, *, before: int | None, actor: str | None, subject: str | None, limit: int
    ) -> Sequence[AuditRow]:
        """See the port."""
        entry = audit_entries.c
        query = select(*(entry[name] for name in AuditRow.__dataclass_fields__))
        if before is not None:
            query = query.where(entry.number < before)
        if actor is not None:
            query = query.where(entry.actor == actor)
        if subject is not None:
            query = query.where(entry.subject == subject)
        rows = await _rows(self._database, query.order_by(entry.number.desc()).limit(limit))
        return [AuditRow(**row._mapping) for row in rows]

    async def verify_audit(self) -> ChainState:
        """See the port."""
        async with AsyncSession(self._database.reading) as session:
            false = await verify(session)
            entries, last_hash = await last_seal(session)
        return ChainState(entries, last_hash, false.number if false else None, false.reason if false else "")


class SqlPlainNumbers:
    """See console.ports.PlainNumbers.

    Args:
        cases: decides who may know a reporter's number, and writes that down.
    """

    def __init__(self, database: Database, cases: CaseServices) -> None:
        self._database, self._cases = database, cases

    async def of_case(self, number: str, *, by: str, role: Role, reason: str) -> PhoneNumber | None:
        """See the port."""
        case = case_table.c
        rows = await _rows(self._database, select(case.phone, case.identity_withheld).where(case.number == number))
        if not rows:
            raise CaseNotFound(f"没有工单 {number}")
        if rows[0].identity_withheld:
            return await self._cases.callback_phone(number, by=by, role=role, reason=reason)
        found: PhoneNumber | None = rows[0].phone
        return found

    async def of_missed_call(self, missed: str) -> PhoneNumber | None:
        """See the port."""
        return await self._number(select(missed_call_table.c.number).where(missed_call_table.c.id == missed))

    async def of_rescue_call(self, rescue: str) -> PhoneNumber | None:
        """See the port."""
        return await self._number(select(rescue_call_table.c.number).where(rescue_call_table.c.id == rescue))

    async def _number(self, query: Select[Any]) -> PhoneNumber | None:
        rows = await _rows(self._database, query)
        found: PhoneNumber | None = rows[0].number if rows else None
        return found


async def _rows(database: Database, query: Select[Any]) -> Sequence[Any]:
    async with database.reading.connect() as connection:
        rows: Sequence[Any] = (await connection.execute(query)).all()
        return rows
