"""Who is recognised first: a bounded queue with deadlines for live turns, and a lane of its own for recordings.

Each lane is one thread that owns one loaded engine. The live lane's niceness is 5, the batch lane's 15; a recording
also waits while live turns are queued.
"""

import asyncio
import itertools
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import TypeVar

from asr.errors import RecogniserMissing, SpeechOverloaded
from asr.recogniser import Audio, Recogniser, Recognition
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class Urgency(IntEnum):
    """Lower goes first; SPOTTING is shed first."""

    TURN = 0
    SPOTTING = 1


def set_niceness(nice: int) -> None:
    """Make the calling thread (Linux: not the process) yield to others; never raises its claim."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
    except OSError as error:
        log.warning("niceness not set", extra={"nice": nice, "error": str(error)})


class Lane:
    """One thread with one engine.

    Args:
        name: of the thread.
        nice: its niceness; engines' own threads inherit it.
        load: makes the engine, in the thread.
    """

    def __init__(self, name: str, nice: int, load: Callable[[], Recogniser]) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name, initializer=partial(set_niceness, nice))
        self._load = load
        self._engine: Recogniser | None = None

    async def engine(self) -> Recogniser:
        """The loaded engine, loaded now if need be.

        Raises:
            RecogniserMissing: it cannot be.
        """
        if self._engine is None:
            self._engine = await self.run(self._load)
        return self._engine

    def unload(self) -> None:
        """Give the engine's memory back until it is wanted again."""
        self._engine = None

    @property
    def is_loaded(self) -> bool:
        """Whether an engine is in memory."""
        return self._engine is not None

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Do something in the lane's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Stop after the work under way."""
        self._executor.shutdown(wait=False, cancel_futures=True)


@dataclass(order=True)
class _Waiting:
    urgency: Urgency
    number: int
    deadline_s: float = field(compare=False)
    audio: Audio = field(compare=False)
    alternatives: int = field(compare=False)
    answer: "asyncio.Future[Recognition]" = field(compare=False)


class LiveQueue:
    """Turns that wait for the live lane.

    Args:
        lane: see Lane.
        clock: for deadlines.
        limit: turns that may wait; beyond it the least urgent, newest one is shed.
        deadline_s: a turn that waited longer is of no use to its dialogue.
    """

    def __init__(self, lane: Lane, clock: Clock, *, limit: int, deadline_s: float) -> None:
        self._lane, self._clock = lane, clock
        self._limit, self._deadline_s = limit, deadline_s
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting)

    async def recognise(self, audio: Audio, urgency: Urgency, *, alternatives: int) -> Recognition:
        """One utterance's words.

        Raises:
            SpeechOverloaded: shed, or its deadline passed.
            RecogniserMissing: there is no engine.
        """
        answer: asyncio.Future[Recognition] = asyncio.get_running_loop().create_future()
        deadline_s = self._clock.monotonic_s() + self._deadline_s
        self._waiting.append(_Waiting(urgency, next(self._numbers), deadline_s, audio, alternatives, answer))
        self._waiting.sort()
        if len(self._waiting) > self._limit:
            self._refuse(self._waiting.pop(), "too many turns wait")
        self._wake.set()
        self._idle.clear()
        return await answer

    async def run(self) -> None:
        """Serve the queue until cancelled."""
        while True:
            await self._wake.wait()
            while self._waiting:
                await self._serve(self._waiting.pop(0))
            self._wake.clear()
            self._idle.set()

    async def wait_idle(self, at_most_s: float) -> None:
        """Return when no live turn waits or is served, or after so many seconds, so that batch work never starves."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._idle.wait()
        except TimeoutError:
            log.info("batch recognition goes on beside live turns")

    async def _serve(self, turn: _Waiting) -> None:
        if turn.answer.cancelled():
            return
        if self._clock.monotonic_s() > turn.deadline_s:
            self._refuse(turn, "the deadline passed")
            return
        try:
            engine = await self._lane.engine()
            found = await self._lane.run(partial(engine.recognise, turn.audio, alternatives=turn.alternatives))
        except (RecogniserMissing, RuntimeError, ValueError) as error:  # an engine's failure costs one turn
            log.warning("a turn was not recognised", extra={"error": str(error)})
            if not turn.answer.done():
                turn.answer.set_exception(error)
            return
        if not turn.answer.done():
            turn.answer.set_result(found)

    def _refuse(self, turn: _Waiting, reason: str) -> None:
        if not turn.answer.done():
            turn.answer.set_exception(SpeechOverloaded(reason))
