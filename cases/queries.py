"""What screens and other rooms read of cases: row types and the port that ``store.queries.cases`` answers.

No row holds a plain number, and none says who reported.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from cases.case_states import CaseState
from cases.master_data import CaseType, Source, Urgency


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases to list; every given part must hold.

    Attributes:
        states, case_types, urgencies, units: any of these; empty for all.
        text: found in number, demand or address; or a whole phone's key by ``phone_key``.
        phone_key: keyed hash of the user's number.
        opened_from, opened_before: aware; half open.
        is_open: True only cases not archived or void, False only those; None both.
    """

    states: tuple[CaseState, ...] = ()
    case_types: tuple[CaseType, ...] = ()
    urgencies: tuple[Urgency, ...] = ()
    units: tuple[str, ...] = ()
    text: str = ""
    phone_key: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    is_open: bool | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of a list of cases."""

    number: str
    version: int
    state: CaseState
    case_type: CaseType | None
    source: Source
    matter: str | None
    urgency: Urgency | None
    demand: str
    address: str
    masked_phone: str
    person_name: str
    unit: str | None
    reminders: int
    opened_at: datetime
    close_due_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page, newest first.

    Attributes:
        next_cursor: hand it in for the next page; None at the end.
    """

    rows: tuple[CaseRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of a case's history: who, when, from, to, why."""

    sequence: int
    at: datetime
    by: str
    role: str
    move: str
    from_state: str | None
    to_state: str
    reason: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call of a case, with its recording and transcript."""

    call_id: str
    at: datetime
    recording_id: str | None
    transcript: str | None


@dataclass(frozen=True, slots=True)
class TimerRow:
    """One running or stopped timer of §2.3."""

    name: str
    due_at: datetime
    stopped_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """One whole case. ``masked_phone`` is "" and ``identity_withheld`` True where somebody reported."""

    row: CaseRow
    suggested_type: CaseType | None
    suggested_matter: str | None
    suggested_urgency: Urgency | None
    suggestion_reason: str
    first_contact: str
    parent: str | None
    related: tuple[str, ...]
    is_duplicate: bool
    duplicate_reason: str
    identity_withheld: bool
    forward_body: str
    forward_number: str
    forward_due_at: datetime | None
    feedbacks: tuple[dict[str, Any], ...]
    callbacks: tuple[dict[str, Any], ...]
    rating: str
    user_words: str
    counters: dict[str, int]
    history: tuple[EventRow, ...] = ()
    calls: tuple[CallRow, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    flags: dict[str, bool] = field(default_factory=dict)


_CALLBACK_MOVES = frozenset(
    {"cb_satisfied", "cb_mismatch", "cb_dissatisfied_fact_ok", "unreachable", "needs_person", "new_demand"}
)


def as_unit_sees_it(view: CaseView) -> CaseView:
    """The view without callback channel, time and rating, which a responsible unit may not see before the archive
    (invariant ⑦); why the case was returned stays."""
    if view.row.state is CaseState.ARCHIVED:
        return view
    history = tuple(
        replace(event, at=event.at.replace(hour=0, minute=0, second=0, microsecond=0), by="", detail={})
        if event.move in _CALLBACK_MOVES
        else event
        for event in view.history
    )
    timers = tuple(timer for timer in view.timers if timer.name != "T_callback")
    flags = {name: value for name, value in view.flags.items() if name not in ("sms_dissatisfied", "unreached")}
    return replace(view, callbacks=(), rating="", user_words="", history=history, timers=timers, flags=flags)


class CaseQueries(Protocol):
    """Read by plain SELECTs, outside any unit of work."""

    async def page(self, wanted: CaseFilter, *, cursor: str | None = None, limit: int = 50) -> CasePage:
        """Cases, newest first; at most 200 a page."""
        ...

    async def one(self, number: str) -> CaseView | None:
        """The whole case with its history, or None."""
        ...

    async def open_cases_of(self, phone_key: str, *, limit: int = 20) -> tuple[CaseRow, ...]:
        """The person's cases that are not archived or void, newest first (for the pop-up at a call, §3.3)."""
        ...

    async def number_of_call(self, call_id: str) -> str | None:
        """The case that a call belongs to."""
        ...

    async def counts(self) -> dict[str, int]:
        """How many cases stand in each state."""
        ...
