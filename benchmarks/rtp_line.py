"""One RTP stream of the load generator: paced sending, and receive times stamped by the kernel."""

import socket
import struct
from array import array

SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")
_HEADER = struct.Struct("!BBHII")
KEPT_TIMES = 3000
"""One minute of packets."""
SILENCE = bytes([0xD5]) * 160


class RtpLine:
    """A socket, what was sent on it and what came.

    Args:
        host: address to bind.
        tone: the 160 bytes that are sent over and over.
        other_tone: what the far party of a bridge sends, to know it by.

    Attributes:
        gaps_ms: between arrivals inside the window.
        voiced_at_s: kernel times (wall clock) of the packets before the other tone that were not silence.
        heard_other_at_s: of the first packet with the other tone; None if there was none.
    """

    def __init__(self, host: str, tone: bytes, other_tone: bytes) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 19)
        self.socket.bind((host, 0))
        self.port: int = self.socket.getsockname()[1]
        self.remote: tuple[str, int] | None = None
        self.sent = self.received = self.lost = self.in_window = self.sent_in_window = 0
        self.gaps_ms = array("d")
        self.first_at_s: float | None = None
        self.voiced_at_s = array("d")
        self.heard_other_at_s: float | None = None
        self.window = (float("inf"), float("inf"))
        self._tone = tone
        self._other = other_tone[:16]
        self._sequence = self.port & 0xFFFF
        self._timestamp = self.port * 7
        self._last_sequence: int | None = None
        self._last_at_s: float | None = None

    def send(self, now_s: float) -> None:
        """One packet, if the far side is known."""
        if self.remote is None:
            return
        header = _HEADER.pack(0x80, 0x88 if self.sent == 0 else 8, self._sequence, self._timestamp, self.port)
        try:
            self.socket.sendto(header + self._tone, self.remote)
        except OSError:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + 160) & 0xFFFFFFFF
        self.sent += 1
        if self.window[0] <= now_s <= self.window[1]:
            self.sent_in_window += 1

    def drain(self) -> None:
        """Take what has arrived."""
        receive = self.socket.recvmsg
        while True:
            try:
                data, ancillary, _, _ = receive(512, 64)
            except OSError:
                return
            if len(data) < 12 or data[1] & 0x7F not in (0, 8):
                continue
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2][:16])
            self._arrived(data, seconds + nanoseconds * 1e-9)

    def _arrived(self, data: bytes, at_s: float) -> None:
        self.received += 1
        if self.first_at_s is None:
            self.first_at_s = at_s
        sequence = (data[2] << 8) | data[3]
        inside = self.window[0] <= at_s <= self.window[1]
        if inside:
            self.in_window += 1
            if self._last_at_s is not None and self._last_at_s >= self.window[0]:
                self.gaps_ms.append((at_s - self._last_at_s) * 1000)
            if self._last_sequence is not None:
                step = (sequence - self._last_sequence) & 0xFFFF
                if 1 < step < 0x8000:
                    self.lost += step - 1
        self._last_sequence, self._last_at_s = sequence, at_s
        if self.heard_other_at_s is None:
            if data[12:28] == self._other:
                self.heard_other_at_s = at_s
            elif data[12:28] != SILENCE[:16] and len(self.voiced_at_s) < KEPT_TIMES:
                self.voiced_at_s.append(at_s)

    def close(self) -> None:
        self.socket.close()
