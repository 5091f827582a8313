"""The rows of the callbacks room, serving ``callbacks.ports`` and ``callbacks.contact_lock``."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, RowMapping, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from callbacks.answer import CallbackAnswer, ContactRecord, Wish, WishKind
from callbacks.callback import Callback, CallbackState
from callbacks.contact_caps import ContactAttempt, SurveyState
from callbacks.contact_lock import ContactLock
from callbacks.errors import CallbackNotFound, ContactLocked
from callbacks.ports import SwitchPosition
from callbacks.windows import Channel
from store.session import StoreSession
from store.tables import callbacks as tables

_MACHINE_CALLING = "machine_calling"
_LIVE = [state for state in CallbackState if not state.is_final]


class CallbackRepository:
    """See ``callbacks.ports.Callbacks``."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    def add(self, callback: Callback) -> None:
        """See the port."""
        self._session.add(callback)

    async def get(self, callback_id: str) -> Callback:
        """See the port."""
        found = await self._session.get(Callback, callback_id, with_for_update=True)
        if found is None:
            raise CallbackNotFound(f"没有回访 {callback_id}")
        return found

    async def live_of_case(self, case_number: str) -> Callback | None:
        """See the port."""
        column = tables.callback.c
        found = await self._all(column.case_number == case_number, column.state.in_(_LIVE))
        return found[0] if found else None

    async def live_of_person(self, phone_key: str) -> list[Callback]:
        """See the port."""
        column = tables.callback.c
        # Two people claiming tasks of one person would otherwise wait for each other's rows.
        return await self._all(column.phone_key == phone_key, column.state.in_(_LIVE), skip=True)

    async def due(self, channel: Channel, now: datetime, limit: int) -> list[Callback]:
        """See the port."""
        column = tables.callback.c
        return await self._all(
            column.state == CallbackState.WAITING,
            column.channel == channel,
            column.not_before <= now,
            limit=limit,
            skip=True,
        )

    async def surveys_over(self, now: datetime, limit: int) -> list[Callback]:
        """See the port."""
        column = tables.callback.c
        waiting = column.state.in_([CallbackState.SENDING, CallbackState.ASKED])
        return await self._all(waiting, column.survey_until <= now, limit=limit, skip=True)

    async def leases_over(self, now: datetime, limit: int) -> list[Callback]:
        """See the port."""
        column = tables.callback.c
        held = column.state.in_([CallbackState.DIALLING, CallbackState.CLAIMED])
        return await self._all(held, column.lease_until <= now, limit=limit, skip=True)

    async def dialled_by(self, holder: str) -> list[Callback]:
        """See the port."""
        column = tables.callback.c
        return await self._all(column.state == CallbackState.DIALLING, column.lease_holder == holder)

    async def newest_survey(self, phone_key: str, since: datetime) -> Callback | None:
        """See the port."""
        column = tables.callback.c
        query = (
            select(Callback)
            .where(column.phone_key == phone_key, column.survey_sent_at >= since)
            .order_by(column.survey_sent_at.desc())
            .limit(1)
        )
        return (await self._session.scalars(query)).first()

    async def has_open_survey(self, phone_key: str, besides: str) -> bool:
        """See the port."""
        column = tables.callback.c
        query = select(column.id).where(
            column.phone_key == phone_key,
            column.id != besides,
            column.survey == SurveyState.OPEN,
            column.state.in_([CallbackState.SENDING, CallbackState.ASKED]),
        )
        return await self._session.scalar(query.limit(1)) is not None

    async def extensions_since(self, phone_key: str, since: datetime) -> frozenset[str]:
        """See the port."""
        column = tables.callback.c
        query = select(column.extension).where(
            column.phone_key == phone_key, column.survey_sent_at >= since, column.extension.is_not(None)
        )
        return frozenset((await self._session.scalars(query)).all())

    async def _all(self, *conditions: Any, limit: int = 100, skip: bool = False) -> list[Callback]:
        column = tables.callback.c
        query = (
            select(Callback)
            .where(*conditions)
            .order_by(column.priority, column.due_at, column.id)
            .limit(limit)
            .with_for_update(skip_locked=skip)
        )
        return list((await self._session.scalars(query)).all())


