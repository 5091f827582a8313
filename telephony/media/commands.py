"""What a leg can be told, without an answer: the plain half of the media worker's client."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable

import msgspec

from telephony.media.messages import (
    BridgeLegs,
    CloseLeg,
    ConfigureLeg,
    HoldLeg,
    Listen,
    Play,
    SendDigits,
    StopPlaying,
    UnbridgeLeg,
    Unlisten,
)
from vocabulary.audio_frame import AudioFile


class LegCommands(ABC):
    """Commands that are sent and forgotten; about a leg that is gone, or to a worker that is down, they do nothing."""

    def __init__(self) -> None:
        self._plays = itertools.count(1)

    @abstractmethod
    def _send(self, command: msgspec.Struct) -> bool:
        """Write a command; False if no worker runs."""

    def configure(self, command: ConfigureLeg) -> None:
        """Tell the leg what offer and answer agreed; see ConfigureLeg."""
        self._send(command)

    def play(
        self,
        leg: str,
        files: Iterable[AudioFile],
        *,
        repeat: bool = False,
        gap_s: float = 0.0,
        stop_on: str = "",
    ) -> int:
        """Play files; returns the number that PlayEnded will carry. See Play."""
        number = next(self._plays)
        paths = [str(file.path) for file in files]
        self._send(Play(leg=leg, play=number, files=paths, repeat=repeat, gap_s=gap_s, stop_on=stop_on))
        return number

    def stop_playing(self, leg: str) -> None:
        """Stop what plays, within one frame; PlayEnded follows if something did."""
        self._send(StopPlaying(leg))

    def bridge(self, a: str, b: str) -> None:
        """Let two legs of this worker hear each other."""
        self._send(BridgeLegs(a, b))

    def unbridge(self, leg: str) -> None:
        """Part the leg from its other party."""
        self._send(UnbridgeLeg(leg))

    def listen(self, leg: str, stream: str, speech_socket: str) -> None:
        """Send the leg's received audio to the speech worker; see Listen."""
        self._send(Listen(leg, stream, speech_socket))

    def unlisten(self, leg: str) -> None:
        """Stop sending audio to the speech worker."""
        self._send(Unlisten(leg))

    def send_digits(self, leg: str, digits: str) -> None:
        """Send keys to the far side; DigitsSent follows."""
        self._send(SendDigits(leg, digits))

    def hold(self, leg: str, held: bool) -> None:
        """Suspend (True) or resume (False) the leg's RTP time-out."""
        self._send(HoldLeg(leg, held))

    def close_leg(self, leg: str) -> None:
        """End the leg; LegClosed with its counters is the last thing its owner hears."""
        self._send(CloseLeg(leg))
