"""The bot that takes a message by voice: ask, listen, confirm the number, make the case (design §6.3, §3.9).

The message itself is in the call's recording, so nothing depends on recognition: when the speech worker is away the
caller ends by the hash key or the time. A safety word, or key 1 while speaking, leads to the gas-leak lane (§10).
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from enum import Enum

from ivr.keys import cancel_all, playing
from ivr.listening import Heard
from ivr.ports import CallKind, Ears, MissedCalls, Prompts
from ivr.visit import CaseOpening, Visit, insist
from seats.call_lists import MissedCaller
from seats.missed_calls import MissedKind
from telephony.ports import LegEnded
from vocabulary.audio_frame import AudioFile
from vocabulary.clock import Clock
from vocabulary.errors import InvalidPhoneNumber, NuanxianError
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)

BY_KEY = "留言中按键1"


@dataclass(frozen=True, slots=True)
class MessageRules:
    """Settings of message taking.

    Attributes:
        max_s: longest message (settings ``reception.message_max_s``).
        silence_s: quiet that ends it.
        least_s: a caller who hangs up sooner after the tone has said nothing.
        number_first_s, number_between_s: patience while the number is keyed.
        number_digits: the longest number in China with area code.
        number_attempts: how often a wrong number may be keyed again.
    """

    max_s: float = 60.0
    silence_s: float = 4.0
    least_s: float = 2.0
    number_first_s: float = 8.0
    number_between_s: float = 4.0
    number_digits: int = 12
    number_attempts: int = 3


class MessageOutcome(Enum):
    """How it ended."""

    LEFT = "left"
    NOTHING_SAID = "nothing_said"
    LEAK = "leak"


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """What came of it.

    Attributes:
        found_by: how a leak was told; "" unless LEAK.
    """

    outcome: MessageOutcome
    found_by: str = ""


@dataclass(frozen=True, slots=True)
class _Spoken:
    text: str = ""
    said: bool = False
    leak: str = ""


class MessageTaking:
    """Takes messages.

    Args:
        ears: None when nothing listens: the hash key and the time end a message.
        cases: makes the case.
        missed: the list on which somebody hears the message within 3 minutes.
    """

    def __init__(
        self,
        prompts: Prompts,
        ears: Ears | None,
        cases: CaseOpening,
        missed: MissedCalls,
        clock: Clock,
        rules: MessageRules | None = None,
    ) -> None:
        self._prompts = prompts
        self._ears = ears
        self._cases = cases
        self._missed = missed
        self._clock = clock
        self._rules = rules or MessageRules()

    async def take(self, visit: Visit, *, place_kept: bool, waited_s: float = 0.0) -> MessageTaken:
        """Take one message.

        Args:
            place_kept: the caller still stands in the queue, and goes on waiting afterwards.
            waited_s: in the queue so far, for the list.
        Raises:
            LegEnded: the caller hung up; what was said until then has been made a case.
        """
        try:
            spoken = await self._speak(visit, "message.ask_waiting" if place_kept else "message.ask", waited_s)
            if not (spoken.said or spoken.leak):
                spoken = await self._speak(visit, "message.again", waited_s)
        except LegEnded:
            if not (visit.message_kept or place_kept):
                await self._note(visit, MissedKind.MESSAGE_CUT, visit.leg.number, waited_s)
            raise
        if spoken.leak:
            return MessageTaken(MessageOutcome.LEAK, spoken.leak)
        if not spoken.said:
            await visit.leg.play(self._prompts.file("message.nothing"))
            await self._note(visit, MissedKind.MESSAGE_CUT, visit.leg.number, waited_s)
            return MessageTaken(MessageOutcome.NOTHING_SAID)
        number = visit.leg.number
        try:
            number = await self._confirm_number(visit) or number
        finally:  # also when the caller hangs up instead of confirming
            await self._keep(visit, number, spoken.text, waited_s)
        visit.keys.forget()
        await visit.leg.play(self._prompts.file("message.thanks"))
        return MessageTaken(MessageOutcome.LEFT)

    async def _speak(self, visit: Visit, prompt: str, waited_s: float) -> _Spoken:
        """Prompt, tone, and everything until hash, quiet or the time."""
        visit.keys.forget()
        if await self._say_unless_one(visit, self._prompts.file(prompt), self._prompts.file("tone.attention")):
            return _Spoken(leak=BY_KEY)
        leg, began_s = visit.leg, self._clock.monotonic_s()
        key = asyncio.create_task(visit.keys.next("1#"), name="message keys")
        hearing = asyncio.create_task(self._hear(visit), name="message heard")
        ended = asyncio.create_task(leg.ended(), name="message ended")
        time_up = asyncio.create_task(self._clock.sleep(self._rules.max_s), name="message time")
        try:
            await asyncio.wait({key, hearing, ended, time_up}, return_when=asyncio.FIRST_COMPLETED)
            long_enough = self._clock.monotonic_s() - began_s >= self._rules.least_s
            if leg.cause is not None:
                if long_enough:
                    await self._keep(visit, leg.number, "", waited_s)
                raise LegEnded(leg.cause)
            if key.done():
                return _Spoken(leak=BY_KEY) if key.result() == "1" else _Spoken(said=long_enough)
            return self._heard(hearing)
        finally:
            await cancel_all(key, hearing, ended, time_up)

    async def _say_unless_one(self, visit: Visit, *files: AudioFile) -> bool:
        """Play; whether key 1 stopped it."""
        key = asyncio.create_task(visit.keys.next("1"), name="message key 1")
        try:
            async with playing(visit.leg, *files) as saying:
                await asyncio.wait({saying, key}, return_when=asyncio.FIRST_COMPLETED)
                if key.done():
                    return True
                saying.result()
            return False
        finally:
            await cancel_all(key)

    async def _hear(self, visit: Visit) -> Heard:
        if self._ears is not None:
            with contextlib.suppress(TimeoutError, NuanxianError):
                heard = await self._ears.take_message(
                    visit.leg, silence_s=self._rules.silence_s, max_s=self._rules.max_s
                )
                if not heard.unavailable:
                    return heard
        await self._clock.sleep(self._rules.max_s)
        return Heard(unavailable=True)

    def _heard(self, hearing: "asyncio.Task[Heard]") -> _Spoken:
        if not hearing.done():
            return _Spoken(said=True)  # spoke to the limit
        heard = hearing.result()
        if heard.safety_word is not None:
            return _Spoken(heard.text, said=True, leak=f"留言中的安全词:{heard.safety_word}")
        return _Spoken(heard.text, said=heard.unavailable or not heard.silence)

    async def _confirm_number(self, visit: Visit) -> PhoneNumber | None:
        """The number keyed in; None if the caller's own is confirmed, or none was given."""
        prompt = "message.number_known" if visit.leg.number else "message.number_asked"
        for _ in range(self._rules.number_attempts):
            played = await visit.leg.play(self._prompts.file(prompt), stop_on="0123456789#")
            keyed = "" if played.digit in {None, "#"} else str(played.digit)
            if played.digit != "#":
                keyed += await visit.leg.collect(
                    self._rules.number_digits - len(keyed),
                    first_s=self._rules.number_between_s if keyed else self._rules.number_first_s,
                    between_s=self._rules.number_between_s,
                )
            if not keyed:
                return None
            try:
                return PhoneNumber.parse(keyed)
            except InvalidPhoneNumber:
                prompt = "message.number_wrong"
        return None

    async def _keep(self, visit: Visit, number: PhoneNumber | None, text: str, waited_s: float) -> None:
        visit.case_number = await self._cases.open(
            visit.call.id,
            CallKind.MESSAGE,
            caller=number,
            demand=text,
            recording=visit.recording,
            by="BOT",
        )
        visit.message_kept = True
        await self._note(visit, MissedKind.MESSAGE, number, waited_s)

    async def _note(self, visit: Visit, kind: MissedKind, number: PhoneNumber | None, waited_s: float) -> None:
        missed = MissedCaller(
            visit.call.id, kind, number, waited_s, recording=visit.recording, case_number=visit.case_number
        )
        await insist(lambda: self._missed.note(missed), self._clock, what="missed call", call_id=visit.call.id)
