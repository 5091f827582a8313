"""NuanxianError
├── InvalidValue            an input at the edge breaks its type's rule; carries the field and the rule
│   └── InvalidPhoneNumber  not a dialable number
├── ConfigurationRefused    the settings file holds mistakes; carries each with its line
├── ConcurrentChange        somebody else changed the same thing first: read again and decide again
├── AlreadyExists           a row with this key stands already: the command was carried out before
├── Unavailable             something this needs is away for the moment; nothing was done
└── JobMustWait             a job's handler cannot work now; carries the reason and when to try again

Each room has its own root below NuanxianError, drawn at the head of its own ``errors.py``.
"""


class NuanxianError(Exception):
    """The root of every error this program raises on purpose."""


class InvalidValue(NuanxianError, ValueError):
    """A value at the edge breaks its type's rule.

    Args:
        message: what is wrong, in a sentence, without personal data.
        field: the name of the offending field, if it is known.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidPhoneNumber(InvalidValue):
    """Not a dialable number; the message tells the length, never the digits."""


class ConfigurationRefused(NuanxianError):
    """The settings hold mistakes.

    Args:
        mistakes: one sentence each, with file, line and what is allowed.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class ConcurrentChange(NuanxianError):
    """Somebody else changed the same aggregate between reading and writing; nothing was written."""


class AlreadyExists(NuanxianError):
    """A row with the same unique key stands already; nothing was written."""


class Unavailable(NuanxianError):
    """Something this needs (the database, a worker) is away for the moment; nothing was done, try again later."""


class JobMustWait(NuanxianError):
    """A job's handler cannot work now (a recogniser is missing, a gateway is away); the job waits and says so.

    Args:
        reason: a sentence for the people who watch the jobs, without personal data.
        again_after_s: seconds until the next attempt.
    """

    def __init__(self, reason: str, again_after_s: float = 60.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again_after_s = again_after_s
