"""StoreError
├── StoreUnavailable        the database is away or locked for longer than the retries lasted; also an Unavailable
├── DecryptionFailed        a stored field cannot be opened: wrong key, wrong place or changed bytes
├── SecretsRefused          the secrets file is unreadable, incomplete or open to others
├── RecordingNotKept        a recording could not be made durable; the spool file stays where it is
├── RecordingNotFound       no bytes stand under this key
└── JobsNotReady            the tables of the durable jobs were not made: run ``upgrade`` first

What rooms must catch without importing the store stands in ``vocabulary.errors``: ConcurrentChange, AlreadyExists,
JobMustWait.
"""

from vocabulary.errors import NuanxianError, Unavailable


class StoreError(NuanxianError):
    """The root of what the store raises."""


class StoreUnavailable(StoreError, Unavailable):
    """The database is away, or was locked for longer than the retries lasted; nothing of this unit was written."""


class DecryptionFailed(StoreError):
    """A stored field cannot be opened; the message names table and column, never the content."""


class SecretsRefused(StoreError):
    """The secrets file cannot be trusted; the message says what to do about it."""


class RecordingNotKept(StoreError):
    """A recording could not be made durable; its spool file was left in place for the next attempt."""


class RecordingNotFound(StoreError):
    """No bytes stand under the given key."""


class JobsNotReady(StoreError):
    """The tables of the durable jobs do not exist yet."""
