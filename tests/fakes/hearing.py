"""A listener that hears what a test has scripted, at its own pace on the fake clock."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ivr.answer_classifier import DialogueState, Intent, settled
from ivr.listening import Heard
from telephony.ports import LegEnded
from tests.fakes.clock import FakeClock
from vocabulary.audio_frame import AudioFile

NOTHING = Heard(silence=True, reason="silence")
AWAY = Heard(unavailable=True, reason="the speech worker is away")


def said(text: str, intent: Intent | None = None, *, started_s: float = 0.6) -> Heard:
    """Somebody answered, so many seconds after listening began."""
    return Heard(text=text, intent=intent, started_s=started_s)


@dataclass
class ScriptedHearing:
    """Implements ivr.dialogue_runner.Hearing: silence takes the asked time, words 1 s, the unscripted is silence.

    Attributes:
        first: what is heard before the machine speaks.
        answers: one for each question, in order.
        asked: the states listened for, in order.
    """

    clock: FakeClock
    first: Heard = NOTHING
    answers: list[Heard] = field(default_factory=list)
    asked: list[DialogueState] = field(default_factory=list)
    _begun: bool = False

    async def hear(
        self,
        leg: Any,
        state: DialogueState,
        *,
        silence_s: float = 6.0,
        max_s: float = 15.0,
        on_speech: Callable[[], Awaitable[None]] | None = None,
    ) -> Heard:
        if self._begun:
            self.asked.append(state)
            heard = self.answers.pop(0) if self.answers else NOTHING
        else:
            self._begun, heard = True, self.first
        if heard.unavailable:
            return heard
        if on_speech is not None and not heard.silence:
            await on_speech()
        await self._or_hung_up(leg, silence_s if heard.silence else 1.0)
        if heard.intent is not None:
            return replace(heard, intent=settled(heard.intent, state))
        return heard

    async def _or_hung_up(self, leg: Any, seconds: float) -> None:
        waits = [asyncio.ensure_future(self.clock.sleep(seconds)), asyncio.ensure_future(leg.ended())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if leg.cause is not None:
                raise LegEnded(leg.cause)
        finally:
            for wait in waits:
                wait.cancel()


class NamedPrompts:
    """Implements the prompts' port: a file named like its key, nothing on disk."""

    def file(self, key: str) -> AudioFile:
        return AudioFile(Path(f"/prompts/{key}.alaw"), key)

    def pieces(self, value: Any) -> list[AudioFile]:
        return [self.file(f"piece-{value}")]
