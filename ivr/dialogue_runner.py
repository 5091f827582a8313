"""Runs a dialogue on a live leg: plays, listens by voice and key at once, and hands each turn to the pure engine."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from ivr.answer_classifier import DialogueState
from ivr.dialogue import (
    Action,
    Dialogue,
    Input,
    InputKind,
    Leave,
    Listen,
    Position,
    Say,
    begin,
    intent_by_words,
    step,
)
from ivr.listening import Heard
from telephony.ports import Leg, LegEnded
from vocabulary.audio_frame import AudioFile
from vocabulary.clock import Clock

log = logging.getLogger(__name__)
Result = TypeVar("Result")

DANGER = "danger"
HUNG_UP = "hung_up"
VOICEMAIL = "voicemail"
"""Outcomes that the runner itself may give, beside the dialogue's own."""
_SLOW_GAP_S = 0.4
_CLIPPED_S = 0.15
"""Voice this soon after listening began had begun before (the detector works in windows of 0.032 s)."""


class Hearing(Protocol):
    """What listens; ``ivr.listening.Listener`` serves it."""

    async def hear(
        self,
        leg: Leg,
        state: DialogueState,
        *,
        silence_s: float = 6.0,
        max_s: float = 15.0,
        on_speech: Callable[[], Awaitable[None]] | None = None,
    ) -> Heard:
        """One answer to the question just asked."""
        ...


class PromptFiles(Protocol):
    """Where prompts come from; ``ivr.prompts.Prompts`` serves it."""

    def file(self, key: str) -> AudioFile:
        """The prompt under this key."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer, for the record of the callback."""

    state: str
    kind: str
    intent: str
    words: str
    by_key: bool


@dataclass(frozen=True, slots=True)
class DialogueEnd:
    """How a dialogue ended.

    Attributes:
        outcome: the dialogue's own, or DANGER, HUNG_UP or VOICEMAIL.
        last_state: where it stood.
        facts: what was settled until then, also after a hang-up.
    """

    outcome: str
    last_state: str
    facts: Mapping[str, str] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class RunnerTimes:
    """Seconds.

    Attributes:
        first_words_s: the machine begins when the person has spoken, or after this (design: 1.2 s).
        first_turn_s: the longest it lets the person speak first.
        answer_s: the longest short answer; ``speech_s`` the longest free speech.
    """

    first_words_s: float = 1.2
    first_turn_s: float = 4.0
    answer_s: float = 15.0
    speech_s: float = 26.0


class DialogueRunner:
    """One conversation at a time for each call of ``run``; holds no state of its own.

    Args:
        prompts: files by key.
        hearing: what listens; its being away is answered by keys.
        clock: for the waiting.
        times: see RunnerTimes.
    """

    def __init__(
        self, prompts: PromptFiles, hearing: Hearing, clock: Clock, times: RunnerTimes = RunnerTimes()
    ) -> None:
        self._prompts = prompts
        self._hearing = hearing
        self._clock = clock
        self._times = times

    async def run(self, dialogue: Dialogue, leg: Leg, variables: Mapping[str, Sequence[AudioFile]]) -> DialogueEnd:
        """Talk until the dialogue or the line ends. The leg is never hung up here.

        Args:
            dialogue: what is said.
            leg: answered.
            variables: files for each ``{name}`` of its prompts.
        """
        conversation = _Conversation(self._prompts, self._hearing, self._clock, self._times, dialogue, leg, variables)
        return await conversation.run()


