"""A case as the API shows it: one line of a list, and the whole with history, calls and timers; numbers masked."""

import dataclasses
from datetime import datetime
from typing import Any

from cases.case_states import CaseState
from cases.master_data import CaseType, Source, Urgency
from cases.queries import CaseView
from console.endpoint import Shape, as_model


class CaseLine(Shape):
    """One line of a list; the number is masked."""

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


class EventLine(Shape):
    """One entry of the history: who, when, from, to, why."""

    sequence: int
    at: datetime
    by: str
    role: str
    move: str
    from_state: str | None
    to_state: str
    reason: str
    detail: dict[str, Any]


class CaseCallLine(Shape):
    """One call of the case, with its recording and what the caller said."""

    call_id: str
    at: datetime
    recording_id: str | None
    transcript: str | None


class TimerLine(Shape):
    """One running or stopped time limit of §2.3."""

    name: str
    due_at: datetime
    stopped_at: datetime | None
    source: str


class CaseDetails(Shape):
    """What a list does not show."""

    suggested_type: CaseType | None
    suggested_matter: str | None
    suggested_urgency: Urgency | None
    suggestion_reason: str
    first_contact: str
    parent: str | None
    related: list[str]
    is_duplicate: bool
    duplicate_reason: str
    identity_withheld: bool
    forward_body: str
    forward_number: str
    forward_due_at: datetime | None
    feedbacks: list[dict[str, Any]]
    callbacks: list[dict[str, Any]]
    rating: str
    user_words: str
    counters: dict[str, int]
    history: list[EventLine]
    calls: list[CaseCallLine]
    timers: list[TimerLine]
    flags: dict[str, bool]


class CaseAnswer(Shape):
    """One whole case."""

    row: CaseLine
    details: CaseDetails


def case_answer(view: CaseView) -> CaseAnswer:
    """The whole case, as JSON values."""
    details = {name: _plain(getattr(view, name)) for name in CaseDetails.model_fields}
    return CaseAnswer(row=as_model(CaseLine, view.row), details=CaseDetails.model_validate(details))


def _plain(value: object) -> object:
    """Rows as dictionaries, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
