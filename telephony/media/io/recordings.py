"""The recordings under way in the media loop: which leg each copies, and when its packets go to the writer."""

import re
from collections.abc import Callable
from pathlib import Path

from telephony.media.io.leg import Leg
from telephony.media.io.recorder import (
    CHUNKS_WAITING_MAX,
    Begin,
    Finish,
    GiveUp,
    RecordingTap,
    RecordingWriter,
)
from telephony.media.messages import RecordingEvent, RecordingFailed, StartRecording

_SAFE_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Recordings:
    """All recordings of one worker.

    Args:
        spool, worker: see RecordingWriter.
        report: told how each ended, in the loop's thread for a refusal and in the writer's for the rest.
    """

    def __init__(self, spool: Path, worker: str, report: Callable[[RecordingEvent], None]) -> None:
        self._spool = spool
        self._worker = worker
        self._report = report
        self._running: dict[str, tuple[Leg, RecordingTap]] = {}
        self._writer = RecordingWriter(spool, worker, report)

    def __len__(self) -> int:
        return len(self._running)

    @property
    def chunks_waiting(self) -> int:
        """What the writer has not taken yet."""
        return self._writer.chunks_waiting

    def open(self) -> None:
        """Start the writer."""
        self._spool.mkdir(parents=True, exist_ok=True)
        self._writer.start()

    def close(self) -> None:
        """Write what was ordered; files not finished stay ``*.part``."""
        self._writer.stop()

    def begin(self, command: StartRecording, leg: Leg | None, now_s: float) -> None:
        """Copy a leg from now on, or report why not."""
        problem = None
        if leg is None:
            problem = "the leg has ended"
        elif leg.recording:
            problem = "the leg is being recorded already"
        elif not _SAFE_NAME.fullmatch(command.recording) or command.recording in self._running:
            problem = "the recording's identifier is no file name, or in use"
        if leg is None or problem:
            self._report(RecordingFailed(recording=command.recording, leg=command.leg, reason=str(problem)))
            return
        tap = RecordingTap(command.recording, leg.id, now_s)
        leg.record(tap)
        self._running[command.recording] = (leg, tap)
        self._writer.order(Begin(command.recording, leg.id))

    def finish(self, recording: str, now_s: float) -> None:
        """End one; nothing happens if it has ended."""
        leg, tap = self._running.pop(recording, (None, None))
        if leg and tap:
            leg.record(None)
            self._writer.order(Finish(tap.chunk(now_s)))

    def flush(self, now_s: float) -> None:
        """Called ten times a second: hand over what is a second old; give up if the disk is hopelessly behind."""
        behind = self._writer.chunks_waiting > CHUNKS_WAITING_MAX
        for recording, (leg, tap) in list(self._running.items()):
            if behind:
                leg.record(None)
                del self._running[recording]
                self._writer.order(GiveUp(recording, "the disk is too slow"))
            elif now_s >= tap.flush_s:
                self._writer.order(tap.chunk(now_s))

    def abandon(self) -> None:
        """Leave every file as it is, for the next client to mend, and be ready for that client."""
        for leg, _ in self._running.values():
            leg.record(None)
        self._running.clear()
        self._writer.stop()
        self._writer = RecordingWriter(self._spool, self._worker, self._report)
        self._writer.start()
