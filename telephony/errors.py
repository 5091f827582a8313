"""NuanxianError
└── TelephonyError              the root of this room
    ├── TrunkNotMatched         403  names every trunk tried and why each refused
    ├── NoTrunkFor              404  no trunk carries this number, with each trunk's reason
    ├── LegStateWrong           the operation does not fit the leg's state (a fault of the program, not of the line)
    └── MediaUnavailable        503  no media worker could open a leg

``sip`` and ``media`` draw their own trees below TelephonyError in their own files. A call that was not
answered is no error of the program: see CallFailed and LegEnded in ``ports.py``.
"""

from vocabulary.errors import NuanxianError


class TelephonyError(NuanxianError):
    """The root of every error this room raises on purpose."""


class TrunkNotMatched(TelephonyError):
    """An INVITE came from no line we know.

    Args:
        reasons: a sentence for each trunk tried.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons) or "no trunk is configured")
        self.reasons = reasons


class NoTrunkFor(TelephonyError):
    """No trunk can carry an outbound call.

    Args:
        reasons: a sentence for each trunk tried.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons) or "no trunk is configured")
        self.reasons = reasons


class LegStateWrong(TelephonyError):
    """Asked of a leg in a state that does not allow it, e.g. to bridge a leg that still rings."""


class MediaUnavailable(TelephonyError):
    """No media worker could open a leg: none runs, or its ports are used up."""
