from typing import Any

import pytest

from ivr.leak_lane import LeakRules
from telephony.causes import Cause
from telephony.ports import LegState, ShortCodeTarget
from tests.fakes.call_control import NEVER, Answers, FakeCall
from tests.fakes.hotline import CHAIN, Hotline

pytestmark = pytest.mark.unit

LEAD, DISPATCH, HEAD = (person.digits for person in CHAIN)
SAFETY = ["leak.safety", "leak.more"]


async def leak_caller(hotline: Hotline, number: str | None = "13800001234") -> FakeCall:
    """A caller who presses 1 during the greeting."""
    call = await hotline.ring(number)
    call.first_leg.press("1")
    await hotline.pass_s(0.1)
    return call


async def test_the_safety_text_repeats_until_somebody_answers() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=14.0))
        call = await leak_caller(hotline)
        await hotline.pass_s(13)
        assert call.first_leg.heard == ["reception.greeting", *SAFETY, *SAFETY, "leak.safety"]
        await hotline.pass_s(5)
        assert call.first_leg.heard[-1] == "leak.connected"
        assert len(call.bridges) == 1


async def test_the_p0_case_is_made_at_once_and_not_after_the_call() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", NEVER)
        call = await leak_caller(hotline)
        (intake,) = hotline.cases.intakes
        assert (intake.kind.value, intake.caller, intake.recording) == (
            "leak",
            call.first_leg.number,
            call.recordings[0],
        )
        assert call.first_leg.state is LegState.ANSWERED


async def test_a_leak_caller_goes_before_everybody_who_waits() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0, hangs_up_after_s=40))
        await hotline.ring("13800000001")
        await hotline.pass_s(8)
        waiting = await hotline.ring("13800000002")
        await hotline.pass_s(5)
        hotline.control.script("8001", Answers(after_s=1.0))
        leak = await leak_caller(hotline, "13800000003")
        await hotline.pass_s(45)
        assert len(leak.bridges) == 1
        assert waiting.bridges == []


@pytest.mark.parametrize("state", ["break", "wrap_up"])
async def test_a_seat_on_break_or_in_wrap_up_may_be_taken(state: str) -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        if state == "break":
            await hotline.seats.take_break("8001", by="8001")
        else:
            first = await hotline.ring("13800000001")
            await hotline.pass_s(8)
            first.first_leg.hang_up()
            await hotline.pass_s(1)
        assert hotline.state("8001") == state
        leak = await leak_caller(hotline, "13800000002")
        await hotline.pass_s(5)
        assert len(leak.bridges) == 1


async def test_a_seat_that_talks_is_never_taken() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        talking = await hotline.ring("13800000001")
        await hotline.pass_s(8)
        await leak_caller(hotline, "13800000002")
        await hotline.pass_s(8)
        assert hotline.control.rung == ["8001"]
        assert talking.first_leg.cause is None


async def test_without_a_seat_the_duty_chain_is_rung_in_order_20_s_each_without_end() -> None:
    async with Hotline() as hotline:
        call = await leak_caller(hotline)
        await hotline.pass_s(9.5)
        assert hotline.control.rung == []
        await hotline.pass_s(100)
        assert hotline.control.rung == [LEAD, DISPATCH, HEAD, LEAD, DISPATCH]
        starts = [ring.at_s - hotline.control.rings[0].at_s for ring in hotline.control.rings]
        assert starts == pytest.approx([0, 20, 40, 60, 80])
        assert {ring.caller_id for ring in hotline.control.rings} == {""}, "the trunk shows its own number"
        assert call.first_leg.cause is None, "we never hang up"


async def test_the_first_who_presses_1_is_bridged() -> None:
    async with Hotline() as hotline:
        hotline.control.script(DISPATCH, Answers(after_s=5.0, presses=((3.0, "1"),)))
        call = await leak_caller(hotline)
        await hotline.pass_s(45)
        duty = hotline.control.legs[DISPATCH][0]
        assert duty.heard[0] == "leak.duty"
        assert [(bridge.a, bridge.b) for bridge in call.bridges] == [(call.first_leg, duty)]
        assert hotline.control.rung == [LEAD, DISPATCH]


