"""A clock that stands still until a test moves it; sleepers wake in the order in which they are due."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

MORNING = datetime(2026, 11, 24, 1, 5, tzinfo=UTC)
"""Tuesday 2026-11-24, 09:05 in Shanghai: inside the first callback window."""


class FakeClock:
    """Implements vocabulary.clock.Clock.

    Args:
        start: aware; kept in UTC. Monotonic time starts at 1 000 s.
    """

    def __init__(self, start: datetime = MORNING) -> None:
        assert start.tzinfo is not None, "an aware datetime, please"
        self._now = start.astimezone(UTC)
        self._monotonic_s = 1000.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._monotonic_s

    async def sleep(self, seconds: float) -> None:
        """Return when the clock has been advanced that far; a sleep of 0 or less only yields to the loop."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic_s + seconds, next(self._order), waker))
        await waker

    @property
    def sleepers(self) -> int:
        """How many sleeps are still waiting (cancelled ones not counted)."""
        return sum(not waker.done() for _, _, waker in self._sleepers)

    def advance(self, seconds: float) -> None:
        """Move both times on and wake whoever is due.

        The woken code runs when the test next awaits; it sees the final time. To let a loop that sleeps again and
        again see each step, use ``run_for``.
        """
        self._move_to(self._monotonic_s + seconds)

    async def run_for(self, seconds: float) -> None:
        """Advance from one due sleeper to the next, letting the woken code run at its own moment each time."""
        end_s = self._monotonic_s + seconds
        await self.settle()
        while (due_s := self._next_due_s()) is not None and due_s <= end_s:
            self._move_to(due_s)
            await self.settle()
        self._move_to(end_s)
        await self.settle()

    async def settle(self, rounds: int = 20) -> None:
        """Let tasks that are ready run, without moving time."""
        for _ in range(rounds):
            await asyncio.sleep(0)

    def set_to(self, moment: datetime) -> None:
        """Set the wall clock (aware); monotonic time moves on by the same span if it lies ahead, else stands still."""
        span_s = (moment.astimezone(UTC) - self._now).total_seconds()
        if span_s > 0:
            self._move_to(self._monotonic_s + span_s)
        self._now = moment.astimezone(UTC)

    def _next_due_s(self) -> float | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def _move_to(self, monotonic_s: float) -> None:
        self._now += timedelta(seconds=monotonic_s - self._monotonic_s)
        self._monotonic_s = monotonic_s
        while (due_s := self._next_due_s()) is not None and due_s <= self._monotonic_s:
            _, _, waker = heapq.heappop(self._sleepers)
            waker.set_result(None)
