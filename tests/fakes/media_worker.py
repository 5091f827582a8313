"""A media worker in memory: what it was told, and what the test lets it say."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from telephony.media import (
    ConfigureLeg,
    DigitReceived,
    DigitsSent,
    LegClosed,
    LegCounters,
    LegEvent,
    LegLost,
    LegRefused,
    MediaUnavailable,
    PlayEnded,
    RecordingEvent,
    RecordingFailed,
    RecordingFinished,
    RtpTimedOut,
)
from vocabulary.audio_frame import AudioFile


class FakeMediaWorker:
    """Takes the commands of MediaWorker; ``told`` lists them as (verb, leg, …).

    Attributes:
        told: every command, in order.
        plays: leg → (number, file stems) of what plays.
        configured: leg → the last ConfigureLeg.
        refuses: reason with which open_leg() refuses; "" to open.
        away: no worker runs.
        on_recording: set by the owner, as MediaWorker's argument.
    """

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.plays: dict[str, tuple[int, list[str]]] = {}
        self.configured: dict[str, ConfigureLeg] = {}
        self.recordings: dict[str, str] = {}
        self.refuses = ""
        self.away = False
        self.on_recording: Callable[[RecordingEvent], None] = lambda event: None
        self._legs: dict[str, Callable[[LegEvent], None]] = {}
        self._numbers = itertools.count(1)
        self._ports = itertools.count(20000, 2)

    # the interface of MediaWorker

    async def open_leg(self, leg: str, on_event: Callable[[LegEvent], None]) -> int:
        if self.away:
            raise MediaUnavailable("no media worker is running")
        if self.refuses:
            raise LegRefused(self.refuses)
        self._legs[leg] = on_event
        self.told.append(("open", leg))
        return next(self._ports)

    def configure(self, command: ConfigureLeg) -> None:
        self.configured[command.leg] = command
        self.told.append(("configure", command.leg))

    def play(
        self, leg: str, files: Iterable[AudioFile], *, repeat: bool = False, gap_s: float = 0.0, stop_on: str = ""
    ) -> int:
        self.play_over(leg)
        number = next(self._numbers)
        stems = [file.path.stem for file in files]
        self.plays[leg] = (number, stems)
        self.told.append(("play", leg, *stems))
        return number

    def stop_playing(self, leg: str) -> None:
        self.told.append(("stop", leg))
        self.play_over(leg)

    def bridge(self, a: str, b: str) -> None:
        self.told.append(("bridge", a, b))

    def unbridge(self, leg: str) -> None:
        self.told.append(("unbridge", leg))

    def record(self, leg: str, recording: str) -> None:
        self.recordings[recording] = leg
        self.told.append(("record", leg, recording))

    def stop_recording(self, recording: str) -> None:
        self.told.append(("record_stop", recording))
        self.recording_over(recording)

    def listen(self, leg: str, stream: str, speech_socket: str) -> None:
        self.told.append(("listen", leg, stream, speech_socket))

    def unlisten(self, leg: str) -> None:
        self.told.append(("unlisten", leg))

    def send_digits(self, leg: str, digits: str) -> None:
        self.told.append(("digits", leg, digits))
        self._tell(leg, DigitsSent(leg))

    def hold(self, leg: str, held: bool) -> None:
        self.told.append(("hold", leg, held))

    def close_leg(self, leg: str) -> None:
        self.told.append(("close", leg))
        self.play_over(leg)
        for recording in [each for each, of in self.recordings.items() if of == leg]:
            self.recording_over(recording)
        counters = LegCounters(packets_in=100, packets_out=90, lost=1)
        if handler := self._legs.pop(leg, None):
            handler(LegClosed(leg, counters))

    # what the test lets it say

    def play_over(self, leg: str, *, played_s: float = 0.0, finished: bool = False, digit: str | None = None) -> None:
        """What plays on the leg ends."""
        if playing := self.plays.pop(leg, None):
            event = PlayEnded(leg=leg, play=playing[0], played_s=played_s, finished=finished, digit=digit)
            self._tell(leg, event)

    def press(self, leg: str, digit: str) -> None:
        self._tell(leg, DigitReceived(leg, digit))

    def fall_silent(self, leg: str) -> None:
        self._tell(leg, RtpTimedOut(leg, 30.0))

    def die(self) -> None:
        """The process is killed."""
        legs, self._legs = self._legs, {}
        for leg, handler in legs.items():
            handler(LegLost(leg, "killed"))
        for recording in list(self.recordings):
            self.recording_over(recording, complete=False)

    def recording_over(self, recording: str, *, complete: bool = True, lost: str = "") -> None:
        """A recording ends, whole, mended, or lost for a reason."""
        leg = self.recordings.pop(recording, None)
        if leg is None:
            return
        if lost:
            self.on_recording(RecordingFailed(recording=recording, leg=leg, reason=lost))
            return
        path = f"/spool/{recording}.wav"
        event = RecordingFinished(recording=recording, leg=leg, path=path, duration_s=4.0, complete=complete)
        self.on_recording(event)

    def verbs(self, leg: str) -> list[str]:
        """What was told about one leg."""
        return [told[0] for told in self.told if leg in told]

    def _tell(self, leg: str, event: LegEvent) -> None:
        if handler := self._legs.get(leg):
            handler(event)
