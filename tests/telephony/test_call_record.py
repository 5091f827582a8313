"""The journal in memory keeps one closing record a call."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from telephony.call_record import CallRecord, MemoryJournal, RecordingBegan
from telephony.causes import Cause
from telephony.ports import Direction
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
OPEN = CallRecord(
    "c1", "inbound", Direction.INBOUND, None, "unicom", "96556", PhoneNumber("+8613800001234"), "k", setup_at=NOON
)  # fmt: skip


def test_a_record_prints_its_number_masked() -> None:
    assert "13800001234" not in repr(OPEN)


def test_a_call_is_open_until_it_is_closed_and_closed_once() -> None:
    journal = MemoryJournal()
    journal.opened(OPEN)
    journal.recording_began(RecordingBegan("r1", "c1", "l1", NOON))
    assert list(journal.open) == ["c1"]
    journal.closed(replace(OPEN, cause=Cause.NORMAL))
    journal.closed(replace(OPEN, cause=Cause.BUSY, again=True))
    assert journal.open == {}
    assert [record.cause for record in journal.records] == [Cause.BUSY]
    assert [each.recording for each in journal.recordings] == ["r1"]
