"""Steps that journeys and faults share: a caller and a seat in a talk, with a tone from each."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.rtp_phone import tone_seconds
from tests.journeys.installation import Phones
from tests.journeys.phone import Phone, Talk
from tests.journeys.shipped_server import ShippedServer

CALLER_HZ, SEAT_HZ = 500, 1000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ends of one bridge, and the seat's phone."""

    caller: Talk
    seat: Talk
    seat_phone: Phone

    async def until_both_hear(self, seconds: float, within_s: float = 15.0) -> None:
        """Wait until each has heard so much more of the other."""
        at_caller = tone_seconds(b"".join(self.caller.audio.heard), SEAT_HZ)
        at_seat = tone_seconds(b"".join(self.seat.audio.heard), CALLER_HZ)
        await self.caller.audio.until_tone(SEAT_HZ, at_caller + seconds, within_s)
        await self.seat.audio.until_tone(CALLER_HZ, at_seat + seconds, within_s)

    async def hang_up(self) -> None:
        """The caller ends it."""
        await self.caller.hang_up()
        await self.seat.until_ended()


async def sign_in(server: ShippedServer, account: str, *acts: str) -> None:
    """Sign a seat in by the API, then act further."""
    for act in ("sign_in", *acts):
        await server.post(f"/api/v1/seats/{account}/acts", {"act": act})


async def bridged(server: ShippedServer, phone: Phones, user: str, seat: str = "8001") -> Pair:
    """A caller who talks with a seat; both say their tone."""
    seat_phone = await phone(seat)
    await sign_in(server, seat)
    caller = await (await phone(user, register=False)).call("96556")
    caller.say(CALLER_HZ)
    ringing = await asyncio.wait_for(seat_phone.rung.get(), 20)
    await ringing.until_answered()
    ringing.say(SEAT_HZ)
    pair = Pair(caller, ringing, seat_phone)
    await pair.until_both_hear(0.5, 20)
    return pair


async def recording_of(server: ShippedServer, phone: str) -> tuple[dict[str, Any], str]:
    """The record of a caller's last call, and its recording's identifier."""
    record = await server.until_call_record(phone)
    return record, record["call"]["recordings"][0]


def spool(server: ShippedServer) -> list[Path]:
    """Recordings that are not stored yet."""
    return sorted((server.data / "spool").iterdir())
