"""The figures of /metrics: what the switchboard counts, and what stands in the database at the scrape."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from asr.errors import RecogniserUnavailable
from asr.speech_client import SpeechClient
from callbacks.dialler import Dialler
from console.api.health import Figure
from seats.queries import SeatQueries
from seats.seat import SeatState
from sms.messages import SmsState
from store.database import Database
from store.jobs import count_jobs
from store.queries.callbacks import SqlCallbackQueries
from store.queries.cases import SqlCaseQueries
from store.queries.seats import SqlSeatQueries
from store.tables.event_outbox import event_outbox, event_readers
from store.tables.sms import sms_message
from telephony.switchboard import Switchboard

log = logging.getLogger(__name__)

_SIP_GAUGES = {
    "server_transactions",
    "client_transactions",
    "dialogs",
    "registered_accounts",
    "tcp_connections",
    "timers",
}


def switchboard_figures(board: Switchboard) -> Iterator[Figure]:
    """Signalling, media, and how punctual the loop is."""
    stats = board.endpoint.stats()
    for name in stats.__dataclass_fields__:
        suffix = "" if name in _SIP_GAUGES else "_total"
        yield Figure(f"nuanxian_sip_{name}{suffix}", f"SIP: {name}", float(getattr(stats, name)))
    counters = board.calls.counters
    for name in counters.__dataclass_fields__:
        yield Figure(f"nuanxian_calls_{name}_total", f"calls: {name}", float(getattr(counters, name)))
    yield Figure("nuanxian_calls_live", "calls under way", float(board.calls.live_calls))
    yield Figure("nuanxian_media_legs", "legs on the media worker", float(board.worker.leg_count))
    stall = board.loop_stall
    late = "by how much beats of the signalling loop came late, last 20 s"
    for share in (0.5, 0.99):
        yield Figure("nuanxian_loop_stall_ms", late, stall.quantile_ms(share), (("quantile", f"{share:g}"),))
    yield Figure("nuanxian_loop_stall_max_ms", "the latest beat of the last 20 s", stall.quantile_ms(1.0))


def dialler_figures(dialler: Dialler) -> Iterator[Figure]:
    """Machine calling."""
    yield Figure("nuanxian_ai_callbacks_running", "AI callbacks under way", float(dialler.running))


def http_figures(requests: Mapping[tuple[str, int], int]) -> Iterator[Figure]:
    """The API's own requests, by path pattern and status."""
    for (path, status), count in sorted(requests.items()):
        labels = (("path", path), ("status", str(status)))
        yield Figure("nuanxian_http_requests_total", "HTTP requests answered", float(count), labels)


async def speech_figures(speech: SpeechClient) -> list[Figure]:
    """The speech worker's own counters, when it is there."""
    up = Figure("nuanxian_speech_up", "whether the speech worker is connected", float(speech.connected))
    if not speech.connected:
        return [up]
    try:
        state = await speech.state(within_s=1.0)
    except RecogniserUnavailable:
        return [up]
    return [
        up,
        Figure("nuanxian_speech_model_ready", "whether its model is loaded", float(state.model_state == "ready")),
        Figure("nuanxian_speech_queue_length", "utterances waiting to be recognised", float(state.queue_length)),
        Figure("nuanxian_speech_turns_total", "utterances recognised", float(state.turns_total)),
        Figure("nuanxian_speech_turns_shed_total", "utterances shed under load", float(state.turns_shed_total)),
        Figure(
            "nuanxian_safety_listen_skipped_total",
            "utterances of safety listeners shed",
            float(state.safety_listen_skipped_total),
        ),
    ]


async def store_figures(database: Database) -> list[Figure]:
    """What stands in the database; ``nuanxian_database_up`` alone when it is away."""
    try:
        found = [
            *_of_seats(await _seats(SqlSeatQueries(database))),
            *_counted("nuanxian_cases", "cases by state", "state", await SqlCaseQueries(database).counts()),
            *_counted(
                "nuanxian_callbacks", "live callbacks", "state_channel", await SqlCallbackQueries(database).counts()
            ),
        ]
        async with AsyncSession(database.reading) as session:
            jobs = {state.value: count for state, count in (await count_jobs(session)).items()}
        found += _counted("nuanxian_jobs", "durable jobs by state", "state", jobs)
        async with database.reading.connect() as connection:
            messages = dict.fromkeys((state.value for state in SmsState), 0) | await _messages(connection)
            found += _counted("nuanxian_sms_messages", "short messages by state", "state", messages)
            found += await _lags(connection)
    except (SQLAlchemyError, OSError) as error:
        log.warning("figures of the database cannot be read", extra={"error": type(error).__name__})
        return [Figure("nuanxian_database_up", "whether the database answers", 0.0)]
    return [Figure("nuanxian_database_up", "whether the database answers", 1.0), *found]


async def _seats(queries: SeatQueries) -> tuple[Counter[str], Counter[str]]:
    seats = Counter(row.state for row in await queries.seats())
    waiting = Counter(row.lane for row in await queries.waiting())
    return seats, waiting


def _of_seats(counted: tuple[Counter[str], Counter[str]]) -> Iterator[Figure]:
    seats, waiting = counted
    by_state = {state.value: seats[state.value] for state in SeatState}
    yield from _counted("nuanxian_seats", "seats by state", "state", by_state)
    lanes = {lane: waiting[lane] for lane in sorted({"leak", "normal", *waiting})}
    yield from _counted("nuanxian_queue_length", "callers who wait, by lane", "lane", lanes)


async def _messages(connection: AsyncConnection) -> dict[str, int]:
    state = sms_message.c.state
    rows: Any = await connection.execute(select(state, func.count()).group_by(state))
    return {row[0].value: int(row[1]) for row in rows}


async def _lags(connection: AsyncConnection) -> list[Figure]:
    """How many events each reader of the outbox has still to see."""
    newest = int(await connection.scalar(select(func.coalesce(func.max(event_outbox.c.number), 0))) or 0)
    readers = (await connection.execute(select(event_readers.c.name, event_readers.c.position))).all()
    lags = {row.name: max(0, newest - row.position) for row in readers}
    total = Figure("nuanxian_events", "events kept in the outbox", float(await _count(connection, event_outbox)))
    return [total, *_counted("nuanxian_events_waiting", "events a reader has still to see", "reader", lags)]


async def _count(connection: AsyncConnection, table: Table) -> int:
    return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


def _counted(name: str, help_text: str, label: str, counts: Mapping[str, int]) -> Iterable[Figure]:
    return [Figure(name, help_text, float(count), ((label, key),)) for key, count in sorted(counts.items())]
