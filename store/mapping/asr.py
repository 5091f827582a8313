"""Maps the speech room's class."""

from asr.transcript import Transcript
from store.tables.asr import transcript_table
from store.tables.metadata import mapper_registry


def map_classes() -> None:
    """Join class and table; once in a process."""
    mapper_registry.map_imperatively(Transcript, transcript_table)
