import pytest

from ivr.reception import ReceptionRules
from ivr.waiting import WaitingRules
from seats.rules import SeatRules
from telephony.causes import Cause
from telephony.ports import Admission, LegState
from tests.fakes.call_control import BUSY, NEVER, REFUSES, Answers, FakeCall
from tests.fakes.hotline import Hotline

pytestmark = pytest.mark.unit


async def test_a_caller_hears_the_greeting_and_then_the_free_seat() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=2.0))
        call = await hotline.ring()
        assert call.first_leg.state is LegState.ANSWERED
        assert call.first_leg.heard == ["reception.greeting"]
        assert call.recorded_leg is call.first_leg
        await hotline.pass_s(12)
        assert hotline.control.rung == ["8001"]
        assert hotline.control.rings[0].caller_id == "13800001234"
        assert [(bridge.a, bridge.b) for bridge in call.bridges] == [(call.first_leg, hotline.control.legs["8001"][0])]
        assert hotline.state("8001") == "talking"


async def test_the_caller_hears_the_number_of_the_staff_while_the_seat_hears_that_a_call_comes() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(20)
        at = call.first_leg.heard.index("piece.agent")
        assert call.first_leg.heard[at:] == ["piece.agent", "digit.0", "digit.0", "digit.1", "piece.serves_you"]
        assert hotline.control.legs["8001"][0].heard == ["seat.incoming"]


async def test_music_stops_before_the_bridge() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=8.0))
        call = await hotline.ring()
        await hotline.pass_s(40)
        assert "music.hold" in call.first_leg.heard
        assert call.first_leg.heard[-1] == "piece.serves_you"


async def test_a_talk_makes_a_case_as_soon_as_the_seat_answers() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(6)
        (intake,) = hotline.cases.intakes
        assert (intake.kind.value, intake.by, intake.recording) == ("talk", "8001", call.recordings[0])
        assert intake.caller == call.first_leg.number


async def test_a_case_that_cannot_be_made_is_tried_again_and_the_talk_goes_on() -> None:
    async with Hotline("8001") as hotline:
        hotline.cases.fails = 2
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(20)
        assert len(hotline.cases.intakes) == 1
        assert len(call.bridges) == 1


async def test_the_seat_wraps_up_after_the_talk_and_is_free_again() -> None:
    async with Hotline("8001", seat_rules=SeatRules(wrap_up_s=20)) as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(30)
        call.first_leg.hang_up()
        await hotline.pass_s(1)
        assert hotline.control.legs["8001"][0].hung_up_by_us
        assert hotline.state("8001") == "wrap_up"
        await hotline.pass_s(20)
        assert hotline.state("8001") == "free"


async def test_when_the_seat_leaves_first_the_caller_is_asked_to_rate() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0, hangs_up_after_s=60))
        call = await hotline.ring()
        await hotline.pass_s(68)
        assert call.first_leg.heard[-1] == "rating.ask_five"
        call.first_leg.press("1")  # while a rating is keyed, 1 is the rating and not the leak key
        await hotline.pass_s(5)
        (rating,) = hotline.store.tables["ratings"].values()
        assert (rating.level, rating.label, rating.staff_number) == (1, "非常满意", "001")
        assert rating.case_number == "RX20261124-0001"
        assert hotline.cases.rated == [(call.id, "非常满意")]
        assert call.first_leg.heard[-1] == "rating.thanks"
        assert call.first_leg.hung_up_by_us


