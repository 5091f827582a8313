"""Callers nobody served (没接住的电话): the list of domain spec §3.9, with what is due when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from seats.errors import SeatsError
from vocabulary.phone_number import PhoneNumber

ABANDONED_AFTER_S = 5.0
"""排队 5 s 后放弃的 (§3.9); who hangs up sooner did not ask for a person (§7)."""
LISTEN_WITHIN = timedelta(minutes=3)
"""留言 3 min 内人工听取 (§3.9)."""
CALL_BACK_WITHIN = timedelta(minutes=30)
"""放弃的来电 30 min 内、任何时刻可回拨一次, 之后自 08:00 起 (§3.9)."""


class MissedKind(Enum):
    """Why the caller is on the list."""

    ABANDONED = "abandoned"  # hung up while waiting
    MESSAGE = "message"  # left a message
    MESSAGE_CUT = "message_cut"  # hung up while the bot asked for a message, without saying anything
    NARROW = "narrow"  # turned away because the machine was nearly full
    SERVER_LOST = "server_lost"  # the server that held the call died


class MissedState(Enum):
    """What became of it."""

    OPEN = "open"
    DONE = "done"


class AlreadyHandled(SeatsError):
    """Somebody else handled this missed call."""


@dataclass(eq=False)
class MissedCall:
    """One caller to be listened to or called back.

    Attributes:
        id: ULID.
        number: None if withheld.
        waited_s: in the queue; 0 without one.
        due_at: when somebody must have listened (a message) or called back, aware UTC.
        recording, case_number: what is known.
        handled_by, handled_at, note: who did what about it.
    """

    id: str
    call_id: str
    kind: MissedKind
    number: PhoneNumber | None
    at: datetime
    waited_s: float
    due_at: datetime
    recording: str | None = None
    case_number: str | None = None
    state: MissedState = MissedState.OPEN
    handled_by: str = ""
    handled_at: datetime | None = None
    note: str = ""
    version: int = 0

    def finish(self, by: str, note: str, *, at: datetime) -> None:
        """Record what was done.

        Raises:
            AlreadyHandled: it is done already.
        """
        if self.state is MissedState.DONE:
            raise AlreadyHandled(f"handled by {self.handled_by}")
        self.state, self.handled_by, self.handled_at, self.note = MissedState.DONE, by, at, note


def due_at(kind: MissedKind, at: datetime) -> datetime:
    """When it must be handled: messages within 3 minutes, calls back within 30 (§3.9)."""
    return at + (LISTEN_WITHIN if kind is MissedKind.MESSAGE else CALL_BACK_WITHIN)
