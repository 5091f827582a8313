"""A shifted clock jumps with its file; an absent or broken file means no shift."""

from datetime import timedelta
from pathlib import Path

import pytest

from vocabulary.clock import ShiftedClock, SystemClock

pytestmark = pytest.mark.unit


def test_the_offset_in_the_file_is_added(tmp_path: Path) -> None:
    file = tmp_path / "offset"
    file.write_text("3600")
    ahead = ShiftedClock(file).now() - SystemClock().now()
    assert timedelta(minutes=59) < ahead < timedelta(minutes=61)


@pytest.mark.parametrize("content", [None, "soon"])
def test_an_absent_or_unreadable_offset_is_no_shift(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "offset"
    if content is not None:
        file.write_text(content)
    assert abs(ShiftedClock(file).now() - SystemClock().now()) < timedelta(seconds=5)


def test_time_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
