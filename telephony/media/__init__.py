"""Audio of calls: RTP, digits, prompts, bridges and recordings, in worker processes of their own.

``MediaWorker`` is the door; ``messages`` lists what may be asked and what is told.
"""

from telephony.media.client import MediaWorker
from telephony.media.errors import LegRefused, MediaError, MediaUnavailable
from telephony.media.io.worker_child import MediaWorkerConfig
from telephony.media.messages import (
    AudioArrived,
    ConfigureLeg,
    DigitReceived,
    DigitsSent,
    LegClosed,
    LegCounters,
    LegEvent,
    LegLost,
    PlayEnded,
    RecordingEvent,
    RecordingFailed,
    RecordingFinished,
    RtpTimedOut,
    WorkerReport,
)

__all__ = [
    "AudioArrived",
    "ConfigureLeg",
    "DigitReceived",
    "DigitsSent",
    "LegClosed",
    "LegCounters",
    "LegEvent",
    "LegLost",
    "LegRefused",
    "MediaError",
    "MediaUnavailable",
    "MediaWorker",
    "MediaWorkerConfig",
    "PlayEnded",
    "RecordingEvent",
    "RecordingFailed",
    "RecordingFinished",
    "RtpTimedOut",
    "WorkerReport",
]
