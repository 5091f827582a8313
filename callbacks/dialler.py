"""The dialler: takes due AI callbacks by lease, so many at a time as allowed, and has each called."""

import asyncio
import logging
from typing import Protocol

from callbacks.ai_calls import AiCalls, AiEnd, AiTask
from callbacks.errors import CallbackError
from callbacks.ports import OutboundSwitch
from vocabulary.clock import Clock

log = logging.getLogger(__name__)


class Voice(Protocol):
    """Makes one call; ``callbacks.voice_callback.VoiceCallback`` serves it."""

    async def run(self, task: AiTask) -> AiEnd:
        """From ringing to the result, which it writes down itself."""
        ...


class Dialler:
    """See the module. ``tick`` is called every second or so; ``run`` does that by itself.

    Args:
        calls: what is due.
        voice: makes the calls.
        switch: asked at each tick.
        clock: time.
        concurrent: calls at a time.
    """

    def __init__(
        self, calls: AiCalls, voice: Voice, switch: OutboundSwitch, clock: Clock, *, concurrent: int = 2
    ) -> None:
        self._calls = calls
        self._voice = voice
        self._switch = switch
        self._clock = clock
        self._concurrent = concurrent
        self._running: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """Calls under way."""
        return len(self._running)

    async def tick(self) -> int:
        """Begin what may begin now; how many calls were begun."""
        room = self._concurrent - len(self._running)
        if room < 1 or not await self._switch.outbound_allowed():
            return 0
        tasks = await self._calls.claim_due(room)
        for task in tasks:
            running = asyncio.create_task(self._call(task), name=f"AI callback {task.callback_id}")
            self._running.add(running)
            running.add_done_callback(self._running.discard)
        return len(tasks)

    async def run(self, tick_s: float = 1.0) -> None:
        """Tick until cancelled; running calls are then told to end."""
        try:
            while True:
                try:
                    await self.tick()
                except Exception:  # whatever it was, the next tick tries again
                    log.exception("the dialler could not look for due callbacks")
                await self._clock.sleep(tick_s)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """End running calls; their callbacks are recovered by lease."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def settled(self) -> None:
        """Return when no call is under way."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _call(self, task: AiTask) -> None:
        try:
            await self._voice.run(task)
        except CallbackError as lost:
            log.warning("an AI call's result was refused", extra={"callback": task.callback_id, "reason": str(lost)})
        except Exception:  # the call's own failure must not stop the dialler; the lease gives the task back
            log.exception("an AI call failed", extra={"callback": task.callback_id})
