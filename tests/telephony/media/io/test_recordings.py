"""Recordings under way in the media loop."""

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telephony.media.io import recordings
from telephony.media.io.leg import Leg
from telephony.media.io.mending import part_path
from telephony.media.io.recordings import Recordings
from telephony.media.messages import RecordingEvent, RecordingFailed, RecordingFinished, StartRecording

pytestmark = pytest.mark.unit


class Room:
    """Recordings with a spool folder and what they reported."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.reports: queue.SimpleQueue[RecordingEvent] = queue.SimpleQueue()
        self.recordings = Recordings(self.spool, "w", self.reports.put)
        self.recordings.open()
        self.leg = Leg("leg", 20000, lambda fact: None, lambda speaker, ticking: None)

    def begin(self, recording: str, now_s: float = 100.0, leg: Leg | None = None) -> None:
        self.recordings.begin(StartRecording("leg", recording), leg or self.leg, now_s)

    def report(self) -> Any:
        return self.reports.get(timeout=5)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.recordings.close()


def test_a_recording_lasts_from_begin_to_finish(room: Room) -> None:
    room.begin("r")
    assert room.leg.recording and room.leg.speaker.recording
    room.recordings.finish("r", 103.5)
    assert room.report() == RecordingFinished(recording="r", leg="leg", path=str(room.spool / "r.wav"), duration_s=3.5)
    assert room.leg.recording is None and room.leg.speaker.recording is None
    room.recordings.finish("r", 104.0)
    assert room.reports.empty()


def test_packets_are_handed_over_once_a_second(room: Room) -> None:
    room.begin("r")
    for now_s in (100.5, 101.0, 101.5, 102.0):
        room.recordings.flush(now_s)
    room.recordings.close()
    assert part_path(room.spool, "r", "w").stat().st_size == 58 + 2 * (16000 - 2400)


@pytest.mark.parametrize("name", ["", "a/b", "../a", "a.b", "x" * 101])
def test_a_name_that_could_leave_the_folder_is_refused(room: Room, name: str) -> None:
    room.begin(name)
    assert isinstance(room.report(), RecordingFailed)
    assert list(room.spool.iterdir()) == []


def test_a_leg_has_one_recording_and_a_name_one_leg(room: Room) -> None:
    room.begin("r")
    room.begin("other")
    assert "already" in room.report().reason
    room.begin("r", leg=Leg("second", 20002, lambda fact: None, lambda speaker, ticking: None))
    assert "in use" in room.report().reason
    room.recordings.begin(StartRecording("gone", "x"), None, 100.0)
    assert "ended" in room.report().reason


def test_a_disk_hopelessly_behind_ends_recordings_and_not_calls(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.begin("r")
    monkeypatch.setattr(recordings, "CHUNKS_WAITING_MAX", -1)
    room.recordings.flush(100.1)
    assert room.report().reason == "the disk is too slow"
    assert room.leg.recording is None
    assert len(room.recordings) == 0


def test_abandoned_recordings_stay_as_they_are_and_new_ones_can_begin(room: Room) -> None:
    room.begin("r")
    room.recordings.abandon()
    assert part_path(room.spool, "r", "w").exists()
    assert room.leg.recording is None
    room.begin("new", 200.0)
    room.recordings.finish("new", 201.0)
    assert room.report().recording == "new"
