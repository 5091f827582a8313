"""Case numbers carry the business day and a sequence."""

from datetime import UTC, date, datetime

import pytest

from cases.numbering import business_day, case_number, is_case_number

pytestmark = pytest.mark.unit


def test_the_day_is_the_day_in_shanghai() -> None:
    assert business_day(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == date(2026, 11, 24)
    assert business_day(datetime(2026, 11, 23, 15, 59, tzinfo=UTC)) == date(2026, 11, 23)


def test_the_sequence_has_four_digits_or_more() -> None:
    assert case_number(date(2026, 11, 24), 31) == "RX20261124-0031"
    assert case_number(date(2026, 11, 24), 12_345, prefix="RQ") == "RQ20261124-12345"


@pytest.mark.parametrize(
    ("text", "is_one"), [("RX20261124-0031", True), ("RX20261124", False), ("rx20261124-0031", False)]
)
def test_a_number_is_known_by_its_shape(text: str, is_one: bool) -> None:
    assert is_case_number(text) is is_one
