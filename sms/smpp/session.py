"""One bound SMPP 3.4 link, sans-IO: what to send and what happened, from bytes, submits and expired timers.

Rules: at most ``window`` submits are unanswered; each answer settles one; what is unanswered when the link closes or
its response timer expires is UNKNOWN, because the gateway may have taken it (notes of SMPP §2.9). The gateway's
enquire_link and deliver_sm are answered at once; a silent link is probed and then given up.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum

from sms.errors import PduMalformed
from sms.smpp.pdu import (
    ESM_RECEIPT,
    Command,
    Pdu,
    PduReader,
    ShortMessage,
    Status,
    bind_body,
    c_string_of,
)


class LinkState(Enum):
    """A link's life; CLOSED is final."""

    BINDING = "binding"
    BOUND = "bound"
    UNBINDING = "unbinding"
    CLOSED = "closed"


class Timer(Enum):
    """Timers the driver keeps; ``StartTimer`` restarts one that runs."""

    BIND = "bind"  # no answer to the bind
    QUIET = "quiet"  # time to ask whether the link lives
    ENQUIRE = "enquire"  # no answer to that question


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Call ``expired(timer)`` after so many seconds."""

    timer: Timer
    after_s: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    """The timer is no longer wanted."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Bound:
    """The gateway accepted the bind: submits may begin."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway took a submit under this message id."""

    token: Hashable
    message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway refused a submit; ``temporary`` for throttling and a full queue."""

    token: Hashable
    status: int
    temporary: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """A submit was written and never answered: it may have been sent."""

    token: Hashable


@dataclass(frozen=True, slots=True)
class Delivered:
    """The gateway delivered a receipt or a user's message."""

    message: ShortMessage
    is_receipt: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """The link is over; the reason is for the log."""

    reason: str


Action = Send | StartTimer | StopTimer | Bound | Accepted | Refused | Unknown | Delivered | Closed
_TEMPORARY = {Status.THROTTLED, Status.QUEUE_FULL, Status.SYSTEM_ERROR}


@dataclass(frozen=True, slots=True)
class LinkTimers:
    """Seconds. SMPP 3.4 §7.2 names the timers and leaves their values to the implementation."""

    bind_s: float = 10.0
    quiet_s: float = 30.0
    enquire_s: float = 10.0
    response_s: float = 30.0


