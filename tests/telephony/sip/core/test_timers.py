import pytest

from telephony.sip.core.timers import SipTimers, Timer

pytestmark = pytest.mark.unit


def test_the_lengths_of_rfc_3261_table_4() -> None:
    timers = SipTimers()
    assert (timers.t1_s, timers.t2_s, timers.t4_s, timers.d_s, timers.give_up_s) == (0.5, 4.0, 5.0, 32.0, 32.0)


def test_a_longer_round_trip_stretches_the_time_outs() -> None:
    assert SipTimers(t1_s=1.0).give_up_s == 64.0


def test_every_timer_says_what_it_is_for() -> None:
    assert len({timer.value for timer in Timer}) == len(Timer)
