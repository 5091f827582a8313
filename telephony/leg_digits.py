"""Keys pressed on a leg: everyone who subscribed gets each of them, in order."""

import asyncio
import weakref
from collections.abc import AsyncIterator

MAX_WAITING = 64
"""Keys kept for a subscriber that does not read; older ones are forgotten first."""


class DigitStream(AsyncIterator[str]):
    """One subscription, from the moment it was made to the leg's end."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue()
        self._ended = False

    def push(self, digit: str | None) -> None:
        """Hand over a key; None ends the stream."""
        if self._waiting.qsize() >= MAX_WAITING:
            self._waiting.get_nowait()
        self._waiting.put_nowait(digit)

    async def __anext__(self) -> str:
        digit = None if self._ended else await self._waiting.get()
        if digit is None:
            self._ended = True
            raise StopAsyncIteration
        return digit


class DigitFan:
    """Hands each key to all subscriptions that are still held by somebody."""

    def __init__(self) -> None:
        self._streams: weakref.WeakSet[DigitStream] = weakref.WeakSet()
        self._ended = False

    def subscribe(self) -> DigitStream:
        """A subscription from now on; it ends at once on an ended leg."""
        stream = DigitStream()
        if self._ended:
            stream.push(None)
        else:
            self._streams.add(stream)
        return stream

    def press(self, digit: str) -> None:
        """A key came."""
        for stream in list(self._streams):
            stream.push(digit)

    def end(self) -> None:
        """The leg ended."""
        self._ended = True
        for stream in list(self._streams):
            stream.push(None)
        self._streams.clear()
