"""Two answered legs that hear each other."""

import asyncio

from telephony.causes import Cause
from telephony.errors import LegStateWrong
from telephony.legs import LineLeg
from telephony.media import MediaWorker
from telephony.ports import BridgeEnd
from vocabulary.clock import Clock


class LineBridge:
    """Implements ``ports.Bridge``. Its owner tells it when a leg ends (``leg_ended``).

    Args:
        a, b: answered legs on the same media worker.
        worker: that worker.
        clock: measures how long they talked.
    Raises:
        LegStateWrong: one of them is not answered, or both are the same.
    """

    def __init__(self, a: LineLeg, b: LineLeg, worker: MediaWorker, clock: Clock) -> None:
        if a is b or not (a.talking and b.talking):
            raise LegStateWrong(f"legs that are {a.state.value} and {b.state.value} cannot be bridged")
        self._legs = (a, b)
        self._worker = worker
        self._clock = clock
        self._began_s = clock.monotonic_s()
        self._end: asyncio.Future[BridgeEnd] = asyncio.get_running_loop().create_future()
        worker.bridge(a.id, b.id)

    @property
    def over(self) -> bool:
        """Whether the legs hear each other no more."""
        return self._end.done()

    def joins(self, leg: LineLeg) -> bool:
        """Whether the leg is one of the two and they still hear each other."""
        return leg in self._legs and not self._end.done()

    def leg_ended(self, leg: LineLeg) -> None:
        """One of the two has ended; the other lives on."""
        self._part(leg.id, leg.cause)

    async def ended(self) -> BridgeEnd:
        """See Bridge."""
        return await asyncio.shield(self._end)

    async def unbridge(self) -> None:
        """See Bridge."""
        if not self._end.done():
            self._worker.unbridge(self._legs[0].id)
            self._part(None, None)

    def _part(self, ended_leg: str | None, cause: Cause | None) -> None:
        if self._end.done():
            return
        talked_s = self._clock.monotonic_s() - self._began_s
        for leg in self._legs:
            leg.bridged_s += talked_s
        self._end.set_result(BridgeEnd(ended_leg, cause, talked_s))
