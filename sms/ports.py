"""What the messages room needs from outside: a gateway, and a unit of work over its rows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sms.messages import OptOut, SmsMessage, SmsReceipt, SmsReply


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one segment."""

    gateway_id: str
    delivered: bool
    error: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A user's message.

    Attributes:
        sender: digits as the gateway gives them, e.g. ``8613800001234``.
        access: the number it was sent to, extension included.
        text: the words.
        gateway_id: the gateway's own id of this message, if it has one: the key against doubles.
    """

    sender: str
    access: str
    text: str
    gateway_id: str | None


GatewayEvents = Callable[[Sequence[Receipt | Incoming]], Awaitable[None]]
"""Stores what the gateway delivered; the gateway hears that it was taken only after this returned."""


class SmsGateway(Protocol):
    """One link, or several, to a carrier or an aggregator. ``tests/sms/test_gateways.py`` is its contract."""

    async def start(self, events: GatewayEvents) -> None:
        """Connect, and keep connecting, until stop()."""
        ...

    async def stop(self) -> None:
        """Finish what is in flight for a moment, then leave."""
        ...

    @property
    def available(self) -> bool:
        """Whether a submit has a chance now."""
        ...

    @property
    def window(self) -> int:
        """How many submits may be under way at once."""
        ...

    async def submit(self, to: str, extension: str, text: str) -> list[str]:
        """Send one text, in segments if it must be; the message id of each.

        Args:
            to: E.164 digits without plus.
            extension: appended to the access number.
        Raises:
            SubmitRefused: the gateway said no; nothing, or not all, was sent.
            GatewayAway: nothing was written to a link.
            TimeoutError: it was written and never answered: it may have been sent.
        """
        ...


class MessageRepository(Protocol):
    """The rows of this room; ``store.repositories.sms`` serves it."""

    def add(self, row: SmsMessage | SmsReceipt | SmsReply | OptOut) -> None:
        """Insert at commit."""
        ...

    async def get(self, message_id: str) -> SmsMessage:
        """One message, locked for change.

        Raises:
            LookupError: there is none.
        """
        ...

    async def due(self, now: datetime, limit: int) -> list[SmsMessage]:
        """QUEUED messages whose time has come, safety first, locked against other processes."""
        ...

    async def lost(self, now: datetime, limit: int) -> list[SmsMessage]:
        """SUBMITTING messages whose lease has run out."""
        ...

    async def by_gateway_id(self, gateway_id: str) -> SmsMessage | None:
        """The message that one of whose segments has this id."""
        ...

    async def know_gateway_ids(self, message_id: str, gateway_ids: list[str]) -> None:
        """Remember ids, so that receipts find the message."""
        ...

    async def take_early_receipts(self, gateway_ids: list[str]) -> list[SmsReceipt]:
        """Receipts that came before their ids were known; deleted."""
        ...

    async def answered_survey(self, phone_key: str, extension: str, since: datetime) -> SmsMessage | None:
        """The newest survey to this phone, with this extension if one is given, sent since then."""
        ...

    async def has_reply(self, dedupe_key: str) -> bool:
        """Whether this reply was stored before."""
        ...

    async def opted_out(self, phone_key: str) -> bool:
        """Whether this phone refused surveys."""
        ...


class SmsUnitOfWork(Protocol):
    """One transaction."""

    messages: MessageRepository
    events: Any
    audit: Any

    async def __aenter__(self) -> "SmsUnitOfWork": ...
    async def __aexit__(self, *error: Any) -> None: ...
    async def commit(self) -> None:
        """Make it true."""
        ...


SmsUnitOfWorkFactory = Callable[[], Any]
"""Makes one; ``store.unit_of_work.UnitOfWorkFactory`` is the real one."""