async def test_a_seat_that_refuses_is_passed_over_and_the_caller_keeps_the_place() -> None:
    async with Hotline("8001", "8002") as hotline:
        hotline.control.script("8001", REFUSES)
        hotline.control.script("8002", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(15)
        assert hotline.control.rung == ["8001", "8002"]
        assert hotline.state("8001") == "free"
        assert hotline.state("8002") == "talking"
        assert len(call.bridges) == 1


async def test_a_busy_seat_is_not_asked_again_at_once() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", BUSY, Answers(after_s=1.0))
        await hotline.ring()
        await hotline.pass_s(20)
        assert hotline.control.rung == ["8001"]
        await hotline.pass_s(25)
        assert hotline.control.rung == ["8001", "8001"]
        assert hotline.state("8001") == "talking"


async def test_a_seat_that_does_not_answer_goes_on_break_with_the_reason_and_gets_no_further_call() -> None:
    async with Hotline("8001", "8002") as hotline:
        hotline.control.script("8001", NEVER)
        hotline.control.script("8002", Answers(after_s=1.0))
        await hotline.ring()
        await hotline.pass_s(30)
        assert hotline.control.rung == ["8001", "8002"]
        assert hotline.state("8001") == "break"
        assert hotline.store.tables["seats"]["8001"].reason == "振铃未接"
        await hotline.ring("13800005678")
        await hotline.pass_s(120)
        assert hotline.control.rung == ["8001", "8002"]


async def test_a_seat_without_a_phone_is_signed_out() -> None:
    async with Hotline("8001", "8002") as hotline:
        hotline.control.unregistered.add("8001")
        hotline.control.script("8002", Answers(after_s=1.0))
        await hotline.ring()
        await hotline.pass_s(10)
        assert hotline.state("8001") == "offline"
        assert hotline.state("8002") == "talking"


async def test_a_caller_who_hangs_up_while_the_seat_rings_frees_it_at_once() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", NEVER)
        call = await hotline.ring()
        await hotline.pass_s(9)
        assert hotline.state("8001") == "ringing"
        call.first_leg.hang_up()
        await hotline.pass_s(0.1)
        assert hotline.control.rings[0].outcome == "CANCELLED"
        assert hotline.state("8001") == "free"
        assert hotline.missed == ["abandoned"]


async def test_a_caller_who_hangs_up_in_the_first_seconds_is_not_missed() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", NEVER)
        call = await hotline.ring()
        await hotline.pass_s(5)
        call.first_leg.hang_up()
        await hotline.pass_s(1)
        assert hotline.missed == []


async def test_waiting_callers_hear_music_and_their_position() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        await hotline.ring("13800000001")
        await hotline.pass_s(10)
        await hotline.ring("13800000002")
        await hotline.pass_s(5)
        third = await hotline.ring("13800000003")
        await hotline.pass_s(40)
        assert "music.hold" in third.first_leg.heard
        at = third.first_leg.heard.index("piece.ahead")
        assert third.first_leg.heard[at : at + 3] == ["piece.ahead", "number.1", "piece.callers_waiting"]


async def test_after_a_minute_a_message_may_be_left_and_the_place_is_kept() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0, hangs_up_after_s=150))
        await hotline.ring("13800000001")
        await hotline.pass_s(10)
        waiting = await hotline.ring("13800000002")
        await hotline.pass_s(30)
        waiting.first_leg.press("2")
        await hotline.pass_s(1)
        assert "message.ask_waiting" not in waiting.first_leg.heard, "2 means nothing before it is offered"
        await hotline.pass_s(45)
        assert "reception.offer_message" in waiting.first_leg.heard
        waiting.first_leg.press("2")
        await hotline.pass_s(1)
        assert waiting.first_leg.heard[-1] == "message.ask_waiting"
        later = await hotline.ring("13800000003")
        await hotline.pass_s(12)
        waiting.first_leg.press("#")  # end of the message
        await hotline.pass_s(3)
        waiting.first_leg.press("#")  # the caller's own number
        await hotline.pass_s(5)
        assert [intake.kind.value for intake in hotline.cases.intakes] == ["talk", "message"]
        assert "reception.still_waiting" in waiting.first_leg.heard
        await hotline.pass_s(80)
        assert len(waiting.bridges) == 1, "who left a message is served before who came later"
        assert later.bridges == []


