"""What callbacks need from outside: a unit of work, the cases, the outbox of messages, the leak lane, an alarm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

from callbacks.answer import CallbackAnswer, ContactRecord, Wish, WishKind
from callbacks.callback import Callback
from callbacks.contact_caps import ContactAttempt
from callbacks.contact_lock import ContactLocks
from callbacks.windows import Channel
from cases.commands import CallbackResult, MoveCommand, Moved
from cases.facts import CaseFacts
from cases.intake import Intake, IntakeCommand
from cases.master_data import Role
from sms.messages import OutgoingSms
from telephony.ports import Call, Leg
from vocabulary.phone_number import PhoneNumber


class Callbacks(Protocol):
    """The callbacks of one unit of work."""

    def add(self, callback: Callback) -> None:
        """Take a new one in."""
        ...

    async def get(self, callback_id: str) -> Callback:
        """The callback, locked for change where the database can.

        Raises:
            CallbackNotFound: there is none.
        """
        ...

    async def live_of_case(self, case_number: str) -> Callback | None:
        """The callback of this case that is not over."""
        ...

    async def live_of_person(self, phone_key: str) -> list[Callback]:
        """All of this person that are not over and not being changed right now, first by priority."""
        ...

    async def due(self, channel: Channel, now: datetime, limit: int) -> list[Callback]:
        """WAITING ones of a channel whose time has come, by priority and due time, skipping rows others hold."""
        ...

    async def surveys_over(self, now: datetime, limit: int) -> list[Callback]:
        """Surveys whose time to answer is over."""
        ...

    async def leases_over(self, now: datetime, limit: int) -> list[Callback]:
        """Dialled or claimed ones whose holder has vanished."""
        ...

    async def dialled_by(self, holder: str) -> list[Callback]:
        """Those that this dialler holds."""
        ...

    async def newest_survey(self, phone_key: str, since: datetime) -> Callback | None:
        """The callback whose survey was sent last to this number, answered or not."""
        ...

    async def has_open_survey(self, phone_key: str, besides: str) -> bool:
        """Whether another callback's survey to this number is unanswered (§3.6: one at a time)."""
        ...

    async def extensions_since(self, phone_key: str, since: datetime) -> frozenset[str]:
        """Extension digits of surveys sent to this number."""
        ...


class Contacts(Protocol):
    """Attempts, answers and wishes of one unit of work; append only."""

    async def add(self, record: ContactRecord) -> None:
        """Keep an attempt."""
        ...

    async def add_answer(self, answer: CallbackAnswer) -> None:
        """Keep an answer."""
        ...

    async def answer(self, answer_id: str) -> CallbackAnswer | None:
        """One answer."""
        ...

    async def last_answer(self, callback_id: str) -> CallbackAnswer | None:
        """The latest answer of a callback."""
        ...

    async def attempts(self, phone_key: str, since: datetime) -> list[ContactAttempt]:
        """Every attempt to reach this person since then."""
        ...

    async def wishes(self, phone_key: str) -> frozenset[WishKind]:
        """What this person asked for."""
        ...

    async def wish(self, phone_key: str, kind: WishKind) -> Wish | None:
        """One of them, with the words that prove it."""
        ...

    async def add_wish(self, wish: Wish) -> None:
        """Register one; nothing happens if it stands already."""
        ...

    async def take_back_wish(self, phone_key: str, kind: WishKind) -> None:
        """The person changed the wish."""
        ...


@dataclass(frozen=True, slots=True)
class SwitchPosition:
    """Where the switch stands.

    Attributes:
        paused: no further machine calls.
        by, at, reason: who moved it last, when (aware UTC) and why.
    """

    paused: bool
    by: str
    at: datetime
    reason: str

    @property
    def paused_by(self) -> str | None:
        """Who stopped machine calling; None while it goes on."""
        return self.by if self.paused else None


