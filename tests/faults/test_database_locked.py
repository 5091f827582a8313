"""Another process holds the database's write lock for some seconds: callers are served, and nothing is lost."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fakes.rtp_phone import tone_seconds
from tests.faults.conftest import Install
from tests.journeys.installation import LINES, Phones
from tests.journeys.shipped_server import ShippedServer
from tests.journeys.talking import CALLER_HZ, SEAT_HZ, bridged, recording_of, sign_in

pytestmark = pytest.mark.fault
HELD_PACKETS = 200
"""Four seconds of what a caller hears."""


@contextmanager
def locked(server: ShippedServer) -> Iterator[None]:
    other = sqlite3.connect(server.data / "nuanxian.db", isolation_level=None, timeout=20)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


async def everything_is_kept(server: ShippedServer, user: str) -> None:
    record, recording = await recording_of(server, LINES[user])
    assert record["call"]["cause"] == "NORMAL" and record["call"]["answered_at"]
    kept = await server.until_recording(recording)
    assert tone_seconds(kept.left, CALLER_HZ) > 0.4
    case = await server.until_case(LINES[user])
    assert recording in str(await server.get(f"/api/v1/cases/{case['number']}"))
    assert "journal entry lost" not in server.log()
    assert not server.tracebacks()


async def test_a_caller_who_comes_while_it_is_locked_hears_music_and_then_reaches_a_seat(install: Install) -> None:
    server = install()
    async with Phones(server) as phone:
        seat = await phone("8001")
        await sign_in(server, "8001")
        user = await phone("user1", register=False)
        with locked(server):
            caller = await user.call("96556")
            caller.say(CALLER_HZ)
            await caller.audio.until_packets(HELD_PACKETS)
        ringing = await asyncio.wait_for(seat.rung.get(), 20)
        await ringing.until_answered()
        ringing.say(SEAT_HZ)
        await caller.audio.until_tone(SEAT_HZ, 0.5)
        await caller.hang_up()
        await everything_is_kept(server, "user1")
        await server.until_seat("8001", "wrap_up")


async def test_a_call_that_ends_while_it_is_locked_is_kept_and_its_seat_freed(install: Install) -> None:
    server = install()
    async with Phones(server) as phone:
        pair = await bridged(server, phone, "user1")
        with locked(server):
            await pair.until_both_hear(2.0)
            await pair.hang_up()
            waiting = await (await phone("user2", register=False)).call("96556")
            await waiting.audio.until_packets(HELD_PACKETS // 2)
        await everything_is_kept(server, "user1")
        await server.until_seat("8001", "wrap_up")
        await waiting.hang_up()
