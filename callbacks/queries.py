"""What screens read of callbacks: row types and the port that ``store.queries.callbacks`` answers. No plain numbers."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from callbacks.answer import CallbackAnswer, WishKind
from callbacks.callback import CallbackState
from callbacks.daily_clearing import DailyClearing
from callbacks.windows import Channel


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """One line of a list.

    Attributes:
        masked_phone: ``138****1234``; "" for a reporter.
        claimed_by: who holds it now.
    """

    id: str
    case_number: str
    state: CallbackState
    channel: Channel
    priority: int
    rule_number: int
    reason: str
    matter: str
    masked_phone: str
    not_before: datetime | None
    due_at: datetime | None
    claimed_by: str | None
    late: bool
    rating: str
    feedback_summary: str


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt to reach the user."""

    at: datetime
    channel: Channel
    reached: bool
    by: str
    result: str
    call_id: str | None


@dataclass(frozen=True, slots=True)
class CallbackView:
    """One callback whole; answers carry the user's words."""

    row: CallbackRow
    attempts: tuple[AttemptRow, ...]
    answers: tuple[CallbackAnswer, ...]
    wishes: tuple[WishKind, ...]


class CallbackQueries(Protocol):
    """Read by plain SELECTs, outside any unit of work."""

    async def human_queue(self, now: datetime, *, limit: int = 100) -> tuple[CallbackRow, ...]:
        """Tasks for people, in the order in which they are claimed; held ones and those not yet due come last."""
        ...

    async def of_case(self, case_number: str) -> tuple[CallbackRow, ...]:
        """Every callback of a case, newest first."""
        ...

    async def one(self, callback_id: str) -> CallbackView | None:
        """One callback, or None."""
        ...

    async def pending_of(self, phone_key: str) -> tuple[CallbackRow, ...]:
        """What is pending about a caller (§3.3: pops up first at the seat)."""
        ...

    async def counts(self) -> dict[str, int]:
        """How many live callbacks stand in each ``state/channel``."""
        ...

    async def clearing(self, day: date) -> DailyClearing:
        """The coverage equation of a local day."""
        ...
