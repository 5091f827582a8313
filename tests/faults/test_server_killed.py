"""``kill -9`` of the server in mid-call, then a start on the same folder: nothing kept is lost, nobody is stuck."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from seats.rules import SeatRules
from tests.fakes.rtp_phone import tone_seconds
from tests.faults.conftest import Install
from tests.journeys.installation import LINES, Phones
from tests.journeys.shipped_server import ShippedServer
from tests.journeys.talking import CALLER_HZ, SEAT_HZ, bridged, sign_in

pytestmark = pytest.mark.fault
TALK_LEASE_S = SeatRules().talk_lease_s


@pytest.mark.parametrize("alone", [False, True], ids=["with its children", "alone"])
async def test_the_next_start_keeps_the_recording_frees_the_seat_and_doubles_no_case(
    install: Install, tmp_path: Path, alone: bool
) -> None:
    offset = tmp_path / "clock-offset"
    offset.write_text("0")
    server = install(clock={"offset_file": str(offset)})
    async with Phones(server) as phone:
        pair = await bridged(server, phone, "user1")
        case = await server.until_case(LINES["user1"])
        await pair.until_both_hear(2.5)
        children = {role: await server.until_child(role) for role in ("media", "messages", "jobs")}
        if alone:
            server.kill_server_only()
        else:
            server.kill()
        pair.caller.audio.close()
        pair.seat.audio.close()
        offset.write_text(str(TALK_LEASE_S + 1))  # the seat's lease runs out while the server is down
        await asyncio.to_thread(server.start)
        for role, pid in children.items():
            assert not runs(pid), f"the {role} process of the killed server runs beside the new one"

        async def not_stuck() -> dict[str, Any] | None:
            row = await server.seat("8001")
            return row if row["state"] in {"free", "wrap_up", "break", "offline"} else None

        await server.until(not_stuck, 40)
        recording = await the_recording(server)
        kept = await server.until_recording(recording)
        assert tone_seconds(kept.left, CALLER_HZ) > 1.0 and tone_seconds(kept.right, SEAT_HZ) > 1.0
        cases = (await server.get("/api/v1/cases", phone=LINES["user1"]))["rows"]
        assert [row["number"] for row in cases] == [case["number"]]

        ended = (await server.get("/api/v1/calls", phone=LINES["user1"]))[0]
        assert (ended["cause"], ended["recordings"]) == ("SERVER_ERROR", [recording])

        seat = await phone("8001")
        await sign_in(server, "8001", "free")
        caller = await (await phone("user2", register=False)).call("96556")
        ringing = await asyncio.wait_for(seat.rung.get(), 20)
        await ringing.until_answered()
        ringing.say(SEAT_HZ)
        await caller.audio.until_tone(SEAT_HZ, 0.5)
        await caller.hang_up()


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def the_recording(server: ShippedServer) -> str:
    """The only one, once it is stored."""

    async def stored() -> str | None:
        rows = server.rows("select id from recording")
        return str(rows[0]["id"]) if rows else None

    return await server.until(stored, 30)