class _Conversation:
    """The state of one run."""

    def __init__(
        self,
        prompts: PromptFiles,
        hearing: Hearing,
        clock: Clock,
        times: RunnerTimes,
        dialogue: Dialogue,
        leg: Leg,
        variables: Mapping[str, Sequence[AudioFile]],
    ) -> None:
        self._prompts = prompts
        self._hearing = hearing
        self._clock = clock
        self._times = times
        self._dialogue = dialogue
        self._leg = leg
        self._variables = variables
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._position = Position(dialogue.start)
        self._turns: list[Turn] = []

    async def run(self) -> DialogueEnd:
        pump = asyncio.create_task(self._pump(self._leg.digits()), name=f"keys of {self._leg.id}")
        try:
            return self._end(await self._talk())
        except LegEnded:
            return self._end(HUNG_UP)
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    async def _talk(self) -> str:
        if (met := await self._first_words()) is not None:
            return met
        coming = begin(self._dialogue)
        while True:
            self._position = coming.position
            heard = await self._perform(coming.actions)
            if isinstance(heard, Leave):
                return heard.outcome
            self._turns.append(Turn(self._position.state, heard.kind.value, heard.intent, heard.words, heard.by_key))
            coming = step(self._dialogue, self._position, heard)

    async def _perform(self, actions: Sequence[Action]) -> Input | Leave:
        """Carry out one step's actions; keys pressed during the question itself already answer it."""
        self._forget_keys()
        for number, action in enumerate(actions):
            following = actions[number + 1] if number + 1 < len(actions) else None
            match action:
                case Say():
                    key = await self._say(action, following.keys if isinstance(following, Listen) else {})
                    if key is not None and isinstance(following, Listen):
                        return _keyed(following, key)
                case Listen():
                    return await self._listen(action)
                case Leave():
                    return action
        raise AssertionError("a step ends by listening or leaving")

    async def _first_words(self) -> str | None:
        """Let the person say hello; a voicemail's greeting or a danger is recognised here already."""
        spoke = asyncio.Event()

        async def begun() -> None:
            spoke.set()

        hearing = asyncio.create_task(
            self._hear(DialogueState.CONFIRM_PERSON, self._times.first_words_s, self._times.first_turn_s, begun),
            name=f"first words on {self._leg.id}",
        )
        try:
            await self._within(hearing, self._times.first_words_s)
            if not hearing.done() and spoke.is_set():
                await self._within(hearing, self._times.first_turn_s)
            heard = hearing.result() if hearing.done() else None
        finally:
            await _cancelled(hearing)
        if heard is None or not (heard.text or heard.safety_word):
            return None
        if heard.safety_word:
            self._position = Position(self._dialogue.start, facts={"danger": heard.safety_word})
            return DANGER
        start = self._dialogue.states[self._dialogue.start]
        return VOICEMAIL if intent_by_words(self._dialogue, start, heard.text) == VOICEMAIL else None

    async def _say(self, say: Say, keys: Mapping[str, str]) -> str | None:
        files = [file for prompt in say.prompts for file in self._files(prompt)]
        playing = asyncio.create_task(
            self._leg.play(*files, gap_s=_SLOW_GAP_S if say.slowly else 0.0), name=f"play on {self._leg.id}"
        )
        pressed = asyncio.create_task(self._next_key(keys), name=f"key during play on {self._leg.id}")
        try:
            await asyncio.wait({playing, pressed}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                playing.result()
            if not pressed.done():
                return None
            await self._leg.stop_playing()
            return pressed.result()
        finally:
            await _cancelled(playing)
            await _cancelled(pressed)

    async def _listen(self, listen: Listen) -> Input:
        max_s = self._times.speech_s if listen.free else self._times.answer_s
        hearing = asyncio.create_task(
            self._hear(listen.expected or DialogueState.CONFIRM_PERSON, listen.silence_s, max_s),
            name=f"hear {self._leg.id}",
        )
        pressed = asyncio.create_task(self._next_key(listen.keys), name=f"key on {self._leg.id}")
        try:
            await asyncio.wait({hearing, pressed}, return_when=asyncio.FIRST_COMPLETED)
            if pressed.done():
                return _keyed(listen, pressed.result())
            heard = hearing.result()
            if not heard.unavailable:
                return _spoken(heard)
            if await self._within(pressed, listen.silence_s):
                return _keyed(listen, pressed.result())
            return Input(InputKind.DEAF)
        finally:
            await _cancelled(hearing)
            await _cancelled(pressed)

    async def _hear(
        self,
        state: DialogueState,
        silence_s: float,
        max_s: float,
        on_speech: Callable[[], Awaitable[None]] | None = None,
    ) -> Heard:
        try:
            return await self._hearing.hear(self._leg, state, silence_s=silence_s, max_s=max_s, on_speech=on_speech)
        except TimeoutError:
            log.warning("the listener gave no answer", extra={"leg": self._leg.id})
            return Heard(unavailable=True, reason="timed out")

    async def _within(self, task: "asyncio.Task[Result]", seconds: float) -> bool:
        """Whether the task is done, or the leg has ended, within so many seconds of the clock.

        Raises:
            LegEnded: the far side hung up meanwhile.
        """
        timer = asyncio.create_task(self._clock.sleep(seconds), name="dialogue timer")
        ended = asyncio.create_task(self._leg.ended(), name=f"end of {self._leg.id}")
        try:
            await asyncio.wait({task, timer, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done() and not task.done():
                raise LegEnded(ended.result())
            return task.done()
        finally:
            await _cancelled(timer)
            await _cancelled(ended)

    async def _pump(self, digits: AsyncIterator[str]) -> None:
        async for digit in digits:
            self._keys.put_nowait(digit)

    async def _next_key(self, wanted: Mapping[str, str]) -> str:
        while True:
            key = await self._keys.get()
            if key in wanted:
                return key

    def _forget_keys(self) -> None:
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._keys.get_nowait()

    def _files(self, prompt: str) -> Sequence[AudioFile]:
        if prompt.startswith("{"):
            return self._variables.get(prompt.strip("{}"), ())
        return (self._prompts.file(prompt),)

    def _end(self, outcome: str) -> DialogueEnd:
        return DialogueEnd(outcome, self._position.state, dict(self._position.facts), tuple(self._turns))


def _keyed(listen: Listen, key: str) -> Input:
    return Input(InputKind.ANSWER, intent=listen.keys[key], by_key=True)


def _spoken(heard: Heard) -> Input:
    """What the listener gave, in the engine's terms."""
    if heard.safety_word:
        return Input(InputKind.DANGER, words=heard.text or heard.safety_word)
    if heard.silence:
        return Input(InputKind.SILENCE)
    mended, clipped = heard.safety_mended or "", heard.started_s < _CLIPPED_S
    if heard.intent is not None:
        return Input(InputKind.ANSWER, heard.intent.value, heard.text, mended=mended, clipped=clipped)
    return Input(InputKind.WORDS, words=heard.text, mended=mended, clipped=clipped)


async def _cancelled(task: "asyncio.Task[Result]") -> None:
    """Cancel a task of ours and wait until it is gone; its own result or error was looked at before, if at all."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
