"""Stereo A-law WAV files: their header, and how a file whose writer died is mended.

``wave`` of the standard library cannot write A-law. RIFF layout by Microsoft's "Multimedia Programming Interface and
Data Specifications 1.0"; format tag 6 is G.711 A-law, which asks for an 18-byte ``fmt`` chunk and a ``fact`` chunk.
"""

import struct

from telephony.media.errors import WavMalformed
from vocabulary.audio_frame import RATE_HZ

CHANNELS = 2
_FORMAT_ALAW = 6
_HEADER = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
HEADER_BYTES = _HEADER.size
"""58: RIFF 12, fmt 26, fact 12, data 8."""


def header(samples: int) -> bytes:
    """The header of a stereo A-law file.

    Args:
        samples: of each channel; the audio after the header is twice as many bytes, left and right in turn.
    """
    audio_bytes = samples * CHANNELS
    return _HEADER.pack(
        *(b"RIFF", HEADER_BYTES - 8 + audio_bytes, b"WAVE"),
        *(b"fmt ", 18, _FORMAT_ALAW, CHANNELS, RATE_HZ, RATE_HZ * CHANNELS, CHANNELS, 8, 0),
        *(b"fact", 4, samples),
        *(b"data", audio_bytes),
    )


def read_header(head: bytes) -> int:
    """Samples of each channel that a header of ours promises.

    Raises:
        WavMalformed: too short, or not what ``header`` writes.
    """
    if len(head) < HEADER_BYTES:
        raise WavMalformed(f"{len(head)} bytes are no header")
    samples: int = _HEADER.unpack_from(head)[14]
    if header(samples) != head[:HEADER_BYTES]:
        raise WavMalformed("not a stereo A-law header of ours")
    return samples


def mended_header(head: bytes, file_bytes: int) -> tuple[bytes, int]:
    """The header that fits what a dead writer left, and the samples it keeps.

    Args:
        head: the file's first HEADER_BYTES bytes, or all if it is shorter.
        file_bytes: length of the whole file.
    Returns:
        The header to write over the old one, and the samples of each channel; the file is to be cut to
        ``HEADER_BYTES + samples * CHANNELS`` bytes. A file without a whole header becomes an empty recording.
    Raises:
        WavMalformed: there is a whole header and it is not ours.
    """
    if file_bytes < HEADER_BYTES:
        return header(0), 0
    read_header(head)
    samples = (file_bytes - HEADER_BYTES) // CHANNELS
    return header(samples), samples
