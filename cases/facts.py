"""What a callback needs to know of a case to decide who is asked, how and when (domain rules §3.1)."""

from dataclasses import dataclass
from datetime import datetime

from cases.case_states import CaseState
from cases.master_data import CaseType, Source, Urgency


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What the desk noted about the user, as it stands on the person's file.

    Attributes:
        is_elderly: 70 or older, by file or by the agent's mark (§3.1 row 12).
        is_hard_of_hearing, speaks_dialect: marked by an agent.
        refuses_bots: the number is on the 免 AI list.
        refuses_callbacks: the user said not to be asked (§3.1 row 2).
        is_institution: an institution's contact, without contact cap (§3.3).
    """

    is_elderly: bool = False
    is_hard_of_hearing: bool = False
    speaks_dialect: bool = False
    refuses_bots: bool = False
    refuses_callbacks: bool = False
    is_institution: bool = False


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The facts of one case by which ``callbacks.plan`` decides; no number and no name in it.

    Attributes:
        number: the case.
        version: of the case, as read.
        state: the state as read.
        case_type, source, urgency: as confirmed; None where nobody confirmed any.
        matter: code of the matter, e.g. ``HEAT_LOW_TEMP``; ``matter_title`` its Chinese name, fit to be said aloud.
        is_forwarded: handed to us by another body (转办件); ``forward_due_at`` is that body's limit.
        is_duplicate: 重复件 by §2.5 row 4.
        is_key_item: named in the daily report (日报重点信息件).
        sms_dissatisfied: an SMS or alert answer said 不满意 (row 8).
        closing_rating: what the user pressed at the end of the call, "" if nothing (row 1: 不满意 → a person).
        was_returned: returned at least once and handled again (row 10).
        was_supervised: a supervision order was given (row 10).
        in_dispute: a temperature or refund dispute (row 10).
        needs_person: rules of §2.2 ask for a person whatever else holds (after a return or supervision).
        is_anonymous: the user left no number on purpose.
        has_phone: whether there is a number to ring; ``has_mobile``: one that can be sent an SMS.
        phone_key: keyed hash of that number, for the contact lock; None without number, and for a reporter it is the
            reporter's own (the number itself: ``CaseServices.callback_phone``).
        person: marks on the person's file.
        opened_at, feedback_at, checked_at: aware UTC; the last is when the pre-check passed (T_callback starts).
        feedback_summary: the unit's latest feedback in one line, to be read before the callback (§3.5).
        complained_staff: identifier of the person complained about, who may not make this callback.
    """

    number: str
    version: int
    state: CaseState
    case_type: CaseType | None
    source: Source
    urgency: Urgency | None
    matter: str | None = None
    matter_title: str = ""
    is_forwarded: bool = False
    forward_due_at: datetime | None = None
    is_duplicate: bool = False
    is_key_item: bool = False
    sms_dissatisfied: bool = False
    closing_rating: str = ""
    was_returned: bool = False
    was_supervised: bool = False
    in_dispute: bool = False
    needs_person: bool = False
    is_anonymous: bool = False
    has_phone: bool = True
    has_mobile: bool = True
    phone_key: str | None = None
    person: PersonFacts = PersonFacts()
    opened_at: datetime | None = None
    feedback_at: datetime | None = None
    checked_at: datetime | None = None
    feedback_summary: str = ""
    complained_staff: str | None = None
