import pytest

from seats.short_codes import AccountCalls, ShortCode, read_short_code
from telephony.causes import Cause
from telephony.ports import Call
from tests.fakes.call_control import Answers, FakeCall
from tests.fakes.hotline import FakePrompts, Hotline

pytestmark = pytest.mark.unit


class Desk:
    """Phones that dial, over a hotline with the seat 8001 signed in."""

    def __init__(self, hotline: Hotline) -> None:
        self.hotline = hotline
        self.reached_hotline: list[Call] = []
        self.calls = AccountCalls(
            hotline.seats, FakePrompts().file, hotline=self._hotline_call, hotline_numbers=frozenset({"96556"})
        )
        hotline.control.on_account_call(self.calls.run)

    async def _hotline_call(self, call: Call) -> None:
        self.reached_hotline.append(call)

    async def dial(self, digits: str, account: str = "8001") -> FakeCall:
        call = self.hotline.control.inbound(None, dialled=digits, account=account)
        self.hotline.tasks.append(self.hotline.control.run(call))
        await self.hotline.pass_s(3)
        return call


def test_the_codes_are_read_and_nothing_else_is() -> None:
    assert [read_short_code(code) for code in ("*11", "*12", "*13", "*14")] == list(ShortCode)
    assert read_short_code("*15") is None
    assert read_short_code("11") is None


async def test_a_day_at_the_seat_by_short_codes() -> None:
    async with Hotline("8001") as hotline:
        desk = Desk(hotline)
        heard = []
        for code, state in (("*14", "offline"), ("*11", "free"), ("*12", "break"), ("*13", "free")):
            call = await desk.dial(code)
            heard += call.first_leg.heard
            assert hotline.state("8001") == state
            assert call.first_leg.hung_up_by_us
        assert heard == ["seat.signed_out", "seat.signed_in", "seat.on_break", "seat.now_free"]
        assert ("8001", "seat.sign_in", "seat 8001") in hotline.store.audits


async def test_a_move_that_the_state_does_not_allow_is_said() -> None:
    async with Hotline("8001") as hotline:
        desk = Desk(hotline)
        await desk.dial("*14")
        assert (await desk.dial("*12")).first_leg.heard == ["seat.refused"]


async def test_a_break_during_a_call_is_noted_for_afterwards() -> None:
    async with Hotline("8001") as hotline:
        desk = Desk(hotline)
        hotline.control.script("8001", Answers(after_s=1.0))
        talk = await hotline.ring()
        await hotline.pass_s(10)
        assert (await desk.dial("*12")).first_leg.heard == ["seat.after_call"]
        talk.first_leg.hang_up()
        await hotline.pass_s(1)
        assert hotline.state("8001") == "break"


async def test_a_phone_that_is_no_seat_is_told_so() -> None:
    async with Hotline("8001") as hotline:
        desk = Desk(hotline)
        assert (await desk.dial("*11", account="user")).first_leg.heard == ["seat.not_a_seat"]


async def test_the_hotlines_number_reaches_the_hotline() -> None:
    async with Hotline("8001") as hotline:
        desk = Desk(hotline)
        call = await desk.dial("96556")
        assert desk.reached_hotline == [call]


async def test_an_unknown_number_is_refused_with_404() -> None:
    async with Hotline("8001") as hotline:
        desk = Desk(hotline)
        call = await desk.dial("*99")
        assert call.first_leg.cause is Cause.NOT_FOUND
        assert call.first_leg.heard == []


async def test_an_emergency_number_is_rung_at_once_bridged_and_recorded() -> None:
    async with Hotline("8001") as hotline:
        desk = Desk(hotline)
        hotline.control.script("119", Answers(after_s=1.0))
        call = await desk.dial("119")
        assert hotline.control.rung == ["119"]
        assert call.bridges[0].b is hotline.control.legs["119"][0]
        assert call.recorded_leg is call.first_leg


async def test_an_emergency_number_that_is_not_reached_ends_with_its_cause() -> None:
    async with Hotline("8001") as hotline:
        desk = Desk(hotline)
        hotline.control.script("110", Answers(after_s=0.5, refuses=Cause.NO_ROUTE))
        call = await desk.dial("110")
        assert call.first_leg.cause is Cause.NO_ROUTE
