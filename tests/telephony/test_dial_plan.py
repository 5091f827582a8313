"""The dial plan: first matching row decides; an unknown number has none."""

import pytest

from telephony.dial_plan import HOTLINE_PLAN, DialPlan, PlanAction, PlanRow

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("dialled", ["96556", "053296556", "53296556"])
def test_the_hotlines_number_reaches_reception_from_everywhere(dialled: str) -> None:
    for from_trunk in (True, False):
        row = HOTLINE_PLAN.decide(dialled, from_trunk=from_trunk).row
        assert row is not None
        assert row.action is PlanAction.HOTLINE


def test_a_phone_code_is_only_for_registered_phones() -> None:
    assert HOTLINE_PLAN.decide("*11", from_trunk=True).row is None
    row = HOTLINE_PLAN.decide("*11", from_trunk=False).row
    assert row is not None
    assert row.action is PlanAction.PHONE_CODE


def test_an_unknown_number_is_refused_with_the_reason() -> None:
    decision = HOTLINE_PLAN.decide("96557", from_trunk=True)
    assert decision.row is None
    assert decision.reason == "no row of the dial plan matches"


def test_the_first_matching_row_decides_and_must_match_the_whole_number() -> None:
    plan = DialPlan((PlanRow("1000", PlanAction.WAIT), PlanRow("1.*", PlanAction.SEAT, seat="8001", from_phones=False)))
    assert plan.decide("10001", from_trunk=True).row == plan.rows[1]
    assert plan.decide("1000", from_trunk=True).row == plan.rows[0]
    assert "not for registered phones" in plan.decide("1555", from_trunk=False).reason
