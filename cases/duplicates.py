"""Whether a demand is the same as one that is known: domain rules §2.5 rows 1 to 6, from the top, first match decides.

Pure: the new demand and the known cases in, a finding with its row and reason out. A merge can be undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from cases.master_data import Source, Urgency

REOPENED_WITHIN = timedelta(days=30)
"""Row 4: archived no longer ago than this."""
SAME_DOOR_WITHIN = timedelta(hours=48)
"""Row 5."""
HOT_WITHIN = timedelta(minutes=30)
HOT_HOUSEHOLDS = 5
"""Row 6 and H1 of §4."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What decides about sameness; of the new demand and of each known case.

    Attributes:
        number: "" for the new one.
        phone_key: keyed hash of the user's number. household_no: 户号.
        place_key: one door (楼栋单元户); community_key: 小区 or 换热站.
        is_emergency: EMERGENCY or P0, confirmed or suggested.
        archived_at: None while open.
    """

    number: str
    source: Source
    opened_at: datetime
    phone_key: str | None = None
    household_no: str = ""
    matter: str | None = None
    place_key: str = ""
    community_key: str = ""
    is_emergency: bool = False
    urgency: Urgency | None = None
    archived_at: datetime | None = None
    is_void: bool = False

    @property
    def is_open(self) -> bool:
        """Neither archived nor void."""
        return self.archived_at is None and not self.is_void


class DuplicateAction(Enum):
    """What to do about a finding."""

    NEW = "新建"
    LINK = "新建并互相关联"
    FORWARD_LINK = "新建并挂主单,主单取最早时限"
    REMIND = "不新建,并入原单为催办"
    MARK = "新建并标重复件"
    HINT = "新建并提示合并"
    HOT = "新建,不合并;第 5 户起相关工单升 P1"


@dataclass(frozen=True, slots=True)
class Finding:
    """What §2.5 says.

    Attributes:
        row: 1 to 6; 0 when no row matches.
        main: the case to join or to hang on, "" for none.
        related: all the cases that matched, oldest first.
        raises: the matched cases become P1 (row 6).
    """

    row: int
    action: DuplicateAction
    reason: str
    main: str = ""
    related: tuple[str, ...] = ()
    raises: bool = False


NOT_DUPLICATE = Finding(0, DuplicateAction.NEW, "无重复")


def find_duplicate(new: Demand, known: Sequence[Demand], now: datetime) -> Finding:
    """The first row of §2.5 that matches.

    Args:
        new: the demand that came in now.
        known: cases that may match; void ones and the new one itself are passed over.
        now: aware UTC.
    """
    others = sorted(
        (case for case in known if not case.is_void and case.number != new.number),
        key=lambda case: (case.opened_at, case.number),
    )
    for row in (_row_1, _row_2, _row_3, _row_4, _row_5, _row_6):
        if finding := row(new, others, now):
            return finding
    return NOT_DUPLICATE


def _same_person(new: Demand, case: Demand) -> bool:
    phone = new.phone_key is not None and new.phone_key == case.phone_key
    return phone or (new.household_no != "" and new.household_no == case.household_no)


def _same_matter(new: Demand, case: Demand) -> bool:
    return new.matter is not None and new.matter == case.matter


def _same_door(new: Demand, case: Demand) -> bool:
    return new.place_key != "" and new.place_key == case.place_key


def _numbers(cases: Sequence[Demand]) -> tuple[str, ...]:
    return tuple(case.number for case in cases)


def _row_1(new: Demand, known: Sequence[Demand], now: datetime) -> Finding | None:
    if not new.is_emergency:
        return None
    same = [
        case
        for case in known
        if case.is_open and case.is_emergency and (_same_person(new, case) or _same_door(new, case))
    ]
    reason = "险情永不并单:每次来电都重新派抢修并电话确认" + (",与已有险情互相关联" if same else "")
    return Finding(1, DuplicateAction.LINK, reason, related=_numbers(same))


def _row_2(new: Demand, known: Sequence[Demand], now: datetime) -> Finding | None:
    same = [
        case
        for case in known
        if case.is_open
        and _same_matter(new, case)
        and (_same_person(new, case) or _same_door(new, case))
        and (new.source.is_forwarded or case.source.is_forwarded)
    ]
    if not same:
        return None
    reason = "转办件与在办件同人或同地址、同事项:各自保留编号与时限,挂主单,一次人工回访"
    return Finding(2, DuplicateAction.FORWARD_LINK, reason, main=same[0].number, related=_numbers(same))


def _row_3(new: Demand, known: Sequence[Demand], now: datetime) -> Finding | None:
    same = [case for case in known if case.is_open and _same_matter(new, case) and _same_person(new, case)]
    same = [case for case in same if not case.is_emergency]
    if not same:
        return None
    reason = "同一用户同一事项,原单未归档:并入原单为催办"
    return Finding(3, DuplicateAction.REMIND, reason, main=same[0].number, related=_numbers(same))


def _row_4(new: Demand, known: Sequence[Demand], now: datetime) -> Finding | None:
    same = [
        case
        for case in known
        if case.archived_at is not None
        and now - case.archived_at <= REOPENED_WITHIN
        and _same_matter(new, case)
        and _same_person(new, case)
    ]
    if not same:
        return None
    reason = "同一用户同一事项,原单归档未满 30 日:新建并标重复件,直接人工回访"
    return Finding(4, DuplicateAction.MARK, reason, main=same[-1].number, related=_numbers(same))


def _row_5(new: Demand, known: Sequence[Demand], now: datetime) -> Finding | None:
    same = [
        case
        for case in known
        if case.is_open
        and _same_door(new, case)
        and _same_matter(new, case)
        and now - case.opened_at <= SAME_DOOR_WITHIN
    ]
    if not same:
        return None
    reason = "同一地址同一事项 48 h 内不同电话来件:请席位判断是否合并"
    return Finding(5, DuplicateAction.HINT, reason, main=same[0].number, related=_numbers(same))


def _row_6(new: Demand, known: Sequence[Demand], now: datetime) -> Finding | None:
    if not new.community_key or new.matter is None:
        return None
    same = [
        case
        for case in known
        if case.community_key == new.community_key and _same_matter(new, case) and now - case.opened_at <= HOT_WITHIN
    ]
    households = {household(case) for case in [*same, new]}
    if len(households) < HOT_HOUSEHOLDS:
        return None
    # The oldest stands for all, and only cases not urgent yet are touched: hundreds may call within minutes.
    touched = [case for case in same if case is same[0] or not (case.urgency and case.urgency.at_least(Urgency.P1))]
    reason = f"{new.community_key} 30 min 内 {len(households)} 户同一事项:不合并,相关工单升 P1"
    return Finding(6, DuplicateAction.HOT, reason, main=same[0].number, related=_numbers(touched), raises=True)


def household(demand: Demand) -> str:
    """What counts as one household: its door, else its 户号, its number, or the case itself."""
    return demand.place_key or demand.household_no or demand.phone_key or demand.number
