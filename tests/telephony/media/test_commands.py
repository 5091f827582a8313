"""Commands that are sent and forgotten."""

from pathlib import Path

import msgspec
import pytest

from telephony.media.commands import LegCommands
from telephony.media.messages import (
    BridgeLegs,
    CloseLeg,
    HoldLeg,
    Listen,
    Play,
    SendDigits,
    StopPlaying,
    UnbridgeLeg,
    Unlisten,
)
from vocabulary.audio_frame import AudioFile

pytestmark = pytest.mark.unit


class Sent(LegCommands):
    """Keeps the commands."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[msgspec.Struct] = []

    def _send(self, command: msgspec.Struct) -> bool:
        self.commands.append(command)
        return True


def test_each_method_is_one_command() -> None:
    sent = Sent()
    sent.bridge("a", "b")
    sent.unbridge("a")
    sent.stop_playing("a")
    sent.listen("a", "s", "/speech.sock")
    sent.unlisten("a")
    sent.send_digits("a", "12")
    sent.hold("a", True)
    sent.close_leg("a")
    assert sent.commands == [
        *(BridgeLegs("a", "b"), UnbridgeLeg("a"), StopPlaying("a"), Listen("a", "s", "/speech.sock"), Unlisten("a")),
        *(SendDigits("a", "12"), HoldLeg("a", True), CloseLeg("a")),
    ]


def test_every_play_has_its_own_number() -> None:
    sent = Sent()
    files = [AudioFile(Path("/prompts/greeting.alaw"), "您好")]
    numbers = [sent.play("a", files, stop_on="1"), sent.play("a", files, repeat=True, gap_s=2.0)]
    paths = ["/prompts/greeting.alaw"]
    assert sent.commands == [
        Play(leg="a", play=numbers[0], files=paths, stop_on="1"),
        Play(leg="a", play=numbers[1], files=paths, repeat=True, gap_s=2.0),
    ]
    assert len(set(numbers)) == 2
