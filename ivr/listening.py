"""Joins a leg's audio to the speech worker: a question is asked, ``hear`` gives what was answered.

One stream at a time on a leg. Nothing here blocks a call: when speech is away, ``Heard.unavailable`` says so at once
and the dialogue goes on with keys.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from asr.endpointing import ANSWER, MESSAGE, SPOTTING, Endpointing
from asr.messages import (
    Expected,
    ListeningRefused,
    SafetyHeard,
    SilenceHeard,
    SpeechStarted,
    StreamEnded,
    StreamEvent,
    TurnEnded,
)
from asr.pinyin_match import find_safety
from asr.recogniser import Hypothesis
from ivr.answer_classifier import DialogueState, Intent, classify, settled
from telephony.ports import Leg, LegEnded
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")
_RECOGNITION_S = 8.0
"""The longest that a turn may wait for its words before the dialogue goes on without them."""
_FREE_STATES = frozenset({DialogueState.ASK_REASON, DialogueState.MESSAGE})


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back after a question.

    Attributes:
        text: best reading, "" if none.
        hypotheses: all readings, best first.
        intent: what it means in the state asked; None when unsure or in a free state.
        safety_word: a danger that was named and is not over: go to the leak lane now, whatever else was said.
        safety_mended: a danger that was named as over: a person phones to verify.
        silence: nobody spoke.
        unavailable: nothing can be heard now: use keys; not to be counted as silence or misunderstanding.
        reason: why this intent, for the record.
        started_s, ended_s: first and last voice since the stream opened.
    """

    text: str = ""
    hypotheses: tuple[Hypothesis, ...] = ()
    intent: Intent | None = None
    safety_word: str | None = None
    safety_mended: str | None = None
    silence: bool = False
    unavailable: bool = False
    reason: str = ""
    started_s: float = 0.0
    ended_s: float = 0.0


class SpeechStreamPort(Protocol):
    """Events of one stream; see ``asr.speech_client.SpeechStream``."""

    async def next_event(self) -> StreamEvent:
        """The next event."""
        ...

    async def __aenter__(self) -> "SpeechStreamPort": ...

    async def __aexit__(self, *exc: object) -> None: ...


class SpeechPort(Protocol):
    """What a Listener needs of the speech worker; ``asr.speech_client.SpeechClient`` and the tests' fake serve it."""

    @property
    def socket(self) -> Path:
        """Where media workers send audio."""
        ...

    def open_stream(self, stream: str, expected: Expected, rules: Endpointing) -> SpeechStreamPort:
        """Begin to listen on a stream."""
        ...


