"""Figures of a run."""

import os

import pytest

from benchmarks.figures import children_of, cpu_s, machine_busy_s, percentile, pss_mb, usage

pytestmark = pytest.mark.unit


def test_percentiles_are_by_nearest_rank() -> None:
    numbers = [float(number) for number in range(1, 101)]
    assert [percentile(numbers, percent) for percent in (1, 50, 99, 100)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([7.0], 50) == 7.0
    assert percentile([], 50) is None


def test_a_process_and_what_it_spent_are_seen() -> None:
    spent = cpu_s(os.getpid())
    sum(range(2_000_000))
    assert cpu_s(os.getpid()) >= spent > 0
    assert pss_mb(os.getpid()) > 5
    assert os.getpid() in children_of(os.getpid())
    assert machine_busy_s() > 0


def test_usage_adds_up_by_role() -> None:
    seen = usage({os.getpid(): "server", 2**22 + 1: "media"})
    assert set(seen.by_role) == {"server", "media"}
    assert seen.by_role["media"] == 0.0
    assert seen.total_s == seen.by_role["server"]
