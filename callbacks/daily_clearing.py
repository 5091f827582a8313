"""日结日清: is everybody asked who was to be asked today? Domain rules §3.1 (coverage) and §3.4, pure.

应回访 = 当日通过预审 − #1 − #2; 应回访 = 有效回访 + 在途 + 批准顺延 + 未联系上(经批准) + 用户拒访. What is left
over was neither done nor approved: it is listed, case by case.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum


class Standing(Enum):
    """Where one callback stands at the end of a day; the value is shown to people."""

    NOT_NEEDED = "不回访"
    EFFECTIVE = "有效回访"
    UNDER_WAY = "在途"  # SMS delivered, put off by an approved plan
    DEFERRED = "批准顺延"
    UNREACHED = "未联系上"  # approved
    REFUSED = "用户拒访"  # with the user's words
    OPEN = "未清"


@dataclass(frozen=True, slots=True)
class ClearingItem:
    """One callback due on the day.

    Attributes:
        answered: rated by the user; a survey without reply is no answer.
        survey_delivered: an SMS was delivered and still has time.
        approved: the person in charge approved the deferral or the 未联系上.
    """

    callback_id: str
    case_number: str
    rule_number: int
    not_needed: bool = False
    answered: bool = False
    survey_delivered: bool = False
    deferred_to: datetime | None = None
    unreached: bool = False
    refused: bool = False
    approved: bool = False


def standing(item: ClearingItem) -> Standing:
    """Where it stands; the user's own answer counts before everything else."""
    if item.not_needed:
        return Standing.NOT_NEEDED
    if item.answered:
        return Standing.EFFECTIVE
    if item.refused:
        return Standing.REFUSED
    if item.unreached:
        return Standing.UNREACHED if item.approved else Standing.OPEN
    if item.deferred_to is not None and item.approved:
        return Standing.DEFERRED
    return Standing.UNDER_WAY if item.survey_delivered else Standing.OPEN


@dataclass(frozen=True, slots=True)
class DailyClearing:
    """The equation of one day, each number with the callbacks behind it."""

    day: date
    callbacks: dict[Standing, tuple[str, ...]]

    def count(self, which: Standing) -> int:
        """How many stand so."""
        return len(self.callbacks.get(which, ()))

    @property
    def to_be_asked(self) -> int:
        """应回访."""
        return sum(len(ids) for which, ids in self.callbacks.items() if which is not Standing.NOT_NEEDED)

    @property
    def uncleared(self) -> tuple[str, ...]:
        """Neither done nor approved: an item of assessment (§3.4)."""
        return self.callbacks.get(Standing.OPEN, ())

    @property
    def is_clear(self) -> bool:
        """Whether the equation holds."""
        return not self.uncleared

    @property
    def coverage(self) -> float | None:
        """回访覆盖率 = 已有效回访 / 应回访 (§7); None if nobody was to be asked."""
        return self.count(Standing.EFFECTIVE) / self.to_be_asked if self.to_be_asked else None


def clear_day(day: date, items: Sequence[ClearingItem]) -> DailyClearing:
    """Sort every callback of a day into the equation."""
    sorted_items: dict[Standing, list[str]] = {which: [] for which in Standing}
    for item in items:
        sorted_items[standing(item)].append(item.callback_id)
    doubled = [callback_id for callback_id, times in Counter(i.callback_id for i in items).items() if times > 1]
    if doubled:
        raise ValueError(f"{len(doubled)} callbacks stand twice in one day's clearing")
    return DailyClearing(day, {which: tuple(ids) for which, ids in sorted_items.items()})


class ClearingStep(Enum):
    """What the day asks for at a moment (§3.4); the value is shown to people."""

    NONE = ""
    FORECAST = "预报能否清完"
    LIST = "生成未清清单,负责人逐件审批"
    HAND_OVER = "生成交接单"


@dataclass(frozen=True, slots=True)
class ClearingTimes:
    """Local times of §3.4."""

    forecast: time = time(15, 0)
    list_made: time = time(16, 0)
    approvals_end: time = time(17, 30)


def clearing_step(clock: time, times: ClearingTimes | None = None) -> ClearingStep:
    """Which step a local time falls into."""
    given = times or ClearingTimes()
    if clock < given.forecast:
        return ClearingStep.NONE
    if clock < given.list_made:
        return ClearingStep.FORECAST
    return ClearingStep.LIST if clock < given.approvals_end else ClearingStep.HAND_OVER
