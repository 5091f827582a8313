"""From a finished recording to its row, its case and its transcript; and the bytes for whoever may listen."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from asr.queries import TranscriptQueries
from asr.transcript import Speaker
from cases.services import CaseServices
from seats.call_lists import CallLists, LostLeakCaller
from store.errors import RecordingNotKept, StoreError, StoreUnavailable
from store.opening import Store
from telephony.ports import Call, RecordingFile
from telephony.queries import CallQueries
from vocabulary.clock import Clock

log = logging.getLogger(__name__)
_PAUSES_S = (1.0, 5.0, 15.0, 60.0, 300.0)


class Recorded:
    """Keeps recordings and ties them, and their transcripts, to cases."""

    def __init__(
        self,
        store: Store,
        calls: CallQueries,
        transcripts: TranscriptQueries,
        cases: CaseServices,
        lists: CallLists,
        clock: Clock,
    ) -> None:
        self._store, self._calls, self._transcripts = store, calls, transcripts
        self._cases, self._lists, self._clock = cases, lists, clock

    async def finished(self, call: Call, file: RecordingFile) -> None:
        """A call's recording is complete: ``calls.on_recording``."""
        await self._keep(file, call.id)

    async def left_behind(self, file: RecordingFile) -> None:
        """A recording of a run that was killed: ``calls.on_recording_left_behind``."""
        await self._keep(file, await self._calls.call_of_recording(file.recording) or "")

    async def _keep(self, file: RecordingFile, call_id: str) -> None:
        """Store it, trying again while the disk or the database refuse; the spool file stays until it worked."""
        for pause_s in (*_PAUSES_S, None):
            try:
                await self._store.recordings.store(
                    Path(file.path),
                    recording=file.recording,
                    call=call_id,
                    duration_s=file.duration_s,
                    complete=file.complete,
                )
                return
            except (RecordingNotKept, StoreUnavailable) as error:
                log.error("recording not kept yet", extra={"recording": file.recording, "error": str(error)})
                if pause_s is None:
                    break
                await self._clock.sleep(pause_s)
        log.error("recording left in the spool folder", extra={"recording": file.recording})

    async def on_stored(self, payload: Any) -> None:
        """Topic ``recording.stored``: the call's cases learn of it."""
        if call_id := payload.get("call"):
            await self._cases.attach_recording(call_id, payload["recording"])

    async def on_transcript(self, payload: Any) -> None:
        """Topic ``transcript.ready``: what the caller said goes to the call's cases."""
        row = await self._transcripts.of_recording(payload["recording"])
        call_id = payload.get("call")
        if row is None or not call_id:
            return
        said = [segment.text for segment in row.segments if segment.speaker is Speaker.CALLER]
        if said:
            await self._cases.attach_transcript(call_id, "。".join(said))

    async def on_emergency_heard(self, payload: Any) -> None:
        """Topic ``case.emergency_heard``: a danger found in a transcript goes to the rescue desk (§10)."""
        call_id, case_number = payload.get("call_id", ""), payload["case_number"]
        await self._lists.hand_over(LostLeakCaller(call_id, None, "转写中的安全词", None, case_number))

    async def key_of(self, recording: str) -> str | None:
        """Where a recording's bytes stand; None while it is not stored."""
        async with self._store.units.reading() as uow:
            row = await uow.recordings.get(recording)
        return row.key if row else None

    async def pieces(self, key: str) -> AsyncIterator[bytes]:
        """The bytes of a stored recording."""
        try:
            async for piece in self._store.recordings.pieces(key):
                yield piece
        except StoreError:
            log.exception("recording cannot be read")
            raise
