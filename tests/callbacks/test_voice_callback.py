"""One AI callback by telephone, in memory: ringing, talking, what is written down, and the leak lane."""

import asyncio
from typing import Any

import pytest

from callbacks.ai_calls import AiEnd, AiTask
from callbacks.contact_lock import RENEW_EVERY_S
from callbacks.errors import CallbackTaken
from callbacks.outcome import AiAction
from callbacks.voice_callback import VoiceCallback
from ivr.answer_classifier import Intent
from ivr.dialogue import FLOWS_FOLDER, load_dialogue
from ivr.dialogue_runner import DialogueRunner
from ivr.listening import Heard
from telephony.causes import Cause
from tests.fakes.call_control import BUSY, NEVER, Answers
from tests.fakes.callback_voice import NO, NOT_SOLVED, SATISFIED, SOLVED, USER, YES, Room
from tests.fakes.hearing import NamedPrompts, said

pytestmark = pytest.mark.unit


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


async def test_a_dead_trunk_is_not_the_users_silence(room: Room) -> None:
    end = await room.call(line=Answers(after_s=0.0, refuses=Cause.TRUNK_FAILED))
    assert not end.rang


async def test_a_conversation_that_breaks_on_our_side_goes_to_a_person(room: Room) -> None:
    class Deaf:
        async def hear(self, *given: object, **more: object) -> Heard:
            raise RuntimeError("the speech room is broken")

    room.voice = VoiceCallback(
        control=room.control,
        runner=DialogueRunner(NamedPrompts(), Deaf(), room.clock),
        dialogue=load_dialogue(FLOWS_FOLDER / "callback.toml"),
        prompts=NamedPrompts(),
        leak_lane=room.lane,
        calls=room.calls,  # type: ignore[arg-type]
        clock=room.clock,
    )
    end = await room.call()
    assert (end.decision.action, end.decision.partial) == (AiAction.TO_PERSON, True)
    assert room.calls.ends == [end]


async def test_a_leak_lane_that_fails_is_entered_again_and_a_failing_store_does_not_end_it(room: Room) -> None:
    class Stumbling:
        entered = 0

        async def run(self, call: Any, leg: Any, found_by: str, *, recording: str | None = None) -> None:
            self.entered += 1
            if self.entered == 1:
                raise RuntimeError("the queue is away")
            await leg.ended()

    async def refuses(task: AiTask, end: AiEnd) -> None:
        raise CallbackTaken("the lease was lost")

    lane = Stumbling()
    room.voice._leak_lane = lane
    room.calls.ended = refuses  # type: ignore[method-assign]
    room.hearing.answers = [YES, Heard(text="漏气了", safety_word="漏气")]
    room.control.script(USER.national, Answers(after_s=1.0))
    running = asyncio.create_task(room.voice.run(room.task()))
    await room.clock.run_for(120.0)
    leg = room.control.calls[0].first_leg
    assert (lane.entered, leg.cause) == (2, None)
    leg.hang_up()
    await room.clock.settle()
    assert running.done()
