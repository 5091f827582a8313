"""The rows of domain rules §2.5, each by its number, from the top."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cases.duplicates import Demand, DuplicateAction, find_duplicate
from cases.master_data import Source, Urgency

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
NEW = Demand("", Source.PHONE, NOW, phone_key="wang", matter="HEAT_LOW_TEMP", place_key="浮山后四小区|3|1|502",
             community_key="浮山后四小区", urgency=Urgency.P2)  # fmt: skip


def known(number: str = "A", *, ago: timedelta = timedelta(days=3), **given: object) -> Demand:
    return replace(NEW, number=number, opened_at=NOW - ago, **given)  # type: ignore[arg-type]


def found(new: Demand, *cases: Demand) -> tuple[int, DuplicateAction, str]:
    finding = find_duplicate(new, cases, NOW)
    return finding.row, finding.action, finding.main


def test_row_1_a_danger_never_joins_and_is_only_linked() -> None:
    danger = replace(NEW, matter="GAS_LEAK", is_emergency=True)
    finding = find_duplicate(danger, [replace(danger, number="A", opened_at=NOW - timedelta(minutes=10))], NOW)
    assert (finding.row, finding.action, finding.related) == (1, DuplicateAction.LINK, ("A",))


def test_row_1_comes_before_every_other() -> None:
    danger = replace(NEW, is_emergency=True, source=Source.CITY_HOTLINE)
    assert found(danger, known())[0] == 1


def test_row_2_a_forwarded_item_keeps_its_own_number_and_hangs_on_the_open_case() -> None:
    forwarded = replace(NEW, source=Source.CITY_HOTLINE, phone_key="hotline")
    assert found(forwarded, known(phone_key="wang")) == (2, DuplicateAction.FORWARD_LINK, "A")
    assert found(NEW, known(source=Source.CITY_HOTLINE)) == (2, DuplicateAction.FORWARD_LINK, "A")


def test_row_2_wants_the_same_matter() -> None:
    forwarded = replace(NEW, source=Source.CITY_HOTLINE)
    assert found(forwarded, known(matter="HEAT_REFUND"))[0] == 0


@pytest.mark.parametrize("days", [0, 3, 200])
def test_row_3_the_same_user_and_matter_joins_an_open_case_however_old(days: int) -> None:
    assert found(NEW, known(ago=timedelta(days=days))) == (3, DuplicateAction.REMIND, "A")


def test_row_3_knows_a_household_by_its_number_too() -> None:
    new = replace(NEW, phone_key="son", household_no="H7", place_key="")
    assert found(new, known(household_no="H7", phone_key="wang")) == (3, DuplicateAction.REMIND, "A")


def test_row_3_joins_the_oldest_of_several() -> None:
    assert found(NEW, known("B", ago=timedelta(days=1)), known("A"))[2] == "A"


def test_row_3_never_joins_a_danger() -> None:
    assert found(NEW, known(is_emergency=True))[0] != 3


def test_row_4_a_repeat_within_thirty_days_of_the_archive_is_new_and_marked() -> None:
    archived = known(archived_at=NOW - timedelta(days=30))
    assert found(NEW, archived) == (4, DuplicateAction.MARK, "A")
    assert found(NEW, replace(archived, archived_at=NOW - timedelta(days=30, seconds=1)))[0] == 0


def test_row_5_the_same_door_by_another_number_is_a_hint() -> None:
    assert found(NEW, known(phone_key="son", ago=timedelta(hours=47))) == (5, DuplicateAction.HINT, "A")
    assert found(NEW, known(phone_key="son", ago=timedelta(hours=49)))[0] == 0


def neighbours(count: int) -> list[Demand]:
    return [
        known(
            f"N{n}", ago=timedelta(minutes=29, seconds=-10 * n), phone_key=f"p{n}", place_key=f"浮山后四小区|{n}|1|101"
        )
        for n in range(count)
    ]


def test_row_6_the_fifth_household_of_a_community_makes_them_all_urgent() -> None:
    assert found(NEW, *neighbours(3))[0] == 0
    finding = find_duplicate(NEW, neighbours(4), NOW)
    assert (finding.row, finding.raises, len(finding.related)) == (6, True, 4)


def test_row_6_touches_only_those_not_urgent_yet_and_the_oldest_that_stands_for_all() -> None:
    urgent = [replace(case, urgency=Urgency.P1) for case in neighbours(30)]
    finding = find_duplicate(NEW, [*urgent[:-1], replace(urgent[-1], urgency=Urgency.P2)], NOW)
    assert (finding.main, finding.related) == ("N0", ("N0", "N29"))


def test_row_6_counts_households_not_calls() -> None:
    cases = [replace(case, place_key="浮山后四小区|1|1|101") for case in neighbours(6)]
    assert found(NEW, *cases)[0] == 0


def test_row_6_forgets_after_half_an_hour() -> None:
    cases = [replace(case, opened_at=NOW - timedelta(minutes=31)) for case in neighbours(4)]
    assert found(NEW, *cases)[0] == 0


def test_without_a_matter_nothing_is_the_same() -> None:
    assert found(replace(NEW, matter=None), known(matter=None))[0] == 0


def test_a_void_case_is_passed_over() -> None:
    assert found(NEW, known(is_void=True))[0] == 0
