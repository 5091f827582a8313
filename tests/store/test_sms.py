"""The outbox, the sender and what comes back, on both databases with the simulated gateway."""

import asyncio
from datetime import timedelta

import pytest

from sms.incoming import IncomingMessages, IncomingRules
from sms.messages import OutgoingSms, SmsKind, SmsMessage, SmsState
from sms.outbox import Outbox
from sms.ports import Incoming, Receipt
from sms.sender import Sender, SenderRules
from sms.simulated import SimulatedGateway, SimulatedUsers
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.clock import FakeClock
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.store
USER = PhoneNumber("+8613800001234")
ACCESS = "10690096556"


class SilentGateway:
    """Takes every submit and never answers: done, but not told."""

    available = True
    window = 10

    def __init__(self) -> None:
        self.submits = 0

    async def submit(self, to: str, extension: str, text: str) -> list[str]:
        self.submits += 1
        raise TimeoutError

    async def start(self, events: object) -> None: ...
    async def stop(self) -> None: ...


class Office:
    """Everything of the room, joined."""

    def __init__(self, uow_factory: UnitOfWorkFactory, clock: FakeClock, keyer: PhoneKeyer) -> None:
        self.uow_factory, self.clock, self.keyer = uow_factory, clock, keyer
        self.outbox = Outbox(clock)
        self.incoming = IncomingMessages(uow_factory, clock, keyer, IncomingRules(access_number=ACCESS))
        self.gateway = SimulatedGateway(SimulatedUsers(receipt_s=1000), clock, access_number=ACCESS)
        self.sender = Sender(uow_factory, self.gateway, clock)

    async def queue(self, kind: SmsKind = SmsKind.SURVEY, extension: str = "0012", matter: str = "heat") -> str | None:
        sms = OutgoingSms(
            USER, self.keyer.key(USER), "请评价:回复1满意", kind, "callback-1", self.clock.now(), matter, extension
        )
        async with self.uow_factory() as uow:
            sms_id = await self.outbox.queue(uow, sms)
            await uow.commit()
        return sms_id

    async def message(self, sms_id: str | None) -> SmsMessage:
        assert sms_id is not None
        async with self.uow_factory() as uow:
            return await uow.messages.get(sms_id)

    async def replies(self) -> list[tuple[str | None, str]]:
        async with self.uow_factory() as uow:
            return [(r.message_id, r.reading) for r in await uow.messages.replies_to("callback-1")]


@pytest.fixture
async def office(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> Office:
    office = Office(uow_factory, clock, phone_keyer)
    await office.gateway.start(office.incoming.take)
    return office


async def test_a_queued_message_is_submitted_and_its_receipt_settles_it(office: Office) -> None:
    sms_id = await office.queue()
    assert await office.sender.send_due() == 1
    message = await office.message(sms_id)
    assert message.state is SmsState.SUBMITTED
    await office.incoming.take([Receipt(message.gateway_ids[0], True, "")])
    assert (await office.message(sms_id)).state is SmsState.DELIVERED
    await office.gateway.stop()


async def test_a_message_is_not_sent_before_its_time(office: Office) -> None:
    sms = OutgoingSms(USER, office.keyer.key(USER), "x", SmsKind.SURVEY, "r", office.clock.now() + timedelta(hours=1))
    async with office.uow_factory() as uow:
        await office.outbox.queue(uow, sms)
        await uow.commit()
    assert await office.sender.send_due() == 0
    office.clock.advance(3601)
    assert await office.sender.send_due() == 1
    await office.gateway.stop()


async def test_a_receipt_before_its_submit_response_is_kept_and_used(office: Office) -> None:
    sms_id = await office.queue()
    early = Receipt("early-1", True, "")

    class EarlyGateway(SilentGateway):
        async def submit(self, to: str, extension: str, text: str) -> list[str]:
            await office.incoming.take([early])
            return ["early-1"]

    await Sender(office.uow_factory, EarlyGateway(), office.clock).send_due()
    assert (await office.message(sms_id)).state is SmsState.DELIVERED


async def test_a_submit_without_an_answer_is_repeated_once_and_then_left_unknown(office: Office) -> None:
    sms_id = await office.queue()
    gateway = SilentGateway()
    sender = Sender(office.uow_factory, gateway, office.clock, SenderRules())
    for _ in range(4):
        await sender.send_due()
        office.clock.advance(60)
    assert gateway.submits == 2
    assert (await office.message(sms_id)).state is SmsState.UNKNOWN


async def test_an_attempt_of_a_process_that_died_is_repeated_by_the_next(office: Office) -> None:
    sms_id = await office.queue()
    async with office.uow_factory() as uow:
        (await uow.messages.get(sms_id)).claim(office.clock.now(), timedelta(seconds=90))
        await uow.commit()
    assert await office.sender.send_due() == 0
    office.clock.advance(91)
    await office.sender.send_due()
    office.clock.advance(30)
    await office.sender.send_due()
    assert (await office.message(sms_id)).state is SmsState.SUBMITTED
    await office.gateway.stop()


async def test_two_processes_never_claim_the_same_message(office: Office) -> None:
    for _ in range(6):
        await office.queue()
    other = Sender(office.uow_factory, office.gateway, office.clock)
    sent = await asyncio.gather(office.sender.send_due(), other.send_due())
    assert sum(sent) == 6
    assert len(office.gateway.sent) == 6
    await office.gateway.stop()


async def test_a_reply_with_an_extension_finds_its_survey(office: Office) -> None:
    first = await office.queue(extension="0012")
    await office.sender.send_due()
    await office.queue(extension="0013")
    await office.sender.send_due()
    await office.incoming.take([Incoming("8613800001234", ACCESS + "0012", "1", "m1")])
    assert await office.replies() == [(first, "满意")]
    await office.gateway.stop()


async def test_a_reply_delivered_twice_is_stored_once(office: Office) -> None:
    await office.queue()
    await office.sender.send_due()
    reply = Incoming("8613800001234", ACCESS + "0012", "3 还是凉的", "m1")
    await office.incoming.take([reply, reply])
    await office.incoming.take([reply])
    assert [reading for _, reading in await office.replies()] == ["不满意"]
    await office.gateway.stop()


async def test_a_gas_case_reads_still_leaking_as_an_emergency(office: Office) -> None:
    await office.queue(matter="gas")
    await office.sender.send_due()
    await office.incoming.take([Incoming("8613800001234", ACCESS + "0012", "还是漏", None)])
    assert [reading for _, reading in await office.replies()] == ["EMERG"]
    await office.gateway.stop()


async def test_whoever_opts_out_is_told_once_and_gets_no_more_surveys_but_safety_notices(office: Office) -> None:
    await office.queue()
    await office.sender.send_due()
    await office.incoming.take([Incoming("8613800001234", ACCESS + "0012", "退订", "m1")])
    await office.incoming.take([Incoming("8613800001234", ACCESS + "0012", "TD", "m2")])
    assert await office.sender.send_due() == 1
    assert "停发" in office.gateway.sent[-1][2]
    assert await office.queue(SmsKind.SURVEY) is None
    assert await office.queue(SmsKind.SAFETY) is not None
    await office.gateway.stop()
