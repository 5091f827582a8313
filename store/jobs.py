"""Durable jobs, enqueued inside the unit of work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One job to do: its handler's name, a key that makes it unique among that name, and JSON values."""

    name: str
    key: str
    payload: Mapping[str, Any]


class JobWriter(Protocol):
    """Puts job requests into the caller's transaction."""

    async def write(self, session: AsyncSession, requests: list[JobRequest]) -> None:
        """Write them; a request whose name and key are known already changes nothing."""
        ...


class JobEnqueuer:
    """The job side of a unit of work."""

    def __init__(self) -> None:
        self._waiting: list[JobRequest] = []

    def enqueue(self, name: str, key: str, payload: Mapping[str, Any]) -> None:
        """Ask for a durable job, if and when the unit commits.

        Args:
            name: the handler that server.py registered, e.g. ``transcribe``.
            key: the same name and key are carried out once, e.g. the row's id.
            payload: JSON values.
        """
        self._waiting.append(JobRequest(name, key, dict(payload)))

    def forget(self) -> None:
        """Drop what was collected."""
        self._waiting.clear()

    async def write(self, session: AsyncSession, writer: JobWriter) -> None:
        """Hand what was collected to the writer, just before commit."""
        if self._waiting:
            await writer.write(session, self._waiting)
        self._waiting = []
