from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from seats.errors import SeatMoveRefused
from seats.seat import TRANSITIONS, Seat, SeatEvent, SeatState, Wish

pytestmark = pytest.mark.unit

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
WRAP_UP = timedelta(seconds=20)


def later(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def free_seat() -> Seat:
    seat = Seat("8001", "001")
    seat.sign_in(at=NINE)
    return seat


def ringing_seat() -> Seat:
    seat = free_seat()
    seat.reserve("entry", at=later(10), until=later(40))
    return seat


def talking_seat() -> Seat:
    seat = ringing_seat()
    seat.answer(at=later(12), until=later(72))
    return seat


def test_every_state_but_offline_can_be_left_and_every_state_can_be_reached() -> None:
    assert {state for state, _ in TRANSITIONS} == set(SeatState)
    assert set(TRANSITIONS.values()) == set(SeatState)


def test_only_a_round_makes_a_seat_ring() -> None:
    assert {event for (_, event), after in TRANSITIONS.items() if after is SeatState.RINGING} == {SeatEvent.RESERVE}


def test_signing_in_makes_a_seat_free_from_that_moment() -> None:
    seat = free_seat()
    assert (seat.state, seat.since, seat.free_since) == (SeatState.FREE, NINE, NINE)


def test_a_seat_that_talks_cannot_be_reserved() -> None:
    with pytest.raises(SeatMoveRefused) as refused:
        talking_seat().reserve("other", at=later(20), until=later(50))
    assert refused.value.sentence == "坐席当前为“通话”,不能进行此操作"


def test_an_offline_seat_takes_no_break() -> None:
    with pytest.raises(SeatMoveRefused):
        Seat("8001", "001").take_break("小休", at=NINE)


def test_an_offer_taken_back_leaves_the_seat_its_turn() -> None:
    seat = ringing_seat()
    seat.withdraw(at=later(15), wrap_up=WRAP_UP)
    assert (seat.state, seat.free_since, seat.entry_id) == (SeatState.FREE, NINE, None)


def test_a_refusal_puts_the_seat_last_in_turn() -> None:
    seat = ringing_seat()
    seat.refuse(at=later(15))
    assert (seat.state, seat.free_since) == (SeatState.FREE, later(15))


def test_a_break_interrupted_by_the_leak_lane_goes_on_with_its_reason() -> None:
    seat = free_seat()
    seat.take_break("用餐", at=later(1))
    seat.reserve("entry", at=later(2), until=later(32))
    seat.withdraw(at=later(5), wrap_up=WRAP_UP)
    assert (seat.state, seat.reason) == (SeatState.BREAK, "用餐")


def test_a_wrap_up_interrupted_by_the_leak_lane_begins_anew() -> None:
    seat = talking_seat()
    seat.end(at=later(60), wrap_up=WRAP_UP)
    seat.reserve("leak", at=later(65), until=later(95))
    seat.withdraw(at=later(70), wrap_up=WRAP_UP)
    assert (seat.state, seat.until) == (SeatState.WRAP_UP, later(90))


def test_a_missed_call_puts_the_seat_on_break_with_the_reason() -> None:
    seat = ringing_seat()
    seat.miss(at=later(25), break_after_missed=True)
    assert (seat.state, seat.reason, seat.missed_in_a_row) == (SeatState.BREAK, "振铃未接", 1)


def test_without_that_setting_a_missed_call_leaves_the_seat_free_and_last() -> None:
    seat = ringing_seat()
    seat.miss(at=later(25), break_after_missed=False)
    assert (seat.state, seat.free_since, seat.missed_in_a_row) == (SeatState.FREE, later(25), 1)


def test_an_answer_forgets_missed_calls() -> None:
    seat = ringing_seat()
    seat.miss(at=later(25), break_after_missed=False)
    seat.reserve("second", at=later(30), until=later(60))
    seat.answer(at=later(32), until=later(92))
    assert seat.missed_in_a_row == 0


def test_without_wrap_up_the_seat_is_free_at_once() -> None:
    seat = talking_seat()
    seat.end(at=later(60), wrap_up=timedelta(0))
    assert (seat.state, seat.free_since) == (SeatState.FREE, later(60))


@pytest.mark.parametrize(
    ("wish", "state"), [(Wish.BREAK, SeatState.BREAK), (Wish.SIGN_OUT, SeatState.OFFLINE)], ids=["break", "sign-out"]
)
def test_what_staff_ask_for_during_a_call_happens_after_it(wish: Wish, state: SeatState) -> None:
    seat = talking_seat()
    if wish is Wish.BREAK:
        seat.take_break("小休", at=later(20))
    else:
        seat.sign_out("下班", at=later(20))
    assert (seat.state, seat.wish) == (SeatState.TALKING, wish)
    seat.end(at=later(60), wrap_up=WRAP_UP)
    assert (seat.state, seat.wish) == (state, Wish.NONE)


def test_a_wish_can_be_taken_back_before_the_call_ends() -> None:
    seat = talking_seat()
    seat.sign_out("下班", at=later(20))
    seat.become_free(at=later(30))
    seat.end(at=later(60), wrap_up=WRAP_UP)
    assert seat.state is SeatState.WRAP_UP


def test_nothing_times_out_before_its_time() -> None:
    seat = ringing_seat()
    assert not seat.time_out(at=later(39), wrap_up=WRAP_UP)
    assert seat.state is SeatState.RINGING


def test_a_lease_that_ran_out_frees_the_seat_of_a_dead_server() -> None:
    seat = ringing_seat()
    assert seat.time_out(at=later(40), wrap_up=WRAP_UP)
    assert seat.state is SeatState.FREE
    seat = talking_seat()
    assert seat.time_out(at=later(72), wrap_up=WRAP_UP)
    assert (seat.state, seat.until) == (SeatState.WRAP_UP, later(92))
    assert seat.time_out(at=later(92), wrap_up=WRAP_UP)
    assert seat.state is SeatState.FREE


class OneSeatsDay(RuleBasedStateMachine):
    """Anything may happen in any order; the seat is never stuck and never serves two callers."""

    @initialize()
    def arrive(self) -> None:
        self.now = NINE
        self.seat = Seat("8001", "001")
        self.entries = 0

    @rule(seconds=st.integers(1, 120))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.seat.time_out(at=self.now, wrap_up=WRAP_UP)

    @rule(act=st.sampled_from(["in", "out", "break", "free"]))
    def staff_act(self, act: str) -> None:
        before = self.seat.state
        try:
            match act:
                case "in":
                    self.seat.sign_in(at=self.now)
                case "out":
                    self.seat.sign_out("签出", at=self.now)
                case "break":
                    self.seat.take_break("小休", at=self.now)
                case _:
                    self.seat.become_free(at=self.now)
        except SeatMoveRefused:
            assert self.seat.state is before, "a refused move changes nothing"

    @precondition(lambda self: self.seat.state in {SeatState.FREE, SeatState.BREAK, SeatState.WRAP_UP})
    @rule()
    def a_round_takes_it(self) -> None:
        self.entries += 1
        self.seat.reserve(f"entry-{self.entries}", at=self.now, until=self.now + timedelta(seconds=30))

    @precondition(lambda self: self.seat.state is SeatState.RINGING)
    @rule(end=st.sampled_from(["answer", "withdraw", "refuse", "miss", "no phone"]))
    def the_ringing_ends(self, end: str) -> None:
        match end:
            case "answer":
                self.seat.answer(at=self.now, until=self.now + timedelta(seconds=60))
            case "withdraw":
                self.seat.withdraw(at=self.now, wrap_up=WRAP_UP)
            case "refuse":
                self.seat.refuse(at=self.now)
            case "miss":
                self.seat.miss(at=self.now, break_after_missed=True)
            case _:
                self.seat.lose_phone(at=self.now)

    @precondition(lambda self: self.seat.state is SeatState.TALKING)
    @rule()
    def the_talk_ends(self) -> None:
        self.seat.end(at=self.now, wrap_up=WRAP_UP)

    @invariant()
    def it_serves_a_caller_exactly_while_it_rings_or_talks(self) -> None:
        assert (self.seat.entry_id is not None) == (self.seat.state in {SeatState.RINGING, SeatState.TALKING})

    @invariant()
    def it_is_never_stuck(self) -> None:
        ends_by_itself = self.seat.state in {SeatState.RINGING, SeatState.TALKING, SeatState.WRAP_UP}
        assert (self.seat.until is not None) == ends_by_itself

    @invariant()
    def a_wish_is_open_only_during_a_call(self) -> None:
        assert self.seat.wish is Wish.NONE or self.seat.state in {SeatState.RINGING, SeatState.TALKING}

    @invariant()
    def who_is_free_has_a_turn(self) -> None:
        assert self.seat.state is not SeatState.FREE or self.seat.free_since is not None


TestOneSeatsDay = OneSeatsDay.TestCase


@given(st.sampled_from(SeatState), st.sampled_from(SeatEvent))
def test_a_move_that_the_table_does_not_list_is_refused(state: SeatState, event: SeatEvent) -> None:
    seat = Seat("8001", "001", state=state)
    if (state, event) in TRANSITIONS:
        seat._move(event, NINE)
        assert seat.state is TRANSITIONS[state, event]
    else:
        with pytest.raises(SeatMoveRefused):
            seat._move(event, NINE)
