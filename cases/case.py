"""A case (工单): the aggregate that every change goes through, one event written for each (domain rules §2).

What may be done, by whom and on what conditions stands in ``case_moves.py``; what a move does beside changing the
state, in ``case_effects.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cases.case_records import FIRST_HASH, CallbackNote, CaseCall, CaseEvent, Feedback, Timer
from cases.case_states import CaseState
from cases.deadlines import Deadline
from cases.master_data import NO_CALLBACK_TYPES, CaseType, Role, Source, Urgency
from cases.sorting import Suggestion
from vocabulary.phone_number import PhoneNumber


@dataclass(eq=False)
class Case:
    """One demand on its way through the seven steps.

    Attributes:
        number: ``RX20261124-0031``; version: grows with each change.
        first_contact: who accepted it and stays answerable to the end (首问责任人).
        first_unit: the first responsible unit (首问单位).
        case_type, matter, urgency: as confirmed; suggested_*: as read from the words, never over the confirmed.
        phone, phone_key, person_id: None for a report: the reporter stands in a table of its own.
        call_id: of the call it began with.
        format_returns, mismatch_count, unit_rejects, transfers, extensions, reminders: only ever grow (invariant ③).
        judged_because: what led to 研判: ``transfers``, ``mismatch`` or ``dissatisfied``.
        needs_person: only a person may finish the callback from here on.
        checked_at: when the pre-check passed. place_key: the household's door; community_key: where hot spots form.
    """

    number: str
    source: Source
    opened_at: datetime
    updated_at: datetime
    first_contact: str
    state: CaseState = CaseState.ACCEPTED
    version: int = 1
    case_type: CaseType | None = None
    matter: str | None = None
    urgency: Urgency | None = None
    suggested_type: CaseType | None = None
    suggested_matter: str | None = None
    suggested_urgency: Urgency | None = None
    suggestion_reason: str = ""
    person_id: str | None = None
    phone: PhoneNumber | None = None
    phone_key: str | None = None
    person_name: str = ""
    household_no: str = ""
    address: str = ""
    district: str = ""
    place_key: str = ""
    community_key: str = ""
    demand: str = ""
    call_id: str | None = None
    no_recording_reason: str = ""
    is_anonymous: bool = False
    refuses_callback: bool = False
    identity_withheld: bool = False
    parent: str | None = None
    related: tuple[str, ...] = ()
    is_duplicate: bool = False
    duplicate_row: int = 0
    duplicate_reason: str = ""
    forward_body: str = ""
    forward_number: str = ""
    forward_contact: str = ""
    forward_due_at: datetime | None = None
    unit: str | None = None
    co_units: tuple[str, ...] = ()
    first_unit: str | None = None
    handler: str | None = None
    assigned_at: datetime | None = None
    unclear_items: str = ""
    complained_staff: str | None = None
    format_returns: int = 0
    mismatch_count: int = 0
    unit_rejects: int = 0
    transfers: int = 0
    extensions: int = 0
    reminders: int = 0
    judged_because: str = ""
    supervision_number: str = ""
    was_supervised: bool = False
    needs_person: bool = False
    is_key_item: bool = False
    in_dispute: bool = False
    sms_dissatisfied: bool = False
    late_dissatisfied: bool = False
    unreached: bool = False
    answer: str = ""
    closing_rating: str = ""
    rating: str = ""
    user_words: str = ""
    checked_at: datetime | None = None
    archived_at: datetime | None = None
    feedbacks: tuple[Feedback, ...] = ()
    callbacks: tuple[CallbackNote, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    events: list[CaseEvent] = field(default_factory=list)
    calls: list[CaseCall] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Neither archived nor void."""
        return not self.state.is_final

    @property
    def is_p0(self) -> bool:
        """A danger to people: by what was confirmed or, before that, by what the words say."""
        if self.urgency is not None:
            return self.urgency is Urgency.P0
        return self.suggested_urgency is Urgency.P0

    @property
    def effective_type(self) -> CaseType | None:
        """Confirmed, else suggested."""
        return self.case_type or self.suggested_type

    @property
    def effective_matter(self) -> str | None:
        """Confirmed, else suggested."""
        return self.matter or self.suggested_matter

    @property
    def effective_urgency(self) -> Urgency:
        """Confirmed, else suggested, else P2."""
        return self.urgency or self.suggested_urgency or Urgency.P2

    @property
    def responsible_role(self) -> Role:
        """Whose turn it is: exactly one role (invariant ①)."""
        if self.state is CaseState.REVIEWED and self.unit_rejects >= 2:
            return Role.MANAGER
        return self.state.facts.role

    @property
    def callback_exemption(self) -> str:
        """Why nobody is called back (§3.1 rows 1 and 2), or "" when somebody is."""
        if self.case_type in NO_CALLBACK_TYPES and self.case_type is not None:
            return f"{self.case_type.label}类不回访"
        if self.refuses_callback:
            return "用户声明拒访"
        if self.is_anonymous:
            return "匿名无电话"
        if self.phone_key is None and not self.identity_withheld:
            return "无联系电话"
        return ""

    @property
    def asks_person_first(self) -> bool:
        """Whether §3.1 rows 3 to 10 want a person from the start."""
        return (
            self.case_type in (CaseType.EMERGENCY, CaseType.REPORT, CaseType.COMPLAINT)
            or (self.urgency is not None and self.urgency.at_least(Urgency.P1))
            or self.is_duplicate
            or self.is_key_item
            or self.sms_dissatisfied
            or self.source.is_forwarded
            or self.was_returned
            or self.was_supervised
            or self.in_dispute
        )

    @property
    def was_returned(self) -> bool:
        """The hotline returned it at least once."""
        return self.format_returns + self.mismatch_count > 0

    @property
    def feedback(self) -> Feedback | None:
        """The latest version."""
        return self.feedbacks[-1] if self.feedbacks else None

    def timer(self, name: str) -> Timer | None:
        """The running timer of this name, else None."""
        return next((timer for timer in self.timers if timer.name == name and timer.is_running), None)

    def record(
        self,
        move: str,
        *,
        by: str,
        role: Role,
        at: datetime,
        from_state: CaseState | None,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> CaseEvent:
        """Append one sealed event and raise the version; every change goes through here."""
        before = self.events[-1].seal if self.events else FIRST_HASH
        event = CaseEvent(
            self.number, len(self.events) + 1, at, by, role.value, move,
            from_state.value if from_state else None, self.state.value, reason, dict(detail or {}),
        )  # fmt: skip
        event.seal = event.sealed(before)
        self.events.append(event)
        if len(self.events) > 1:
            self.version += 1
        self.updated_at = at
        return event

    def note(self, move: str, *, by: str, role: Role, at: datetime, reason: str = "", **detail: Any) -> None:
        """An event that leaves the state alone: reminder, link, raised urgency, attachment."""
        self.record(move, by=by, role=role, at=at, from_state=self.state, reason=reason, detail=detail)

    def suggest(self, suggestion: Suggestion) -> bool:
        """Keep a suggestion; confirmed values are never touched.

        A suggested emergency is not taken back by a later, tamer reading. Returns whether anything changed.
        """
        if self.suggested_urgency is Urgency.P0 and not suggestion.is_emergency:
            return False
        before = (self.suggested_type, self.suggested_matter, self.suggested_urgency)
        self.suggested_type = suggestion.case_type or self.suggested_type
        self.suggested_matter = suggestion.matter or self.suggested_matter
        self.suggested_urgency = suggestion.urgency or self.suggested_urgency
        self.suggestion_reason = suggestion.reason
        return before != (self.suggested_type, self.suggested_matter, self.suggested_urgency)

    def start_timer(self, deadline: Deadline | None, at: datetime) -> None:
        """Run a limit; a running one of the same name is stopped first. None does nothing."""
        if deadline is None:
            return
        self.stop_timer(deadline.name, at)
        self.timers.append(
            Timer(
                self.number, deadline.name, at, deadline.due_at, deadline.source,
                tuple(moment.isoformat() for moment in deadline.warn_at), deadline.is_natural,
            )
        )  # fmt: skip

    def stop_timer(self, name: str, at: datetime) -> None:
        """It was met, or is of no more use."""
        if running := self.timer(name):
            running.stopped_at = at

    def stop_all_timers(self, at: datetime) -> None:
        """The case is closed."""
        for timer in self.timers:
            if timer.is_running:
                timer.stopped_at = at

    def link(self, other: str) -> bool:
        """Remember a related case; whether it is new."""
        if other == self.number or other in self.related:
            return False
        self.related = (*self.related, other)
        return True

    def raise_urgency(self, to: Urgency, *, by: str, at: datetime, reason: str) -> bool:
        """Make it more urgent, never less; whether it changed."""
        if not self.is_open or (self.urgency is not None and self.urgency.at_least(to)):
            return False
        self.urgency = to
        self.note("urgency_raised", by=by, role=Role.SYSTEM, at=at, reason=reason, urgency=to.value)
        return True

    def remind(self, *, by: str, role: Role, at: datetime, reason: str, call_id: str | None = None) -> None:
        """The user came again for the same thing (催办, §2.5 row 3); the third time makes it P1."""
        self.reminders += 1
        self.note("reminder", by=by, role=role, at=at, reason=reason, reminders=self.reminders, call_id=call_id)
        if self.reminders >= 2:
            self.raise_urgency(Urgency.P1, by=by, at=at, reason="第 3 次来电(催办数 2)升 P1")

    def add_call(self, call: CaseCall) -> None:
        """One more call about this case; a call already known is left as it is."""
        if all(known.call_id != call.call_id for known in self.calls):
            self.calls.append(call)

    def set_place(self, address: str, *, district: str, place_key: str, community_key: str) -> None:
        """Where it is."""
        self.address, self.district = address, district
        self.place_key, self.community_key = place_key, community_key

    def add_feedback(self, feedback: Feedback) -> None:
        """One more version."""
        self.feedbacks = (*self.feedbacks, feedback)

    def add_callback(self, note: CallbackNote) -> None:
        """One more callback; its rating and words are the user's own."""
        self.callbacks = (*self.callbacks, note)
        self.rating = note.rating or self.rating
        self.user_words = note.words or self.user_words

    def approve_unreached(self, approved_by: str) -> None:
        """The last callback note stands for the callback: nobody was reached."""
        self.unreached = True
        last = replace(self.callbacks[-1], approved_by=approved_by)
        self.callbacks = (*self.callbacks[:-1], last)
