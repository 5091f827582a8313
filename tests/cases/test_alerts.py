"""H1, H2 and H3 of domain rules §4 fire at their figures and not before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cases.alerts import AlertLevel, judge_alerts
from cases.duplicates import Demand
from cases.master_data import Source

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
COLD = Demand("Z", Source.PHONE, NOW, phone_key="z", matter="HEAT_NONE", place_key="甲|0|0|0", community_key="甲")
LEAK = replace(COLD, matter="GAS_LEAK", is_emergency=True)


def others(like: Demand, count: int, *, community: str = "甲", minutes: int = 20) -> list[Demand]:
    return [
        replace(like, number=f"{community}{n}", phone_key=f"{community}{n}", community_key=community,
                place_key=f"{community}|{n}|1|1", opened_at=NOW - timedelta(minutes=minutes))
        for n in range(count)
    ]  # fmt: skip


def rules(new: Demand, known: list[Demand], **given: bool) -> list[str]:
    return [alert.rule for alert in judge_alerts(new, known, NOW, **given)]


def test_h1_five_cold_households_of_one_community_in_half_an_hour() -> None:
    assert rules(COLD, others(COLD, 3)) == []
    (alert,) = judge_alerts(COLD, others(COLD, 4), NOW)
    assert (alert.rule, alert.level, alert.place, alert.households) == ("H1", AlertLevel.YELLOW, "甲", 5)
    assert alert.cases[-1] == "Z"
    assert rules(COLD, others(COLD, 4, minutes=31)) == []


def test_h2_twenty_households_or_three_hot_communities_in_an_hour() -> None:
    assert rules(COLD, others(COLD, 19, community="乙", minutes=59)) == ["H2"]
    assert rules(COLD, others(COLD, 18, community="乙", minutes=59)) == []
    three = [*others(COLD, 4), *others(COLD, 5, community="乙"), *others(COLD, 5, community="丙")]
    assert rules(COLD, three) == ["H2", "H1"]


def test_h3_three_leaks_on_one_road_or_one_with_injury_or_fire() -> None:
    assert rules(LEAK, others(LEAK, 1)) == []
    assert rules(LEAK, others(LEAK, 2)) == ["H3"]
    (alert,) = judge_alerts(LEAK, [], NOW, is_hurt_or_burning=True)
    assert (alert.level, alert.reason) == (AlertLevel.RED, "有人受伤或着火")


def test_other_matters_raise_no_alert() -> None:
    bill = replace(COLD, matter="HEAT_BILL")
    assert rules(bill, others(bill, 30)) == []
