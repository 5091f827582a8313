"""Messages out of a byte stream, by Content-Length (RFC 3261 §18.3)."""

from telephony.sip.core.errors import MessageMalformed

MAX_HEAD_BYTES = 16_384
MAX_BODY_BYTES = 65_536

PING = b"\r\n\r\n"
PONG = b"\r\n"


class StreamFramer:
    """Cuts a TCP stream into messages and keep-alives (RFC 5626 §3.5.1). Bounded: it never holds more than one message.

    Usage: ``feed`` bytes, then take ``messages()``; ``pings`` counts double CRLFs to be answered by one CRLF each.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.pings = 0

    @property
    def partial(self) -> bool:
        """Whether a message has begun and not ended."""
        return not PING.startswith(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Whole messages, in order.

        Raises:
            MessageMalformed: the stream cannot be cut any more; close the connection.
        """
        self._buffer += data
        messages: list[bytes] = []
        while True:
            self._skip_keep_alives()
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                if len(self._buffer) > MAX_HEAD_BYTES:
                    raise MessageMalformed("headers without end on a stream")
                return messages
            if head_end > MAX_HEAD_BYTES:
                raise MessageMalformed("headers too long on a stream")
            total = head_end + 4 + _content_length(bytes(self._buffer[:head_end]))
            if len(self._buffer) < total:
                return messages
            messages.append(bytes(self._buffer[:total]))
            del self._buffer[:total]

    def _skip_keep_alives(self) -> None:
        while self._buffer.startswith(PING):
            del self._buffer[:4]
            self.pings += 1
        if self._buffer.startswith(PONG) and not PING.startswith(self._buffer):  # the rest of a ping may be under way
            del self._buffer[:2]


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"content-length", b"l"):
            value = value.strip()
            if not value.isdigit() or len(value) > 6 or int(value) > MAX_BODY_BYTES:
                raise MessageMalformed("Content-Length is no number or too large")
            return int(value)
    return 0
