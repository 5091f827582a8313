"""What the API reads of rooms that have no queries of their own: rows and ports, served by the composition root."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cases.master_data import Role
from vocabulary.phone_number import PhoneNumber

Audited = Callable[[str, str, str, str], Awaitable[None]]
"""(actor, action, subject, reason): writes an audit entry, before anything is shown."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One short message of ours; ``number`` is masked."""

    id: str
    number: str
    text: str
    kind: str
    state: str
    queued_at: datetime
    not_before: datetime
    submitted_at: datetime | None
    settled_at: datetime | None
    sends: int
    error: str


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """What a user wrote back, and how it was read; ``number`` is masked."""

    id: str
    number: str
    text: str
    reading: str
    reason: str
    received_at: datetime


class MessageViews(Protocol):
    """Short messages."""

    async def messages_of(self, reference: str) -> Sequence[MessageRow]:
        """What was sent about one thing, e.g. a callback, oldest first."""
        ...

    async def replies_to(self, reference: str) -> Sequence[ReplyRow]:
        """What came back, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class JobLine:
    """Where one durable job stands."""

    name: str
    key: str
    state: str
    failures: int
    reason: str
    enqueued_at: datetime
    due_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as it left a commit."""

    number: int
    at: datetime
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the audit trail."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    detail: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class ChainState:
    """Whether the audit trail is whole.

    Attributes:
        entries: how many there are.
        last_hash: to be kept outside the box, where it shows a roll-back.
        first_false: number of the first entry that does not fit; None if all do.
        why: what is wrong with it.
    """

    entries: int
    last_hash: str
    first_false: int | None
    why: str


class SystemViews(Protocol):
    """Jobs, alerts and the audit trail."""

    async def jobs(self, *, name: str | None, state: str | None, limit: int) -> Sequence[JobLine]:
        """The newest first."""
        ...

    async def alerts(self, *, before: int | None, limit: int) -> Sequence[AlertRow]:
        """The newest first; ``before`` a number."""
        ...

    async def audit(
        self, *, before: int | None, actor: str | None, subject: str | None, limit: int
    ) -> Sequence[AuditRow]:
        """The newest first; ``before`` a number."""
        ...

    async def verify_audit(self) -> ChainState:
        """Read the whole trail."""
        ...


class PlainNumbers(Protocol):
    """Numbers in the clear, on their way to ``access.reveals``, which writes the look down before it is shown."""

    async def of_case(self, number: str, *, by: str, role: Role, reason: str) -> PhoneNumber | None:
        """The user's, or None if the case has none.

        Raises:
            CaseNotFound: no such case.
            IdentityWithheld: somebody reported, and this role does not ask reporters.
        """
        ...

    async def of_missed_call(self, missed: str) -> PhoneNumber | None:
        """Of a caller nobody served; None if withheld or unknown."""
        ...

    async def of_rescue_call(self, rescue: str) -> PhoneNumber | None:
        """Of a leak caller who hung up; None if withheld or unknown."""
        ...
