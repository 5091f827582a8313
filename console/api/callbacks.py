"""The human callback queue: read, claim, dial, finish; and the switch that stops all machine calling."""

from datetime import datetime

from pydantic import Field

from callbacks.answer import ReasonCode
from callbacks.human_result import HumanOutcome
from console.endpoint import Shape


class Dial(Shape):
    """Which phone of one's own rings first."""

    account: str = Field(min_length=1, max_length=32)


class DialledAnswer(Shape):
    """How the call went; write the result under ``call_id``."""

    call_id: str
    reached: bool
    cause: str
    talked_s: float


class ClaimAnswer(Shape):
    """What is held, and until when; the same person's other cases are asked in the same conversation."""

    callbacks: list[str]
    until: datetime


class Result(Shape):
    """The structured result of §3.5; what is missing is said."""

    outcome: HumanOutcome
    call_id: str = Field("", max_length=26)
    identity_checked: bool = False
    feedback_read: bool = False
    contacted: bool | None = None
    visited: bool | None = None
    resolved: bool | None = None
    rating: str = Field("", max_length=10)
    attitude: str = Field("", max_length=10)
    timeliness: str = Field("", max_length=10)
    outcome_rating: str = Field("", max_length=10)
    reason_code: ReasonCode | None = None
    words: str = Field("", max_length=2000)
    new_demand: str = Field("", max_length=2000)


class StateAnswer(Shape):
    """Where the callback stands now."""

    state: str


class Put(Shape):
    """A reason, kept in the audit."""

    reason: str = Field(min_length=2, max_length=500)


class PutOff(Put):
    """A new day, by the person in charge (§3.4)."""

    to: datetime


class SwitchState(Shape):
    """Whether machines may call users now."""

    outbound_allowed: bool
    paused_by: str | None
