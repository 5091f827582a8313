"""A caller's keys, taken in turn by whoever asks; and playing that stops when its block is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from telephony.ports import Leg, LegEnded, Played
from vocabulary.audio_frame import AudioFile


class Keys:
    """Every key pressed since the block was entered, each given out once, also to who asks later.

    ``async with Keys(leg) as keys: key = await keys.next("12")``
    """

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._pressed: asyncio.Queue[str] = asyncio.Queue()
        self._pump: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._pump = asyncio.create_task(self._take(self._leg.digits()), name=f"keys of {self._leg.id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)

    async def next(self, wanted: str) -> str:
        """The next key among the wanted ones; others are dropped. Cancelling it loses nothing."""
        while True:
            key = await self._pressed.get()
            if key in wanted:
                return key

    def forget(self) -> None:
        """Drop keys not yet taken, such as those of a number just keyed in."""
        while not self._pressed.empty():
            self._pressed.get_nowait()

    async def _take(self, digits: AsyncIterator[str]) -> None:
        async for key in digits:
            self._pressed.put_nowait(key)


@contextlib.asynccontextmanager
async def playing(
    leg: Leg, *files: AudioFile, repeat: bool = False, gap_s: float = 0.0
) -> AsyncIterator["asyncio.Task[Played]"]:
    """Play while the block runs; gives the task of playing, which ends with LegEnded if the far side hangs up."""
    task = asyncio.create_task(leg.play(*files, repeat=repeat, gap_s=gap_s), name=f"play to {leg.id}")
    try:
        yield task
    finally:
        if not task.done():
            with contextlib.suppress(LegEnded):
                await asyncio.sleep(0)  # playing has begun before it is stopped
                await leg.stop_playing()
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def say_both(one: Leg, to_one: Sequence[AudioFile], other: Leg, to_other: Sequence[AudioFile]) -> None:
    """Play to two parties at the same time; returns when both have heard theirs.

    Raises:
        LegEnded: one of them hung up; the other's playing was stopped.
    """
    async with playing(one, *to_one) as first, playing(other, *to_other) as second:
        await asyncio.wait({first, second}, return_when=asyncio.FIRST_EXCEPTION)
        for task in (first, second):
            if task.done():
                task.result()


async def cancel_all(*tasks: "asyncio.Task[object] | asyncio.Future[object] | None") -> None:
    """Cancel what still runs and wait until it has cleaned up after itself."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
