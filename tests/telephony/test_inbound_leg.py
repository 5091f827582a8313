"""The caller's leg: ringing, early media, offers that come late, keys, hold, and what may not be done when."""

import asyncio

import pytest

from telephony.causes import Cause
from telephony.errors import LegStateWrong
from telephony.inbound_leg import key_of_info
from telephony.ports import Call, Leg, LegEnded, LegState
from telephony.sip import DialogEnd, EndedBy, MediaDirection
from tests.fakes.sip_line import FakeInvite, FakeOffer, phone_offer
from tests.telephony.conftest import GREETING, MUSIC, Hotline

pytestmark = pytest.mark.unit


async def arrived(hotline: Hotline, **options: object) -> tuple[FakeInvite, Leg]:
    """A call whose handler does nothing: the test acts on the leg itself."""

    async def leave_it(call: Call) -> None:
        await call.first_leg.ended()

    hotline.serve(leave_it)
    invite = hotline.ring(**options)
    await hotline.settled()
    return invite, hotline.served[-1].first_leg


async def test_ringing_is_a_180_and_with_early_media_a_183_that_plays_until_the_answer(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.ring()
    assert (invite.said, leg.state) == (["180"], LegState.RINGING)
    await leg.ring(MUSIC)
    await hotline.settled()
    assert (invite.said, leg.state) == (["180", "183 sdp"], LegState.EARLY)
    assert hotline.worker.plays[leg.id][1] == ["music"]
    await leg.answer()
    assert invite.said[-1] == "200"
    assert leg.id not in hotline.worker.plays
    with pytest.raises(LegStateWrong):
        await leg.ring()


async def test_without_an_offer_early_media_is_only_a_180(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline, sdp=None)
    await leg.ring(MUSIC)
    assert invite.said == ["180"]


async def test_answering_twice_sends_one_200(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    await leg.answer()
    assert invite.said == ["200"]


async def test_an_invite_without_description_is_answered_with_our_offer_and_media_follow_the_ack(
    hotline: Hotline,
) -> None:
    invite, leg = await arrived(hotline, sdp=None)
    answering = asyncio.create_task(leg.answer())
    await hotline.settled()
    assert invite.said == ["200"]
    assert not answering.done()
    assert invite.accepted_sdp is not None
    invite.events.acked(phone_offer())
    await answering
    assert leg.id in hotline.worker.configured
    assert leg.state is LegState.ANSWERED


@pytest.mark.parametrize("sdp", [None, "nonsense"])
async def test_an_ack_without_a_usable_answer_ends_the_call(hotline: Hotline, sdp: str | None) -> None:
    invite, leg = await arrived(hotline, sdp=None)
    answering = asyncio.create_task(leg.answer())
    await hotline.settled()
    invite.events.acked(sdp)
    with pytest.raises(LegEnded):
        await answering
    assert (invite.said[-1], leg.cause) == ("BYE", Cause.NO_COMMON_CODEC)


async def test_a_2xx_that_is_never_acknowledged_ends_the_call_with_that_cause(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    invite.events.ended(DialogEnd(EndedBy.ACK_MISSING))
    assert leg.cause is Cause.ACK_MISSING


async def test_an_answer_that_crosses_the_callers_cancel_finds_the_leg_ended(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    invite.gave_up = True
    with pytest.raises(LegEnded) as ended:
        await leg.answer()
    assert ended.value.cause is Cause.CANCELLED


async def test_a_prompt_ends_by_its_end_by_a_key_or_with_the_leg(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    first = asyncio.create_task(leg.play(GREETING))
    await hotline.settled()
    hotline.worker.play_over(leg.id, played_s=4.2, finished=True)
    played = await first
    assert (played.played_s, played.finished, played.digit) == (4.2, True, None)
    second = asyncio.create_task(leg.play(GREETING, stop_on="1"))
    await hotline.settled()
    hotline.worker.play_over(leg.id, played_s=1.0, digit="1")
    assert (await second).digit == "1"
    third = asyncio.create_task(leg.play(GREETING))
    await hotline.settled()
    invite.hang_up()
    with pytest.raises(LegEnded):
        await third


async def test_stop_playing_returns_the_play_and_so_does_a_cancelled_task(hotline: Hotline) -> None:
    _, leg = await arrived(hotline)
    await leg.answer()
    playing = asyncio.create_task(leg.play(MUSIC, repeat=True))
    await hotline.settled()
    await leg.stop_playing()
    assert not (await playing).finished
    playing = asyncio.create_task(leg.play(MUSIC, repeat=True))
    await hotline.settled()
    playing.cancel()
    await hotline.settled()
    assert leg.id not in hotline.worker.plays


async def test_keys_are_collected_up_to_the_count_or_the_finish_key(hotline: Hotline) -> None:
    _, leg = await arrived(hotline)
    await leg.answer()
    for keys, count, expected in [("123", 2, "12"), ("4#", 5, "4"), ("", 1, "")]:
        collecting = asyncio.create_task(leg.collect(count, first_s=0.02, between_s=5))
        await hotline.settled()
        for key in keys:
            hotline.worker.press(leg.id, key)
        assert await collecting == expected


async def test_collecting_stops_when_no_further_key_comes(hotline: Hotline) -> None:
    _, leg = await arrived(hotline)
    await leg.answer()
    collecting = asyncio.create_task(leg.collect(4, first_s=5, between_s=0.02))
    await hotline.settled()
    hotline.worker.press(leg.id, "9")
    assert await collecting == "9"


async def test_collecting_on_a_leg_that_ends_is_told_so(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    collecting = asyncio.create_task(leg.collect(4, first_s=5, between_s=5))
    await hotline.settled()
    invite.hang_up()
    with pytest.raises(LegEnded):
        await collecting


async def test_every_subscriber_gets_every_key_from_rtp_and_info_until_the_leg_ends(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    one, two = leg.digits(), leg.digits()
    hotline.worker.press(leg.id, "1")
    invite.events.info("application/dtmf-relay", b"Signal=2\r\nDuration=160\r\n")
    invite.events.info("text/plain", b"3")
    invite.hang_up()
    assert [key async for key in one] == ["1", "2"]
    assert [key async for key in two] == ["1", "2"]
    assert [key async for key in leg.digits()] == []


@pytest.mark.parametrize(
    ("content_type", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=100", "5"),
        ("application/dtmf-relay", b"Signal= #\r\n", "#"),
        ("application/dtmf", b"*", "*"),
        ("Application/DTMF", b"a", "A"),
        ("application/dtmf", b"55", None),
        ("application/sdp", b"5", None),
    ],
)
def test_a_key_in_an_info_is_read(content_type: str, body: bytes, key: str | None) -> None:
    assert key_of_info(content_type, body) == key


async def test_listening_sending_keys_and_their_ends_reach_the_worker(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    with pytest.raises(LegStateWrong):
        await leg.listen("s1", "/run/speech.sock")
    await leg.answer()
    await leg.listen("s1", "/run/speech.sock")
    await leg.unlisten()
    await leg.send_digits("12#")
    assert hotline.worker.verbs(leg.id)[-3:] == ["listen", "unlisten", "digits"]
    invite.hang_up()
    await leg.unlisten()
    for act in (leg.stop_playing(), leg.send_digits("1"), leg.play(GREETING), leg.hold(), leg.answer(), leg.ring()):
        with pytest.raises(LegEnded):
            await act


async def test_hold_from_this_side_offers_sendonly_and_suspends_the_rtp_time_out(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    with pytest.raises(LegStateWrong):
        await leg.hold()
    await leg.answer()
    await leg.hold()
    assert "a=sendonly" in invite.reinvites[-1]
    assert leg.state is LegState.HELD
    assert hotline.worker.told[-1] == ("hold", leg.id, True)
    await leg.resume()
    assert "a=sendrecv" in invite.reinvites[-1]
    assert leg.state is LegState.ANSWERED
    assert hotline.worker.told[-1] == ("hold", leg.id, False)


async def test_a_hold_that_the_far_side_refuses_changes_nothing(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    invite.reinvite_status = 488
    await leg.hold()
    assert leg.state is LegState.ANSWERED


async def test_hold_from_the_far_side_is_followed_and_ended(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    for direction, state, receives in [
        (MediaDirection.SENDONLY, LegState.HELD, True),
        (MediaDirection.INACTIVE, LegState.HELD, False),
        (MediaDirection.SENDRECV, LegState.ANSWERED, True),
    ]:
        offer = FakeOffer(phone_offer(direction))
        invite.events.offered(offer)
        assert "m=audio" in offer.said[0]
        assert leg.state is state
        assert hotline.worker.configured[leg.id].receive is receives
    assert [told[2] for told in hotline.worker.told if told[0] == "hold"] == [True, False]


async def test_a_reinvite_that_cannot_be_answered_is_refused_and_one_without_offer_gets_ours(
    hotline: Hotline,
) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    bad = FakeOffer("nonsense")
    invite.events.offered(bad)
    assert bad.said == [400]
    empty = FakeOffer(None)
    invite.events.offered(empty)
    assert "m=audio" in empty.said[0]
    configured = hotline.worker.verbs(leg.id).count("configure")
    invite.events.acked(phone_offer())
    assert hotline.worker.verbs(leg.id).count("configure") == configured + 1
    assert leg.state is LegState.ANSWERED


async def test_hanging_up_before_the_answer_refuses_by_the_cause_and_is_idempotent(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.hangup(Cause.BUSY)
    await leg.hangup(Cause.NORMAL)
    assert (invite.said, invite.q850) == (["486"], 17)
    assert await leg.ended() is Cause.BUSY


async def test_the_far_ends_bye_reason_is_the_cause(hotline: Hotline) -> None:
    invite, leg = await arrived(hotline)
    await leg.answer()
    invite.hang_up(17)
    assert leg.cause is Cause.BUSY
