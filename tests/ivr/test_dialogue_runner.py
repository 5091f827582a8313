"""A dialogue on a live leg: playing, listening and keys at once, on the fake clock."""

import asyncio

import pytest

from ivr.answer_classifier import DialogueState, Intent
from ivr.dialogue import FLOWS_FOLDER, load_dialogue
from ivr.dialogue_runner import DialogueEnd, DialogueRunner
from ivr.listening import Heard
from telephony.ports import NumberTarget
from tests.fakes.call_control import Answers, FakeCallControl, FakeLeg
from tests.fakes.clock import FakeClock
from tests.fakes.hearing import AWAY, NOTHING, NamedPrompts, ScriptedHearing, said
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

CALLBACK = load_dialogue(FLOWS_FOLDER / "callback.toml")
USER = PhoneNumber.parse("13800001234")
YES, SOLVED, SATISFIED, NO = (
    said("方便", Intent.YES),
    said("修好了", Intent.RESOLVED),
    said("满意", Intent.SATISFIED),
    said("没有", Intent.NO),
)


class Line:
    """An answered call with the machine talking on it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.control = FakeCallControl(self.clock)
        self.hearing = ScriptedHearing(self.clock)
        self.runner = DialogueRunner(NamedPrompts(), self.hearing, self.clock)
        self.leg: FakeLeg
        self.talk: asyncio.Task[DialogueEnd]

    async def begins(self, *answers: Heard, first: Heard = NOTHING) -> None:
        self.hearing.answers, self.hearing.first = list(answers), first
        self.control.script(USER.national, Answers(after_s=0.0))
        call = await self.control.new_call(purpose="callback")
        ringing = asyncio.create_task(call.originate(NumberTarget(USER), caller_id="96556", ring_s=30.0))
        await self.clock.run_for(0.1)
        self.leg = await ringing
        variables = {"reported_on": NamedPrompts().pieces("11-20"), "matter": NamedPrompts().pieces("室温低")}
        self.talk = asyncio.create_task(self.runner.run(CALLBACK, self.leg, variables))

    async def end(self, within_s: float = 120.0) -> DialogueEnd:
        await self.clock.run_for(within_s)
        assert self.talk.done(), f"still talking; heard so far {self.leg.heard}"
        return self.talk.result()


@pytest.fixture
def line() -> Line:
    return Line()


async def test_a_whole_conversation_by_voice(line: Line) -> None:
    await line.begins(YES, SOLVED, SATISFIED, NO)
    end = await line.end()
    assert (end.outcome, end.facts["resolved"], end.facts["rating"]) == ("answered", "yes", "满意")
    assert [turn.state for turn in end.turns] == ["CONFIRM_PERSON", "ASK_RESOLVED", "RATING", "NEW_DEMAND"]
    assert line.leg.heard[:6] == [
        "callback.greet",
        "callback.you",
        "piece-11-20",
        "callback.reported",
        "piece-室温低",
        "callback.handled",
    ]
    assert line.leg.heard[-1] == "callback.thanks"
    assert line.leg.cause is None


async def test_the_machine_waits_1_2_seconds_for_a_hello_before_it_begins(line: Line) -> None:
    await line.begins(YES, SOLVED, SATISFIED, NO)
    await line.clock.run_for(1.1)
    assert line.leg.heard == []
    await line.clock.run_for(0.2)
    assert line.leg.heard == ["callback.greet"]


async def test_the_machine_begins_when_the_hello_is_over(line: Line) -> None:
    await line.begins(YES, SOLVED, SATISFIED, NO, first=said("喂,哪位"))
    await line.clock.run_for(1.05)
    assert line.leg.heard == ["callback.greet"]


async def test_a_voicemail_hears_nothing_at_all(line: Line) -> None:
    await line.begins(first=said("您拨打的用户正忙请在嘀声后留言"))
    assert (await line.end()).outcome == "voicemail"
    assert line.leg.heard == []


async def test_a_danger_named_instead_of_a_hello_is_heard(line: Line) -> None:
    await line.begins(first=Heard(text="家里漏气了", safety_word="漏气"))
    end = await line.end()
    assert (end.outcome, end.facts["danger"]) == ("danger", "漏气")


async def test_a_danger_named_in_an_answer_goes_before_everything(line: Line) -> None:
    await line.begins(YES, Heard(text="修好了但是还有煤气味", safety_word="煤气味"))
    end = await line.end()
    assert end.outcome == "danger"
    assert "callback.rating" not in line.leg.heard


async def test_keys_answer_where_nothing_can_be_heard(line: Line) -> None:
    await line.begins(*[AWAY] * 8)
    await line.clock.run_for(14.0)  # the greeting
    for key in "1132":
        await line.clock.run_for(4.0)  # a question and a moment's thought
        line.leg.press(key)
    end = await line.end()
    assert end.outcome == "answered"
    assert (end.facts["resolved"], end.facts["rating"]) == ("yes", "不满意")
    assert all(turn.by_key for turn in end.turns[-3:])


async def test_a_key_during_the_question_cuts_it_short(line: Line) -> None:
    line.control.lengths_s["callback.confirm"] = 30.0
    await line.begins(SOLVED, SATISFIED, NO)
    await line.clock.run_for(20.0)
    assert line.leg.heard[-1] == "callback.confirm"
    line.leg.press("1")
    await line.clock.run_for(0.1)
    assert line.leg.heard[-1] == "callback.ask_resolved"


async def test_a_key_pressed_before_a_question_does_not_answer_it(line: Line) -> None:
    await line.begins(NOTHING)
    await line.clock.run_for(2.0)
    line.leg.press("1")  # during the greeting, before anything was asked
    await line.clock.run_for(20.0)
    assert line.hearing.asked[0] is DialogueState.CONFIRM_PERSON


async def test_two_silences_lead_to_a_person(line: Line) -> None:
    await line.begins(YES)
    end = await line.end()
    assert (end.outcome, end.facts["why"]) == ("person", "SILENT")
    assert line.leg.heard[-2:] == ["callback.ask_resolved_keys", "callback.nobody_spoke"]


async def test_hanging_up_keeps_what_was_said(line: Line) -> None:
    await line.begins(YES, SOLVED)
    await line.clock.run_for(25.0)
    line.leg.hang_up()
    end = await line.end(1.0)
    assert (end.outcome, end.last_state, end.facts["resolved"]) == ("hung_up", "RATING", "yes")


async def test_no_task_is_left_behind(line: Line) -> None:
    await line.begins(YES, SOLVED, SATISFIED, NO)
    await line.end()
    left = [task.get_name() for task in asyncio.all_tasks() if line.leg.id in task.get_name()]
    assert left == []


async def test_an_answer_that_began_during_the_question_is_asked_for_again(line: Line) -> None:
    half = said("修好了", Intent.RESOLVED, started_s=0.0)  # perhaps 没修好
    await line.begins(YES, half, said("没修好", Intent.NOT_RESOLVED), said("还是凉"))
    await line.clock.run_for(35.0)
    assert line.leg.heard.count("callback.ask_resolved") == 2
    assert "callback.ask_reason" in line.leg.heard
