"""A person's file grows by what is said and decides who may call back."""

from datetime import UTC, datetime

import pytest

from cases.person import Person
from tests.fakes.cases_made import MOBILE

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def person(**given: object) -> Person:
    return Person("01", MOBILE, "k" * 64, NOW, **given)  # type: ignore[arg-type]


def test_emptiness_overwrites_nothing() -> None:
    wang = person(name="王女士", address="延吉路12号")
    wang.learn(name="", address="延安三路20号", household_no="H7")
    assert (wang.name, wang.address, wang.household_no) == ("王女士", "延安三路20号", "H7")


@pytest.mark.parametrize(
    ("given", "elderly"),
    [({"birth_year": 1956}, True), ({"birth_year": 1957}, False), ({"is_elderly": True}, True), ({}, False)],
)
def test_seventy_years_or_a_mark_make_a_person_elderly(given: dict[str, object], elderly: bool) -> None:
    assert person(**given).facts(NOW).is_elderly is elderly


def test_a_person_prints_its_number_masked() -> None:
    assert "13800001234" not in repr(person())
