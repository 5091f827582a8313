"""SMPP 3.4 protocol data units: bytes to values and back. Source: SMPP v3.4 issue 1.2, §3.2, §4 and §5.

A unit is a 16-byte header (length, command, status, sequence; big endian) and a body of C strings, octets and TLVs.
Only what a sender of surveys needs is read; an unknown command keeps its bytes so that it can be refused by name.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from sms.errors import PduMalformed

HEADER_BYTES = 16
MAX_PDU_BYTES = 70_000  # a submit_sm with the largest message_payload (64 KiB) and its fields
_HEADER = struct.Struct(">IIII")


class Command(IntEnum):
    """§5.1.2.1; a response is its request with the top bit set."""

    GENERIC_NACK = 0x80000000
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015


class Status(IntEnum):
    """§5.1.3, those this program sends or treats apart."""

    OK = 0x00000000
    INVALID_LENGTH = 0x00000002
    INVALID_COMMAND = 0x00000003
    WRONG_BIND_STATE = 0x00000004
    SYSTEM_ERROR = 0x00000008
    BIND_FAILED = 0x0000000D
    INVALID_PASSWORD = 0x0000000E
    QUEUE_FULL = 0x00000014
    THROTTLED = 0x00000058


class Tlv(IntEnum):
    """§5.3.2 optional parameters that are read."""

    RECEIPTED_MESSAGE_ID = 0x001E
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


UCS2 = 0x08
"""data_coding of UTF-16BE, §5.2.19."""
ESM_RECEIPT = 0x04
"""esm_class bit of a delivery receipt, §5.2.12."""
ESM_UDH = 0x40
"""esm_class bit: the text begins with a user data header."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One unit with its body still in bytes."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def encode(self) -> bytes:
        """As it goes on the wire."""
        return _HEADER.pack(HEADER_BYTES + len(self.body), self.command, self.status, self.sequence) + self.body


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """The body of submit_sm and deliver_sm (§4.4.1, §4.6.1), which are laid out alike.

    Attributes:
        source, destination: addresses as digits.
        text: bytes in ``data_coding``; for UCS2, UTF-16BE, with the user data header in front if ESM_UDH is set.
        esm_class, data_coding, registered_delivery: §5.2.12, §5.2.19, §5.2.17.
        tlvs: optional parameters by tag.
    """

    source: str
    destination: str
    text: bytes
    esm_class: int = 0
    data_coding: int = UCS2
    registered_delivery: int = 0
    tlvs: dict[int, bytes] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The body's bytes.

        Raises:
            ValueError: the text is longer than the 254 bytes of the short_message field.
        """
        if len(self.text) > 254:
            raise ValueError(f"{len(self.text)} bytes do not fit into short_message")
        return b"".join(
            (
                _c_string(""),  # service_type
                bytes((1, 1)),  # source: international, E.164
                _c_string(self.source),
                bytes((1, 1)),
                _c_string(self.destination),
                bytes((self.esm_class, 0, 0)),  # protocol_id, priority_flag
                _c_string("") * 2,  # schedule_delivery_time, validity_period
                bytes((self.registered_delivery, 0, self.data_coding, 0, len(self.text))),
                self.text,
                *(struct.pack(">HH", tag, len(value)) + value for tag, value in self.tlvs.items()),
            )
        )

    @classmethod
    def decode(cls, body: bytes) -> "ShortMessage":
        """Read a body.

        Raises:
            PduMalformed: it ends early, or a string is not closed.
        """
        reader = _Reader(body)
        reader.c_string(6)
        reader.octets(2)
        source = reader.c_string(21)
        reader.octets(2)
        destination = reader.c_string(21)
        esm_class = reader.octets(3)[0]
        reader.c_string(17)
        reader.c_string(17)
        registered, _replace, coding, _default, length = reader.octets(5)
        text = reader.octets(length)
        tlvs = reader.tlvs()
        return cls(source, destination, tlvs.get(Tlv.MESSAGE_PAYLOAD, text), esm_class, coding, registered, tlvs)

    @property
    def words(self) -> str:
        """The text as people read it; bytes that break the coding become U+FFFD."""
        text = self.text
        if self.esm_class & ESM_UDH and text:
            text = text[1 + text[0] :]
        coding = {UCS2: "utf-16-be", 0x01: "ascii", 0x03: "latin-1"}.get(self.data_coding, "latin-1")
        return text.decode(coding, "replace")


def bind_body(system_id: str, password: str) -> bytes:
    """The body of bind_transceiver, §4.1.5: interface version 3.4, no address range."""
    return _c_string(system_id[:15]) + _c_string(password[:8]) + _c_string("") + bytes((0x34, 0, 0)) + _c_string("")


def c_string_of(body: bytes, maximum: int = 65) -> str:
    """The C string a response's body begins with (message_id, system_id); "" when there is none.

    Raises:
        PduMalformed: not closed within ``maximum`` bytes.
    """
    return _Reader(body).c_string(maximum) if body else ""


class PduReader:
    """Sans-IO: bytes in, units out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Pdu]:
        """Units completed by these bytes.

        Raises:
            PduMalformed: the length field is impossible; the link can only be closed.
        """
        self._buffer += data
        units: list[Pdu] = []
        while len(self._buffer) >= HEADER_BYTES:
            length, command, status, sequence = _HEADER.unpack_from(self._buffer)
            if not HEADER_BYTES <= length <= MAX_PDU_BYTES:
                raise PduMalformed(f"a unit of {length} bytes", Status.INVALID_LENGTH)
            if len(self._buffer) < length:
                break
            units.append(Pdu(command, status, sequence, bytes(self._buffer[HEADER_BYTES:length])))
            del self._buffer[:length]
        return units


def _c_string(text: str) -> bytes:
    return text.encode("ascii", "replace") + b"\0"


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def c_string(self, maximum: int) -> str:
        end = self._body.find(b"\0", self._at, self._at + maximum)
        if end < 0:
            raise PduMalformed(f"no string of at most {maximum} bytes at byte {self._at}")
        text = self._body[self._at : end].decode("latin-1")
        self._at = end + 1
        return text

    def octets(self, count: int) -> bytes:
        piece = self._body[self._at : self._at + count]
        if len(piece) < count:
            raise PduMalformed(f"{count} bytes are missing at byte {self._at}")
        self._at += count
        return piece

    def tlvs(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        while self._at < len(self._body):
            tag, length = struct.unpack(">HH", self.octets(4))
            found[tag] = self.octets(length)
        return found
