"""Which limits call for an alert now (§2.3, §2.1 last column): pure; a ticker asks every minute.

A threshold is one moment of a timer's ``warn_at``, or its end. Each is told once: what was told is a row, written in
the same transaction as the alert, so that neither a restart nor a second server tells it twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.case_states import CaseState

_NAMED = {"T_arrive", "T_contact", "T_repair_heat", "T_temp", "T_close"}
_TO = {"T_arrive": "电话班长和热线中心负责人", "T_close": "提醒责任单位和督查"}
P0_UNCONFIRMED = "派抢修 3 min 无人确认:按值班链呼叫下一人,并电话班长"
"""§2.2 p0_dispatch, 办法第十条(三)."""


@dataclass(frozen=True, slots=True)
class RunningTimer:
    """One timer that was neither met nor given up, and where its case stands.

    Attributes:
        name, started_at, due_at, source, warn_at: see ``case_records.Timer``; warn_at as aware moments.
        state, is_p0: of the case.
        told: keys of thresholds that were told.
    """

    timer_id: int
    case_number: str
    name: str
    started_at: datetime
    due_at: datetime
    source: str
    warn_at: tuple[datetime, ...]
    state: CaseState
    is_p0: bool
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reminder:
    """One alert that is due.

    Attributes:
        timer_id, threshold: what it is remembered by; the threshold is the moment's place among warn_at, or ``over``.
        kind: ``timer.warning``, ``timer.overdue``, ``timer.yellow``, ``timer.red`` or ``p0.unconfirmed``.
        reason: for people, with the limit's source; ``action`` what the rules ask for.
    """

    timer_id: int
    threshold: str
    case_number: str
    name: str
    kind: str
    due_at: datetime
    reason: str
    action: str


def due_reminders(timers: Sequence[RunningTimer], now: datetime) -> list[Reminder]:
    """Every threshold that has passed and was not told; of one timer only the latest, the earlier ones are moot."""
    found = []
    for timer in timers:
        passed = [(key, share) for key, at, share in _thresholds(timer) if at <= now]
        if passed and passed[-1][0] not in timer.told:
            found.append(_reminder(timer, *passed[-1]))
    return found


def _thresholds(timer: RunningTimer) -> Iterator[tuple[str, datetime, float]]:
    """Key, moment and share of the limit, in order; the end is always one."""
    if timer.name == "T_state" and not _is_unconfirmed(timer):
        return
    if timer.name not in _NAMED and timer.name != "T_state":
        return
    limit = timer.due_at - timer.started_at
    for place, at in enumerate(timer.warn_at):
        if timer.started_at < at < timer.due_at:  # yellow of a 24 h limit falls on its beginning: that warns of nothing
            yield str(place), at, (at - timer.started_at) / limit
    yield "over", timer.due_at, 1.0


def _is_unconfirmed(timer: RunningTimer) -> bool:
    """Told by telephone, and nobody has signed."""
    return timer.is_p0 and timer.state is CaseState.ASSIGNED


def _reminder(timer: RunningTimer, key: str, share: float) -> Reminder:
    over = key == "over"
    if timer.name == "T_state":
        kind, reason, action = "p0.unconfirmed", P0_UNCONFIRMED, "呼叫值班链下一人和班长"
    elif timer.name == "T_close":
        kind, reason = ("timer.red", "逾期,红牌") if over else ("timer.yellow", "距到期 1 个工作日内,黄牌")
        action = _TO["T_close"]
    else:
        kind = "timer.overdue" if over else "timer.warning"
        reason = "已超时" if over else f"时限已过 {share:.0%}"
        action = _TO.get(timer.name, "提醒责任单位")
    return Reminder(
        timer.timer_id, key, timer.case_number, timer.name, kind, timer.due_at, f"{timer.source}:{reason}", action
    )
