"""The durable job ``transcribe``: a recording becomes a transcript once, whatever is restarted in the middle.

The recording's identifier is unique among transcripts: a job carried out twice finds the first one's and ends.
"""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asr.errors import AudioRefused, RecogniserUnavailable
from asr.messages import Transcribed
from asr.ports import RecordingFiles, Transcriber, UnitsOfWork
from asr.transcript import Speaker, Transcript, TranscriptSegment
from vocabulary.clock import Clock
from vocabulary.errors import AlreadyExists, JobMustWait
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)

JOB = "transcribe"
READY = "transcript.ready"
"""Topic; payload ``{transcript, recording, call, words}``, words the number of characters said by the caller."""
_AGAIN_AFTER_S = 60.0


class TranscriptionJob:
    """Handler of the job; ``server.py`` registers ``job.handle`` under JOB.

    Args:
        units: makes units of work.
        files: where recordings are read.
        speech: the speech worker.
        clock: stamps the transcript.
    """

    def __init__(self, units: UnitsOfWork, files: RecordingFiles, speech: Transcriber, clock: Clock) -> None:
        self._units, self._files, self._speech, self._clock = units, files, speech, clock

    async def handle(self, payload: Mapping[str, Any]) -> None:
        """Carry out one job.

        Args:
            payload: ``{"recording": id, "call": id}``.
        Raises:
            JobMustWait: no recogniser now; nothing was written.
            LookupError: the recording is not known.
        """
        recording = str(payload["recording"])
        async with self._units() as uow:
            if await uow.transcripts.of_recording(recording) is not None:
                return
            row = await uow.recordings.get(recording)
        if row is None:
            raise LookupError(f"no recording {recording}")
        with tempfile.TemporaryDirectory(prefix="transcribe-") as scratch:
            path = await self._files.local_file(row.key, Path(scratch))
            heard = await self._heard(path, recording)
        await self._keep(heard, recording, row.call_id or str(payload.get("call", "")))

    async def _heard(self, path: Path, recording: str) -> Transcribed:
        try:
            return await self._speech.transcribe(path)
        except RecogniserUnavailable as error:
            log.warning("transcript waits", extra={"recording": recording, "reason": str(error)})
            raise JobMustWait(f"speech recognition is not available: {error}", _AGAIN_AFTER_S) from error
        except AudioRefused as error:
            log.error("recording cannot be transcribed", extra={"recording": recording, "reason": error.reason})
            raise

    async def _keep(self, heard: Transcribed, recording: str, call: str) -> None:
        transcript = Transcript(
            id=new_id(self._clock),
            recording=recording,
            call=call,
            created_at=self._clock.now(),
            backend=heard.backend,
            model=heard.model,
            duration_s=heard.duration_s,
            segments=tuple(
                TranscriptSegment(Speaker(each.speaker), each.started_s, each.ended_s, each.text)
                for each in heard.segments
            ),
        )
        try:
            async with self._units() as uow:
                if await uow.transcripts.of_recording(recording) is not None:
                    return
                uow.transcripts.add(transcript)
                words = len(transcript.caller_text)
                uow.events.append(
                    READY, {"transcript": transcript.id, "recording": recording, "call": call, "words": words}
                )
                await uow.commit()
        except AlreadyExists:
            log.info("transcript was there already", extra={"recording": recording})
            return
        log.info("transcript ready", extra={"recording": recording, "segments": len(transcript.segments)})
