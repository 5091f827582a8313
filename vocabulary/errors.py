"""NuanxianError
├── InvalidValue            an input at the edge breaks its type's rule; carries the field and the rule
│   └── InvalidPhoneNumber  not a dialable number
└── ConfigurationRefused    the settings file holds mistakes; carries each with its line

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