class ContactRepository:
    """See ``callbacks.ports.Contacts``."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def add(self, record: ContactRecord) -> None:
        """See the port."""
        await self._session.execute(insert(tables.contact_record), [asdict(record)])

    async def add_answer(self, answer: CallbackAnswer) -> None:
        """See the port."""
        await self._session.flush()  # a late answer's callback may be new in this transaction
        await self._session.execute(insert(tables.callback_answer), [asdict(answer)])

    async def answer(self, answer_id: str) -> CallbackAnswer | None:
        """See the port."""
        query = select(tables.callback_answer).where(tables.callback_answer.c.id == answer_id)
        return _answer((await self._session.execute(query)).mappings().first())

    async def last_answer(self, callback_id: str) -> CallbackAnswer | None:
        """See the port."""
        column = tables.callback_answer.c
        query = select(tables.callback_answer).where(column.callback_id == callback_id)
        query = query.order_by(column.at.desc(), column.id.desc()).limit(1)
        return _answer((await self._session.execute(query)).mappings().first())

    async def attempts(self, phone_key: str, since: datetime) -> list[ContactAttempt]:
        """See the port."""
        column = tables.contact_record.c
        query = (
            select(column.at, column.channel, column.reached, column.exemption)
            .where(column.phone_key == phone_key, column.at >= since)
            .order_by(column.at)
        )
        return [ContactAttempt(*row) for row in (await self._session.execute(query)).all()]

    async def wishes(self, phone_key: str) -> frozenset[WishKind]:
        """See the port."""
        column = tables.contact_wish.c
        return frozenset((await self._session.scalars(select(column.kind).where(column.phone_key == phone_key))).all())

    async def wish(self, phone_key: str, kind: WishKind) -> Wish | None:
        """See the port."""
        column = tables.contact_wish.c
        query = select(tables.contact_wish).where(column.phone_key == phone_key, column.kind == kind)
        row = (await self._session.execute(query)).mappings().first()
        return None if row is None else Wish(**row)

    async def add_wish(self, wish: Wish) -> None:
        """See the port."""
        await self._session.execute(_insert_if_absent(self._session, tables.contact_wish, asdict(wish)))

    async def take_back_wish(self, phone_key: str, kind: WishKind) -> None:
        """See the port."""
        column = tables.contact_wish.c
        await self._session.execute(
            delete(tables.contact_wish).where(column.phone_key == phone_key, column.kind == kind)
        )


class ContactLockRepository:
    """See ``callbacks.contact_lock.ContactLocks``: each act is one statement, decided by its row count."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def take(
        self, phone_key: str, channel: Channel, holder: str, callback_id: str, at: datetime, until: datetime
    ) -> ContactLock:
        """See the port."""
        table, column = tables.contact_lock, tables.contact_lock.c
        values = {
            "channel": channel,
            "holder": holder,
            "callback_id": callback_id,
            "taken_at": at,
            "expires_at": until,
        }
        first = _insert_if_absent(self._session, table, {"phone_key": phone_key, "fence": 1, **values})
        if await self._session.scalar(first.returning(column.fence)) is None:
            free = (column.expires_at <= at) | ((column.holder == holder) & (column.channel == channel))
            taking = update(table).where(column.phone_key == phone_key, free).values(**values, fence=column.fence + 1)
            if await self._count(taking) == 0:
                other = await self._read(phone_key)
                raise ContactLocked(other.channel.value, other.holder, other.expires_at)
        return await self._read(phone_key)

    async def renew(self, lock: ContactLock, until: datetime) -> bool:
        """See the port."""
        return await self._count(self._own(lock).values(expires_at=until)) == 1

    async def release(self, lock: ContactLock, at: datetime) -> None:
        """See the port."""
        await self._count(self._own(lock).values(expires_at=at))

    async def of(self, phone_key: str, at: datetime) -> ContactLock | None:
        """See the port."""
        column = tables.contact_lock.c
        query = select(tables.contact_lock).where(column.phone_key == phone_key, column.expires_at > at)
        row = (await self._session.execute(query)).mappings().first()
        return None if row is None else ContactLock(**row)

    def _own(self, lock: ContactLock) -> Any:
        column = tables.contact_lock.c
        return update(tables.contact_lock).where(column.phone_key == lock.phone_key, column.fence == lock.fence)

    async def _read(self, phone_key: str) -> ContactLock:
        query = select(tables.contact_lock).where(tables.contact_lock.c.phone_key == phone_key)
        return ContactLock(**(await self._session.execute(query)).mappings().one())

    async def _count(self, statement: Any) -> int:
        return cast("CursorResult[Any]", await self._session.execute(statement)).rowcount


class OutboundSwitchRepository:
    """See ``callbacks.ports.SwitchPositions``."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def position(self) -> SwitchPosition | None:
        """See the port."""
        column = tables.outbound_switch.c
        query = select(column.paused, column.by, column.at, column.reason).where(column.name == _MACHINE_CALLING)
        row = (await self._session.execute(query)).first()
        return None if row is None else SwitchPosition(*row)

    async def move(self, to: SwitchPosition) -> None:
        """See the port."""
        table, values = tables.outbound_switch, asdict(to)
        await self._session.execute(_insert_if_absent(self._session, table, {"name": _MACHINE_CALLING, **values}))
        await self._session.execute(update(table).where(table.c.name == _MACHINE_CALLING).values(**values))


def _answer(row: RowMapping | None) -> CallbackAnswer | None:
    return None if row is None else CallbackAnswer(**{field.name: row[field.name] for field in fields(CallbackAnswer)})


def _insert_if_absent(session: Any, table: Any, values: dict[str, Any]) -> Any:
    """INSERT … ON CONFLICT DO NOTHING, as both databases say it."""
    dialect = session.get_bind().dialect.name
    build: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return build(table).values(**values).on_conflict_do_nothing()
