from datetime import UTC, datetime, timedelta

import pytest

from seats.missed_calls import MissedKind, due_at

pytestmark = pytest.mark.unit

NIGHT = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", MissedKind)
def test_a_message_is_heard_within_3_minutes_and_anybody_else_called_back_within_30(kind: MissedKind) -> None:
    minutes = 3 if kind is MissedKind.MESSAGE else 30
    assert due_at(kind, NIGHT) == NIGHT + timedelta(minutes=minutes)
