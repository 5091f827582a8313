"""The rows of the messages room, serving ``sms.ports.MessageRepository``."""

from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, insert, select

from sms.messages import OptOut, SmsKind, SmsMessage, SmsReceipt, SmsReply, SmsState
from store.session import StoreSession
from store.tables import sms as tables

_FIRST = case((tables.sms_message.c.kind.in_([SmsKind.SAFETY, SmsKind.ALERT]), 0), else_=1)


class SmsMessageRepository:
    """See the port."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    def add(self, row: Any) -> None:
        """See the port."""
        self._session.add(row)

    async def get(self, message_id: str) -> SmsMessage:
        """See the port."""
        message = await self._session.get(SmsMessage, message_id, with_for_update=True)
        if message is None:
            raise LookupError(f"no message {message_id}")
        return message

    async def due(self, now: datetime, limit: int) -> list[SmsMessage]:
        """See the port."""
        table = tables.sms_message.c
        query = (
            select(SmsMessage)
            .where(table.state == SmsState.QUEUED, table.not_before <= now)
            .order_by(_FIRST, table.queued_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list((await self._session.scalars(query)).all())

    async def lost(self, now: datetime, limit: int) -> list[SmsMessage]:
        """See the port."""
        table = tables.sms_message.c
        query = (
            select(SmsMessage)
            .where(table.state == SmsState.SUBMITTING, table.lease_until < now)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list((await self._session.scalars(query)).all())

    async def by_gateway_id(self, gateway_id: str) -> SmsMessage | None:
        """See the port."""
        ids = tables.sms_gateway_id.c
        query = select(ids.message_id).where(ids.gateway_id == gateway_id)
        message_id = await self._session.scalar(query)
        return None if message_id is None else await self.get(message_id)

    async def know_gateway_ids(self, message_id: str, gateway_ids: list[str]) -> None:
        """See the port."""
        rows = [{"gateway_id": gateway_id, "message_id": message_id} for gateway_id in gateway_ids]
        await self._session.execute(insert(tables.sms_gateway_id), rows)

    async def take_early_receipts(self, gateway_ids: list[str]) -> list[SmsReceipt]:
        """See the port."""
        column = tables.sms_receipt.c.gateway_id
        found = list((await self._session.scalars(select(SmsReceipt).where(column.in_(gateway_ids)))).all())
        for receipt in found:
            await self._session.delete(receipt)
        return found

    async def forget_receipts(self, before: datetime) -> None:
        """Drop unmatched receipts older than the 72 hours they are kept."""
        table = tables.sms_receipt
        await self._session.execute(delete(table).where(table.c.received_at < before))

    async def answered_survey(self, phone_key: str, extension: str, since: datetime) -> SmsMessage | None:
        """See the port."""
        table = tables.sms_message.c
        query = select(SmsMessage).where(
            table.phone_key == phone_key, table.kind == SmsKind.SURVEY, table.submitted_at >= since
        )
        if extension:
            query = query.where(table.extension == extension)
        found: SmsMessage | None = await self._session.scalar(query.order_by(table.submitted_at.desc()).limit(1))
        return found

    async def has_reply(self, dedupe_key: str) -> bool:
        """See the port."""
        query = select(tables.sms_reply.c.id).where(tables.sms_reply.c.dedupe_key == dedupe_key)
        return await self._session.scalar(query) is not None

    async def opted_out(self, phone_key: str) -> bool:
        """See the port."""
        return await self._session.get(OptOut, phone_key) is not None

    async def replies_to(self, reference: str) -> list[SmsReply]:
        """Every reply to the messages of one reference, oldest first."""
        table = tables.sms_reply.c
        query = select(SmsReply).where(table.reference == reference).order_by(table.received_at)
        return list((await self._session.scalars(query)).all())