class SmppSession:
    """See the module's head.

    Args:
        system_id, password: of the bind.
        window: submits that may be unanswered.
        timers: seconds.
    """

    def __init__(self, system_id: str, password: str, *, window: int = 10, timers: LinkTimers | None = None) -> None:
        self._system_id = system_id
        self._password = password
        self._window = window
        self.timers = timers or LinkTimers()
        self.state = LinkState.BINDING
        self._reader = PduReader()
        self._sequence = 0
        self._unanswered: dict[int, tuple[Hashable, float]] = {}

    @property
    def room(self) -> int:
        """How many more submits may be written now."""
        return max(0, self._window - len(self._unanswered)) if self.state is LinkState.BOUND else 0

    def open(self) -> list[Action]:
        """The connection stands: bind."""
        bind = Pdu(Command.BIND_TRANSCEIVER, 0, self._next(), bind_body(self._system_id, self._password))
        return [Send(bind.encode()), StartTimer(Timer.BIND, self.timers.bind_s)]

    def submit(self, token: Hashable, message: ShortMessage, now_s: float) -> list[Action]:
        """Write one submit_sm.

        Args:
            token: comes back in Accepted, Refused or Unknown, exactly once.
            now_s: monotonic seconds.
        Raises:
            RuntimeError: there is no room; ask ``room`` first.
        """
        if not self.room:
            raise RuntimeError("the window is full or the link is not bound")
        sequence = self._next()
        self._unanswered[sequence] = (token, now_s)
        return [Send(Pdu(Command.SUBMIT_SM, 0, sequence, message.encode()).encode())]

    def receive(self, data: bytes) -> list[Action]:
        """Bytes from the gateway."""
        if self.state is LinkState.CLOSED:
            return []
        try:
            units = self._reader.feed(data)
        except PduMalformed as error:
            nack = Pdu(Command.GENERIC_NACK, error.command_status, 0)
            return [Send(nack.encode()), *self._close(f"malformed unit: {error}")]
        actions: list[Action] = []
        for unit in units:
            actions += self._unit(unit)
        if self.state is LinkState.BOUND:
            actions.append(StartTimer(Timer.QUIET, self.timers.quiet_s))
        return actions

    def expired(self, timer: Timer) -> list[Action]:
        """A timer ran out."""
        match timer, self.state:
            case Timer.BIND, LinkState.BINDING:
                return self._close("no answer to the bind")
            case Timer.QUIET, LinkState.BOUND:
                enquire = Pdu(Command.ENQUIRE_LINK, 0, self._next())
                return [Send(enquire.encode()), StartTimer(Timer.ENQUIRE, self.timers.enquire_s)]
            case Timer.ENQUIRE, LinkState.BOUND:
                return self._close("no answer to enquire_link")
            case _:
                return []

    def overdue(self, now_s: float) -> list[Action]:
        """Settle as Unknown every submit that has waited longer than ``response_s``."""
        late = [seq for seq, (_, since_s) in self._unanswered.items() if now_s - since_s >= self.timers.response_s]
        return [Unknown(self._unanswered.pop(sequence)[0]) for sequence in late]

    def unbind(self) -> list[Action]:
        """Leave politely; the driver closes when the answer comes or its patience ends."""
        if self.state is not LinkState.BOUND:
            return self._close("closed before it was bound")
        self.state = LinkState.UNBINDING
        return [Send(Pdu(Command.UNBIND, 0, self._next()).encode()), StopTimer(Timer.QUIET)]

    def lost(self, reason: str) -> list[Action]:
        """The connection broke."""
        return [] if self.state is LinkState.CLOSED else self._close(reason)

    def _unit(self, unit: Pdu) -> list[Action]:
        match unit.command:
            case Command.BIND_TRANSCEIVER_RESP if self.state is LinkState.BINDING:
                if unit.status:
                    return self._close(f"bind refused, status 0x{unit.status:08x}")
                self.state = LinkState.BOUND
                return [StopTimer(Timer.BIND), Bound()]
            case Command.SUBMIT_SM_RESP:
                return self._submitted(unit)
            case Command.GENERIC_NACK:
                return self._submitted(unit)
            case Command.DELIVER_SM:
                return self._delivered(unit)
            case Command.ENQUIRE_LINK:
                return [Send(Pdu(Command.ENQUIRE_LINK_RESP, 0, unit.sequence).encode())]
            case Command.ENQUIRE_LINK_RESP:
                return [StopTimer(Timer.ENQUIRE)]
            case Command.UNBIND:
                return [Send(Pdu(Command.UNBIND_RESP, 0, unit.sequence).encode()), *self._close("the gateway unbound")]
            case Command.UNBIND_RESP if self.state is LinkState.UNBINDING:
                return self._close("unbound")
            case command if command & 0x80000000:
                return []
            case _:
                return [Send(Pdu(Command.GENERIC_NACK, Status.INVALID_COMMAND, unit.sequence).encode())]

    def _submitted(self, unit: Pdu) -> list[Action]:
        waiting = self._unanswered.pop(unit.sequence, None)
        if waiting is None:
            return []  # answered already, or settled as unknown
        token = waiting[0]
        if unit.command == Command.SUBMIT_SM_RESP and not unit.status:
            try:
                return [Accepted(token, c_string_of(unit.body))]
            except PduMalformed:
                return [Unknown(token)]
        return [Refused(token, unit.status, temporary=unit.status in _TEMPORARY)]

    def _delivered(self, unit: Pdu) -> list[Action]:
        try:
            message = ShortMessage.decode(unit.body)
        except PduMalformed as error:
            return [Send(Pdu(Command.DELIVER_SM_RESP, error.command_status, unit.sequence, b"\0").encode())]
        answer = Pdu(Command.DELIVER_SM_RESP, 0, unit.sequence, b"\0").encode()
        # Delivered first: the driver must have stored the message before the gateway hears that it was taken.
        return [Delivered(message, bool(message.esm_class & ESM_RECEIPT)), Send(answer)]

    def _close(self, reason: str) -> list[Action]:
        self.state = LinkState.CLOSED
        lost: list[Action] = [Unknown(token) for token, _ in self._unanswered.values()]
        self._unanswered.clear()
        return [*(StopTimer(timer) for timer in Timer), *lost, Closed(reason)]

    def _next(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence
