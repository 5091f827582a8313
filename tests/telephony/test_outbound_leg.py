"""Ringing parties: contacts in parallel, trunks one after the other, and how each refusal is told."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from telephony.causes import Cause
from telephony.errors import LegStateWrong
from telephony.live_call import LiveCall
from telephony.outbound_leg import OutboundLeg
from telephony.ports import CallFailed, LegState, NumberTarget, SeatTarget, ShortCodeTarget, Target
from tests.fakes.sip_line import FakeOutgoing
from tests.telephony.conftest import Hotline
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

MOBILE = PhoneNumber("+8613800001234")


class Ringing:
    """An outbound call whose target is being rung."""

    def __init__(self, hotline: Hotline, call: LiveCall) -> None:
        self.hotline = hotline
        self.call = call
        self.progress: list[LegState] = []
        self.task: asyncio.Task[OutboundLeg] | None = None

    async def ring(self, target: Target, *, ring_s: float = 30.0, caller_id: str = "96556") -> list[FakeOutgoing]:
        """Begin; the INVITEs that went out."""
        before = len(self.hotline.endpoint.sent)
        self.task = asyncio.create_task(
            self.call.originate(
                target, caller_id=caller_id, ring_s=ring_s, progress=lambda leg: self.progress.append(leg.state)
            )
        )
        await self.hotline.settled()
        return self.hotline.endpoint.sent[before:]

    async def failure(self) -> CallFailed:
        assert self.task
        with pytest.raises(CallFailed) as failed:
            await self.task
        return failed.value


@pytest.fixture
async def ringing(hotline: Hotline) -> AsyncIterator[Ringing]:
    ringing = Ringing(hotline, await hotline.calls.new_call(purpose="callback"))
    yield ringing
    if ringing.task:
        ringing.task.cancel()
        await asyncio.gather(ringing.task, return_exceptions=True)


async def test_all_contacts_of_a_seat_ring_and_the_first_to_answer_wins(hotline: Hotline, ringing: Ringing) -> None:
    hotline.endpoint.register("8001", "10.0.0.5", "10.0.0.6")
    desk, mobile = await ringing.ring(SeatTarget("8001"))
    assert [desk.target, mobile.target] == ["sip:8001@10.0.0.5:5062", "sip:8001@10.0.0.6:5062"]
    assert desk.caller == "96556"
    desk.rings()
    mobile.answers()
    assert ringing.task
    leg = await ringing.task
    assert desk.said == ["CANCEL"]
    assert (leg.account, leg.state, leg.number) == ("8001", LegState.ANSWERED, None)
    assert ringing.progress == [LegState.RINGING]
    desk.refuses(487)  # the cancelled one answers its CANCEL: nothing changes
    assert leg.state is LegState.ANSWERED
    mobile.hang_up()
    await hotline.settled()
    assert hotline.causes == [Cause.NORMAL]


async def test_a_second_200_that_was_on_its_way_is_ended(hotline: Hotline, ringing: Ringing) -> None:
    hotline.endpoint.register("8001", "10.0.0.5", "10.0.0.6")
    desk, mobile = await ringing.ring(SeatTarget("8001"))
    mobile.answers()
    desk.answers()
    assert ringing.task
    leg = await ringing.task
    assert (desk.said, desk.q850) == (["CANCEL", "BYE"], 26)
    assert leg.state is LegState.ANSWERED


async def test_a_seat_without_a_phone_is_told_at_once(hotline: Hotline, ringing: Ringing) -> None:
    assert await ringing.ring(SeatTarget("8009")) == []
    failed = await ringing.failure()
    assert (failed.cause, failed.sip_status) == (Cause.NOT_REGISTERED, 480)


async def test_a_static_seat_is_rung_at_its_address(hotline: Hotline, ringing: Ringing) -> None:
    (invite,) = await ringing.ring(SeatTarget("127.0.0.1:5090"))
    assert invite.target == "sip:seat@127.0.0.1:5090"
    assert hotline.calls.registered("127.0.0.1:5090")


async def test_of_several_refusals_the_one_that_tells_most_counts(hotline: Hotline, ringing: Ringing) -> None:
    hotline.endpoint.register("8001", "10.0.0.5", "10.0.0.6", "10.0.0.7")
    one, two, three = await ringing.ring(SeatTarget("8001"))
    one.refuses(480)
    two.refuses(486)
    three.refuses(503)
    failed = await ringing.failure()
    assert (failed.cause, failed.sip_status) == (Cause.BUSY, 486)
    await hotline.settled()
    assert hotline.journal.records[0].legs[0].sip_status == 486


async def test_no_answer_in_time_cancels_and_says_so(hotline: Hotline, ringing: Ringing) -> None:
    hotline.endpoint.register("8001", "10.0.0.5")
    (invite,) = await ringing.ring(SeatTarget("8001"), ring_s=0.02)
    failed = await ringing.failure()
    assert failed.cause is Cause.NO_ANSWER
    assert invite.said == ["CANCEL"]


async def test_cancelling_the_ringing_task_cancels_the_invite(hotline: Hotline, ringing: Ringing) -> None:
    hotline.endpoint.register("8001", "10.0.0.5")
    (invite,) = await ringing.ring(SeatTarget("8001"))
    assert ringing.task
    ringing.task.cancel()
    await hotline.settled()
    assert invite.said == ["CANCEL"]
    assert hotline.causes == [Cause.CANCELLED]


async def test_a_number_leaves_by_the_first_trunk_showing_the_hotline_as_caller(
    hotline: Hotline, ringing: Ringing
) -> None:
    (invite,) = await ringing.ring(NumberTarget(MOBILE))
    assert invite.target == "sip:13800001234@203.0.113.2:5060"
    assert invite.hop is not None
    assert invite.hop.host == "203.0.113.2"
    assert invite.more["asserted_identity"] == "sip:96556@203.0.113.2"
    assert invite.more["trunk"] == "unicom"
    assert invite.more["credentials"] is None
    invite.answers()
    assert ringing.task
    leg = await ringing.task
    assert (leg.trunk, leg.number, leg.dialled) == ("unicom", MOBILE, "138****1234")


async def test_a_trunk_that_fails_is_followed_by_the_next_with_its_credentials(
    hotline: Hotline, ringing: Ringing
) -> None:
    (first,) = await ringing.ring(NumberTarget(MOBILE))
    first.refuses(503)
    await hotline.settled()
    second = hotline.endpoint.sent[-1]
    assert second.target == "sip:13800001234@sbc.example:5060"
    assert second.more["credentials"].username == "96556"
    second.refuses(480, 1)  # the exchange says: unallocated number
    assert (await ringing.failure()).cause is Cause.NOT_FOUND
    await hotline.settled()
    (record,) = hotline.journal.records
    assert [leg.cause for leg in record.legs] == [Cause.TRUNK_FAILED, Cause.NOT_FOUND]
    assert record.purpose == "callback"


async def test_a_busy_subscriber_is_not_rung_again_by_another_trunk(hotline: Hotline, ringing: Ringing) -> None:
    (first,) = await ringing.ring(NumberTarget(MOBILE))
    first.refuses(486)
    assert (await ringing.failure()).cause is Cause.BUSY
    assert len(hotline.endpoint.sent) == 1


async def test_a_simulated_number_rings_the_softphone_that_has_it(hotline: Hotline, ringing: Ringing) -> None:
    hotline.endpoint.register("softphone", "127.0.0.1")
    rung = await ringing.ring(NumberTarget(PhoneNumber("+8613900000001")))
    rung[0].refuses(503)
    await hotline.settled()
    hotline.endpoint.sent[-1].refuses(503)
    await hotline.settled()
    assert hotline.endpoint.sent[-1].target == "sip:softphone@127.0.0.1:5062"


async def test_a_number_that_no_trunk_may_carry_is_no_route(hotline: Hotline, ringing: Ringing) -> None:
    assert await ringing.ring(ShortCodeTarget("119"), caller_id="12345") == []
    assert (await ringing.failure()).cause is Cause.NO_ROUTE


async def test_early_media_is_heard_before_the_answer(hotline: Hotline, ringing: Ringing) -> None:
    (invite,) = await ringing.ring(NumberTarget(MOBILE))
    invite.rings(183, early_media=True)
    leg = ringing.call.line_legs[0]
    assert leg.state is LegState.EARLY
    assert leg.id in hotline.worker.configured
    invite.answers(None)  # the answer stood in the 183
    assert ringing.task
    assert (await ringing.task).state is LegState.ANSWERED


@pytest.mark.parametrize("sdp", [None, "nonsense"])
async def test_an_answer_without_usable_description_ends_the_leg(
    hotline: Hotline, ringing: Ringing, sdp: str | None
) -> None:
    (invite,) = await ringing.ring(NumberTarget(MOBILE))
    invite.answers(sdp)
    assert (await ringing.failure()).cause is Cause.NO_COMMON_CODEC
    assert invite.said == ["BYE"]


async def test_without_media_nothing_is_rung(hotline: Hotline, ringing: Ringing) -> None:
    hotline.worker.away = True
    assert await ringing.ring(NumberTarget(MOBILE)) == []
    assert (await ringing.failure()).cause is Cause.MEDIA_LOST
    await hotline.settled()
    assert hotline.causes == [Cause.MEDIA_LOST]


async def test_an_outbound_leg_is_neither_rung_nor_answered_from_this_side(hotline: Hotline, ringing: Ringing) -> None:
    (invite,) = await ringing.ring(NumberTarget(MOBILE))
    invite.answers()
    assert ringing.task
    leg = await ringing.task
    for act in (leg.ring(), leg.answer()):
        with pytest.raises(LegStateWrong):
            await act
    await leg.hold()
    assert invite.said == ["INVITE"]


async def test_a_call_that_rings_somebody_else_later_is_written_again_with_both_legs(
    hotline: Hotline, ringing: Ringing
) -> None:
    (first,) = await ringing.ring(NumberTarget(MOBILE))
    first.refuses(486)
    await ringing.failure()
    await hotline.settled()
    assert not hotline.journal.records[0].again
    hotline.endpoint.register("8001", "10.0.0.5")
    (second,) = await ringing.ring(SeatTarget("8001"))
    second.refuses(603)
    await ringing.failure()
    await hotline.settled()
    (record,) = hotline.journal.records
    assert record.again
    assert [leg.cause for leg in record.legs] == [Cause.BUSY, Cause.REFUSED]


async def test_a_stopping_server_rings_nobody(hotline: Hotline, ringing: Ringing) -> None:
    await hotline.calls.stop()
    assert await ringing.ring(NumberTarget(MOBILE)) == []
    assert (await ringing.failure()).cause is Cause.SHUT_DOWN
