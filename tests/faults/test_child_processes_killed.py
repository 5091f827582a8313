"""``kill -9`` of a process beside the server while a call runs: it comes again; the call is kept where it can be."""

import asyncio
import os
import signal

import pytest

from tests.fakes.rtp_phone import tone_seconds
from tests.faults.conftest import Install
from tests.journeys.installation import LINES, Phones
from tests.journeys.shipped_server import ShippedServer
from tests.journeys.talking import CALLER_HZ, SEAT_HZ, bridged, recording_of

pytestmark = pytest.mark.fault


async def kill(server: ShippedServer, role: str) -> int:
    """SIGKILL; the process id that is gone."""
    pid = await server.until_child(role)
    os.kill(pid, signal.SIGKILL)
    return pid


async def until_again(server: ShippedServer, role: str, gone: int) -> int:
    async def again() -> int | None:
        pid = server.child(role)
        return pid if pid != gone else None

    return await server.until(again, 20)


async def test_a_killed_media_worker_ends_its_own_legs_and_its_recording_is_mended_and_kept(install: Install) -> None:
    server = install()
    async with Phones(server) as phone:
        pair = await bridged(server, phone, "user1")
        await pair.until_both_hear(2.5)
        gone = await kill(server, "media")
        await asyncio.gather(pair.caller.until_ended(), pair.seat.until_ended())
        record, recording = await recording_of(server, LINES["user1"])
        assert record["call"]["cause"] == "MEDIA_LOST"
        kept = await server.until_recording(recording)
        assert kept.seconds > 1.0
        assert tone_seconds(kept.left, CALLER_HZ) > 0.5 and tone_seconds(kept.right, SEAT_HZ) > 0.5
        assert server.rows("select complete from recording") == [{"complete": 0}]
        await until_again(server, "media", gone)
        await server.until_ready()
        assert "media worker died" in server.log()

        await server.until_seat("8001", "wrap_up")
        await server.post("/api/v1/seats/8001/acts", {"act": "free"})
        caller = await (await phone("user2", register=False)).call("96556")
        ringing = await asyncio.wait_for(pair.seat_phone.rung.get(), 20)
        await ringing.until_answered()
        ringing.say(SEAT_HZ)
        await caller.audio.until_tone(SEAT_HZ, 0.5)
        await caller.hang_up()


async def test_a_call_goes_on_while_every_other_process_is_killed(install: Install) -> None:
    server = install(speech={"backend": "faster-whisper"})
    async with Phones(server) as phone:
        pair = await bridged(server, phone, "user1")
        gone = {role: await kill(server, role) for role in ("speech", "messages", "jobs")}
        await pair.until_both_hear(1.0)
        for role, pid in gone.items():
            await until_again(server, role, pid)
            assert f"process ended, started again child={role} code=-9" in server.log()
        await pair.until_both_hear(1.0)
        await pair.hang_up()
        record, recording = await recording_of(server, LINES["user1"])
        assert record["call"]["cause"] == "NORMAL"
        kept = await server.until_recording(recording)
        assert tone_seconds(kept.left, CALLER_HZ) > 2.0
        case = await server.until_case(LINES["user1"])
        assert recording in str(await server.get(f"/api/v1/cases/{case['number']}"))

        async def transcribed() -> bool:
            return bool(server.rows(f"select id from transcript where recording = '{recording}'"))

        await server.until(transcribed, 90)  # by the new jobs and speech processes
        assert not server.tracebacks()
