"""One caller on one inbound call: what its parts hand to each other, and the case that the call makes."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ivr.keys import Keys
from ivr.ports import CallIntake, CallKind, CaseIntake
from telephony.ports import Call, Leg
from vocabulary.clock import Clock
from vocabulary.errors import NuanxianError
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)

INSIST_ATTEMPTS = 6
INSIST_FIRST_PAUSE_S = 1.0
"""Doubles each time: 1, 2, 4, 8, 16 s, on top of the store's own patience."""
UNKNOWN_CALLER = "anonymous"
"""Shown to a seat when the caller withholds the number."""


@dataclass(slots=True)
class Visit:
    """One caller.

    Attributes:
        leg: the caller's line, answered.
        keys: every key the caller presses.
        recording: identifier of the running recording; None if recording could not begin.
        case_number: once the case is made.
        message_offered: whether key 2 leads to leaving a message yet.
        message_kept: whether a message was taken, so that somebody will listen to it.
    """

    call: Call
    leg: Leg
    keys: Keys
    recording: str | None = None
    case_number: str | None = None
    message_offered: bool = False
    message_kept: bool = False

    @property
    def caller_id(self) -> str:
        """What the seat's phone shows."""
        return self.leg.number.national if self.leg.number else UNKNOWN_CALLER


async def insist(act: Callable[[], Awaitable[None]], clock: Clock, *, what: str, call_id: str) -> None:
    """Do what must be recorded about a call, again while the store is away; in the end an error in the log says so.

    Args:
        act: may be repeated.
        what: names the act in the log.
    """
    for attempt in range(INSIST_ATTEMPTS):
        try:
            return await act()
        except NuanxianError:
            log.exception("a call could not be recorded", extra={"call": call_id, "act": what, "attempt": attempt + 1})
        if attempt < INSIST_ATTEMPTS - 1:
            await clock.sleep(INSIST_FIRST_PAUSE_S * 2**attempt)
    return None


class CaseOpening:
    """Makes the case of a call and tries again when the store is away; a call never fails because of it.

    Args:
        cases: None makes no cases (settings ``reception.cases``).
    """

    def __init__(self, cases: CaseIntake | None, clock: Clock) -> None:
        self._cases = cases
        self._clock = clock

    async def open(
        self, call_id: str, kind: CallKind, *, caller: PhoneNumber | None, demand: str, recording: str | None, by: str
    ) -> str | None:
        """The case's number; None if it could not be made, which is logged as an error with the call's identifier."""
        if self._cases is None:
            return None
        intake = CallIntake(
            command_id=f"{call_id}/{kind.value}",
            call_id=call_id,
            kind=kind,
            caller=caller,
            demand=demand,
            recording=recording,
            by=by,
            at=self._clock.now(),
        )
        number: str | None = None

        async def opening() -> None:
            nonlocal number
            assert self._cases is not None
            number = await self._cases.open(intake)

        await insist(opening, self._clock, what=f"case ({kind.value})", call_id=call_id)
        return number

    async def rate(self, call_id: str, label: str) -> None:
        """Put the rating on the call's cases."""
        if self._cases is not None:
            cases = self._cases
            await insist(lambda: cases.rate(call_id, label), self._clock, what="rating on the case", call_id=call_id)
