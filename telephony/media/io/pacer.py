"""One 20 ms tick for all legs, by absolute deadlines: start + n * 20 ms, never by sleeping 20 ms."""

import asyncio
from collections.abc import Callable

from vocabulary.audio_frame import FRAME_S

_BEHIND_MAX_S = 0.1
"""Up to here missed ticks are made up for at once; beyond, they are left out (the process was stopped or starved)."""


class Pacer:
    """Calls back every 20 ms.

    Args:
        tick: called for each tick.
        skipped: called when ticks were left out, before the next one.
    Attributes:
        late_max_s: the latest a tick began; set it to 0 to measure afresh.
        ticks_skipped: left out so far.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[], None], skipped: Callable[[], None]) -> None:
        self.late_max_s = 0.0
        self.ticks_skipped = 0
        self._loop = loop
        self._tick = tick
        self._skipped = skipped
        self._began_s = 0.0
        self._number = 0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; the first tick comes 20 ms from now."""
        self._began_s = self._loop.time()
        self._next()

    def stop(self) -> None:
        """No further tick."""
        if self._handle:
            self._handle.cancel()

    def _next(self) -> None:
        self._number += 1
        self._handle = self._loop.call_at(self._began_s + self._number * FRAME_S, self._fire)

    def _fire(self) -> None:
        late_s = self._loop.time() - (self._began_s + self._number * FRAME_S)
        if late_s > self.late_max_s:
            self.late_max_s = late_s
        if late_s > _BEHIND_MAX_S:
            skipped = int(late_s / FRAME_S)
            self._number += skipped
            self.ticks_skipped += skipped
            self._skipped()
        self._next()
        self._tick()
