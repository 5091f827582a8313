"""Recordings: the media loop appends packets to lists, one thread places, interleaves, writes, syncs and renames.

The loop never waits for the disk. A disk that is full or too slow ends the recording, not the call.
"""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from telephony.media.core.placement import Placement
from telephony.media.core.stereo import StereoAssembler
from telephony.media.core.wav import header
from telephony.media.errors import WavMalformed
from telephony.media.io.mending import finish_file, part_path
from telephony.media.messages import RecordingEvent, RecordingFailed, RecordingFinished
from vocabulary.audio_frame import RATE_HZ

log = logging.getLogger(__name__)

HOLD_BACK_SAMPLES = 2400
"""300 ms: how long a packet may be late and still find its place in the file."""
CHUNKS_WAITING_MAX = 4000
"""Chunks of one second that may wait for a slow disk, over all recordings, before recordings are given up."""


class RecordingTap:
    """The media loop's end of one recording.

    Args:
        began_s: steady time of position 0.
    Attributes:
        flush_s: when its packets are due to be handed to the writer.
    """

    __slots__ = ("_left", "_left_place", "_right", "_right_place", "began_s", "flush_s", "leg", "recording")

    def __init__(self, recording: str, leg: str, began_s: float) -> None:
        self.recording = recording
        self.leg = leg
        self.began_s = began_s
        self.flush_s = began_s + 1.0
        self._left: list[tuple[int, bytes]] = []
        self._right: list[tuple[int, bytes]] = []
        self._left_place = Placement()
        self._right_place = Placement()

    def heard(self, timestamp: int, alaw: bytes, now_s: float) -> None:
        """A packet came from the party."""
        now = int((now_s - self.began_s) * RATE_HZ)
        self._left.append((self._left_place.place(timestamp, len(alaw), now), alaw))

    def said(self, timestamp: int, alaw: bytes, now_s: float) -> None:
        """A packet was sent to the party."""
        now = int((now_s - self.began_s) * RATE_HZ)
        self._right.append((self._right_place.place(timestamp, len(alaw), now), alaw))

    def chunk(self, now_s: float) -> "Chunk":
        """Everything since the last chunk."""
        left, self._left = self._left, []
        right, self._right = self._right, []
        self.flush_s = now_s + 1.0
        return Chunk(self.recording, left, right, int((now_s - self.began_s) * RATE_HZ))


@dataclass(frozen=True, slots=True)
class Begin:
    """Open the file."""

    recording: str
    leg: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """About one second of both directions; ``until`` is the present position."""

    recording: str
    left: list[tuple[int, bytes]]
    right: list[tuple[int, bytes]]
    until: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The last chunk; then the file gets its final name."""

    chunk: Chunk


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End the recording with what is written."""

    recording: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the thread; files still open stay ``*.part`` and are mended by whoever starts next."""


class RecordingFile:
    """One file being written, in the writer thread.

    Args:
        open_file: opens a path for unbuffered writing; tests hand in one that fails.
    Raises:
        OSError: from the constructor and every method, as the disk says.
    """

    def __init__(self, part: Path, leg: str, open_file: Callable[[Path], BinaryIO]) -> None:
        self.part = part
        self.leg = leg
        self._assembler = StereoAssembler()
        self._file = open_file(part)

    def begin(self) -> None:
        """Write the header; its lengths are corrected at the end."""
        self._write(header(0))

    def add(self, chunk: Chunk) -> None:
        """Place a chunk and write what can no longer change."""
        self._assembler.add(chunk.left, chunk.right)
        self._write(self._assembler.take(chunk.until - HOLD_BACK_SAMPLES))

    def finish(self, chunk: Chunk) -> None:
        """Place the last chunk, write all and close."""
        self._assembler.add(chunk.left, chunk.right)
        self._write(self._assembler.take(chunk.until))
        self._file.close()

    def abandon(self) -> None:
        """Close without writing more."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:  # an unbuffered write may take less than it is given, on a disk about to be full
            view = view[self._file.write(view) :]


def open_unbuffered(path: Path) -> BinaryIO:
    """A new file, written without a buffer of Python's."""
    return path.open("wb", buffering=0)


class RecordingWriter:
    """The writer thread of one worker.

    Args:
        spool: folder of recordings.
        worker: name of the worker, part of unfinished files' names.
        report: told how each recording ended, in the writer thread.
    """

    def __init__(
        self,
        spool: Path,
        worker: str,
        report: Callable[[RecordingEvent], None],
        open_file: Callable[[Path], BinaryIO] = open_unbuffered,
    ) -> None:
        self._spool = spool
        self._worker = worker
        self._report = report
        self._open_file = open_file
        self._files: dict[str, RecordingFile] = {}
        self._orders: queue.SimpleQueue[Begin | Chunk | Finish | GiveUp | Stop] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recording writer", daemon=True)

    @property
    def chunks_waiting(self) -> int:
        """Orders not taken yet."""
        return self._orders.qsize()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def order(self, order: Begin | Chunk | Finish | GiveUp) -> None:
        """Hand over work; never blocks."""
        self._orders.put(order)

    def stop(self) -> None:
        """Do what was ordered before, then end the thread; waits 10 s at most."""
        self._orders.put(Stop())
        self._thread.join(10.0)

    def _run(self) -> None:
        while True:
            order = self._orders.get()
            if isinstance(order, Stop):
                break
            try:
                self._take(order)
            except Exception:  # a fault of ours on one recording must not end all the others
                log.exception("recording order failed", extra={"order": type(order).__name__})
        for file in self._files.values():
            file.abandon()

    def _take(self, order: Begin | Chunk | Finish | GiveUp) -> None:
        match order:
            case Begin():
                self._begin(order)
            case Chunk():
                self._guarded(order.recording, order, last=False)
            case Finish(chunk):
                self._guarded(chunk.recording, chunk, last=True)
            case GiveUp(recording, reason):
                self._fail(recording, reason)

    def _begin(self, order: Begin) -> None:
        part = part_path(self._spool, order.recording, self._worker)
        try:
            file = self._files[order.recording] = RecordingFile(part, order.leg, self._open_file)
        except OSError as error:
            self._report(RecordingFailed(recording=order.recording, leg=order.leg, reason=str(error)))
            return
        try:
            file.begin()
        except OSError as error:
            self._fail(order.recording, str(error))

    def _guarded(self, recording: str, chunk: Chunk, *, last: bool) -> None:
        file = self._files.get(recording)
        if file is None:  # it failed before, and that was reported
            return
        try:
            if not last:
                file.add(chunk)
                return
            file.finish(chunk)
            path, duration_s = finish_file(file.part)
        except (OSError, WavMalformed) as error:
            self._fail(recording, str(error))
            return
        del self._files[recording]
        self._report(RecordingFinished(recording=recording, leg=file.leg, path=str(path), duration_s=duration_s))

    def _fail(self, recording: str, reason: str) -> None:
        """Keep what was written: correcting the header in place needs no room."""
        file = self._files.pop(recording, None)
        if file is None:
            return
        kept, duration_s = "", 0.0
        try:
            file.abandon()
            path, duration_s = finish_file(file.part)
            kept = str(path)
            if not duration_s:
                path.unlink()
                kept = ""
        except (OSError, WavMalformed) as error:
            log.error("recording not kept", extra={"recording": recording, "reason": str(error)})
        self._report(
            RecordingFailed(recording=recording, leg=file.leg, reason=reason, path=kept, duration_s=duration_s)
        )
