"""Ticks by absolute deadlines, on a loop whose time stands where the test puts it."""

from collections.abc import Callable
from typing import Any

import pytest

from telephony.media.io.pacer import Pacer

pytestmark = pytest.mark.unit


class FakeLoop:
    """Time and timers of an event loop."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.due: tuple[float, Callable[[], None]] | None = None

    def time(self) -> float:
        return self.now_s

    def call_at(self, when_s: float, call: Callable[[], None]) -> Any:
        self.due = (when_s, call)
        return self

    def cancel(self) -> None:
        self.due = None

    def run_to(self, now_s: float) -> None:
        """Time jumps to ``now_s``; everything due runs then."""
        self.now_s = max(self.now_s, now_s)
        while self.due and self.due[0] <= self.now_s + 1e-9:
            _, call = self.due
            call()


def paced() -> tuple[FakeLoop, Pacer, list[float], list[float]]:
    loop, ticks, skips = FakeLoop(), [], []
    pacer = Pacer(loop, lambda: ticks.append(loop.now_s), lambda: skips.append(loop.now_s))  # type: ignore[arg-type]
    pacer.start()
    return loop, pacer, ticks, skips


def test_a_tick_that_begins_late_does_not_move_the_ones_after_it() -> None:
    loop, pacer, ticks, _ = paced()
    loop.run_to(1000.029)
    assert loop.due and loop.due[0] == pytest.approx(1000.040)
    loop.run_to(1000.040)
    assert len(ticks) == 2
    assert pacer.late_max_s == pytest.approx(0.009)


def test_ticks_missed_in_a_short_stall_are_made_up_for() -> None:
    loop, pacer, ticks, skips = paced()
    loop.run_to(1000.081)
    assert (len(ticks), skips, pacer.ticks_skipped) == (4, [], 0)


def test_ticks_missed_in_a_long_stall_are_left_out_and_counted() -> None:
    loop, pacer, ticks, skips = paced()
    loop.run_to(1002.0)
    assert len(ticks) <= 2
    assert len(skips) == 1
    assert pacer.ticks_skipped + len(ticks) == pytest.approx(100, abs=1)
    loop.run_to(1002.1)
    assert pacer.ticks_skipped + len(ticks) == pytest.approx(105, abs=1)


def test_stop_ends_it() -> None:
    loop, pacer, ticks, _ = paced()
    pacer.stop()
    loop.run_to(1001.0)
    assert ticks == []
