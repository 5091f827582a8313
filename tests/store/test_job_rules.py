"""When a job is tried again, and when it is given up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.job_rules import JobState, MustWait, Raised, RetryRules, Succeeded, decide

pytestmark = pytest.mark.unit
RULES = RetryRules(failures=4, first_pause_s=5, longest_pause_s=15)


def test_pauses_double_up_to_the_longest_and_then_the_job_is_given_up() -> None:
    decisions = [decide(Raised("no line"), failures=failures, rules=RULES) for failures in range(4)]
    assert [(d.state, d.pause_s) for d in decisions] == [
        (JobState.WAITING, 5), (JobState.WAITING, 10), (JobState.WAITING, 15), (JobState.FAILED, 0),
    ]  # fmt: skip
    assert decisions[-1].reason == "given up after 4 failures: no line"


@given(st.integers(0, 1000), st.floats(0, 1e6))
def test_waiting_is_never_counted_as_failure(failures: int, again_after_s: float) -> None:
    decision = decide(MustWait("no recogniser", again_after_s), failures=failures, rules=RULES)
    assert (decision.state, decision.failures, decision.pause_s) == (JobState.WAITING, failures, again_after_s)


@given(st.integers(0, 1000))
def test_success_ends_it_whatever_went_before(failures: int) -> None:
    assert decide(Succeeded(), failures=failures, rules=RULES).state is JobState.DONE
