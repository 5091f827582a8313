"""Who is let in when the machine fills up."""

import pytest

from telephony.admission import Load, admit
from telephony.causes import Cause
from telephony.ports import Admission

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("calls", "served"), [(0, Admission.FULL), (89, Admission.FULL), (90, Admission.NARROW), (99, Admission.NARROW)]
)
def test_from_ninety_percent_on_a_caller_only_hears_the_leak_announcement(calls: int, served: Admission) -> None:
    assert admit(Load(calls, 100), from_trunk=True).admission is served


def test_a_full_machine_refuses_a_trunk_with_503_and_no_retry_after_so_that_the_leak_lane_stays_open() -> None:
    decision = admit(Load(100, 100), from_trunk=True)
    assert (decision.admission, decision.cause, decision.retry_after_s) == (None, Cause.OVERLOADED, None)
    assert decision.cause is not None
    assert decision.cause.sip_status == 503
    assert "100 of 100" in decision.reason


def test_a_full_machine_tells_a_registered_phone_when_to_try_again() -> None:
    assert admit(Load(100, 100), from_trunk=False).retry_after_s == 10


def test_a_stopping_server_takes_no_call_even_when_it_is_empty() -> None:
    assert admit(Load(0, 100, stopping=True), from_trunk=True).cause is Cause.SHUT_DOWN


def test_a_machine_for_one_call_serves_it_fully() -> None:
    assert admit(Load(0, 1), from_trunk=True).admission is Admission.FULL
