"""CallbackError
├── CallbackNotFound        no such callback
├── CallbackMoveRefused     the state does not allow it; carries the state and what was asked
├── CallbackTaken           another person claimed it first, or the claim has run out
├── SeatOccupied            the agent's seat is on a call; carries what the seat does, in Chinese
├── ContactLocked           somebody else is in contact with this person; carries channel, holder and end
├── ContactCapped           one more contact would break the caps of §3.3; carries when it is allowed
├── OutsideWindow           callbacks may not begin now (§3.2); carries the next opening
├── ResultIncomplete        a human result lacks what §3.5 asks for; carries the missing fields
└── OutboundPaused          outbound calls are stopped by the switch or for want of a permit
"""

from datetime import datetime

from vocabulary.errors import NuanxianError


class CallbackError(NuanxianError):
    """Root of the room's errors."""


class CallbackNotFound(CallbackError):
    """No callback has this identifier."""


class CallbackMoveRefused(CallbackError):
    """The callback's state does not allow the move.

    Args:
        state: the name of the present state.
        move: the name of what was asked.
    """

    def __init__(self, state: str, move: str) -> None:
        super().__init__(f"回访处于“{state}”,不能“{move}”")
        self.state = state
        self.move = move


class CallbackTaken(CallbackError):
    """Somebody else holds the task, or one's own claim ran out."""


class SeatOccupied(CallbackError):
    """The agent's own seat rings or talks, so that no call can be made from it."""


class ContactLocked(CallbackError):
    """The person is being contacted already.

    Args:
        channel: by which channel.
        holder: by whom.
        expires_at: when the lock ends unless it is renewed.
    """

    def __init__(self, channel: str, holder: str, expires_at: datetime) -> None:
        super().__init__(f"该用户正由 {holder} 以 {channel} 联系")
        self.channel = channel
        self.holder = holder
        self.expires_at = expires_at


class ContactCapped(CallbackError):
    """One more contact would be one too many.

    Args:
        reason: the cap that it would break, in Chinese.
        not_before: when it is allowed.
    """

    def __init__(self, reason: str, not_before: datetime) -> None:
        super().__init__(reason)
        self.not_before = not_before


class OutsideWindow(CallbackError):
    """Callbacks may not begin now.

    Args:
        opens_at: the next opening.
    """

    def __init__(self, opens_at: datetime) -> None:
        super().__init__("不在回访时段内")
        self.opens_at = opens_at


class ResultIncomplete(CallbackError):
    """A human callback's result lacks required parts.

    Args:
        missing: field names of ``HumanResult``.
    """

    def __init__(self, missing: list[str]) -> None:
        super().__init__("回访记录缺少:" + "、".join(missing))
        self.missing = missing


class OutboundPaused(CallbackError):
    """Outbound calls are stopped."""
