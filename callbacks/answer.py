"""What one contact brought: the record of domain rules §3.5, and the attempt by which the caps are counted."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from callbacks.contact_caps import Exemption
from callbacks.windows import Channel
from cases.commands import CallbackVerdict


class ReasonCode(Enum):
    """不满意原因码, §3.5."""

    NOT_CONTACTED = "未联系"
    NOT_VISITED = "未到场"
    NOT_RESOLVED = "未解决"
    RECURRING = "反复"
    ATTITUDE = "态度"
    CHARGES = "收费"
    UNTRUE_REPLY = "答复不实"
    TIMELINESS = "时效"
    OTHER = "其他"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAnswer:
    """What was said about one case in one contact; append only, a change of mind is another answer.

    Attributes:
        verdict: what it means for the case; None if it is only kept.
        by: staff identifier, ``bot`` or ``sms``.
        rating: 满意, 一般 or 不满意 overall; ``attitude``, ``timeliness``, ``outcome`` the parts if they were asked.
        contacted, visited, resolved: the user's words on the three questions; None if not asked.
        words: the user's own words; ``new_demand`` what else is wanted.
        identity_checked: who answered was asked; ``feedback_read`` the unit's feedback was read before.
        partial: the conversation broke off; ``late`` it came after the callback was over.
        reason: why it is treated so, for people.
        attempts, windows, sms_sent, approved_by: for an unreached user.
    """

    id: str
    callback_id: str
    case_number: str
    channel: Channel
    at: datetime
    by: str
    verdict: CallbackVerdict | None = None
    rating: str = ""
    attitude: str = ""
    timeliness: str = ""
    outcome: str = ""
    contacted: bool | None = None
    visited: bool | None = None
    resolved: bool | None = None
    reason_code: ReasonCode | None = None
    words: str = ""
    new_demand: str = ""
    identity_checked: bool = False
    feedback_read: bool = False
    call_id: str | None = None
    sms_id: str | None = None
    partial: bool = False
    late: bool = False
    reason: str = ""
    attempts: int = 0
    windows: int = 0
    sms_sent: bool = False
    approved_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecord:
    """One attempt to reach a person; ``result`` says in Chinese how it went."""

    id: str
    callback_id: str
    case_number: str
    phone_key: str
    at: datetime
    channel: Channel
    reached: bool
    by: str
    result: str
    exemption: Exemption | None = None
    call_id: str | None = None
    sms_id: str | None = None


class WishKind(Enum):
    """What a user asked for, for good until taken back (§3.3 免回访/免 AI 名单)."""

    NO_CALLBACK = "no_callback"
    NO_AI = "no_ai"
    NO_SURVEY = "no_survey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One entry of the lists, with the words that prove it."""

    phone_key: str
    kind: WishKind
    words: str
    at: datetime
    by: str
