"""An AI callback's surroundings in memory: telephone, ears, book-keeping and leak lane, scripted by the test."""

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from callbacks.ai_calls import AiEnd, AiTask
from callbacks.contact_lock import LEASE, ContactLock
from callbacks.dialler import Dialler
from callbacks.voice_callback import VoiceCallback
from callbacks.windows import Channel
from ivr.answer_classifier import Intent
from ivr.dialogue import FLOWS_FOLDER, load_dialogue
from ivr.dialogue_runner import DialogueRunner
from ivr.listening import Heard
from tests.fakes.call_control import Answers, FakeCallControl
from tests.fakes.clock import FakeClock
from tests.fakes.hearing import NamedPrompts, ScriptedHearing, said
from vocabulary.phone_number import PhoneNumber

USER = PhoneNumber.parse("0532-85551234")
YES, SOLVED, SATISFIED, NO = (
    said("方便", Intent.YES),
    said("修好了", Intent.RESOLVED),
    said("满意", Intent.SATISFIED),
    said("没有", Intent.NO),
)
NOT_SOLVED = said("没有修好", Intent.NOT_RESOLVED)


@dataclass
class FakeCalls:
    """Keeps what the voice writes down."""

    due: list[AiTask] = field(default_factory=list)
    answered_calls: list[str] = field(default_factory=list)
    ends: list[AiEnd] = field(default_factory=list)
    renewals: int = 0

    async def claim_due(self, limit: int) -> list[AiTask]:
        taken, self.due = self.due[:limit], self.due[limit:]
        return taken

    async def answered(self, task: AiTask, call_id: str) -> None:
        self.answered_calls.append(call_id)

    async def renew(self, task: AiTask) -> bool:
        self.renewals += 1
        return True

    async def ended(self, task: AiTask, end: AiEnd) -> None:
        self.ends.append(end)


@dataclass
class FakeLane:
    served: list[str] = field(default_factory=list)

    async def run(self, call: Any, leg: Any, found_by: str, *, recording: str | None = None) -> None:
        self.served.append(found_by)
        await leg.ended()


@dataclass
class FakeSwitch:
    allowed: bool = True

    async def outbound_allowed(self) -> bool:
        return self.allowed


class Room:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.control = FakeCallControl(self.clock)
        self.hearing = ScriptedHearing(self.clock)
        self.calls, self.lane, self.switch = FakeCalls(), FakeLane(), FakeSwitch()
        self.voice = VoiceCallback(
            control=self.control,
            runner=DialogueRunner(NamedPrompts(), self.hearing, self.clock),
            dialogue=load_dialogue(FLOWS_FOLDER / "callback.toml"),
            prompts=NamedPrompts(),
            leak_lane=self.lane,
            calls=self.calls,  # type: ignore[arg-type]
            clock=self.clock,
        )
        self.dialler = Dialler(self.calls, self.voice, self.switch, self.clock, concurrent=2)  # type: ignore[arg-type]

    def task(self, number: int = 1) -> AiTask:
        now = self.clock.now()
        lock = ContactLock("k" * 64, Channel.AI_VOICE, "s/c", f"cb-{number}", now, now + LEASE, 1)
        return AiTask(f"cb-{number}", "RX20261124-0031", USER, "不热", date(2026, 11, 20), 1, lock)

    async def call(self, *answers: Heard, line: Answers | None = None, within_s: float = 200.0) -> AiEnd:
        self.hearing.answers = list(answers)
        self.control.script(USER.national, line or Answers(after_s=3.0))
        running = asyncio.create_task(self.voice.run(self.task()))
        await self.clock.run_for(within_s)
        assert running.done()
        return running.result()
