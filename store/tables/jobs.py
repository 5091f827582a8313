"""What became of each durable job; the carrying-out itself stands in the tables of DBOS."""

from sqlalchemy import Column, Integer, String, Table, Text

from store.job_rules import JobState
from store.tables.metadata import EnumText, Json, UtcDateTime, metadata

job_table = Table(
    "job",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("payload", Json, nullable=False),
    Column("state", EnumText(JobState), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("starts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("enqueued_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
)