async def test_nobody_signed_in_means_the_bot_takes_a_message_at_once() -> None:
    async with Hotline() as hotline:
        call = await hotline.ring()
        await hotline.pass_s(3)
        assert call.first_leg.heard == ["reception.greeting", "message.ask"]
        await hotline.pass_s(12)
        call.first_leg.press("#")
        await hotline.pass_s(3)
        call.first_leg.press("#")
        await hotline.pass_s(5)
        (intake,) = hotline.cases.intakes
        assert (intake.kind.value, intake.by, intake.recording) == ("message", "BOT", call.recordings[0])
        assert hotline.missed == ["message"]
        assert call.first_leg.hung_up_by_us


async def test_a_queue_over_its_limit_is_answered_by_the_bot() -> None:
    async with Hotline("8001", seat_rules=SeatRules(max_waiting=1)) as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        await hotline.ring("13800000001")
        await hotline.pass_s(8)
        await hotline.ring("13800000002")
        await hotline.pass_s(5)
        third = await hotline.ring("13800000003")
        await hotline.pass_s(5)
        assert "message.ask" in third.first_leg.heard


async def test_when_the_last_seat_signs_out_the_waiting_caller_comes_to_the_bot() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", NEVER)
        await hotline.seats.take_break("8001", by="8001")
        call = await hotline.ring()
        await hotline.pass_s(10)
        await hotline.seats.sign_out("8001", by="8001")
        await hotline.pass_s(30)
        assert "message.ask" in call.first_leg.heard


async def test_nearly_full_the_caller_hears_only_the_announcement_with_the_leak_key() -> None:
    async with Hotline("8001") as hotline:
        call = await hotline.ring(admission=Admission.NARROW)
        await hotline.pass_s(20)
        assert set(call.first_leg.heard) == {"reception.narrow"}
        assert hotline.control.rung == []
        assert hotline.missed == ["narrow"]
        assert call.first_leg.hung_up_by_us


async def test_nearly_full_the_leak_key_still_opens_the_lane() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring(admission=Admission.NARROW)
        call.first_leg.press("1")
        await hotline.pass_s(10)
        assert len(call.bridges) == 1
        assert [intake.kind.value for intake in hotline.cases.intakes] == ["leak"]


@pytest.mark.parametrize("after_s", [0.0, 4.0, 20.0, 100.0], ids=["greeting", "queue", "music", "after the offer"])
async def test_key_1_leads_to_the_leak_lane_from_the_greeting_on(after_s: float) -> None:
    async with Hotline("8001") as hotline:
        await hotline.seats.take_break("8001", by="8001")
        call = await hotline.ring()
        await hotline.pass_s(after_s)
        hotline.control.script("8001", Answers(after_s=1.0))
        call.first_leg.press("1")
        await hotline.pass_s(8)
        assert hotline.control.rung == ["8001"], "the seat on break is taken"
        assert len(call.bridges) == 1
        assert hotline.missed == []


async def test_a_safety_word_in_the_queue_leads_to_the_leak_lane() -> None:
    async with Hotline("8001", ears=True) as hotline:
        await hotline.seats.take_break("8001", by="8001")
        call = await hotline.ring()
        await hotline.pass_s(15)
        assert hotline.ears is not None
        hotline.ears.say("漏气")
        await hotline.pass_s(1)
        assert call.first_leg.heard[-1] == "leak.safety"
        assert "安全词:漏气" in hotline.cases.intakes[0].demand


async def test_nothing_listens_for_safety_words_during_the_talk() -> None:
    async with Hotline("8001", ears=True) as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring()
        assert hotline.ears is not None
        assert hotline.ears.spotting == 1
        await hotline.pass_s(20)
        assert len(call.bridges) == 1
        assert hotline.ears.spotting == 0


