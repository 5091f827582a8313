"""Nobody can try passwords fast, and nobody can lock somebody else out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.sign_in_limits import Attempt, BucketRules, SignInLimiter, SignInRules

pytestmark = pytest.mark.unit

RULES = SignInRules(trusted=BucketRules(3, 10), name=BucketRules(5, 60), source=BucketRules(8, 30))


def _fail(limiter: SignInLimiter, attempt: Attempt, times: int, now_s: float = 0) -> None:
    for _ in range(times):
        limiter.charge(attempt, now_s)


def test_a_name_attacked_from_everywhere_stays_open_to_its_owner() -> None:
    limiter = SignInLimiter(RULES)
    owner = Attempt("li", "10.0.0.5")
    limiter.charge(owner, 0)
    limiter.succeeded(owner, 0)
    for number in range(1000):
        limiter.charge(Attempt("li", f"203.0.113.{number}"), 1)
    assert limiter.wait_s(Attempt("li", "203.0.113.1"), 1) > 0
    assert limiter.wait_s(owner, 1) == 0
    assert limiter.wait_s(Attempt("li", "198.51.100.9", device="mark"), 1) == 0


def test_an_address_that_tries_many_names_waits_and_trusted_people_behind_it_do_not() -> None:
    limiter = SignInLimiter(RULES)
    limiter.succeeded(Attempt("li", "10.0.0.5"), 0)
    for number in range(8):
        limiter.charge(Attempt(f"name{number}", "10.0.0.5"), 0)
    assert limiter.wait_s(Attempt("new", "10.0.0.5"), 0) == 30
    assert limiter.wait_s(Attempt("li", "10.0.0.5"), 0) == 0


def test_a_trusted_place_waits_for_its_own_failures() -> None:
    limiter = SignInLimiter(RULES)
    here = Attempt("li", "10.0.0.5", device="mark")
    _fail(limiter, here, 3)
    assert limiter.wait_s(here, 0) == 10
    assert limiter.wait_s(here, 10) == 0


def test_success_costs_nothing_however_often() -> None:
    limiter = SignInLimiter(RULES)
    for number in range(300):  # a shift begins, all behind one address
        attempt = Attempt(f"agent{number}", "10.0.0.5")
        assert limiter.wait_s(attempt, 0) == 0
        limiter.charge(attempt, 0)
        limiter.succeeded(attempt, 0)


def test_attempts_at_once_are_counted_before_any_has_failed() -> None:
    limiter = SignInLimiter(RULES)
    attempt = Attempt("li", "203.0.113.1")
    open_ = 0
    for _ in range(100):
        if limiter.wait_s(attempt, 0) == 0:
            open_ += 1
            limiter.charge(attempt, 0)
    assert open_ == RULES.name.failures


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from("abc"), st.sampled_from("xyz")), max_size=60))
def test_the_guesses_let_through_never_exceed_the_rule(attempts: list[tuple[float, str, str]]) -> None:
    limiter = SignInLimiter(RULES)
    now_s, through = 0.0, dict.fromkeys("abc", 0)
    for after_s, name, source in attempts:
        now_s += after_s
        attempt = Attempt(name, source)
        if limiter.wait_s(attempt, now_s) == 0:
            through[name] += 1
            limiter.charge(attempt, now_s)
    most = RULES.name.failures + now_s / RULES.name.refill_s
    assert all(count <= most + 1e-6 for count in through.values())


@given(st.integers(1, 40))
def test_the_wait_it_tells_is_the_wait_it_keeps(failures: int) -> None:
    limiter = SignInLimiter(RULES)
    attempt = Attempt("li", "203.0.113.1")
    _fail(limiter, attempt, failures)
    wait_s = limiter.wait_s(attempt, 0)
    assert limiter.wait_s(attempt, wait_s + 1e-6) == 0
    if wait_s > 1:
        assert limiter.wait_s(attempt, wait_s - 1) > 0


def test_tables_are_bounded() -> None:
    limiter = SignInLimiter(RULES, entries=100)
    for number in range(1000):
        attempt = Attempt(f"n{number}", f"s{number}")
        limiter.charge(attempt, 0)
        limiter.succeeded(attempt, 0)
    assert len(limiter._buckets) <= 102 and len(limiter._known) == 100
