"""The callbacks room with a real store, cases at hand, and events delivered when the test says so."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from callbacks.callback import Callback
from callbacks.human_result import HumanOutcome, HumanResult
from callbacks.planning import CallbackPolicy, Planner
from callbacks.services import TOPICS, CallbackServices
from callbacks.windows import CallbackCalendar
from sms.messages import SmsMessage
from sms.outbox import Outbox
from store.tables.callbacks import callback as callback_table
from store.tables.event_outbox import event_outbox
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.callback_cases import FakeCases
from tests.fakes.clock import FakeClock
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

CASE = "RX20261124-0031"
FIXED = "053285551234"
GOOD = HumanResult(
    outcome=HumanOutcome.SATISFIED,
    call_id="call-9",
    identity_checked=True,
    feedback_read=True,
    contacted=True,
    visited=True,
    resolved=True,
    rating="满意",
)
"""What a person brings back when all is well."""


@dataclass
class FakeAlarm:
    raised: list[str] = field(default_factory=list)

    async def raise_alarm(self, *, case_number: str, phone: PhoneNumber | None, words: str, reason: str) -> None:
        self.raised.append(f"{case_number} {words}")


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


class Desk:
    """The room with its store, cases at hand, and events delivered when the test says so."""

    def __init__(self, uow_factory: UnitOfWorkFactory, clock: FakeClock, keyer: PhoneKeyer) -> None:
        self.uow_factory, self.clock, self.keyer = uow_factory, clock, keyer
        self.cases, self.alarm = FakeCases(keyer), FakeAlarm()
        self.planner = Planner(CallbackPolicy(), CallbackCalendar(), clock)
        self.services = self.restarted("server-1")
        self._seen: set[Any] = set()

    def restarted(self, holder: str) -> CallbackServices:
        return CallbackServices(
            uow_factory=self.uow_factory,
            clock=self.clock,
            keyer=self.keyer,
            cases=self.cases,
            sms=Outbox(self.clock),
            alarm=self.alarm,
            planner=self.planner,
            holder=holder,
        )

    async def due(self, number: str = CASE, phone: str = "13800001234", **facts: Any) -> Callback:
        self.cases.due(number, phone, **facts)
        callback_id = await self.services.plan_for(number)
        assert callback_id is not None
        return await self.callback(callback_id)

    async def callback(self, callback_id: str) -> Callback:
        async with self.uow_factory() as uow:
            return await uow.callbacks.get(callback_id)

    async def all(self) -> list[Callback]:
        async with self.uow_factory() as uow:
            return list((await uow.session.scalars(select(Callback).order_by(callback_table.c.id))).all())

    async def sms(self) -> list[SmsMessage]:
        async with self.uow_factory() as uow:
            return list((await uow.session.scalars(select(SmsMessage))).all())

    async def alerts(self) -> list[str]:
        async with self.uow_factory() as uow:
            rows = (await uow.session.execute(select(event_outbox).where(event_outbox.c.topic == "alert"))).mappings()
            return [_payload(row)["kind"] for row in rows]

    async def deliver(self) -> None:
        """What the tail of the event outbox does: hand every new event of the room's topics to it."""
        async with self.uow_factory() as uow:
            rows = (await uow.session.execute(select(event_outbox).order_by(event_outbox.c.id))).mappings().all()
        for row in rows:
            if row["id"] not in self._seen and row["topic"] in TOPICS:
                self._seen.add(row["id"])
                await self.services.on_event(row["topic"], _payload(row))

    async def surveyed(self, **facts: Any) -> Callback:
        """A case whose survey was delivered now."""
        callback = await self.due(**facts)
        assert await self.services.surveys.send_due() == 1
        await self.receipt(callback.id, "delivered")
        return await self.callback(callback.id)

    async def receipt(self, callback_id: str, state: str) -> None:
        sms_id = (await self.callback(callback_id)).sms_id
        await self.services.on_event("sms.receipt", {"sms_id": sms_id, "reference": callback_id, "state": state})

    async def reply(self, callback: Callback, text: str, reading: str, **more: Any) -> dict[str, Any]:
        payload = {
            "reply_id": new_id(self.clock),
            "sms_id": callback.sms_id,
            "reference": callback.id,
            "text": text,
            "reading": reading,
            "reason": "",
            "phone_key": callback.phone_key,
            "received_at": self.clock.now().isoformat(),
            **more,
        }
        await self.services.on_event("sms.reply", payload)
        return payload


def _payload(row: Mapping[str, Any]) -> dict[str, Any]:
    payload = row["payload"]
    return dict(json.loads(payload)) if isinstance(payload, str) else dict(payload)