class Listener:
    """Hears what one party says.

    Args:
        speech: the link to the speech worker.
        clock: for identifiers of streams.
    """

    def __init__(self, speech: SpeechPort, clock: Clock) -> None:
        self._speech = speech
        self._clock = clock

    async def hear(
        self,
        leg: Leg,
        state: DialogueState,
        *,
        silence_s: float = 6.0,
        max_s: float = 15.0,
        on_speech: Callable[[], Awaitable[None]] | None = None,
    ) -> Heard:
        """One answer to the question just asked.

        Args:
            leg: an answered leg.
            state: what was asked; ASK_REASON and MESSAGE give text without intent.
            silence_s: how long to wait for somebody to begin (domain-spec §3.7: 6 s).
            max_s: the longest answer.
            on_speech: called once when somebody begins to speak, e.g. ``leg.stop_playing`` (barge-in).
        Raises:
            LegEnded: the far side hung up meanwhile.
        """
        free = state in _FREE_STATES
        rules = replace(MESSAGE if free else ANSWER, silence_s=silence_s, max_s=min(max_s, 26.0))
        expected = Expected.FREE if free else Expected.ANSWER
        async with self._listening(leg, expected, rules) as stream:
            turn = self._first_turn(stream, state, on_speech)
            heard = await _until_end(leg, turn, silence_s + max_s + _RECOGNITION_S)
        return heard or Heard(unavailable=True, reason="the speech worker did not answer")

    async def take_message(self, leg: Leg, *, silence_s: float = 4.0, max_s: float = 120.0) -> Heard:
        """Everything that is said until ``silence_s`` of quiet or ``max_s``, joined; ends at once on a safety word.

        Raises:
            LegEnded: the far side hung up; what was said so far is in the recording.
        """
        rules = replace(MESSAGE, silence_s=silence_s)
        async with self._listening(leg, Expected.FREE, rules) as stream:
            parts: list[TurnEnded] = []
            return await _until_end(leg, self._all_turns(stream, parts), max_s) or _message(parts)

    async def spot_safety(self, leg: Leg) -> str:
        """Return the first safety word that the party says; until then, wait (cancel it to stop).

        Best effort: while speech is away or overloaded this simply never returns.

        Raises:
            LegEnded: the far side hung up.
        """
        async with self._listening(leg, Expected.SAFETY, SPOTTING) as stream:
            word = await _until_end(leg, _first_safety(stream), None)
        if word is None:
            raise AssertionError("waiting without a limit cannot time out")
        return word

    @contextlib.asynccontextmanager
    async def _listening(self, leg: Leg, expected: Expected, rules: Endpointing) -> AsyncIterator[SpeechStreamPort]:
        stream = new_id(self._clock)
        async with self._speech.open_stream(stream, expected, rules) as events:
            await leg.listen(stream, str(self._speech.socket))
            try:
                yield events
            finally:
                with contextlib.suppress(LegEnded):
                    await leg.unlisten()

    async def _first_turn(
        self, stream: SpeechStreamPort, state: DialogueState, on_speech: Callable[[], Awaitable[None]] | None
    ) -> Heard:
        while True:
            event = await stream.next_event()
            match event:
                case SpeechStarted():
                    if on_speech is not None:
                        await on_speech()
                        on_speech = None
                case TurnEnded():
                    return understood(event, state)
                case SafetyHeard(word=word, text=text):
                    return Heard(text=text, safety_word=word, reason=f"safety word {word}")
                case SilenceHeard():
                    return Heard(silence=True, reason="silence")
                case ListeningRefused(reason=reason):
                    log.warning("nothing can be heard", extra={"reason": reason})
                    return Heard(unavailable=True, reason=reason)
                case StreamEnded():
                    return Heard(silence=True, reason="the audio ended")

    async def _all_turns(self, stream: SpeechStreamPort, parts: list[TurnEnded]) -> Heard:
        while True:
            event = await stream.next_event()
            match event:
                case TurnEnded(text=text):
                    if text:
                        parts.append(event)
                case SafetyHeard(word=word, text=text):
                    said = "，".join([*(part.text for part in parts if part.text != text), text])
                    return Heard(text=said, safety_word=word, reason=f"safety word {word}")
                case SilenceHeard() | StreamEnded():
                    return _message(parts)
                case ListeningRefused(reason=reason):
                    return replace(_message(parts), unavailable=True, silence=False, reason=reason)
                case SpeechStarted():
                    continue


def understood(turn: TurnEnded, state: DialogueState) -> Heard:
    """What one recognised turn means in the state asked."""
    if not turn.recognised:
        return Heard(unavailable=True, reason="too much was said at once", started_s=turn.started_s)
    hypotheses = tuple(Hypothesis(each.text, each.log_probability) for each in turn.hypotheses)
    hypotheses = hypotheses or ((Hypothesis(turn.text, 0.0),) if turn.text else ())
    answer = classify(hypotheses, state)
    return Heard(
        text=turn.text,
        hypotheses=hypotheses,
        intent=None if state in _FREE_STATES else settled(answer.intent, state),
        safety_word=answer.safety.word if answer.safety and not answer.safety.mended else None,
        safety_mended=answer.safety.word if answer.safety and answer.safety.mended else None,
        reason=answer.reason,
        started_s=turn.started_s,
        ended_s=turn.ended_s,
    )


def _message(parts: list[TurnEnded]) -> Heard:
    text = "，".join(part.text for part in parts)
    safety = find_safety(text)
    return Heard(
        text=text,
        silence=not parts,
        safety_word=safety.word if safety and not safety.mended else None,
        safety_mended=safety.word if safety and safety.mended else None,
        reason="message" if parts else "silence",
        started_s=parts[0].started_s if parts else 0.0,
        ended_s=parts[-1].ended_s if parts else 0.0,
    )


async def _first_safety(stream: SpeechStreamPort) -> str:
    while True:
        event = await stream.next_event()
        if isinstance(event, SafetyHeard):
            return event.word
        if isinstance(event, ListeningRefused):
            log.info("safety listening shed", extra={"reason": event.reason})


async def _until_end(leg: Leg, hearing: Awaitable[_Result], within_s: float | None) -> _Result | None:
    """The hearing's result, unless the leg ends first; None after ``within_s``.

    Raises:
        LegEnded: it did.
    """
    heard = asyncio.ensure_future(hearing)
    ended = asyncio.ensure_future(leg.ended())
    try:
        await asyncio.wait({heard, ended}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if heard.done():
            return heard.result()
        if ended.done():
            raise LegEnded(ended.result())
        return None
    finally:
        for task in (heard, ended):
            task.cancel()
        await asyncio.gather(heard, ended, return_exceptions=True)
