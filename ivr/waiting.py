"""What a waiting caller hears: music, the position, and after a while the offer to leave a message (design §6.3)."""

import asyncio
import logging
from dataclasses import dataclass

from ivr.keys import cancel_all, playing
from ivr.ports import Prompts, Seats
from ivr.visit import Visit
from seats.queue import QueueEntry
from vocabulary.clock import Clock
from vocabulary.errors import NuanxianError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WaitingRules:
    """Settings of waiting; seconds.

    Attributes:
        position_every_s: between two announcements of the position (settings ``reception.position_every_s``).
        offer_bot_after_s: waiting so long, key 2 is offered (settings ``reception.offer_bot_after_s``, design §6.3).
        message: whether a message may be left at all.
        connecting: whether "please wait" is said before the music.
    """

    position_every_s: float = 30.0
    offer_bot_after_s: float = 60.0
    message: bool = True
    connecting: bool = True


def next_announcement_s(waited_s: float, rules: WaitingRules, *, offered: bool) -> float:
    """Seconds of music until the next announcement: the position's turn, or the offer if it is due sooner."""
    until_position_s = rules.position_every_s - waited_s % rules.position_every_s
    until_offer_s = rules.offer_bot_after_s - waited_s
    if rules.message and not offered and 0 < until_offer_s < until_position_s:
        return until_offer_s
    return until_position_s


class Entertainment:
    """Plays to one waiting caller until it is cancelled, or nobody is signed in any more."""

    def __init__(self, seats: Seats, prompts: Prompts, clock: Clock, rules: WaitingRules) -> None:
        self._seats = seats
        self._prompts = prompts
        self._clock = clock
        self._rules = rules

    async def run(self, visit: Visit, entry: QueueEntry) -> None:
        """Return when waiting has become pointless because nobody is signed in.

        Raises:
            LegEnded: the caller hung up.
        """
        if self._rules.connecting and not visit.message_kept:
            await self._say(visit, "reception.connecting")
        while True:
            waited_s = (self._clock.now() - entry.entered_at).total_seconds()
            await self._music(visit, next_announcement_s(waited_s, self._rules, offered=visit.message_offered))
            try:
                if (await self._seats.outlook()).signed_in == 0:
                    return
                place = await self._seats.position(entry)
            except NuanxianError:  # the store is away: the caller hears music meanwhile
                log.exception("a waiting caller's place cannot be seen", extra={"call": visit.call.id})
                continue
            await self._announce(visit, entry, place)

    async def _music(self, visit: Visit, for_s: float) -> None:
        time_up = asyncio.create_task(self._clock.sleep(for_s), name=f"music of {visit.call.id}")
        try:
            async with playing(visit.leg, self._prompts.file("music.hold"), repeat=True) as music:
                await asyncio.wait({music, time_up}, return_when=asyncio.FIRST_COMPLETED)
                if music.done():
                    music.result()
        finally:
            await cancel_all(time_up)

    async def _announce(self, visit: Visit, entry: QueueEntry, place: int | None) -> None:
        if place is not None and place > 1:
            ahead = self._prompts.pieces(place - 1)
            files = [self._prompts.file("piece.ahead"), *ahead, self._prompts.file("piece.callers_waiting")]
        else:
            files = [self._prompts.file("reception.next_in_turn")]
        waited_s = (self._clock.now() - entry.entered_at).total_seconds()
        if self._rules.message and waited_s >= self._rules.offer_bot_after_s:
            visit.message_offered = True
            files.append(self._prompts.file("reception.offer_message"))
        async with playing(visit.leg, *files) as saying:
            await saying

    async def _say(self, visit: Visit, key: str) -> None:
        async with playing(visit.leg, self._prompts.file(key)) as saying:
            await saying
