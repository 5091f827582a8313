"""One AI callback by telephone: rings the user, records, holds the conversation of §3.7, and says what came of it.

Decides nothing about the callback: ``outcome.decide_ai`` does, ``ai_calls`` writes it down.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Protocol

from callbacks.ai_calls import AiCalls, AiEnd, AiTask
from callbacks.contact_lock import RENEW_EVERY_S
from callbacks.outcome import AiAction, AiDecision, decide_ai
from callbacks.ports import LeakLane
from ivr.dialogue import Dialogue
from ivr.dialogue_runner import DANGER, HUNG_UP, DialogueEnd, DialogueRunner
from telephony.causes import Cause
from telephony.ports import Call, CallControl, CallFailed, Leg, LegEnded, NumberTarget
from vocabulary.audio_frame import AudioFile
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

_OUR_OWN_FAULT = frozenset(
    {
        Cause.NO_ROUTE,
        Cause.TRUNK_FAILED,
        Cause.TRUNK_NOT_MATCHED,
        Cause.FORBIDDEN,
        Cause.OVERLOADED,
        Cause.MEDIA_LOST,
        Cause.SHUT_DOWN,
        Cause.SERVER_ERROR,
    }
)
"""The user's telephone did not ring."""
_LANE_AGAIN_S = 1.0
_WAYS_OF_DANGER = "AI回访中的安全词:"


class PiecedPrompts(Protocol):
    """Prompts and their variable parts; ``ivr.prompts.Prompts`` serves it."""

    def file(self, key: str) -> AudioFile:
        """The prompt under this key."""
        ...

    def pieces(self, value: date | int | str) -> Sequence[AudioFile]:
        """A date, number or matter from recorded pieces."""
        ...


class VoiceCallback:
    """See the module.

    Args:
        control: originates the call.
        runner: holds the conversation; ``dialogue`` its words.
        prompts: variable parts.
        leak_lane: takes a leg on which a danger was named.
        calls: keeps lease and lock, and the result.
        clock: for renewing.
        caller_id: shown to the user; ``ring_s`` how long it rings.
    """

    def __init__(
        self,
        *,
        control: CallControl,
        runner: DialogueRunner,
        dialogue: Dialogue,
        prompts: PiecedPrompts,
        leak_lane: LeakLane,
        calls: AiCalls,
        clock: Clock,
        caller_id: str = "96556",
        ring_s: float = 30.0,
    ) -> None:
        self._control = control
        self._runner = runner
        self._dialogue = dialogue
        self._prompts = prompts
        self._leak_lane = leak_lane
        self._calls = calls
        self._clock = clock
        self._caller_id = caller_id
        self._ring_s = ring_s

    async def run(self, task: AiTask) -> AiEnd:
        """Make one call from ringing to its end; its result is written down before a leak lane goes on."""
        call = await self._control.new_call(purpose="callback")
        async with self._renewing(task):
            try:
                leg = await call.originate(NumberTarget(task.phone), caller_id=self._caller_id, ring_s=self._ring_s)
            except CallFailed as failed:
                rang = failed.cause not in _OUR_OWN_FAULT
                end = AiEnd(call.id, _not_reached(failed.cause.sentence), {}, failed.cause.sentence, rang)
                await self._calls.ended(task, end)
                return end
            try:
                return await self._talk(task, call, leg)
            finally:
                await leg.hangup()

    async def _talk(self, task: AiTask, call: Call, leg: Leg) -> AiEnd:
        await self._calls.answered(task, call.id)
        recording: str | None = None
        try:
            recording = await call.record(leg)
            talk = await self._runner.run(self._dialogue, leg, self._variables(task))
        except LegEnded:
            talk = DialogueEnd(HUNG_UP, "", {})
        except Exception:  # whatever broke, the user was on the line and a person must know
            log.exception("an AI conversation failed", extra={"callback": task.callback_id})
            talk = DialogueEnd("failed", "", {})
        end = AiEnd(call.id, decide_ai(talk.outcome, talk.facts), talk.facts, talk.outcome)
        log.info(
            "AI callback ended",
            extra={"callback": task.callback_id, "outcome": talk.outcome, "action": end.decision.action.value},
        )
        if talk.outcome == DANGER:
            # The lane first: writing must neither delay nor end it, and it lasts until the user hangs up.
            writing = asyncio.create_task(self._calls.ended(task, end), name=f"danger on {task.callback_id}")
            try:
                await self._rescue(call, leg, talk, recording)
            finally:
                for failed in await asyncio.gather(writing, return_exceptions=True):
                    if isinstance(failed, Exception):
                        log.error("a danger's call was not written down", exc_info=failed)
            return end
        await self._calls.ended(task, end)
        await call.stop_recording()
        return end

    async def _rescue(self, call: Call, leg: Leg, talk: DialogueEnd, recording: str | None) -> None:
        found_by = _WAYS_OF_DANGER + talk.facts.get("danger", "")
        while leg.cause is None:
            try:
                await self._leak_lane.run(call, leg, found_by, recording=recording)
            except Exception:  # a machine never hangs up on a danger (§10.3), so the lane is entered again
                log.exception("the leak lane failed, it is entered again", extra={"call": call.id})
                await self._clock.sleep(_LANE_AGAIN_S)

    def _variables(self, task: AiTask) -> Mapping[str, Sequence[AudioFile]]:
        return {
            "reported_on": self._prompts.pieces(task.reported_on),
            "matter": self._prompts.pieces(task.matter or "问题"),
        }

    @contextlib.asynccontextmanager
    async def _renewing(self, task: AiTask) -> AsyncIterator[None]:
        """Keep lease and lock while the call lasts (通话中自动续期)."""

        async def renew() -> None:
            while True:
                await self._clock.sleep(RENEW_EVERY_S)
                if not await self._calls.renew(task):
                    log.error("the lease of a running AI call was lost", extra={"callback": task.callback_id})
                    return

        renewing = asyncio.create_task(renew(), name=f"renew {task.callback_id}")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)


def _not_reached(reason: str) -> AiDecision:
    return AiDecision(AiAction.NOT_REACHED, "", reason, partial=True)
