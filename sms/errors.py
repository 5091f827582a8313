"""SmsError
├── PduMalformed        the gateway's bytes break SMPP's grammar; carries the command status to answer with
├── SubmitRefused       the gateway said no; carries its status and whether trying again can help
├── GatewayAway         no bound link; the message waits in the outbox
└── TextNotSendable     the text is empty or too long to be sent
"""

from vocabulary.errors import NuanxianError


class SmsError(NuanxianError):
    """The root of this room's errors."""


class PduMalformed(SmsError):
    """The peer's bytes break the grammar.

    Args:
        message: what is wrong.
        command_status: SMPP 3.4 §5.1.3 status for a generic_nack.
    """

    def __init__(self, message: str, command_status: int = 0x02) -> None:
        super().__init__(message)
        self.command_status = command_status


class SubmitRefused(SmsError):
    """The gateway refused one message.

    Args:
        status: the protocol's own code.
        temporary: True when the same message may be accepted later (throttling, queue full).
    """

    def __init__(self, status: int, *, temporary: bool) -> None:
        super().__init__(f"status 0x{status:08x}")
        self.status = status
        self.temporary = temporary


class GatewayAway(SmsError):
    """There is no bound link at present."""


class TextNotSendable(SmsError):
    """Empty, or longer than the parts a message may have."""