class SwitchPositions(Protocol):
    """The one switch of machine calling."""

    async def position(self) -> SwitchPosition | None:
        """Where it stands; None while nobody ever moved it."""
        ...

    async def move(self, to: SwitchPosition) -> None:
        """Keep where it stands now; of two that move it at once the later one counts."""
        ...


class Events(Protocol):
    """Events that leave with the commit."""

    def append(self, topic: str, payload: Mapping[str, Any]) -> None:
        """One event."""
        ...


class Audit(Protocol):
    """The audit trail of one unit of work."""

    def append(self, actor: str, action: str, subject: str, reason: str, detail: Mapping[str, Any]) -> None:
        """One entry."""
        ...


class CallbacksUnitOfWork(Protocol):
    """One transaction over callbacks; ``store.unit_of_work.SqlUnitOfWork`` serves it.

    ``messages`` is the messages room's own; it is only handed on to its outbox.
    """

    @property
    def callbacks(self) -> Callbacks:
        """See Callbacks."""
        ...

    @property
    def contacts(self) -> Contacts:
        """See Contacts."""
        ...

    @property
    def contact_locks(self) -> ContactLocks:
        """See ContactLocks."""
        ...

    @property
    def outbound_switch(self) -> SwitchPositions:
        """See SwitchPositions."""
        ...

    @property
    def messages(self) -> Any:
        """See ``sms.ports.MessageRepository``."""
        ...

    @property
    def events(self) -> Events:
        """See Events."""
        ...

    @property
    def audit(self) -> Audit:
        """See Audit."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        """Write all or nothing.

        Raises:
            ConcurrentChange: somebody else changed one of these callbacks meanwhile.
        """
        ...


class CallbacksUnitOfWorkFactory(Protocol):
    """Makes units of work."""

    def __call__(self) -> CallbacksUnitOfWork:
        """A fresh one."""
        ...


class CaseDoor(Protocol):
    """What callbacks ask of cases; ``cases.services.CaseServices`` serves it."""

    async def facts(self, case_number: str) -> CaseFacts:
        """What the plan is decided by.

        Raises:
            CaseNotFound: there is none.
        """
        ...

    async def callback_phone(self, case_number: str, *, by: str, role: Role, reason: str) -> PhoneNumber | None:
        """The number to ask; each look is in the audit trail.

        Raises:
            IdentityWithheld: somebody reported, and the role may not know who.
        """
        ...

    async def callback_result(self, result: CallbackResult) -> Moved:
        """Move the case by what the callback brought.

        Raises:
            MoveRefused: the case stands elsewhere, or only a person may finish it.
        """
        ...

    async def open(self, command: IntakeCommand) -> Intake:
        """Open a case: a danger that was written."""
        ...

    async def move(self, command: MoveCommand) -> Moved:
        """Move a case along its table: new demands and late dissatisfaction."""
        ...


class SmsSender(Protocol):
    """``sms.outbox.Outbox`` serves it."""

    async def queue(self, uow: Any, sms: OutgoingSms) -> str | None:
        """Write it into this transaction; its identifier, or None if the user refused surveys."""
        ...

    async def cancel(self, uow: Any, message_id: str, reason: str) -> bool:
        """Withdraw one that has not left; whether it could be."""
        ...


class LeakLane(Protocol):
    """The gas-leak lane for a live call ; ``ivr.leak_lane.LeakLane`` serves it."""

    async def run(self, call: Call, leg: Leg, found_by: str, *, recording: str | None = None) -> None:
        """Serve this leg until the user hangs up; a machine never does."""
        ...


class SafetyAlarm(Protocol):
    """Tells the rescue desk of a danger that was written or said without a live call."""

    async def raise_alarm(self, *, case_number: str, phone: PhoneNumber | None, words: str, reason: str) -> None:
        """Returns when the desk's list holds it."""
        ...


class OutboundSwitch(Protocol):
    """一键暂停, and the carrier's permit for outbound calls by 96 numbers (§3.3, §3.8)."""

    async def outbound_allowed(self) -> bool:
        """Whether machines may call users now."""
        ...
