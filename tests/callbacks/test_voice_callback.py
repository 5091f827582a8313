"""One AI callback by telephone, in memory: ringing, talking, what is written down, and the leak lane."""

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from callbacks.ai_calls import AiEnd, AiTask
from callbacks.contact_lock import LEASE, RENEW_EVERY_S, ContactLock
from callbacks.dialler import Dialler, OutboundSwitch
from callbacks.outcome import AiAction
from callbacks.voice_callback import VoiceCallback
from callbacks.windows import Channel
from ivr.answer_classifier import Intent
from ivr.dialogue import FLOWS_FOLDER, load_dialogue
from ivr.dialogue_runner import DialogueRunner
from ivr.listening import Heard
from tests.fakes.call_control import BUSY, NEVER, Answers, FakeCallControl
from tests.fakes.clock import FakeClock
from tests.fakes.hearing import NamedPrompts, ScriptedHearing, said
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

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


class Room:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.control = FakeCallControl(self.clock)
        self.hearing = ScriptedHearing(self.clock)
        self.calls, self.lane, self.switch = FakeCalls(), FakeLane(), OutboundSwitch()
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


@pytest.fixture
def room() -> Room:
    return Room()


async def test_the_user_is_rung_through_the_trunk_with_the_hotlines_number(room: Room) -> None:
    await room.call(YES, SOLVED, SATISFIED, NO)
    (ring,) = room.control.rings
    assert (ring.name, ring.caller_id, ring.ring_s) == (USER.national, "96556", 30.0)


async def test_solved_and_satisfied_is_written_down_under_the_call_and_hung_up(room: Room) -> None:
    end = await room.call(YES, SOLVED, SATISFIED, NO)
    (call,) = room.control.calls
    assert (end.decision.action, end.decision.rating, end.call_id) == (AiAction.FINISH, "满意", call.id)
    assert room.calls.ends == [end]
    assert room.calls.answered_calls == [call.id]
    assert call.recorded_leg is call.first_leg
    assert call.first_leg.hung_up_by_us


async def test_not_solved_goes_to_a_person_with_the_users_words(room: Room) -> None:
    end = await room.call(YES, NOT_SOLVED, said("还是冰凉的"), said("不满意", Intent.DISSATISFIED), NO)
    assert (end.decision.action, end.decision.rating) == (AiAction.TO_PERSON, "不满意")
    assert end.facts["reason"] == "还是冰凉的"


@pytest.mark.parametrize(("line", "result"), [(NEVER, "无人接听"), (BUSY, "对方正忙")], ids=["no answer", "busy"])
async def test_who_does_not_answer_was_not_reached(room: Room, line: Answers, result: str) -> None:
    end = await room.call(line=line)
    assert (end.decision.action, end.result) == (AiAction.NOT_REACHED, result)
    assert room.calls.answered_calls == []


async def test_a_hang_up_in_the_middle_is_a_partial_answer_for_a_person(room: Room) -> None:
    end = await room.call(YES, SOLVED, line=Answers(after_s=1.0, hangs_up_after_s=24.0))
    assert (end.decision.action, end.decision.partial) == (AiAction.TO_PERSON, True)
    assert end.facts["resolved"] == "yes"


async def test_a_danger_enters_the_leak_lane_on_the_live_call_and_no_machine_hangs_up(room: Room) -> None:
    room.hearing.answers = [YES, Heard(text="家里有煤气味", safety_word="煤气味")]
    room.control.script(USER.national, Answers(after_s=1.0))
    running = asyncio.create_task(room.voice.run(room.task()))
    await room.clock.run_for(60.0)
    leg = room.control.calls[0].first_leg
    assert room.lane.served == ["AI回访中的安全词:家里有煤气味"]
    assert leg.cause is None
    assert room.calls.ends[0].decision.action is AiAction.RESCUE
    leg.hang_up()
    await room.clock.settle()
    assert running.done()
    assert not leg.hung_up_by_us


async def test_lease_and_lock_are_renewed_during_a_long_call(room: Room) -> None:
    room.control.lengths_s["callback.greet"] = RENEW_EVERY_S * 2.5
    await room.call(YES, SOLVED, SATISFIED, NO, within_s=1200.0)
    assert room.calls.renewals == 2


class TestDialler:
    async def test_no_more_calls_at_a_time_than_allowed(self, room: Room) -> None:
        room.calls.due = [room.task(number) for number in range(3)]
        assert await room.dialler.tick() == 2
        await room.clock.settle()
        assert await room.dialler.tick() == 0
        await room.clock.run_for(31.0)  # nobody answers
        assert await room.dialler.tick() == 1
        await room.clock.run_for(31.0)
        assert room.dialler.running == 0
        assert len(room.calls.ends) == 3

    async def test_the_switch_stops_new_calls_at_once(self, room: Room) -> None:
        room.calls.due = [room.task()]
        room.switch.pause("lead")
        assert await room.dialler.tick() == 0
        room.switch.resume("lead")
        assert await room.dialler.tick() == 1
        await room.dialler.stop()

    async def test_without_the_carriers_permit_no_machine_calls(self, room: Room) -> None:
        room.calls.due = [room.task()]
        room.switch.permitted = False
        assert await room.dialler.tick() == 0

    async def test_a_failing_call_does_not_stop_the_dialler(self, room: Room) -> None:
        class Broken:
            async def run(self, task: AiTask) -> AiEnd:
                raise RuntimeError("the media worker died")

        dialler = Dialler(room.calls, Broken(), room.switch, room.clock)  # type: ignore[arg-type]
        room.calls.due = [room.task()]
        assert await dialler.tick() == 1
        await dialler.settled()
        assert dialler.running == 0
        assert await dialler.tick() == 0

    async def test_it_ticks_by_itself_until_it_is_stopped(self, room: Room) -> None:
        room.calls.due = [room.task(number) for number in range(3)]
        running = asyncio.create_task(room.dialler.run(tick_s=1.0))
        await room.clock.run_for(70.0)
        assert len(room.calls.ends) == 3
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
