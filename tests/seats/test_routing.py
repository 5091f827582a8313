from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seats.queue import EntryState, Lane, QueueEntry, in_order
from seats.routing import choose_offers
from seats.seat import Seat, SeatState

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def seat(
    account: str, state: SeatState = SeatState.FREE, idle_s: float = 10, skills: frozenset[str] = frozenset()
) -> Seat:
    since = NOW - timedelta(seconds=idle_s)
    return Seat(account, account[-3:], skills=skills, state=state, since=since, free_since=since, version=3)


def caller(name: str, waited_s: float = 5, lane: Lane = Lane.NORMAL, skill: str | None = None) -> QueueEntry:
    return QueueEntry(name, f"call-{name}", lane, NOW - timedelta(seconds=waited_s), skill=skill)


def pairs(queue: list[QueueEntry], seats: list[Seat]) -> list[tuple[str, str]]:
    return [(offer.entry_id, offer.account) for offer in choose_offers(queue, seats, NOW)]


def test_the_seat_that_has_been_free_longest_takes_the_caller_who_came_first() -> None:
    seats = [seat("8001", idle_s=10), seat("8002", idle_s=300)]
    assert pairs([caller("late", 5), caller("early", 50)], seats) == [("early", "8002"), ("late", "8001")]


def test_the_offer_says_why_and_what_it_saw() -> None:
    (offer,) = choose_offers([caller("a")], [seat("8001", idle_s=75)], NOW)
    assert offer.reason == "空闲最久(75秒)"
    assert (offer.seat_version, offer.taken_from, offer.attempt, offer.id) == (3, SeatState.FREE, 1, "a/1")


@pytest.mark.parametrize("state", [state for state in SeatState if state is not SeatState.FREE])
def test_an_ordinary_caller_gets_free_seats_only(state: SeatState) -> None:
    assert pairs([caller("a")], [seat("8001", state)]) == []


@pytest.mark.parametrize("state", [SeatState.WRAP_UP, SeatState.BREAK])
def test_a_leak_caller_may_take_a_seat_in_wrap_up_or_on_break(state: SeatState) -> None:
    (offer,) = choose_offers([caller("a", lane=Lane.LEAK)], [seat("8001", state)], NOW)
    assert offer.reason == f"燃气泄漏优先,占用{state.sentence}席"


@pytest.mark.parametrize("state", [SeatState.TALKING, SeatState.RINGING, SeatState.OFFLINE])
def test_a_leak_caller_takes_no_seat_that_talks_rings_or_is_away(state: SeatState) -> None:
    assert pairs([caller("a", lane=Lane.LEAK)], [seat("8001", state)]) == []


def test_a_leak_caller_takes_a_free_seat_before_a_break_is_interrupted() -> None:
    seats = [seat("8001", SeatState.BREAK, 900), seat("8002", SeatState.WRAP_UP, 30), seat("8003", idle_s=1)]
    queue = [caller("normal", 60), caller("leak", 1, Lane.LEAK), caller("leak2", 0, Lane.LEAK)]
    assert pairs(queue, seats) == [("leak", "8003"), ("leak2", "8002")]


def test_who_leaves_a_message_is_offered_nothing_meanwhile() -> None:
    paused = caller("a", 50)
    paused.state = EntryState.PAUSED
    assert pairs([paused, caller("b", 5)], [seat("8001")]) == [("b", "8001")]


def test_a_seat_that_refused_this_caller_is_offered_the_next() -> None:
    refused = caller("a", 50)
    refused.rest("8001", until=NOW + timedelta(seconds=10))
    assert pairs([refused, caller("b", 5)], [seat("8001")]) == [("b", "8001")]


def test_a_wanted_skill_is_found_even_if_others_were_free_longer() -> None:
    seats = [seat("8001", idle_s=100), seat("8002", idle_s=1, skills=frozenset({"gas"}))]
    assert pairs([caller("a", skill="gas")], seats) == [("a", "8002")]
    assert pairs([caller("a", skill="heat")], seats) == []


seats_of_a_day = st.lists(
    st.builds(seat, st.sampled_from(["8001", "8002", "8003", "8004"]), st.sampled_from(SeatState), st.integers(0, 900)),
    unique_by=lambda each: each.account,
)
queues = st.lists(
    st.builds(caller, st.text("abcdef", min_size=1, max_size=3), st.integers(0, 600), st.sampled_from(Lane)),
    unique_by=lambda each: each.id,
)


@given(queues, seats_of_a_day)
def test_nobody_is_offered_twice_and_nobody_who_could_be_served_is_passed_over(
    queue: list[QueueEntry], seats: list[Seat]
) -> None:
    offers = choose_offers(queue, seats, NOW)
    assert len({offer.account for offer in offers}) == len(offers) == len({offer.entry_id for offer in offers})
    taken = {offer.account for offer in offers}
    served = {offer.entry_id for offer in offers}
    for waiting in in_order(queue):
        if waiting.id in served:
            continue
        able = {SeatState.FREE} if waiting.lane is Lane.NORMAL else {SeatState.FREE, SeatState.WRAP_UP, SeatState.BREAK}
        assert all(each.account in taken for each in seats if each.state in able)
