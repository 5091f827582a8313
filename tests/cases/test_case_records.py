"""The parts of a case that only grow."""

from datetime import timedelta

import pytest

from cases.case_records import FIRST_HASH, CaseEvent, Feedback, Timer
from tests.fakes.cases_made import NOW

pytestmark = pytest.mark.unit


def timer(**given: bool) -> Timer:
    return Timer("RX", "T_close", NOW, NOW + timedelta(hours=1), "§2.3", **given)


def test_a_paused_clock_moves_its_limit_by_the_pause() -> None:
    clock = timer()
    clock.pause(NOW)
    clock.pause(NOW + timedelta(minutes=5))  # still the first pause
    clock.resume(NOW + timedelta(minutes=10))
    clock.resume(NOW + timedelta(minutes=20))  # runs already
    assert clock.due_at == NOW + timedelta(hours=1, minutes=10)


def test_natural_hours_and_stopped_clocks_are_not_paused() -> None:
    natural, stopped = timer(is_natural=True), timer()
    stopped.stopped_at = NOW
    for clock in (natural, stopped):
        clock.pause(NOW)
        assert clock.paused_at is None


def test_a_seal_covers_every_part_of_an_entry() -> None:
    entry = CaseEvent("RX", 1, NOW, "li", "AGENT", "save", "ACCEPTED", "SORTED", "因", {"a": 1})
    seal = entry.sealed(FIRST_HASH)
    assert seal == entry.sealed(FIRST_HASH) != entry.sealed("1" * 64)
    for name, value in {"by": "wu", "reason": "果", "detail": {"a": 2}, "to_state": "VOID", "sequence": 2}.items():
        before = getattr(entry, name)
        setattr(entry, name, value)
        assert entry.sealed(FIRST_HASH) != seal
        setattr(entry, name, before)


def test_a_feedback_reads_in_one_line() -> None:
    assert Feedback("甲", "zhao", NOW, "孙师傅", None, "排气", "已热").summary == "孙师傅;排气;已热"
    assert Feedback("甲", "zhao", NOW).summary == ""
