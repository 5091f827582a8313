"""Every limit of domain rules §2.1 and §2.3 as a due moment with its source. Pure: facts and a calendar in."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from cases.case_states import CaseState
from cases.master_data import Urgency
from cases.working_calendar import WorkingCalendar
from vocabulary.clock import SHANGHAI


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    """The limits, with their source; every one is a setting.

    Attributes: durations unless they say otherwise.
        arrive_urban, arrive_suburban: P0 to the check-in on site (§2.3 T_arrive_gas, companies' public promises).
        contact: sign to first contact with the user, by urgency (§2.3 T_contact).
        temperature: request to measurement, natural hours (山东省供热条例第二十一条).
        heat_repair: report to repair or plan (§2.3 T_repair_heat).
        close: review to feedback, for P0 and P1 (§2.3 T_close).
        close_working_days: the same for P2 and below.
        forward_share: the least share of another body's limit that stays for the unit (§2.3).
        sort, review, sign: by urgency (§2.1); clarify, ruling (second unit reject), supplement (after p0_dispatch).
        judge_working_days: 研判.
        callback_last: a pre-check passed later than this local time is called back the next day (§2.3 T_callback);
        callback_until: end of the last window of a day (办法第十一条).
        returned_share: of the first limit, after a return (§2.1 S6R).
    """

    arrive_urban: timedelta = timedelta(minutes=30)
    arrive_suburban: timedelta = timedelta(minutes=60)
    contact: dict[Urgency, timedelta] = field(
        default_factory=lambda: {Urgency.P1: timedelta(minutes=30), Urgency.P2: timedelta(hours=2)}
    )
    temperature: timedelta = timedelta(hours=24)
    heat_repair: timedelta = timedelta(hours=24)
    close: timedelta = timedelta(hours=24)
    close_working_days: int = 3
    forward_share: float = 0.5
    sort: dict[Urgency, timedelta] = field(
        default_factory=lambda: {
            Urgency.P0: timedelta(0),
            Urgency.P1: timedelta(minutes=5),
            Urgency.P2: timedelta(minutes=15),
        }
    )
    review: dict[Urgency, timedelta] = field(
        default_factory=lambda: {Urgency.P1: timedelta(minutes=10), Urgency.P2: timedelta(minutes=30)}
    )
    sign: dict[Urgency, timedelta] = field(
        default_factory=lambda: {
            Urgency.P0: timedelta(minutes=3),
            Urgency.P1: timedelta(minutes=15),
            Urgency.P2: timedelta(minutes=60),
        }
    )
    clarify: timedelta = timedelta(hours=2)
    ruling: timedelta = timedelta(hours=4)
    supplement: timedelta = timedelta(minutes=30)
    judge_working_days: int = 1
    callback_last: time = time(15, 30)
    callback_until: time = time(16, 0)
    returned_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Deadline:
    """One limit.

    Attributes:
        name: e.g. ``T_close``.
        due_at: aware UTC.
        source: rule and figure, in Chinese, as shown beside the clock.
        warn_at: moments to warn at, in order.
        is_natural: natural hours, which nothing pauses.
    """

    name: str
    due_at: datetime
    source: str
    warn_at: tuple[datetime, ...] = ()
    is_natural: bool = False


SUBURBAN = frozenset({"黄岛", "即墨", "胶州", "平度", "莱西"})
"""Districts where the rescue team has the longer limit; the others are urban."""


def arrive(opened_at: datetime, district: str, rules: DeadlineRules) -> Deadline:
    """T_arrive_gas: warnings at 50 %, 80 % and when it is over."""
    limit = rules.arrive_suburban if district in SUBURBAN else rules.arrive_urban
    source = f"§2.3 T_arrive {_spoken(limit)}({'郊区' if district in SUBURBAN else '市区'})"
    return _natural("T_arrive", opened_at, limit, source, (0.5, 0.8, 1.0))


def temperature(requested_at: datetime, rules: DeadlineRules) -> Deadline:
    """T_temp: 24 natural hours that nothing stops; warnings at 18 h and 22 h."""
    source = f"山东省供热条例第二十一条:{_spoken(rules.temperature)}内检测"
    return _natural("T_temp", requested_at, rules.temperature, source, (18 / 24, 22 / 24))


def heat_repair(opened_at: datetime, rules: DeadlineRules) -> Deadline:
    """T_repair_heat: warnings at 50 % and 80 %."""
    made = _natural("T_repair_heat", opened_at, rules.heat_repair, f"§2.3 T_repair_heat {_spoken(rules.heat_repair)}",
                    (0.5, 0.8))  # fmt: skip
    return replace(made, is_natural=False)


def contact(signed_at: datetime, urgency: Urgency, rules: DeadlineRules) -> Deadline | None:
    """T_contact: from signing to the first contact with the user; warning at 80 %."""
    limit = rules.contact.get(Urgency.P1 if urgency is Urgency.P0 else urgency)
    if limit is None:
        return None
    return _natural("T_contact", signed_at, limit, f"§2.3 T_contact {urgency} {_spoken(limit)}", (0.8,))


def close(
    reviewed_at: datetime,
    urgency: Urgency,
    rules: DeadlineRules,
    calendar: WorkingCalendar,
    *,
    came_at: datetime | None = None,
    forward_due_at: datetime | None = None,
) -> Deadline:
    """T_close, from review to feedback; yellow one working day before it, red when it is over.

    Args:
        came_at, forward_due_at: a forwarded case: when it came in, and the other body's limit. Ours is that limit less
            one working day, but never less than half of it.
    """
    if forward_due_at is not None and came_at is not None:
        half = came_at + (forward_due_at - came_at) * rules.forward_share
        due = max(calendar.add_working_days(forward_due_at, -1), half)
        source = "§2.3 T_close 转办件 max(来件时限−1 工作日, 来件时限×50%)"
    elif urgency.at_least(Urgency.P1):
        due, source = reviewed_at + rules.close, f"§2.3 T_close {urgency} {_spoken(rules.close)}"
    else:
        due = calendar.add_working_days(reviewed_at, rules.close_working_days)
        source = f"§2.3 T_close {urgency} {rules.close_working_days} 工作日"
    yellow = max(calendar.add_working_days(due, -1), reviewed_at)
    return Deadline("T_close", due, source, (yellow, due))


def returned(at: datetime, first_limit: timedelta, rules: DeadlineRules) -> Deadline:
    """After a return the unit has half of the first limit (§2.1 S6R)."""
    limit = first_limit * rules.returned_share
    return Deadline("T_close", at + limit, f"§2.1 S6R 退回件时限为原时限的 {rules.returned_share:.0%}", (at + limit,))


def callback(checked_at: datetime, rules: DeadlineRules) -> Deadline:
    """T_callback: the same day's last window; after 15:30 the next day's (日结日清, 办法第十一条)."""
    local = checked_at.astimezone(SHANGHAI)
    day = local.date() + timedelta(days=0 if local.time() <= rules.callback_last else 1)
    due = datetime.combine(day, rules.callback_until, SHANGHAI).astimezone(checked_at.tzinfo)
    return Deadline("T_callback", due, "§2.3 T_callback 日结日清", (due,))


def of_state(
    state: CaseState, entered_at: datetime, urgency: Urgency | None, rules: DeadlineRules, calendar: WorkingCalendar
) -> Deadline | None:
    """How long a case may stay in a state before somebody is reminded (§2.1, last column)."""
    grade = urgency or Urgency.P2
    limits = {
        CaseState.SORTED: rules.sort.get(grade),
        CaseState.REVIEWED: rules.review.get(grade),
        CaseState.CLARIFY: rules.clarify,
        CaseState.ASSIGNED: rules.sign.get(grade),
    }
    if state is CaseState.JUDGED:
        due = calendar.add_working_days(entered_at, rules.judge_working_days)
        return Deadline("T_state", due, f"§2.1 研判 {rules.judge_working_days} 工作日", (due,))
    limit = limits.get(state)
    if limit is None:
        return None
    due = entered_at + limit
    return Deadline("T_state", due, f"§2.1 {state.facts.code} {state.facts.title} {_spoken(limit)}", (due,))


def _natural(name: str, start: datetime, limit: timedelta, source: str, shares: tuple[float, ...]) -> Deadline:
    warnings = tuple(start + limit * share for share in shares)
    return Deadline(name, start + limit, source, warnings, is_natural=True)


def _spoken(limit: timedelta) -> str:
    minutes = round(limit.total_seconds() / 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 and minutes else f"{minutes} min"
