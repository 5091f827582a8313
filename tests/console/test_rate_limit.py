"""Each source has a bucket of its own; the table is bounded."""

import pytest

from console.rate_limit import RateLimit

pytestmark = pytest.mark.unit


def test_a_burst_is_let_through_and_then_paced() -> None:
    limit = RateLimit(per_second=2, burst=3)
    assert [limit.wait_s("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.wait_s("a", 0.5) == 0
    assert limit.wait_s("a", 0.5) > 0


def test_refused_requests_do_not_lengthen_the_wait() -> None:
    limit = RateLimit(per_second=1, burst=1)
    limit.wait_s("a", 0.0)
    assert [limit.wait_s("a", 0.5) for _ in range(50)] == [0.5] * 50
    assert limit.wait_s("a", 1.0) == 0


def test_one_source_does_not_slow_another() -> None:
    limit = RateLimit(per_second=1, burst=1)
    assert limit.wait_s("a", 0.0) == 0
    assert limit.wait_s("b", 0.0) == 0


def test_a_quiet_source_saves_no_more_than_a_burst() -> None:
    limit = RateLimit(per_second=100, burst=2)
    limit.wait_s("a", 0.0)
    assert [limit.wait_s("a", 1000.0) > 0 for _ in range(3)] == [False, False, True]


def test_the_table_forgets_who_has_been_quiet_for_longest() -> None:
    limit = RateLimit(per_second=0.001, burst=1, sources=2)
    for source in ("a", "b", "c"):
        assert limit.wait_s(source, 0.0) == 0
    assert limit.wait_s("c", 0.0) > 0
    assert limit.wait_s("a", 0.0) == 0, "forgotten, so it begins anew"
