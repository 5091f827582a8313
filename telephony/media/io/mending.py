"""Keeps what a dead media worker left half-written: ``<recording>.wav.<worker>.part`` becomes ``<recording>.wav``."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from telephony.media.core.wav import HEADER_BYTES, mended_header
from telephony.media.errors import WavMalformed
from vocabulary.audio_frame import RATE_HZ

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MendedRecording:
    """One file that was mended.

    Attributes:
        path: absolute, under the final name.
    """

    recording: str
    path: Path
    duration_s: float


def part_path(spool: Path, recording: str, worker: str) -> Path:
    """Where a recording is written while it runs; the worker's name keeps its siblings from mending it."""
    return spool / f"{recording}.wav.{worker}.part"


def finish_file(part: Path) -> tuple[Path, float]:
    """Correct the header from the file's length, make it durable and give it its final name.

    Returns:
        The final path, absolute, and the seconds of audio.
    Raises:
        OSError: the disk refuses.
        WavMalformed: the file is not ours.
    """
    with part.open("r+b") as file:
        head = file.read(HEADER_BYTES)
        size = file.seek(0, os.SEEK_END)
        new_head, samples = mended_header(head, size)
        file.truncate(HEADER_BYTES + 2 * samples if size >= HEADER_BYTES else 0)
        file.seek(0)
        file.write(new_head)
        file.flush()
        os.fsync(file.fileno())
    final = part.with_name(part.name.split(".wav.")[0] + ".wav").absolute()
    part.rename(final)
    return final, samples / RATE_HZ


def mend_recordings(spool: Path, worker: str) -> list[MendedRecording]:
    """Mend every file that a dead run of this worker left in the spool folder; call it only while none runs.

    A file that cannot be mended stays as it is and is logged.
    """
    mended = []
    for part in sorted(spool.glob(f"*.wav.{worker}.part")):
        try:
            final, duration_s = finish_file(part)
        except (OSError, WavMalformed) as error:
            log.error("recording cannot be mended", extra={"file": part.name, "reason": str(error)})
            continue
        mended.append(MendedRecording(final.stem, final, duration_s))
    return mended
