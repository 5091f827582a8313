"""One lock per person over every channel: who is being contacted is contacted by nobody else (domain rules §3.3).

The lock is a row with a lease; taking it is one statement in the store (``take``), so two servers cannot both have
it. Its number grows with every taking: work that carries an older number is refused (fencing).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from callbacks.windows import Channel

LEASE = timedelta(minutes=30)
"""占用锁过期 30 min, §3.3."""
RENEW_EVERY_S = 300.0
"""通话中自动续期: often enough that one missed renewal loses nothing."""


@dataclass(frozen=True, slots=True)
class ContactLock:
    """A person being contacted.

    Attributes:
        phone_key: keyed hash of the number.
        channel, holder: by which way and by whom (``dialler host-1``, a staff identifier).
        callback_id: about which callback.
        taken_at, expires_at: it ends by itself at ``expires_at``.
        fence: grows with every taking.
    """

    phone_key: str
    channel: Channel
    holder: str
    callback_id: str
    taken_at: datetime
    expires_at: datetime
    fence: int

    def held_at(self, at: datetime) -> bool:
        """Whether it still holds."""
        return at < self.expires_at


class ContactLocks(Protocol):
    """The locks of one unit of work."""

    async def take(
        self, phone_key: str, channel: Channel, holder: str, callback_id: str, at: datetime, until: datetime
    ) -> ContactLock:
        """Take it, or take it again as the same holder.

        Raises:
            ContactLocked: somebody else has it and it has not expired.
        """
        ...

    async def renew(self, lock: ContactLock, until: datetime) -> bool:
        """Hold it longer; False if it was lost to somebody else."""
        ...

    async def release(self, lock: ContactLock, at: datetime) -> None:
        """Give it back; nothing happens if it was lost."""
        ...

    async def of(self, phone_key: str, at: datetime) -> ContactLock | None:
        """Who has it now."""
        ...
