"""Calls, recordings and lists as they stand in the store after a morning, for tests of the API."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert

from asr.transcript import Speaker, Transcript, TranscriptSegment
from seats.call_lists import LostLeakCaller, MissedCaller
from seats.missed_calls import MissedKind
from seats.queue import Lane, QueueEntry
from store.tables.telephony import call_recording_table, call_table, leg_table
from telephony.causes import Cause
from telephony.ports import Direction
from tests.fakes.console_desk import ConsoleDesk
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

WAV = b"RIFF" + bytes(range(256)) * 300


@dataclass(frozen=True)
class Morning:
    """Identifiers of what stands there."""

    call: str
    recording: str


async def recorded_call(desk: ConsoleDesk, caller: PhoneNumber) -> Morning:
    """One answered call with its recording and transcript."""
    clock, now = desk.clock, desk.clock.now()
    call, recording, leg = new_id(clock), new_id(clock), new_id(clock)
    async with desk.store.units() as uow:
        await uow.session.execute(
            insert(call_table).values(
                id=call, purpose="reception", direction=Direction.INBOUND, dialled="96556", number=caller,
                number_masked=caller.masked, number_key=desk.store.phone_keyer.key(caller), setup_at=now,
                answered_at=now, ended_at=now + timedelta(seconds=60), cause=Cause.NORMAL.name, reason="",
            )
        )  # fmt: skip
        await uow.session.execute(
            insert(leg_table).values(
                id=leg, call_id=call, direction=Direction.INBOUND, dialled="96556", setup_at=now, ended_at=now,
                cause=Cause.NORMAL.name, bridged_s=40.0, packets_received=1, packets_sent=1, packets_lost=0,
            )
        )  # fmt: skip
        await uow.session.execute(
            insert(call_recording_table).values(recording_id=recording, call_id=call, leg_id=leg, started_at=now)
        )
        segments = (TranscriptSegment(Speaker.CALLER, 0.0, 2.0, "家里暖气不热"),)
        uow.transcripts.add(Transcript(new_id(clock), recording, call, now, "fake", "none", 60.0, segments))
        await uow.commit()
    spool = desk.base.folders.spool / f"{recording}.wav"
    spool.parent.mkdir(exist_ok=True)
    spool.write_bytes(WAV)
    await desk.store.recordings.store(spool, recording=recording, call=call, duration_s=60.0)
    return Morning(call, recording)


async def waiting_caller(desk: ConsoleDesk, caller: PhoneNumber) -> None:
    """Somebody in the queue."""
    clock = desk.clock
    async with desk.store.units() as uow:
        uow.queue.add(QueueEntry(new_id(clock), new_id(clock), Lane.NORMAL, clock.now(), number=caller))
        await uow.commit()


async def missed_callers(desk: ConsoleDesk, caller: PhoneNumber) -> None:
    """One on the list of missed calls, one on the rescue desk's."""
    lists = desk.trade.lists
    await lists.note(MissedCaller(new_id(desk.clock), MissedKind.ABANDONED, caller, 30.0))
    await lists.hand_over(LostLeakCaller(new_id(desk.clock), caller, "按键1", None, None))
