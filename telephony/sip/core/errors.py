"""SipError                  carries the status the UAS should answer with
├── MessageMalformed      400  the peer's bytes break the grammar
├── SdpMalformed          400  the session description breaks the grammar
├── NoCommonCodec         488  the offer holds nothing this side speaks
├── WrongState                 the act does not fit the dialog's state, e.g. BYE before the answer
└── PortInUse                  another program listens on the configured address
"""

from typing import TYPE_CHECKING

from vocabulary.errors import NuanxianError

if TYPE_CHECKING:
    from telephony.sip.core.message import Request


class SipError(NuanxianError):
    """The root of what signalling raises.

    Args:
        message: a sentence, without personal data.
    """

    status = 500
    """The final response that tells the peer."""


class MessageMalformed(SipError):
    """The peer's bytes break the grammar of RFC 3261 §25.

    Attributes:
        request: the request, if enough of it could be read to answer with ``status``.
    """

    status = 400
    request: "Request | None" = None


class SdpMalformed(SipError):
    """The session description breaks the grammar of RFC 8866."""

    status = 400


class NoCommonCodec(SipError):
    """The offer holds no audio stream that this side speaks (RFC 3261 §21.4.26)."""

    status = 488


class WrongState(SipError):
    """The act does not fit the state of the dialog."""


class PortInUse(SipError):
    """Another program listens on the configured address."""
