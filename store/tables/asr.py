"""Transcripts: one for a recording, its utterances as encrypted JSON: callers say numbers, names and addresses."""

import json
from typing import Any

from sqlalchemy import Boolean, Column, Dialect, Float, String, Table

from asr.transcript import Speaker, TranscriptSegment
from store.tables.metadata import EncryptedText, UtcDateTime, metadata, ulid


class Segments(EncryptedText):
    """``[{speaker, started_s, ended_s, text}, …]``, a tuple of TranscriptSegment outside."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """See TypeDecorator."""
        rows = [
            {"speaker": s.speaker.value, "started_s": s.started_s, "ended_s": s.ended_s, "text": s.text}
            for s in value or ()
        ]
        return super().process_bind_param(json.dumps(rows, ensure_ascii=False), dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """See TypeDecorator."""
        return tuple(
            TranscriptSegment(Speaker(each["speaker"]), each["started_s"], each["ended_s"], each["text"])
            for each in json.loads(super().process_result_value(value, dialect) or "[]")
        )


transcript_table = Table(
    "transcript",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("recording", ulid(), nullable=False, unique=True),
    Column("call", String(26), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("backend", String(40), nullable=False),
    Column("model", String(120), nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("segments", Segments("transcript.segments"), nullable=False),
    Column("draft", Boolean, nullable=False),
)