async def test_an_answering_machine_presses_nothing_and_the_next_is_rung() -> None:
    async with Hotline() as hotline:
        hotline.control.script(LEAD, Answers(after_s=2.0))
        hotline.control.script(DISPATCH, Answers(after_s=2.0, presses=((1.0, "1"),)))
        call = await leak_caller(hotline)
        await hotline.pass_s(50)
        assert hotline.control.legs[LEAD][0].hung_up_by_us
        assert call.bridges[0].b is hotline.control.legs[DISPATCH][0]


async def test_a_seat_that_becomes_free_while_the_chain_rings_wins() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0, hangs_up_after_s=30))
        await hotline.ring("13800000001")
        await hotline.pass_s(10)
        hotline.control.script("8001", Answers(after_s=2.0))
        leak = await leak_caller(hotline, "13800000002")
        await hotline.pass_s(35)
        assert leak.bridges[0].b is hotline.control.legs["8001"][1]
        duty_rings = [ring for ring in hotline.control.rings if ring.name in {LEAD, DISPATCH}]
        assert duty_rings[-1].outcome == "CANCELLED"


async def test_a_duty_person_who_answered_too_late_is_released_when_the_seat_wins() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=13.0))
        hotline.control.script(LEAD, Answers(after_s=1.0))
        leak = await leak_caller(hotline)
        await hotline.pass_s(25)
        assert leak.bridges[0].b is hotline.control.legs["8001"][0]
        assert hotline.control.legs[LEAD][0].hung_up_by_us


async def test_a_caller_who_hangs_up_is_handed_to_the_rescue_desk_with_number_and_recording() -> None:
    async with Hotline() as hotline:
        call = await leak_caller(hotline)
        await hotline.pass_s(15)
        call.first_leg.hang_up()
        await hotline.pass_s(1)
        (rescue,) = hotline.store.tables["rescue_calls"].values()
        assert rescue.number == call.first_leg.number
        assert rescue.recording == call.recordings[0]
        assert rescue.case_number == "RX20261124-0001"
        assert rescue.found_by == "按键1"
        assert [topic for topic, _ in hotline.store.events] == ["alert"]
        assert hotline.control.rings[-1].outcome == "CANCELLED"


async def test_the_hand_over_waits_for_a_store_that_is_away() -> None:
    async with Hotline() as hotline:
        hotline.cases.fails = 3
        call = await leak_caller(hotline)
        call.first_leg.hang_up()
        await hotline.pass_s(20)
        assert len(hotline.rescue_calls) == 1
        assert len(hotline.cases.intakes) == 1


async def test_a_fault_of_ours_does_not_hang_up_on_the_caller() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        real, faults = hotline.seats.wait, [RuntimeError("a mistake in the program")]

        async def wait(*given: Any, **named: Any) -> Any:
            if faults:
                raise faults.pop()
            return await real(*given, **named)

        hotline.seats.wait = wait  # type: ignore[method-assign]
        call = await leak_caller(hotline)
        await hotline.pass_s(20)
        assert (faults, call.first_leg.cause, len(call.bridges)) == ([], None, 1)


async def test_the_rescue_desk_gets_the_number_even_if_no_case_could_be_made() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", NEVER)

        async def broken(intake: Any) -> str:
            raise RuntimeError("a mistake in the program")

        hotline.cases.open = broken  # type: ignore[method-assign]
        call = await leak_caller(hotline)
        call.first_leg.hang_up()
        await hotline.pass_s(5)
        (lost,) = hotline.store.tables["rescue_calls"].values()
        assert (lost.number, lost.case_number) == (call.first_leg.number, None)


