"""The writer thread and its files, without a call."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from telephony.media.core.g711 import ALAW_SILENCE
from telephony.media.core.wav import HEADER_BYTES, read_header
from telephony.media.io.mending import part_path
from telephony.media.io.recorder import (
    Begin,
    Chunk,
    Finish,
    GiveUp,
    RecordingTap,
    RecordingWriter,
    open_unbuffered,
)
from telephony.media.messages import RecordingEvent, RecordingFailed, RecordingFinished

pytestmark = pytest.mark.unit


class FailingFile:
    """A disk that fills up after some bytes: it takes part of a write, then refuses."""

    def __init__(self, path: Path, room_bytes: int) -> None:
        self._file = open_unbuffered(path)
        self._room_bytes = room_bytes

    def write(self, data: Any) -> int:
        if not self._room_bytes:
            raise OSError(28, "No space left on device")
        taken = self._file.write(bytes(data[: self._room_bytes]))
        self._room_bytes -= taken
        return taken

    def close(self) -> None:
        self._file.close()


@contextmanager
def writer(spool: Path, open_file: Callable[[Path], Any] = open_unbuffered) -> Iterator[Any]:
    reports: queue.SimpleQueue[RecordingEvent] = queue.SimpleQueue()
    running = RecordingWriter(spool, "w", reports.put, open_file)
    running.start()
    yield running, lambda: reports.get(timeout=5)
    running.stop()
    assert reports.empty()


def test_chunks_become_a_file_with_its_final_name(tmp_path: Path) -> None:
    with writer(tmp_path) as (running, report):
        running.order(Begin("r", "leg"))
        running.order(Chunk("r", [(0, b"l" * 160)], [(80, b"r" * 160)], 8000))
        running.order(Finish(Chunk("r", [(8000, b"L" * 160)], [], 8160)))
        done = report()
    assert done == RecordingFinished(
        recording="r", leg="leg", path=str(tmp_path / "r.wav"), duration_s=8160 / 8000, complete=True
    )
    data = (tmp_path / "r.wav").read_bytes()
    assert read_header(data) == 8160
    left, right = data[HEADER_BYTES::2], data[HEADER_BYTES + 1 :: 2]
    assert left[:160] == b"l" * 160 and left[8000:] == b"L" * 160
    assert right[80:240] == b"r" * 160 and right[:80] == bytes([ALAW_SILENCE]) * 80


def test_a_packet_late_by_a_quarter_second_finds_its_place(tmp_path: Path) -> None:
    with writer(tmp_path) as (running, report):
        running.order(Begin("r", "leg"))
        running.order(Chunk("r", [], [], 8000))
        running.order(Finish(Chunk("r", [(6000, b"late")], [], 9000)))
        data = Path(report().path).read_bytes()
    assert data[HEADER_BYTES::2][6000:6004] == b"late"


def test_a_full_disk_is_reported_once_and_what_was_written_is_kept(tmp_path: Path) -> None:
    with writer(tmp_path, lambda path: FailingFile(path, 5000)) as (running, report):
        running.order(Begin("r", "leg"))
        for n in range(1, 4):
            running.order(Chunk("r", [(0, b"x" * 160)], [], n * 8000))
        running.order(Finish(Chunk("r", [], [], 32000)))
        failed = report()
    assert isinstance(failed, RecordingFailed)
    assert "No space left" in failed.reason
    assert failed.duration_s == (5000 - HEADER_BYTES) // 2 / 8000
    assert read_header(Path(failed.path).read_bytes()) == (5000 - HEADER_BYTES) // 2


def test_a_folder_that_is_away_is_reported(tmp_path: Path) -> None:
    with writer(tmp_path / "away") as (running, report):
        running.order(Begin("r", "leg"))
        running.order(Finish(Chunk("r", [], [], 8000)))
        assert isinstance(failed := report(), RecordingFailed)
    assert failed.path == ""


def test_one_recording_that_fails_does_not_harm_another(tmp_path: Path) -> None:
    room = iter([10, 1_000_000])
    with writer(tmp_path, lambda path: FailingFile(path, next(room))) as (running, report):
        running.order(Begin("bad", "a"))
        running.order(Begin("good", "b"))
        running.order(Finish(Chunk("good", [], [], 8000)))
        reports = [report(), report()]
    assert [type(event) for event in reports] == [RecordingFailed, RecordingFinished]


def test_a_recording_given_up_keeps_what_was_written(tmp_path: Path) -> None:
    with writer(tmp_path) as (running, report):
        running.order(Begin("r", "leg"))
        running.order(Chunk("r", [], [], 10400))
        running.order(GiveUp("r", "the disk is too slow"))
        failed = report()
    assert (failed.reason, failed.duration_s) == ("the disk is too slow", 1.0)


def test_stopping_leaves_unfinished_files_to_be_mended(tmp_path: Path) -> None:
    with writer(tmp_path) as (running, _):
        running.order(Begin("r", "leg"))
        running.order(Chunk("r", [], [], 8000))
    assert part_path(tmp_path, "r", "w").stat().st_size == HEADER_BYTES + 2 * (8000 - 2400)


def test_a_tap_places_packets_by_timestamp_and_gives_them_out_once() -> None:
    tap = RecordingTap("r", "leg", began_s=100.0)
    tap.heard(5000, b"a" * 160, 100.5)
    tap.heard(5160, b"b" * 160, 100.6)  # 80 ms late
    tap.said(77, b"c" * 160, 100.25)
    chunk = tap.chunk(101.0)
    assert chunk == Chunk("r", [(4000, b"a" * 160), (4160, b"b" * 160)], [(2000, b"c" * 160)], 8000)
    assert tap.flush_s == 102.0
    assert tap.chunk(102.0) == Chunk("r", [], [], 16000)


def test_a_fault_in_one_order_does_not_end_the_thread(tmp_path: Path) -> None:
    with writer(tmp_path) as (running, report):
        running.order(Begin("r", "leg"))
        running.order(Chunk("r", [(0, "no bytes")], [], 8000))  # type: ignore[list-item]
        running.order(Finish(Chunk("r", [], [], 8000)))
        assert report().duration_s == 1.0
