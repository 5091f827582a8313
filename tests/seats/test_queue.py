from datetime import UTC, datetime, timedelta

import pytest

from seats.queue import EntryState, Lane, LeaveReason, QueueEntry, in_order, position

pytestmark = pytest.mark.unit

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def entry(name: str, after_s: float, lane: Lane = Lane.NORMAL, state: EntryState = EntryState.WAITING) -> QueueEntry:
    return QueueEntry(name, f"call-{name}", lane, NINE + timedelta(seconds=after_s), state=state)


def test_who_came_first_is_first_but_a_leak_goes_before_all() -> None:
    queue = [entry("b", 2), entry("a", 1), entry("leak", 9, Lane.LEAK), entry("c", 3)]
    assert [each.id for each in in_order(queue)] == ["leak", "a", "b", "c"]


def test_the_position_counts_who_rings_and_who_leaves_a_message() -> None:
    queue = [entry("a", 1, state=EntryState.OFFERED), entry("b", 2, state=EntryState.PAUSED), entry("c", 3)]
    assert position(queue, "c") == 3


def test_who_left_has_no_position_and_holds_up_nobody() -> None:
    gone = entry("a", 1)
    gone.leave(LeaveReason.HUNG_UP, at=NINE)
    queue = [gone, entry("b", 2)]
    assert position(queue, "a") is None
    assert position(queue, "b") == 1


def test_only_the_first_reason_for_leaving_counts() -> None:
    caller = entry("a", 0)
    caller.leave(LeaveReason.ANSWERED, at=NINE + timedelta(seconds=7))
    caller.leave(LeaveReason.HUNG_UP, at=NINE + timedelta(seconds=99))
    assert (caller.state, caller.left_reason) == (EntryState.ANSWERED, "席位接听")
    assert caller.waited_s(at=NINE + timedelta(seconds=500)) == 7


def test_a_seat_that_refused_rests_for_this_caller_only_so_long() -> None:
    caller = entry("a", 0)
    caller.rest("8001", until=NINE + timedelta(seconds=30))
    assert caller.rests("8001", at=NINE + timedelta(seconds=29))
    assert not caller.rests("8001", at=NINE + timedelta(seconds=30))
    assert not caller.rests("8002", at=NINE)
