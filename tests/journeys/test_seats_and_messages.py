"""Nobody signed in, a seat that does not answer, and a seat's day by short codes, through the shipped program."""

import asyncio
from typing import Any

import pytest

from tests.fakes.rtp_phone import tone_seconds
from tests.journeys.installation import LINES, Phones
from tests.journeys.phone import Refused
from tests.journeys.shipped_server import ShippedServer

pytestmark = pytest.mark.journey
CALLER_HZ, SEAT_HZ = 500, 1000


async def test_with_nobody_signed_in_the_bot_takes_a_message_and_makes_a_case(
    hotline: ShippedServer, phone: Phones
) -> None:
    caller = await (await phone("user6", register=False)).call("96556")
    caller.say(CALLER_HZ)
    await caller.until_ended(75)

    case = await hotline.until_case(LINES["user6"])
    record = await hotline.until_call_record(LINES["user6"])
    whole = await hotline.get(f"/api/v1/cases/{case['number']}")
    assert record["call"]["recordings"][0] in str(whole)
    recording = await hotline.until_recording(record["call"]["recordings"][0])
    assert tone_seconds(recording.left, CALLER_HZ) > 5
    missed = await hotline.get("/api/v1/missed-calls")
    assert any(line["case_number"] == case["number"] for line in missed), "nobody would listen to the message"


async def test_a_seat_that_does_not_answer_goes_on_break_and_the_caller_to_the_next(
    hotline: ShippedServer, phone: Phones
) -> None:
    deaf, awake = await phone("8001", mode="ring"), await phone("8002")
    for account in ("8001", "8002"):  # the one signed in first has been free longest
        await hotline.post(f"/api/v1/seats/{account}/acts", {"act": "sign_in"})
    caller = await (await phone("user7", register=False)).call("96556")
    caller.say(CALLER_HZ)
    missed = await asyncio.wait_for(deaf.rung.get(), 20)
    await missed.until_ended()
    row = await hotline.until_seat("8001", "break")
    assert row["reason"]

    ringing = await asyncio.wait_for(awake.rung.get(), 20)
    await ringing.until_answered()
    await ringing.audio.until_tone(CALLER_HZ, 0.5, within_s=20)
    await hotline.until_seat("8002", "talking")
    await caller.hang_up()
    await ringing.until_ended()
    record = await hotline.until_call_record(LINES["user7"])
    causes = {leg["account"]: leg["cause"] for leg in record["legs"] if leg["direction"].lower().startswith("out")}
    assert causes["8001"] in {"NO_ANSWER", "CANCELLED"} and causes["8002"] == "NORMAL"


async def test_a_seat_signs_in_rests_comes_back_and_leaves_by_its_phone(hotline: ShippedServer, phone: Phones) -> None:
    seat = await phone("8002")
    for code, state in (("*11", "free"), ("*12", "break"), ("*13", "free"), ("*14", "offline")):
        confirmation = await seat.call(code)
        await confirmation.until_ended()
        assert len(confirmation.audio.heard) > 20, f"{code} was not confirmed by voice"
        await hotline.until_seat("8002", state)


async def test_a_phone_that_is_no_seat_changes_nothing_by_a_short_code(hotline: ShippedServer, phone: Phones) -> None:
    before: Any = await hotline.get("/api/v1/seats")
    with pytest.raises(Refused) as refused:
        await (await phone("user8")).call("*11")
    assert refused.value.status in {403, 404}
    assert await hotline.get("/api/v1/seats") == before
