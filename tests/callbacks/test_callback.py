"""One callback's states and moves."""

from datetime import date, timedelta

import pytest

from callbacks.callback import TRANSITIONS, Callback, CallbackState, Move
from callbacks.contact_caps import SurveyState
from callbacks.errors import CallbackMoveRefused, CallbackTaken
from callbacks.plan import REFUSES, CallbackPlan
from callbacks.windows import Channel, WindowException
from tests.fakes.clock import MORNING
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

LATER = MORNING + timedelta(minutes=30)
PLAN = CallbackPlan(Channel.SMS, 4, MORNING, LATER, 13, "求助件有手机号,短信问卷")


@pytest.fixture
def callback() -> Callback:
    made = Callback(
        id="cb-1",
        case_number="RX20261124-0031",
        phone=PhoneNumber.parse("13800001234"),
        phone_key="k" * 64,
        matter="不热",
        reported_on=date(2026, 11, 20),
        checked_at=MORNING,
        created_at=MORNING,
    )
    made.take_plan(PLAN, MORNING)
    return made


def test_nothing_leads_out_of_a_final_state() -> None:
    assert not [state for state, _ in TRANSITIONS if state.is_final]


def test_every_state_can_be_reached() -> None:
    assert set(TRANSITIONS.values()) == set(CallbackState)


def test_a_plan_that_asks_nobody_ends_it(callback: Callback) -> None:
    callback.take_plan(CallbackPlan(Channel.NONE, 9, MORNING, MORNING, 1, "咨询、表扬件不回访"), MORNING)
    assert (callback.state, callback.finished_at) == (CallbackState.NOT_NEEDED, MORNING)


def test_a_plan_for_who_refused_before_ends_it_and_waits_for_approval(callback: Callback) -> None:
    callback.take_plan(CallbackPlan(Channel.NONE, 9, MORNING, MORNING, 2, REFUSES), MORNING)
    assert (callback.state, callback.needs_approval) == (CallbackState.REFUSED, True)


def test_a_survey_is_sent_delivered_and_answered(callback: Callback) -> None:
    callback.send("sms-1", "0031", MORNING, LATER)
    assert (callback.state, callback.survey) == (CallbackState.SENDING, SurveyState.OPEN)
    callback.delivered(MORNING, LATER)
    callback.answer("满意", LATER)
    assert (callback.state, callback.rating, callback.rated_at) == (CallbackState.DONE, "满意", LATER)


def test_a_refused_move_says_where_it_stands(callback: Callback) -> None:
    callback.answer("满意", MORNING)
    with pytest.raises(CallbackMoveRefused) as refused:
        callback.lease(Move.CLAIM, "0007", MORNING, LATER)
    assert (refused.value.state, refused.value.move) == ("done", "领取")


def test_each_lease_has_a_higher_number_and_only_its_holder_passes(callback: Callback) -> None:
    first = callback.lease(Move.CLAIM, "0007", MORNING, LATER)
    callback.release()
    second = callback.lease(Move.CLAIM, "0007", MORNING, LATER)
    assert second == first + 1
    callback.check_lease("0007", second)
    with pytest.raises(CallbackTaken):
        callback.check_lease("0007", first)
    with pytest.raises(CallbackTaken):
        callback.check_lease("0008")


def test_a_new_plan_ends_the_lease_and_the_exception(callback: Callback) -> None:
    callback.call_at_once("短信回复含安全词", WindowException.SAFETY_CHECK, MORNING, timedelta(minutes=10))
    assert (callback.channel, callback.priority, callback.due_at) == (
        Channel.HUMAN,
        0,
        MORNING + timedelta(minutes=10),
    )
    callback.lease(Move.CLAIM, "0007", MORNING, LATER)
    callback.take_plan(PLAN, MORNING)
    assert (callback.lease_holder, callback.window_exception) == (None, None)


def test_a_cancelled_callback_says_why(callback: Callback) -> None:
    callback.cancel("工单已作废", LATER)
    assert (callback.state, callback.reason, callback.finished_at) == (CallbackState.CANCELLED, "工单已作废", LATER)
