"""The gas-leak lane over real SIP and RTP, through the shipped program (domain spec §10)."""

import asyncio
from typing import Any

import pytest

from tests.fakes.rtp_phone import tone_seconds
from tests.journeys.installation import LINES, Phones
from tests.journeys.phone import Phone, Talk
from tests.journeys.shipped_server import ShippedServer

pytestmark = pytest.mark.journey
CALLER_HZ, STAFF_HZ = 500, 1000


async def sign_in(hotline: ShippedServer, account: str, *acts: str) -> None:
    for act in ("sign_in", *acts):
        await hotline.post(f"/api/v1/seats/{account}/acts", {"act": act})


async def leak_call(user: Phone) -> Talk:
    """Ring 96556 and press 1 while the greeting is said."""
    caller = await user.call("96556")
    caller.say(CALLER_HZ)
    await caller.audio.until_packets(25)  # half a second into it
    caller.press("1")
    return caller


async def talk_both_ways(caller: Talk, staff: Talk) -> None:
    staff.say(STAFF_HZ)
    await caller.audio.until_tone(STAFF_HZ, 1.0, within_s=20)
    await staff.audio.until_tone(CALLER_HZ, 1.0, within_s=20)


async def p0_case(hotline: ShippedServer, phone: str) -> dict[str, Any]:
    row = await hotline.until_case(phone)
    case: dict[str, Any] = await hotline.get(f"/api/v1/cases/{row['number']}")
    assert "P0" in str(row) or "P0" in str(case)
    return row


@pytest.mark.parametrize(("user", "rest"), [("user2", "break"), ("user3", "wrap_up")])
async def test_key_1_takes_a_seat_that_is_resting(hotline: ShippedServer, phone: Phones, user: str, rest: str) -> None:
    seat = await phone("8001")
    await sign_in(hotline, "8001", *(["break"] if rest == "break" else []))
    if rest == "wrap_up":
        await one_talk_before(await phone("user9"), seat)
    await hotline.until_seat("8001", rest)

    caller = await leak_call(await phone(user, register=False))
    ringing = await asyncio.wait_for(seat.rung.get(), 10)
    await ringing.until_answered()
    case = await p0_case(hotline, LINES[user])
    await talk_both_ways(caller, ringing)
    if rest == "break":  # a line that drops: the caller is not hung up on but connected again
        await ringing.hang_up()
        ringing = await asyncio.wait_for(seat.rung.get(), 20)
        await ringing.until_answered()
        heard_s = tone_seconds(b"".join(caller.audio.heard), STAFF_HZ)
        ringing.say(STAFF_HZ)
        await caller.audio.until_tone(STAFF_HZ, heard_s + 1.0, within_s=20)

    assert not caller.ended.is_set()
    await caller.hang_up()
    await ringing.until_ended()
    record = await hotline.until_call_record(LINES[user])
    assert record["call"]["cause"] == "NORMAL"
    assert case["number"] not in str(await hotline.get("/api/v1/rescue-desk")), "a person spoke with this caller"


async def one_talk_before(user: Phone, seat: Phone) -> None:
    """A talk that leaves the seat in wrap-up."""
    caller = await user.call("96556")
    ringing = await asyncio.wait_for(seat.rung.get(), 20)
    await ringing.until_answered()
    ringing.say(STAFF_HZ)
    await caller.audio.until_tone(STAFF_HZ, 0.5, within_s=20)
    await caller.hang_up()
    await ringing.until_ended()


async def test_without_a_seat_the_duty_chain_is_rung_and_the_first_to_press_1_is_connected(
    hotline: ShippedServer, phone: Phones
) -> None:
    shift_lead, rescue = await phone("duty1", mode="ring"), await phone("duty2", mode="ring")
    caller = await leak_call(await phone("user4", register=False))
    case = await p0_case(hotline, LINES["user4"])

    first = await asyncio.wait_for(shift_lead.rung.get(), 15)
    second = await asyncio.wait_for(rescue.rung.get(), 15)  # the shift lead did not answer within the time
    await first.until_ended()
    await second.until_ended()
    again = await asyncio.wait_for(shift_lead.rung.get(), 15)  # and round again
    again.answer()
    await again.until_answered()
    heard_before = len(caller.audio.heard)
    again.press("1")
    await talk_both_ways(caller, again)
    assert heard_before > 150, "the safety text was not repeated meanwhile"
    assert not caller.ended.is_set()

    await caller.hang_up()
    await again.until_ended()
    record = await hotline.until_call_record(LINES["user4"])
    assert {leg["trunk"] for leg in record["legs"]} == {"simulated"}
    recording = await hotline.until_recording(record["call"]["recordings"][0])
    assert tone_seconds(recording.left, CALLER_HZ) > 3 and tone_seconds(recording.right, STAFF_HZ) > 0.9
    assert case["number"]


async def test_a_caller_who_hangs_up_before_a_person_spoke_is_given_to_the_rescue_desk(
    hotline: ShippedServer, phone: Phones
) -> None:
    caller = await leak_call(await phone("user5", register=False))
    case = await p0_case(hotline, LINES["user5"])
    await caller.audio.until_packets(50)
    await caller.hang_up()

    async def handed_over() -> dict[str, Any] | None:
        lines = await hotline.get("/api/v1/rescue-desk")
        return next((line for line in lines if line["case_number"] == case["number"]), None)

    line = await hotline.until(handed_over)
    assert line["found_by"] == "按键1" and line["number"].endswith(LINES["user5"][-4:])
    assert LINES["user5"] not in line["number"]
    recording = await hotline.until_recording(line["recording"])
    assert tone_seconds(recording.left, CALLER_HZ) > 1
    await hotline.post(f"/api/v1/rescue-desk/{line['id']}/call-back", {})
    await hotline.post(f"/api/v1/rescue-desk/{line['id']}/close", {"reached": True, "note": "已联系,已派抢修"})
    assert await handed_over() is None
