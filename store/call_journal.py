"""Call records go into the journal: a row when a call begins, completed with its legs when it ends."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from store.journal import Journal, JournalRow
from store.tables.telephony import call_recording_table, call_table, leg_table
from telephony.call_record import CallRecord, LegRecord, RecordingBegan
from telephony.causes import Cause

log = logging.getLogger(__name__)


class SqlCallJournal:
    """Implements ``telephony.call_record.CallJournal``; nothing here waits.

    Args:
        journal: the thread that writes.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def opened(self, record: CallRecord) -> None:
        """See CallJournal."""
        self._journal.append(JournalRow(call_table, _call_values(record)))

    def close_left_open(self, at: datetime) -> None:
        """End the calls that a killed server left open; only for a database that one server alone writes.

        Args:
            at: stands as their end, aware; the true one is not known.
        """

        def write(connection: Connection) -> None:
            left = (
                update(call_table)
                .where(call_table.c.ended_at.is_(None), call_table.c.setup_at <= at)
                .values(ended_at=at, cause=Cause.SERVER_ERROR.name, reason="the server was killed")
            )
            if closed := connection.execute(left).rowcount:
                log.warning("calls of a killed server closed", extra={"calls": closed})

        self._journal.append(write)

    def recording_began(self, recording: RecordingBegan) -> None:
        """See CallJournal."""
        values = {
            "recording_id": recording.recording,
            "call_id": recording.call,
            "leg_id": recording.leg,
            "started_at": recording.started_at,
        }
        self._journal.append(JournalRow(call_recording_table, values))

    def closed(self, record: CallRecord) -> None:
        """See CallJournal."""

        def write(connection: Connection) -> None:
            if connection.execute(_complete, _end_values(record)).rowcount == 0:
                connection.execute(insert(call_table), _call_values(record))  # refused, or its opening row was lost
            if record.again:
                connection.execute(delete(leg_table).where(leg_table.c.call_id == record.call))

        self._journal.append(write)
        for leg in record.legs:  # rows of neighbouring calls go together
            self._journal.append(JournalRow(leg_table, _leg_values(leg)))


_complete = (
    update(call_table)
    .where(call_table.c.id == bindparam("call"))
    .values({name: bindparam(name) for name in ("rang_at", "answered_at", "ended_at", "cause", "reason")})
)
"""The rest of the row stands since the call began."""


def _end_values(record: CallRecord) -> Mapping[str, Any]:
    return {
        "call": record.call,
        "rang_at": record.rang_at,
        "answered_at": record.answered_at,
        "ended_at": record.ended_at,
        "cause": record.cause.name if record.cause else None,
        "reason": record.reason,
    }


def _call_values(record: CallRecord) -> Mapping[str, Any]:
    return {
        "id": record.call,
        "purpose": record.purpose,
        "direction": record.direction,
        "admission": record.admission,
        "trunk": record.trunk,
        "dialled": record.dialled,
        "number": record.number,
        "number_masked": record.number.masked if record.number else "",
        "number_key": record.number_key,
        "setup_at": record.setup_at,
        "rang_at": record.rang_at,
        "answered_at": record.answered_at,
        "ended_at": record.ended_at,
        "cause": record.cause.name if record.cause else None,
        "reason": record.reason,
    }


def _leg_values(leg: LegRecord) -> Mapping[str, Any]:
    return {
        "id": leg.leg,
        "call_id": leg.call,
        "direction": leg.direction,
        "account": leg.account,
        "trunk": leg.trunk,
        "dialled": leg.dialled,
        "setup_at": leg.setup_at,
        "rang_at": leg.rang_at,
        "answered_at": leg.answered_at,
        "ended_at": leg.ended_at,
        "cause": leg.cause.name,
        "sip_status": leg.sip_status,
        "bridged_s": leg.bridged_s,
        "packets_received": leg.packets_received,
        "packets_sent": leg.packets_sent,
        "packets_lost": leg.packets_lost,
    }
