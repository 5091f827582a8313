"""What /metrics says of the database and of the API's own requests."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from asr.speech_client import SpeechClient
from composition.figures import http_figures, speech_figures, store_figures
from console.api.health import Figure
from seats.services import SeatConfig
from store.database import Database
from store.field_encryption import FieldCipher
from tests.fakes.clock import FakeClock
from tests.fakes.console_calls import missed_callers, waiting_caller
from tests.fakes.console_desk import ConsoleDesk, open_desk
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.store

CALLER = PhoneNumber.parse("13987654321")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[ConsoleDesk]:
    made = await open_desk(tmp_path)
    yield made
    await made.close()


def values(figures: Iterable[Figure]) -> dict[str, float]:
    return {figure.name + "".join(f"/{value}" for _, value in figure.labels): figure.value for figure in figures}


async def test_seats_callers_and_events_are_counted(desk: ConsoleDesk) -> None:
    await desk.trade.seats._ensure([SeatConfig("8001", "8001"), SeatConfig("8002", "8002")])
    await desk.trade.seats.sign_in("8001", by="li")
    await waiting_caller(desk, CALLER)
    await missed_callers(desk, CALLER)
    found = values(await store_figures(desk.store.database))
    assert found["nuanxian_database_up"] == 1
    assert (found["nuanxian_seats/free"], found["nuanxian_seats/offline"], found["nuanxian_seats/talking"]) == (1, 1, 0)
    assert (found["nuanxian_queue_length/normal"], found["nuanxian_queue_length/leak"]) == (1, 0)
    assert found["nuanxian_events"] >= 1
    assert found["nuanxian_jobs/failed"] == found["nuanxian_sms_messages/queued"] == 0


async def test_a_database_that_is_away_is_a_figure_and_no_failure(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}", cipher=FieldCipher({"k1": b"k" * 32}))
    assert values(await store_figures(empty)) == {"nuanxian_database_up": 0}
    await empty.dispose()


async def test_a_speech_worker_that_is_away_is_a_figure_and_no_failure(tmp_path: Path) -> None:
    assert values(await speech_figures(SpeechClient(tmp_path / "none.sock", FakeClock()))) == {"nuanxian_speech_up": 0}


def test_requests_are_counted_by_pattern_and_status() -> None:
    found = values(http_figures({("/api/v1/cases/{number}", 200): 3, ("/api/v1/cases/{number}", 404): 1}))
    assert found == {
        "nuanxian_http_requests_total//api/v1/cases/{number}/200": 3,
        "nuanxian_http_requests_total//api/v1/cases/{number}/404": 1,
    }
