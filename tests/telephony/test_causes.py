"""Causes: each has a status, a Q.850 value and a sentence; answers of the network are read into them."""

import pytest

from telephony.causes import Cause, cause_of_bye, cause_of_response

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_can_be_said_on_the_wire_and_to_people(cause: Cause) -> None:
    assert 200 <= cause.sip_status < 700
    assert 1 <= cause.q850 <= 127
    assert cause.sentence


@pytest.mark.parametrize(
    ("status", "q850", "cause"),
    [
        (486, None, Cause.BUSY),
        (480, 20, Cause.NOT_REGISTERED),
        (500, 1, Cause.NOT_FOUND),
        (480, None, Cause.NO_ANSWER),
        (480, 16, Cause.NO_ANSWER),
        (404, None, Cause.NOT_FOUND),
        (599, None, Cause.TRUNK_FAILED),
        (699, None, Cause.REFUSED),
        (408, None, Cause.TIMED_OUT),
        (487, None, Cause.CANCELLED),
        (503, 42, Cause.OVERLOADED),
        (486, 99, Cause.BUSY),
    ],
)
def test_a_refusal_is_read_by_the_exchanges_own_word_first_then_by_its_status(
    status: int, q850: int | None, cause: Cause
) -> None:
    assert cause_of_response(status, q850) is cause


@pytest.mark.parametrize(
    ("q850", "cause"), [(None, Cause.NORMAL), (16, Cause.NORMAL), (17, Cause.BUSY), (120, Cause.NORMAL)]
)
def test_a_bye_is_normal_unless_its_reason_says_otherwise(q850: int | None, cause: Cause) -> None:
    assert cause_of_bye(q850) is cause
