"""Calls that a registered phone begins: codes of a seat's day, emergency numbers, and the hotline itself.

``*11`` sign in · ``*12`` break · ``*13`` free again (also ends wrap-up) · ``*14`` sign out. They are our own choice; a
star code cannot be a subscriber's number. 110, 119, 120 and 122 can be dialled from any seat at any time (§10.5).
"""

import logging
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from seats.errors import SeatMoveRefused, SeatUnknown
from seats.seat import Seat, SeatState
from telephony.causes import Cause
from telephony.ports import Call, CallFailed, InboundHandler, LegEnded, ShortCodeTarget
from vocabulary.audio_frame import AudioFile

log = logging.getLogger(__name__)

EMERGENCY_NUMBERS = frozenset({"110", "119", "120", "122"})
EMERGENCY_RING_S = 120.0
"""As long as the emergency centre lets its own phones ring."""


class ShortCode(Enum):
    """What a seat's phone may dial; the value is dialled."""

    SIGN_IN = "*11"
    TAKE_BREAK = "*12"
    BECOME_FREE = "*13"
    SIGN_OUT = "*14"


def read_short_code(dialled: str) -> ShortCode | None:
    """The code that was dialled, if it is one."""
    try:
        return ShortCode(dialled.strip())
    except ValueError:
        return None


class SeatPresence(Protocol):
    """The part of SeatServices that short codes use."""

    async def sign_in(self, account: str, *, by: str) -> Seat:
        """Begin work."""
        ...

    async def take_break(self, account: str, *, by: str) -> Seat:
        """Go on break."""
        ...

    async def become_free(self, account: str, *, by: str) -> Seat:
        """Come back."""
        ...

    async def sign_out(self, account: str, *, by: str) -> Seat:
        """End work."""
        ...


_ANSWERS = {
    ShortCode.SIGN_IN: "seat.signed_in",
    ShortCode.TAKE_BREAK: "seat.on_break",
    ShortCode.BECOME_FREE: "seat.now_free",
    ShortCode.SIGN_OUT: "seat.signed_out",
}


def spoken_answer(code: ShortCode, seat: Seat) -> str:
    """The prompt that confirms what happened: done, or noted for after the call under way."""
    on_a_call = seat.state in {SeatState.RINGING, SeatState.TALKING}
    return "seat.after_call" if on_a_call else _ANSWERS[code]


class AccountCalls:
    """Serves calls of registered phones: ``call_control.on_account_call(account_calls.run)``.

    Args:
        seats: ``SeatServices``.
        prompt: gives a prompt's file by its key, e.g. ``ivr.prompts.Prompts.file``.
        hotline: runs a call to one of ``hotline_numbers``, e.g. ``Reception.run``.
        hotline_numbers: what reaches the hotline, e.g. 96556.
        otherwise: runs a call to any other number; None refuses it as unknown.
    """

    def __init__(
        self,
        seats: SeatPresence,
        prompt: Callable[[str], AudioFile],
        *,
        hotline: InboundHandler,
        hotline_numbers: frozenset[str],
        otherwise: InboundHandler | None = None,
    ) -> None:
        self._seats = seats
        self._prompt = prompt
        self._hotline = hotline
        self._hotline_numbers = hotline_numbers
        self._otherwise = otherwise

    async def run(self, call: Call) -> None:
        """Serve one call of a registered phone to its end."""
        dialled = call.first_leg.dialled
        code = read_short_code(dialled)
        try:
            if code is not None:
                await self._act(call, code)
            elif dialled in EMERGENCY_NUMBERS:
                await self._emergency(call, dialled)
            elif dialled in self._hotline_numbers:
                await self._hotline(call)
            elif self._otherwise is not None:
                await self._otherwise(call)
            else:
                await call.first_leg.hangup(Cause.NOT_FOUND)
        except LegEnded as ended:
            log.info("phone hung up", extra={"call": call.id, "cause": ended.cause.name})

    async def _act(self, call: Call, code: ShortCode) -> None:
        leg = call.first_leg
        account = leg.account or ""
        try:
            match code:
                case ShortCode.SIGN_IN:
                    seat = await self._seats.sign_in(account, by=account)
                case ShortCode.TAKE_BREAK:
                    seat = await self._seats.take_break(account, by=account)
                case ShortCode.BECOME_FREE:
                    seat = await self._seats.become_free(account, by=account)
                case ShortCode.SIGN_OUT:
                    seat = await self._seats.sign_out(account, by=account)
            key = spoken_answer(code, seat)
        except SeatUnknown:
            key = "seat.not_a_seat"
        except SeatMoveRefused as refused:
            log.info("short code refused", extra={"seat": account, "code": code.value, "state": refused.state})
            key = "seat.refused"
        await leg.answer()
        await leg.play(self._prompt(key))

    async def _emergency(self, call: Call, digits: str) -> None:
        """Ring through at once and bridge; recorded, never queued."""
        leg = call.first_leg
        log.warning("emergency number dialled", extra={"call": call.id, "seat": leg.account, "digits": digits})
        await leg.answer()
        await call.record(leg)
        try:
            other = await call.originate(ShortCodeTarget(digits), caller_id="", ring_s=EMERGENCY_RING_S)
        except CallFailed as failed:
            log.error("emergency number not reached", extra={"call": call.id, "cause": failed.cause.name})
            await leg.hangup(failed.cause)
            return
        bridge = await call.bridge(leg, other)
        await bridge.ended()
