"""Transcripts: one for a recording, its utterances as JSON."""

from typing import Any

from sqlalchemy import Boolean, Column, Dialect, Float, String, Table, TypeDecorator

from asr.transcript import Speaker, TranscriptSegment
from store.tables.metadata import Json, UtcDateTime, metadata, ulid


class Segments(TypeDecorator[tuple[TranscriptSegment, ...]]):
    """``[{speaker, started_s, ended_s, text}, …]``."""

    impl = Json
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """See TypeDecorator."""
        return [
            {"speaker": s.speaker.value, "started_s": s.started_s, "ended_s": s.ended_s, "text": s.text}
            for s in value or ()
        ]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[TranscriptSegment, ...]:
        """See TypeDecorator."""
        return tuple(
            TranscriptSegment(Speaker(each["speaker"]), each["started_s"], each["ended_s"], each["text"])
            for each in value or ()
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
    Column("segments", Segments, nullable=False),
    Column("draft", Boolean, nullable=False),
)
