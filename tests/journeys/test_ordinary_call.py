"""An ordinary call through the shipped program: greeting, seat, talk, recording, record and case."""

import pytest

from tests.fakes.rtp_phone import tone_seconds
from tests.journeys.installation import LINES, Phones
from tests.journeys.shipped_server import ShippedServer

pytestmark = pytest.mark.journey
CALLER_HZ, SEAT_HZ = 500, 1000


async def test_a_call_goes_from_the_greeting_to_a_seat_and_becomes_a_case(
    hotline: ShippedServer, phone: Phones
) -> None:
    seat, user = await phone("8001"), await phone("user1", register=False)
    signing_in = await seat.call("*11")
    await signing_in.until_ended()
    await hotline.until_seat("8001", "free")

    caller = await user.call("96556")
    await caller.audio.until_packets(100)  # two seconds of greeting
    assert seat.rung.empty(), "a seat rang before the greeting was over"
    caller.say(CALLER_HZ)
    ringing = await seat.rung.get()
    await ringing.until_answered()
    ringing.say(SEAT_HZ)
    await caller.audio.until_tone(SEAT_HZ, 1.5)
    await ringing.audio.until_tone(CALLER_HZ, 1.5)
    row = await hotline.until_seat("8001", "talking")

    await ringing.hang_up()
    await hotline.until_seat("8001", "wrap_up")
    await caller.until_ended(30)

    record = await hotline.until_call_record(LINES["user1"])
    assert record["call"]["call"] == row["call_id"]
    assert (record["call"]["trunk"], record["call"]["dialled"]) == ("simulated", "96556")
    assert LINES["user1"] not in str(record), "the number is shown in the clear"
    bridged = [leg for leg in record["legs"] if leg["bridged_s"] > 1]
    assert {leg["account"] for leg in bridged} >= {"8001"} and len(bridged) == 2
    recording = await hotline.until_recording(record["call"]["recordings"][0])
    assert tone_seconds(recording.left, CALLER_HZ) > 1.5 and tone_seconds(recording.left, SEAT_HZ) < 0.1
    assert tone_seconds(recording.right, SEAT_HZ) > 1.5 and tone_seconds(recording.right, CALLER_HZ) < 0.1

    case = await hotline.until_case(LINES["user1"])
    whole = await hotline.get(f"/api/v1/cases/{case['number']}")
    assert record["call"]["call"] in str(whole) and record["call"]["recordings"][0] in str(whole)
