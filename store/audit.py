"""Audit entries: append only and chained, so that an edited, removed or reordered record is found by name.

Each entry's hash is SHA-256 over the hash before it and the canonical JSON of its own content. Writers take turns
(``BEGIN IMMEDIATE`` on SQLite, an advisory lock until commit on PostgreSQL), so the chain never forks.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from store.session import StoreSession
from store.tables.audit import audit_entries

FIRST_HASH = "0" * 64
"""What the first entry is chained to."""

_PAGE = 500
_ADVISORY_LOCK = 0x4E75616E  # "Nuan": one number for the chain's turn on PostgreSQL


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act: who, what, on which thing, why; ``detail`` holds JSON values only, never a plain phone number."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    previous_hash: str = FIRST_HASH
    hash: str = ""


@dataclass(frozen=True, slots=True)
class FalseRecord:
    """The first record that does not fit the chain, and how."""

    number: int
    reason: str


def seal(entry: AuditEntry) -> str:
    """The hash that an entry must carry: 64 hexadecimal characters."""
    content = json.dumps(
        {
            "number": entry.number,
            "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "reason": entry.reason,
            "detail": dict(entry.detail),
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(f"{entry.previous_hash}{content}".encode()).hexdigest()


def first_false(entries: Iterable[AuditEntry], *, number: int = 1, previous: str = FIRST_HASH) -> FalseRecord | None:
    """The first entry that was edited, removed, added or moved; None if the chain holds.

    Args:
        entries: by number, without a gap.
        number, previous: the number that the first of them must have, and the hash it must be chained to.
    """
    for entry in entries:
        if entry.number != number:
            return FalseRecord(number, f"entry {number} is missing: {entry.number} stands in its place")
        if entry.previous_hash != previous:
            return FalseRecord(number, "not chained to the entry before it")
        if entry.hash != seal(entry):
            return FalseRecord(number, "its content is not what was sealed")
        number, previous = number + 1, entry.hash
    return None


class AuditTrail:
    """The audit side of a unit of work: collects entries, seals and writes them at commit."""

    def __init__(self, store: StoreSession) -> None:
        self._store = store
        self._waiting: list[tuple[datetime, str, str, str, str, dict[str, Any]]] = []

    def append(
        self, actor: str, action: str, subject: str, reason: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        """Record one act; it is written with the unit of work.

        Args:
            actor: user name, ``BOT`` or a process.
            action: what was done, e.g. ``case.move``.
            subject: what it was done to, e.g. ``case RX20261124-0031``.
            reason: why, in the words of whoever did it.
            detail: JSON values, without plain phone numbers.
        """
        self._waiting.append((self._store.clock.now(), actor, action, subject, reason, dict(detail or {})))

    def forget(self) -> None:
        """Drop what was collected."""
        self._waiting.clear()

    async def write(self) -> None:
        """Seal and insert what was collected, as the last thing before commit."""
        if not self._waiting:
            return
        session = self._store.session
        if session.get_bind().dialect.name == "postgresql":
            await session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _ADVISORY_LOCK})
        last = (
            await session.execute(
                select(audit_entries.c.number, audit_entries.c.hash).order_by(audit_entries.c.number.desc()).limit(1)
            )
        ).first()
        number, previous = (last.number, last.hash) if last else (0, FIRST_HASH)
        rows = []
        for at, actor, action, subject, reason, detail in self._waiting:
            number += 1
            entry = AuditEntry(number, at, actor, action, subject, reason, detail, previous)
            previous = seal(entry)
            rows.append(
                {
                    "number": number, "at": at, "actor": actor, "action": action, "subject": subject,
                    "reason": reason, "detail": detail, "previous_hash": entry.previous_hash, "hash": previous,
                }
            )  # fmt: skip
        await session.execute(insert(audit_entries), rows)
        self._waiting.clear()


async def verify(session: AsyncSession) -> FalseRecord | None:
    """Read the whole trail and name the first false record; None if the chain holds."""
    number, previous = 1, FIRST_HASH
    while True:
        page = audit_entries.select().where(audit_entries.c.number >= number).order_by(audit_entries.c.number)
        entries = [AuditEntry(**row._mapping) for row in await session.execute(page.limit(_PAGE))]
        false = first_false(entries, number=number, previous=previous)
        if false is not None or len(entries) < _PAGE:
            return false
        number, previous = entries[-1].number + 1, entries[-1].hash


async def last_seal(session: AsyncSession) -> tuple[int, str]:
    """How many entries there are and the last hash: to be kept outside the box, where it shows a roll-back."""
    row = (
        await session.execute(select(func.count(), func.max(audit_entries.c.number)).select_from(audit_entries))
    ).one()
    if not row[1]:
        return 0, FIRST_HASH
    last = await session.scalar(select(audit_entries.c.hash).where(audit_entries.c.number == row[1]))
    return int(row[0]), str(last)
