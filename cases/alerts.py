"""Hot events: H1 to H3 of domain rules §4, as pure rows. What to send and whom to call is somebody else's work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from cases.duplicates import Demand, household

HEAT_MATTERS = frozenset({"HEAT_NONE", "HEAT_LEAK", "HEAT_LOW_TEMP"})
"""不热、漏水; a low temperature in many homes at once is the same failure."""
H1_WITHIN, H1_HOUSEHOLDS = timedelta(minutes=30), 5
H2_WITHIN, H2_HOUSEHOLDS, H2_COMMUNITIES = timedelta(minutes=60), 20, 3
H3_WITHIN, H3_CASES = timedelta(minutes=30), 3


class AlertLevel(Enum):
    """预警级别."""

    YELLOW = "黄"
    ORANGE = "橙"
    RED = "红"


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule that fired.

    Attributes:
        rule: ``H1``, ``H2`` or ``H3``.
        place: community or road, "" for several.
        cases: numbers, oldest first.
        action: what §4 asks for.
    """

    rule: str
    level: AlertLevel
    place: str
    matter: str
    households: int
    cases: tuple[str, ...]
    reason: str
    action: str


def judge_alerts(
    new: Demand, known: Sequence[Demand], now: datetime, *, is_hurt_or_burning: bool = False
) -> list[Alert]:
    """Every rule that fires with this new demand, most severe first.

    Args:
        new: with its number.
        known: the cases of the last hour of the same matter, the new one not among them.
        is_hurt_or_burning: somebody was hurt, or it burns (H3 by itself).
    """
    cases = sorted([*(case for case in known if case.number != new.number), new], key=lambda case: case.opened_at)
    cases = [case for case in cases if case.matter == new.matter and not case.is_void]
    found = [_h3(new, cases, now, is_hurt_or_burning), _h2(new, cases, now), _h1(new, cases, now)]
    return [alert for alert in found if alert is not None]


def _recent(cases: Sequence[Demand], now: datetime, within: timedelta) -> list[Demand]:
    return [case for case in cases if now - case.opened_at <= within]


def _h1(new: Demand, cases: Sequence[Demand], now: datetime) -> Alert | None:
    if new.matter not in HEAT_MATTERS or not new.community_key:
        return None
    same = [case for case in _recent(cases, now, H1_WITHIN) if case.community_key == new.community_key]
    homes = len({household(case) for case in same})
    if homes < H1_HOUSEHOLDS:
        return None
    return Alert("H1", AlertLevel.YELLOW, new.community_key, new.matter, homes, tuple(case.number for case in same),
                 f"同一小区 30 min {homes} 户", "通知责任单位和班长;拟好公告,班长批准后播")  # fmt: skip


def _h2(new: Demand, cases: Sequence[Demand], now: datetime) -> Alert | None:
    if new.matter not in HEAT_MATTERS:
        return None
    same = _recent(cases, now, H2_WITHIN)
    homes = len({household(case) for case in same})
    hot_places = {
        place
        for place in {case.community_key for case in same if case.community_key}
        if len({household(case) for case in same if case.community_key == place}) >= H1_HOUSEHOLDS
    }
    if homes < H2_HOUSEHOLDS and len(hot_places) < H2_COMMUNITIES:
        return None
    return Alert("H2", AlertLevel.ORANGE, "、".join(sorted(hot_places)), new.matter, homes,
                 tuple(case.number for case in same), f"60 min {homes} 户、{len(hot_places)} 个热点小区",
                 "热线预警短信发负责人、分公司;播公告")  # fmt: skip


def _h3(new: Demand, cases: Sequence[Demand], now: datetime, is_hurt_or_burning: bool) -> Alert | None:
    if new.matter != "GAS_LEAK":
        return None
    same = [
        case for case in _recent(cases, now, H3_WITHIN) if new.community_key and case.community_key == new.community_key
    ]
    if len(same) < H3_CASES and not is_hurt_or_burning:
        return None
    why = "有人受伤或着火" if is_hurt_or_burning else f"同一路段 30 min {len(same)} 起泄漏"
    numbers = tuple(case.number for case in same) or (new.number,)
    return Alert("H3", AlertLevel.RED, new.community_key, "GAS_LEAK", len({household(case) for case in same}),
                 numbers, why, "1 min 内电话加短信,上报集团,启动应急")  # fmt: skip
