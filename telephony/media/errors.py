"""MediaError             below telephony.errors.TelephonyError
├── MediaUnavailable   no media worker is running just now; a new one is being started
├── LegRefused         the worker could not open the leg; carries the worker's reason
├── RtpMalformed       a datagram breaks RFC 3550's packet format
├── EventMalformed     a telephone-event payload breaks RFC 4733's format
└── WavMalformed       a file is no stereo A-law WAV of ours and cannot be mended
"""

from telephony.errors import TelephonyError


class MediaError(TelephonyError):
    """The root of everything the media room refuses."""


class MediaUnavailable(MediaError):
    """No media worker is running just now; a new one is being started."""


class LegRefused(MediaError):
    """The worker could not open the leg; the message is the worker's reason."""


class RtpMalformed(MediaError):
    """A datagram breaks RFC 3550's packet format."""


class EventMalformed(MediaError):
    """A telephone-event payload breaks RFC 4733's format."""


class WavMalformed(MediaError):
    """A file is no stereo A-law WAV of ours and cannot be mended."""
