"""The gas-leak key by a softphone of another make: pyVoIP presses 1 while the greeting is said."""

import asyncio
import importlib.util
import os
from pathlib import Path

import pytest

from benchmarks.demo.peers import start_user
from benchmarks.server_process import free_port
from tests.journeys.installation import LINES, Phones, password
from tests.journeys.shipped_server import ShippedServer, rtp_range

pytestmark = pytest.mark.journey
SEAT_HZ = 1000
MISSING = importlib.util.find_spec("pyVoIP") is None and not os.environ.get("CI")


@pytest.mark.skipif(MISSING, reason="pyVoIP is not installed")
async def test_a_foreign_phones_key_1_reaches_a_seat_on_break(
    hotline: ShippedServer, phone: Phones, tmp_path: Path
) -> None:
    seat = await phone("8001")
    for act in ("sign_in", "break"):
        await hotline.post("/api/v1/seats/8001/acts", {"act": act})
    ports = (hotline.sip_port, free_port(), rtp_range()["port_low"])
    caller = await start_user("user8", password("user8"), ports, tmp_path / "pyvoip.log")
    try:
        caller.tell("call", number="96556")
        await caller.event("answered", 20)
        caller.tell("key", key="1")
        ringing = await asyncio.wait_for(seat.rung.get(), 20)
        await ringing.until_answered()
        ringing.say(SEAT_HZ)
        row = await hotline.until_case(LINES["user8"])
        case = await hotline.get(f"/api/v1/cases/{row['number']}")
        assert "P0" in str(case)
        await hotline.until_seat("8001", "talking")
        caller.tell("hang up")
        await ringing.until_ended()
    finally:
        await caller.stop()
