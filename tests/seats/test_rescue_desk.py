from datetime import UTC, datetime, timedelta

import pytest

from seats.rescue_desk import CallsBackUsedUp, RescueCall

pytestmark = pytest.mark.unit

LOST = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


def test_calls_back_are_counted_with_who_made_them() -> None:
    rescue = RescueCall("id", "call", None, LOST, "按键1")
    rescue.call_back("desk", at=LOST + timedelta(minutes=30))
    assert (rescue.calls_back, rescue.handled_by, rescue.last_call_back_at) == (1, "desk", LOST + timedelta(minutes=30))


def test_after_30_minutes_nobody_calls_back_any_more() -> None:
    rescue = RescueCall("id", "call", None, LOST, "按键1")
    with pytest.raises(CallsBackUsedUp):
        rescue.call_back("desk", at=LOST + timedelta(minutes=30, seconds=1))
    assert rescue.calls_back == 0