async def test_who_is_just_asked_to_take_the_call_hears_that_the_caller_is_gone() -> None:
    async with Hotline() as hotline:
        hotline.control.script(LEAD, Answers(after_s=2.0))
        call = await leak_caller(hotline)
        await hotline.pass_s(13)
        call.first_leg.hang_up()
        await hotline.pass_s(5)
        assert hotline.control.legs[LEAD][0].heard[-1] == "leak.caller_gone"
        assert hotline.control.legs[LEAD][0].hung_up_by_us


async def test_who_spoke_to_a_person_is_not_on_the_desks_list() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await leak_caller(hotline)
        await hotline.pass_s(30)
        call.first_leg.hang_up()
        await hotline.pass_s(1)
        assert hotline.rescue_calls == []
        assert hotline.state("8001") == "wrap_up"


async def test_we_do_not_hang_up_when_the_staff_do_and_1_connects_again() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0, hangs_up_after_s=40), Answers(after_s=1.0))
        call = await leak_caller(hotline)
        await hotline.pass_s(50)
        assert call.first_leg.cause is None
        assert call.first_leg.heard[-1] == "leak.staff_left"
        await hotline.pass_s(600)
        assert call.first_leg.cause is None
        call.first_leg.press("1")
        await hotline.pass_s(8)
        assert len(call.bridges) == 2


async def test_a_dropped_line_is_connected_again_without_asking() -> None:
    async with Hotline("8001", "8002") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        hotline.control.script("8002", Answers(after_s=1.0))
        call = await leak_caller(hotline)
        await hotline.pass_s(30)
        hotline.control.legs["8001"][0].hang_up(Cause.MEDIA_LOST)
        await hotline.pass_s(8)
        assert "leak.dropped" in call.first_leg.heard
        assert len(call.bridges) == 2


async def test_with_a_dead_trunk_the_chain_is_tried_on_without_hammering_it() -> None:
    async with Hotline(leak_rules=LeakRules(duty_chain=CHAIN[:1])) as hotline:
        hotline.control.script(LEAD, Answers(after_s=0.0, refuses=Cause.NO_ROUTE))
        call = await leak_caller(hotline)
        await hotline.pass_s(30)
        assert 8 <= len(hotline.control.rings) <= 12
        assert call.first_leg.cause is None


async def test_with_an_empty_chain_the_caller_stays_and_gets_the_next_seat() -> None:
    async with Hotline("8001", leak_rules=LeakRules()) as hotline:
        await hotline.seats.sign_out("8001", by="8001")
        call = await leak_caller(hotline)
        await hotline.pass_s(300)
        assert call.first_leg.cause is None
        hotline.control.script("8001", Answers(after_s=1.0))
        await hotline.seats.sign_in("8001", by="8001")
        await hotline.pass_s(5)
        assert len(call.bridges) == 1


async def test_a_callback_may_enter_the_lane_with_its_live_leg() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("13800009999", Answers(after_s=1.0))
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.control.new_call(purpose="callback")

        async def callback(_: object) -> None:
            leg = await call.originate(ShortCodeTarget("13800009999"), caller_id="96556", ring_s=30)
            await hotline.leak_lane.run(call, leg, "回访中的安全词:漏气")

        hotline.tasks.append(hotline.control.run(call, callback))
        await hotline.pass_s(10)
        assert call.bridges[0].a is hotline.control.legs["13800009999"][0]
        assert "回访中的安全词" in hotline.cases.intakes[0].demand


async def test_the_staff_are_released_at_once_when_the_caller_hangs_up() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        hotline.cases.fails = 6
        call = await leak_caller(hotline)
        await hotline.pass_s(15)
        call.first_leg.hang_up()
        await hotline.pass_s(0.1)
        assert hotline.control.legs["8001"][0].hung_up_by_us, "although the case is still being made"
        assert hotline.state("8001") == "wrap_up"
