"""Events that leave a commit: appended in its transaction, tailed by whoever cares."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, text

from store.session import StoreSession
from store.tables.event_outbox import event_outbox
from vocabulary.identifiers import new_id

CHANNEL = "nuanxian_events"
"""The channel of PostgreSQL's NOTIFY."""

_ADVISORY_LOCK = 0x4E75616F  # numbers are given in the order of commits, so a reader never skips one


class EventAppender:
    """The event side of a unit of work."""

    def __init__(self, store: StoreSession) -> None:
        self._store = store
        self._waiting: list[dict[str, Any]] = []

    def append(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Tell the other processes, if and when the unit commits.

        Args:
            topic: e.g. ``case.moved``.
            payload: JSON values, without plain phone numbers.
        """
        clock = self._store.clock
        self._waiting.append({"id": new_id(clock), "topic": topic, "payload": dict(payload), "at": clock.now()})

    def forget(self) -> None:
        """Drop what was collected."""
        self._waiting.clear()

    async def write(self) -> None:
        """Insert what was collected, just before commit."""
        if not self._waiting:
            return
        session = self._store.session
        on_postgresql = session.get_bind().dialect.name == "postgresql"
        if on_postgresql:
            await session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _ADVISORY_LOCK})
        await session.execute(insert(event_outbox), self._waiting)
        if on_postgresql:
            await session.execute(text(f"NOTIFY {CHANNEL}"))
        self._waiting.clear()
