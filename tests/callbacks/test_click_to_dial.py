"""Click-to-dial in memory: agent first, then the user, bridged and recorded."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from callbacks.callback import Callback, Move
from callbacks.click_to_dial import ClickToDial, Dialled
from callbacks.contact_lock import LEASE, RENEW_EVERY_S
from callbacks.errors import CallbackTaken, OutsideWindow, SeatOccupied
from callbacks.plan import CallbackPlan
from callbacks.planning import CallbackPolicy, Planner
from callbacks.windows import CallbackCalendar, Channel, WindowException
from seats.errors import SeatUnknown
from seats.routing import Offer
from seats.seat import Seat, SeatState
from telephony.causes import Cause
from telephony.ports import CallFailed
from tests.fakes.call_control import BUSY, NEVER, Answers, FakeCallControl
from tests.fakes.callback_cases import FakeCases
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.hearing import NamedPrompts
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.unit

USER = PhoneNumber.parse("13800001234")


@dataclass
class FakeQueue:
    renewed: list[str] = field(default_factory=list)

    async def renew(self, callback_id: str, staff: str) -> datetime:
        self.renewed.append(callback_id)
        return MORNING


class FakeSeats:
    """Seats by account, with the real states; what is not here is no seat."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.seats: dict[str, Seat] = {}

    def signed_in(self, account: str) -> Seat:
        seat = self.seats[account] = Seat(account, "0007")
        seat.sign_in(at=self.clock.now())
        return seat

    def state(self, account: str) -> SeatState:
        return self.seats[account].state

    async def occupy(self, account: str, *, call_id: str, by: str) -> Offer:
        if account not in self.seats:
            raise SeatUnknown(account)
        seat, now = self.seats[account], self.clock.now()
        before = seat.state
        seat.reserve("out", at=now, until=now + LEASE)
        seat.answer(at=now, until=now + LEASE)
        return Offer("out", call_id, 1, account, "0007", 1, before, "席位外呼")

    async def take_break(self, account: str, *, by: str) -> None:
        self.seats[account].take_break("小休", at=self.clock.now())

    async def ended(self, offer: Offer) -> None:
        self.seats[offer.account].end(at=self.clock.now(), wrap_up=timedelta(seconds=30))


class FakeUnit:
    def __init__(self, callback: Callback) -> None:
        self.callbacks = SimpleNamespace(get=self._get)
        self._callback = callback

    async def _get(self, callback_id: str) -> Callback:
        return self._callback

    async def __aenter__(self) -> "FakeUnit":
        return self

    async def __aexit__(self, *error: Any) -> None:
        return None


class Office:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.control = FakeCallControl(self.clock)
        self.queue = FakeQueue()
        self.seats = FakeSeats(self.clock)
        self.cases = FakeCases(PhoneKeyer(b"k" * 32))
        self.callback = Callback(
            id="cb-1",
            case_number="RX20261124-0031",
            phone=USER,
            phone_key="k" * 64,
            matter="不热",
            reported_on=date(2026, 11, 20),
            checked_at=MORNING,
            created_at=MORNING,
        )
        self.callback.take_plan(CallbackPlan(Channel.HUMAN, 1, MORNING, MORNING + timedelta(hours=7), 5, ""), MORNING)
        self.callback.lease(Move.CLAIM, "0007", MORNING, MORNING + LEASE)
        self.dialling = ClickToDial(
            control=self.control,
            queue=self.queue,  # type: ignore[arg-type]
            uow_factory=lambda: FakeUnit(self.callback),  # type: ignore[arg-type]
            cases=self.cases,
            planner=Planner(CallbackPolicy(), CallbackCalendar(), self.clock),
            prompts=NamedPrompts(),
            clock=self.clock,
            seats=self.seats,
        )

    def dial(self, staff: str = "0007") -> "asyncio.Task[Dialled]":
        return asyncio.create_task(self.dialling.dial("cb-1", staff, "6001"))


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    yield Office()


async def test_the_agent_is_rung_first_then_the_user_and_both_are_bridged_and_recorded(office: Office) -> None:
    office.control.script("6001", Answers(after_s=2.0))
    office.control.script(USER.national, Answers(after_s=5.0, hangs_up_after_s=60.0))
    talk = office.dial()
    await office.clock.run_for(20.0)
    assert office.control.rung == ["6001", USER.national]
    (call,) = office.control.calls
    agent, user = call.legs
    assert [(bridge.a, bridge.b) for bridge in call.bridges] == [(user, agent)]
    assert call.recorded_leg is user
    assert user.heard == ["callback.person_calling"]
    await office.clock.run_for(60.0)
    dialled = talk.result()
    assert (dialled.call_id, dialled.reached, dialled.cause) == (call.id, True, Cause.NORMAL)
    assert dialled.talked_s == pytest.approx(58.0)
    assert agent.hung_up_by_us


