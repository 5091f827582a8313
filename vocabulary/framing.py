"""Typed frames over a Unix stream socket: how our processes talk (design §3).

A frame is a 4-byte big-endian length and one msgpack value of a closed union of msgspec structs.
"""

import asyncio
import struct
from typing import Any, Generic, TypeVar

import msgspec

from vocabulary.errors import NuanxianError

MAX_FRAME_BYTES = 4 * 1024 * 1024
_LENGTH = struct.Struct(">I")
Incoming = TypeVar("Incoming")


class FrameRefused(NuanxianError):
    """The peer sent a frame that is too long or not of the agreed types; the link is closed."""


class FrameReader(Generic[Incoming]):
    """Sans-IO: bytes in, messages out.

    Args:
        union: the type, or union of tagged msgspec structs, that may arrive.
    """

    def __init__(self, union: Any) -> None:
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(union)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Incoming]:
        """Messages completed by these bytes, in order.

        Raises:
            FrameRefused: longer than MAX_FRAME_BYTES, or not one of the agreed types.
        """
        self._buffer += data
        messages: list[Incoming] = []
        at = 0
        while len(self._buffer) - at >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._buffer, at)
            if size > MAX_FRAME_BYTES:
                raise FrameRefused(f"a frame of {size} bytes")
            if len(self._buffer) - at - _LENGTH.size < size:
                break
            body = bytes(self._buffer[at + _LENGTH.size : at + _LENGTH.size + size])
            try:
                messages.append(self._decoder.decode(body))
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                raise FrameRefused(str(error)) from error
            at += _LENGTH.size + size
        del self._buffer[:at]
        return messages


_encoder = msgspec.msgpack.Encoder()


def frame(message: msgspec.Struct) -> bytes:
    """One message as it goes on the wire."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


async def messages(reader: asyncio.StreamReader, union: Any) -> Any:
    """Iterate over the messages of one link until it closes.

    Raises:
        FrameRefused: see FrameReader.feed.
    """
    frames: FrameReader[Any] = FrameReader(union)
    while data := await reader.read(65536):
        for message in frames.feed(data):
            yield message
