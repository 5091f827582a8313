from datetime import timedelta

import pytest

from seats.rules import SeatRules

pytestmark = pytest.mark.unit


def test_a_reservation_outlasts_the_ringing_so_that_an_answer_at_the_last_moment_counts() -> None:
    rules = SeatRules(ring_s=15, offer_lease_margin_s=15)
    assert rules.offer_lease == timedelta(seconds=30)


def test_a_lease_bears_two_failed_renewals() -> None:
    rules = SeatRules()
    assert rules.talk_lease >= timedelta(seconds=3 * rules.renew_every_s)


def test_spans_follow_the_settings() -> None:
    rules = SeatRules(wrap_up_s=20, refusal_rest_s=7)
    assert (rules.wrap_up, rules.refusal_rest) == (timedelta(seconds=20), timedelta(seconds=7))
