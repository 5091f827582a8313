"""The audio of one leg: descriptions become commands, facts end what waits for them."""

import asyncio
import logging
from pathlib import Path
from typing import cast

import pytest

from telephony.errors import MediaUnavailable
from telephony.media import MediaWorker, PlayEnded
from telephony.media_line import MediaLine
from telephony.sip import MediaDirection, SipError, answer_offer
from tests.fakes.media_worker import FakeMediaWorker
from tests.fakes.sip_line import PHONE, phone_offer
from vocabulary.audio_frame import AudioFile

pytestmark = pytest.mark.unit

PROMPT = AudioFile(Path("/prompts/a.alaw"))


@pytest.fixture
def worker() -> FakeMediaWorker:
    return FakeMediaWorker()


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def line(worker: FakeMediaWorker, heard: list[str]) -> MediaLine:
    return MediaLine(
        cast(MediaWorker, worker),
        "leg",
        advertised_host="192.0.2.1",
        rtp_timeout_s=30.0,
        on_digit=heard.append,
        on_timeout=lambda: heard.append("timeout"),
        on_lost=lambda: heard.append("lost"),
    )


async def test_each_description_of_ours_has_a_new_version_and_one_session(line: MediaLine) -> None:
    await line.open()
    first, second = line.offer(), line.offer(MediaDirection.SENDONLY)
    one, two = (text.split("o=")[1].split("\r\n")[0].split() for text in (first, second))
    assert one[1] == two[1]
    assert int(two[2]) == int(one[2]) + 1
    assert "a=sendonly" in second
    assert "m=audio 20000 " in first


async def test_an_answer_becomes_a_command(line: MediaLine, worker: FakeMediaWorker) -> None:
    await line.open()
    agreement = line.answered(answer_offer(line.offer(), PHONE).sdp)
    command = worker.configured["leg"]
    assert (command.remote_host, command.remote_port) == (agreement.remote_host, agreement.remote_port)
    assert command.event_payload_type_out == 101


@pytest.mark.parametrize(
    ("direction", "send", "receive"),
    [
        (MediaDirection.SENDONLY, False, True),
        (MediaDirection.RECVONLY, True, False),
        (MediaDirection.INACTIVE, False, False),
    ],
)
async def test_the_direction_decides_what_flows(
    line: MediaLine, worker: FakeMediaWorker, direction: MediaDirection, send: bool, receive: bool
) -> None:
    await line.open()
    line.agree(line.consider(phone_offer(direction)))
    assert (worker.configured["leg"].send, worker.configured["leg"].receive) == (send, receive)


async def test_hold_by_0000_sends_nothing(line: MediaLine, worker: FakeMediaWorker) -> None:
    await line.open()
    line.agree(line.consider(phone_offer().replace(PHONE.host, "0.0.0.0")))
    assert not worker.configured["leg"].send


async def test_without_a_port_there_is_no_description_and_no_play(line: MediaLine) -> None:
    with pytest.raises(MediaUnavailable):
        line.offer()
    with pytest.raises(MediaUnavailable):
        line.answered(phone_offer())
    played = await line.play((PROMPT,), stop_on="", repeat=False, gap_s=0)
    assert not played.finished
    line.close()
    await line.closed()


async def test_a_bad_answer_is_refused(line: MediaLine) -> None:
    await line.open()
    line.offer()
    with pytest.raises(SipError):
        line.answered("nonsense")


async def test_a_newer_play_ends_the_older_and_cancelling_the_older_leaves_the_newer(
    line: MediaLine, worker: FakeMediaWorker
) -> None:
    await line.open()
    older = asyncio.create_task(line.play((PROMPT,), stop_on="", repeat=True, gap_s=0))
    await asyncio.sleep(0)
    newer = asyncio.create_task(line.play((PROMPT,), stop_on="", repeat=True, gap_s=0))
    await asyncio.sleep(0)
    older.cancel()
    await asyncio.sleep(0)
    assert "leg" in worker.plays
    line.stop_playing()
    assert not (await newer).finished


async def test_a_missing_file_is_an_error_in_the_log(
    line: MediaLine, worker: FakeMediaWorker, caplog: pytest.LogCaptureFixture
) -> None:
    await line.open()
    playing = asyncio.create_task(line.play((PROMPT,), stop_on="", repeat=False, gap_s=0))
    await asyncio.sleep(0)
    number = worker.plays.pop("leg")[0]
    event = PlayEnded(leg="leg", play=number, played_s=0.0, finished=True, missing=["/prompts/a.alaw"])
    worker._tell("leg", event)
    await playing
    assert "audio file missing" in caplog.text


async def test_the_counters_are_known_once_the_line_is_closed(line: MediaLine, worker: FakeMediaWorker) -> None:
    await line.open()
    line.close()
    await line.closed()
    assert (line.counters.packets_in, line.counters.packets_out) == (100, 90)


async def test_keys_silence_and_a_dead_worker_are_told(
    line: MediaLine, worker: FakeMediaWorker, heard: list[str]
) -> None:
    await line.open()
    worker.press("leg", "5")
    worker.fall_silent("leg")
    worker.die()
    assert heard == ["5", "timeout", "lost"]
    await line.closed()


async def test_a_worker_that_does_not_answer_is_waited_for_no_longer_than_it_takes(
    line: MediaLine, worker: FakeMediaWorker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("telephony.media_line.CLOSED_WITHIN_S", 0.01)
    await line.open()
    worker._legs.clear()
    line.close()
    with caplog.at_level(logging.WARNING):
        await line.closed()
    assert "did not report" in caplog.text
