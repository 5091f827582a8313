"""The disk takes no more of a recording: the recording ends and says so, the call goes on."""

import resource

import pytest

from tests.fakes.rtp_phone import tone_seconds
from tests.faults.conftest import Install
from tests.journeys.installation import LINES, Phones
from tests.journeys.talking import CALLER_HZ, bridged

pytestmark = pytest.mark.fault
TAKES_BYTES = 40_000
"""2.5 s of stereo A-law."""


async def test_a_full_disk_ends_the_recording_and_not_the_call(install: Install) -> None:
    server = install()
    async with Phones(server) as phone:
        media = server.child("media")
        assert media is not None
        most = resource.prlimit(media, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(media, resource.RLIMIT_FSIZE, (TAKES_BYTES, most))
        pair = await bridged(server, phone, "user1")
        await pair.until_both_hear(3.0)
        await server.until_logged("recording failed", 10)
        await pair.until_both_hear(1.0)
        await pair.hang_up()
        record = await server.until_call_record(LINES["user1"])
        assert record["call"]["cause"] == "NORMAL"
        kept = await server.until_recording(record["call"]["recordings"][0])
        assert tone_seconds(kept.left, CALLER_HZ) > 0.3, "what was written before is lost"
        assert server.rows("select complete from recording") == [{"complete": 0}]
        await server.until_case(LINES["user1"])

        resource.prlimit(media, resource.RLIMIT_FSIZE, (most, most))
        await server.post("/api/v1/seats/8001/acts", {"act": "free"})
        caller = await (await phone("user2", register=False)).call("96556")
        caller.say(CALLER_HZ)
        ringing = await pair.seat_phone.rung.get()
        await ringing.until_answered()
        await ringing.audio.until_tone(CALLER_HZ, 1.0)
        await caller.hang_up()
        record = await server.until_call_record(LINES["user2"])
        kept = await server.until_recording(record["call"]["recordings"][0])
        assert tone_seconds(kept.left, CALLER_HZ) > 0.5
