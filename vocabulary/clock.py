"""Time is handed in: rules take ``now``, shells hold a Clock, and only this file reads the machine's clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Business time. Inside the program every datetime is aware and in UTC."""


class Clock(Protocol):
    """Wall time for the business, monotonic time for intervals."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds of this clock have passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)  # noqa: TID251 the one place that reads it

    def monotonic_s(self) -> float:
        """See Clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)


class ShiftedClock(SystemClock):
    """The machine's clock plus an offset kept in a file, so that every process of a demonstration jumps together.

    Args:
        offset_file: holds one number, seconds to add to the wall clock. It is read again at most every 0.2 s;
            an absent or unreadable file means no shift. Monotonic time is never shifted.
    """

    _REREAD_S = 0.2

    def __init__(self, offset_file: Path) -> None:
        self._offset_file = offset_file
        self._offset = timedelta(0)
        self._read_at = float("-inf")

    def now(self) -> datetime:
        """See Clock."""
        if time.monotonic() - self._read_at >= self._REREAD_S:
            self._read_at = time.monotonic()
            try:
                self._offset = timedelta(seconds=float(self._offset_file.read_text("ascii")))
            except (OSError, ValueError):
                self._offset = timedelta(0)
        return super().now() + self._offset
