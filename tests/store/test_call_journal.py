"""Call records in the database: opened, completed, read back; the number stands encrypted."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from store.call_journal import SqlCallJournal
from store.database import Database
from store.journal import Journal
from store.queries.telephony import SqlCallQueries
from telephony.call_record import CallRecord, LegRecord, RecordingBegan
from telephony.causes import Cause
from telephony.ports import Admission, Direction
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.store

BEGAN = datetime(2026, 11, 24, 1, 5, tzinfo=UTC)
CALL = "01KE0000000000000000000001"
LEG = "01KE0000000000000000000002"
RECORDING = "01KE0000000000000000000003"


def call_record(call: str = CALL, *, ended: bool = False, began: datetime = BEGAN) -> CallRecord:
    leg = LegRecord(
        LEG, call, Direction.INBOUND, None, "unicom", "96556", began, began, began + timedelta(seconds=2),
        began + timedelta(seconds=9), Cause.RTP_TIMED_OUT, None, 3.5, 350, 340, 2,
    )  # fmt: skip
    return CallRecord(
        call=call, purpose="inbound", direction=Direction.INBOUND, admission=Admission.FULL, trunk="unicom",
        dialled="96556", number=PhoneNumber("+8613800001234"), number_key="k" * 64, setup_at=began, rang_at=began,
        answered_at=began + timedelta(seconds=2), ended_at=began + timedelta(seconds=9) if ended else None,
        cause=Cause.RTP_TIMED_OUT if ended else None, reason="source 203.0.113.5", legs=(leg,) if ended else (),
    )  # fmt: skip


@pytest.fixture
def journal(database: Database) -> Journal:
    journal = Journal(database)
    journal.start()
    return journal


async def written(journal: Journal) -> None:
    assert await asyncio.to_thread(journal.stop)
    assert journal.lost == 0


async def test_a_call_that_has_not_ended_is_there_without_an_end(database: Database, journal: Journal) -> None:
    SqlCallJournal(journal).opened(call_record())
    await written(journal)
    row = await SqlCallQueries(database).call(CALL)
    assert row is not None
    assert (row.ended_at, row.cause, row.number_masked, row.admission) == (None, None, "138****1234", Admission.FULL)
    assert await SqlCallQueries(database).legs(CALL) == []


async def test_its_end_completes_the_row_and_writes_the_legs(database: Database, journal: Journal) -> None:
    calls = SqlCallJournal(journal)
    calls.opened(call_record())
    calls.recording_began(RecordingBegan(RECORDING, CALL, LEG, BEGAN))
    calls.closed(call_record(ended=True))
    await written(journal)
    queries = SqlCallQueries(database)
    row = await queries.call(CALL)
    assert row is not None
    assert row.cause is Cause.RTP_TIMED_OUT
    assert row.ended_at == BEGAN + timedelta(seconds=9)
    assert row.recordings == (RECORDING,)
    (leg,) = await queries.legs(CALL)
    assert (leg.leg, leg.cause, leg.bridged_s, leg.packets_lost) == (LEG, Cause.RTP_TIMED_OUT, 3.5, 2)
    assert await queries.call_of_recording(RECORDING) == CALL
    assert await queries.call_of_recording(LEG) is None


async def test_a_call_that_goes_on_after_its_end_is_written_again_and_not_twice(
    database: Database, journal: Journal
) -> None:
    calls = SqlCallJournal(journal)
    calls.closed(call_record(ended=True))  # without an opening row, as for a call refused at the door
    calls.closed(replace(call_record(ended=True), again=True))
    await written(journal)
    assert len(await SqlCallQueries(database).calls()) == 1
    assert len(await SqlCallQueries(database).legs(CALL)) == 1


async def test_calls_are_listed_newest_first_by_pages_and_by_number(database: Database, journal: Journal) -> None:
    calls = SqlCallJournal(journal)
    for minute in range(3):
        calls.opened(call_record(f"01KE000000000000000000001{minute}", began=BEGAN + timedelta(minutes=minute)))
    await written(journal)
    queries = SqlCallQueries(database)
    newest = await queries.calls(limit=2)
    assert [row.setup_at.minute for row in newest] == [7, 6]
    assert [row.setup_at.minute for row in await queries.calls(before=newest[-1].setup_at)] == [5]
    assert len(await queries.calls(number_key="k" * 64)) == 3
    assert await queries.calls(number_key="0" * 64) == []
    assert await queries.call("01KE0000000000000000000099") is None


async def test_the_number_does_not_stand_in_the_clear(database: Database, journal: Journal) -> None:
    SqlCallJournal(journal).opened(call_record())
    await written(journal)
    async with database.reading.connect() as connection:
        rows = (await connection.execute(text('SELECT * FROM "call"'))).all()
    assert rows
    assert "13800001234" not in str(rows)


async def test_calls_that_a_killed_server_left_open_are_ended(database: Database, journal: Journal) -> None:
    calls = SqlCallJournal(journal)
    calls.opened(call_record())
    done, later = "01KE0000000000000000000008", "01KE0000000000000000000009"
    calls.closed(replace(call_record(done, ended=True), legs=()))
    restarted = BEGAN + timedelta(minutes=5)
    calls.close_left_open(restarted)
    calls.opened(call_record(later, began=restarted + timedelta(seconds=1)))
    await written(journal)
    rows = {row.call: row for row in await SqlCallQueries(database).calls()}
    assert (rows[CALL].ended_at, rows[CALL].cause) == (restarted, Cause.SERVER_ERROR)
    assert "killed" in rows[CALL].reason
    assert rows[done].cause is Cause.RTP_TIMED_OUT and rows[later].ended_at is None