@pytest.mark.parametrize(("line", "cause"), [(NEVER, Cause.NO_ANSWER), (BUSY, Cause.BUSY)])
async def test_a_user_who_does_not_answer_is_told_with_the_cause(office: Office, line: Answers, cause: Cause) -> None:
    office.control.script("6001", Answers(after_s=1.0))
    office.control.script(USER.national, line)
    talk = office.dial()
    await office.clock.run_for(60.0)
    assert (talk.result().reached, talk.result().cause) == (False, cause)
    assert all(leg.cause is not None for leg in office.control.calls[0].legs)


async def test_an_agents_phone_that_stays_silent_rings_no_user(office: Office) -> None:
    office.control.script("6001", NEVER)
    talk = office.dial()
    await office.clock.run_for(30.0)
    with pytest.raises(CallFailed):
        talk.result()
    assert office.control.rung == ["6001"]


async def test_an_agent_who_hangs_up_while_it_rings_cancels_the_user(office: Office) -> None:
    office.control.script("6001", Answers(after_s=1.0, hangs_up_after_s=5.0))
    office.control.script(USER.national, NEVER)
    talk = office.dial()
    await office.clock.run_for(10.0)
    assert (talk.result().reached, talk.result().cause) == (False, Cause.CANCELLED)
    assert office.control.rings[-1].outcome == "CANCELLED"


async def test_claim_and_lock_are_renewed_while_they_talk(office: Office) -> None:
    office.control.script("6001", Answers(after_s=1.0))
    office.control.script(USER.national, Answers(after_s=1.0, hangs_up_after_s=RENEW_EVERY_S * 2.5))
    talk = office.dial()
    await office.clock.run_for(RENEW_EVERY_S * 3)
    assert talk.done()
    assert office.queue.renewed == ["cb-1", "cb-1"]


async def test_only_who_has_claimed_it_may_dial(office: Office) -> None:
    with pytest.raises(CallbackTaken):
        await office.dial("0008")


async def test_no_call_begins_outside_the_windows(office: Office) -> None:
    office.clock.set_to(datetime(2026, 11, 24, 4, 0, tzinfo=UTC))  # noon
    with pytest.raises(OutsideWindow) as refused:
        await office.dial()
    assert refused.value.opens_at == datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


async def test_a_danger_is_verified_at_any_hour(office: Office) -> None:
    office.callback.window_exception = WindowException.SAFETY_CHECK
    office.clock.set_to(datetime(2026, 11, 24, 15, 0, tzinfo=UTC))  # 23:00
    office.control.script("6001", Answers(after_s=1.0, hangs_up_after_s=2.0))
    talk = office.dial()
    await office.clock.run_for(10.0)
    assert office.control.rung == ["6001", USER.national]
    assert talk.done()


async def test_a_reporters_number_is_asked_of_the_cases_only_when_a_person_dials(office: Office) -> None:
    office.callback.phone = None
    office.cases.phones[office.callback.case_number] = PhoneNumber.parse("13900005678")
    office.control.script("6001", Answers(after_s=1.0))
    talk = office.dial()
    await office.clock.run_for(60.0)
    assert office.control.rung == ["6001", "13900005678"]
    assert talk.done()


async def test_no_caller_is_offered_to_a_seat_that_calls_back_and_wrap_up_follows(office: Office) -> None:
    office.seats.signed_in("6001")
    office.control.script("6001", Answers(after_s=1.0))
    office.control.script(USER.national, Answers(after_s=1.0, hangs_up_after_s=10.0))
    talk = office.dial()
    await office.clock.run_for(5.0)
    assert office.seats.state("6001") is SeatState.TALKING
    await office.clock.run_for(30.0)
    assert talk.result().reached
    assert office.seats.state("6001") is SeatState.WRAP_UP


async def test_who_calls_back_from_a_break_goes_on_with_the_break(office: Office) -> None:
    office.seats.signed_in("6001").take_break("小休", at=office.clock.now())
    office.control.script("6001", NEVER)
    talk = office.dial()
    await office.clock.run_for(30.0)
    assert isinstance(talk.exception(), CallFailed)
    assert office.seats.state("6001") is SeatState.BREAK


async def test_a_seat_that_talks_cannot_call_back_and_no_phone_rings(office: Office) -> None:
    office.seats.signed_in("6001")
    await office.seats.occupy("6001", call_id="a caller's", by="0007")
    with pytest.raises(SeatOccupied, match="通话"):
        await office.dial()
    assert office.control.rung == []
    assert office.seats.state("6001") is SeatState.TALKING


async def test_a_seat_where_nobody_is_signed_in_just_calls(office: Office) -> None:
    office.seats.signed_in("6001").sign_out("", at=office.clock.now())
    office.control.script("6001", Answers(after_s=1.0, hangs_up_after_s=2.0))
    talk = office.dial()
    await office.clock.run_for(10.0)
    assert talk.result().cause is Cause.CANCELLED
    assert office.seats.state("6001") is SeatState.OFFLINE
