"""How punctual the server's event loop is: a beat of 10 ms, and how late each came (design §3: never held > 5 ms)."""

import asyncio
import math
from collections import deque

BEAT_S = 0.01
KEPT_BEATS = 2000
"""20 s of beats: what /metrics shows is recent."""


class LoopStall:
    """Measures from ``start`` to ``stop``; costs about 0.1 % of a core."""

    def __init__(self) -> None:
        self._late_ms: deque[float] = deque(maxlen=KEPT_BEATS)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._due_s = 0.0

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._due_s = self._loop.time() + BEAT_S
        self._handle = self._loop.call_at(self._due_s, self._beat)

    def stop(self) -> None:
        """End."""
        if self._handle is not None:
            self._handle.cancel()

    def quantile_ms(self, share: float) -> float:
        """How late the beats of the last 20 s came at most, leaving out the worst ``1 - share``; 0 without beats."""
        ordered = sorted(self._late_ms)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0

    def _beat(self) -> None:
        assert self._loop
        now_s = self._loop.time()
        self._late_ms.append(max(0.0, now_s - self._due_s) * 1000)
        self._due_s = max(self._due_s + BEAT_S, now_s)
        self._handle = self._loop.call_at(self._due_s, self._beat)