async def test_a_caller_whose_seat_loses_its_line_is_first_in_turn_again() -> None:
    async with Hotline("8001", "8002") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        hotline.control.script("8002", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(30)
        hotline.control.legs["8001"][0].hang_up(Cause.RTP_TIMED_OUT)
        await hotline.pass_s(20)
        assert hotline.control.rung == ["8001", "8002"]
        assert len(call.bridges) == 2
        assert "rating.ask_five" not in call.first_leg.heard


async def test_a_caller_with_a_withheld_number_is_served_too() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring(None)
        await hotline.pass_s(20)
        assert hotline.control.rings[0].caller_id == "anonymous"
        assert len(call.bridges) == 1


async def test_without_greeting_and_announcements_the_seat_rings_at_once() -> None:
    rules = ReceptionRules(
        greeting=False, record=False, announce_staff=False, rating=False, waiting=WaitingRules(connecting=False)
    )
    async with Hotline("8001", reception_rules=rules) as hotline:
        hotline.control.script("8001", Answers(after_s=0.0, hangs_up_after_s=5))
        call = await hotline.ring()
        await hotline.pass_s(0.1)
        assert len(call.bridges) == 1
        assert call.recorded_leg is None
        await hotline.pass_s(6)
        assert call.first_leg.hung_up_by_us


async def message_while_waiting(hotline: Hotline) -> FakeCall:
    """A caller who waits behind a talk and begins to leave a message."""
    hotline.control.script("8001", Answers(after_s=1.0))
    await hotline.ring("13800000001")
    await hotline.pass_s(10)
    waiting = await hotline.ring("13800000002")
    await hotline.pass_s(70)
    waiting.first_leg.press("2")
    await hotline.pass_s(10)
    assert waiting.first_leg.heard[-1] == "tone.attention"
    return waiting


async def test_while_a_message_is_left_the_place_is_kept_and_offered_nothing_by_any_server() -> None:
    async with Hotline("8001") as hotline:
        waiting = await message_while_waiting(hotline)
        row = next(row for row in hotline.store.tables["queue"].values() if row.call_id == waiting.id)
        assert row.state.value == "paused"


async def test_the_1s_of_a_number_keyed_for_the_message_do_not_open_the_leak_lane_afterwards() -> None:
    async with Hotline("8001") as hotline:
        waiting = await message_while_waiting(hotline)
        waiting.first_leg.press("#")
        await hotline.pass_s(1)
        for key in "13911112222#":
            waiting.first_leg.press(key)
            await hotline.pass_s(0.3)
        await hotline.pass_s(30)
        assert "reception.still_waiting" in waiting.first_leg.heard
        assert "leak.safety" not in waiting.first_leg.heard


async def test_who_left_a_message_and_hangs_up_while_waiting_is_listed_once() -> None:
    async with Hotline("8001") as hotline:
        waiting = await message_while_waiting(hotline)
        waiting.first_leg.press("#")
        await hotline.pass_s(1)
        waiting.first_leg.press("#")
        await hotline.pass_s(20)
        waiting.first_leg.hang_up()
        await hotline.pass_s(1)
        assert hotline.missed == ["message"]


async def test_a_caller_whose_seat_lost_its_line_keeps_the_place_from_the_beginning() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        dropped = await hotline.ring("13800000001")
        await hotline.pass_s(10)
        later = await hotline.ring("13800000002")
        await hotline.pass_s(20)
        hotline.control.legs["8001"][0].hang_up(Cause.MEDIA_LOST)
        await hotline.pass_s(30)
        assert len(dropped.bridges) == 2
        assert later.bridges == []


async def test_a_fault_in_the_hearing_costs_the_caller_nothing() -> None:
    async with Hotline("8001", ears=True) as hotline:
        hotline.control.script("8001", Answers(after_s=2.0))
        assert hotline.ears is not None
        hotline.ears.fault = RuntimeError("the hearing broke")
        call = await hotline.ring()
        await hotline.pass_s(12)
        assert len(call.bridges) == 1
