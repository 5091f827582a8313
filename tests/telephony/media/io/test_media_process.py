"""A worker that someone else started: it stays when its client goes."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from telephony.media import MediaWorker, MediaWorkerConfig, RecordingFinished
from tests.fakes.rtp_phone import tone_seconds

from ..conftest import Hotline, channels  # noqa: TID252 the fixture module of this room

pytestmark = pytest.mark.journey

STAY = """
import json, sys, pathlib
from telephony.media import MediaWorkerConfig
from telephony.media.io.media_process import run
given = json.loads(sys.argv[1])
given["socket_path"], given["spool"] = pathlib.Path(given["socket_path"]), pathlib.Path(given["spool"])
run(MediaWorkerConfig(**given), stay=True)
"""


class Alone:
    """A worker process that stays, and a hotline that is not attached yet."""

    def __init__(self, hotline: Hotline, process: asyncio.subprocess.Process) -> None:
        self.hotline = hotline
        self.process = process


def attached(hotline: Hotline) -> MediaWorker:
    config = replace(hotline.config, attach=True)
    return MediaWorker(config, on_recording=hotline.recordings, on_died=hotline.deaths)


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Alone]:
    hotline = Hotline(tmp_path)
    config: MediaWorkerConfig = hotline.config
    given = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(config).items()}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", STAY, json.dumps(given))
    yield Alone(hotline, process)
    if process.returncode is None:
        process.kill()
        await process.wait()
    for line in hotline.lines:
        line.phone.close()


async def test_a_client_that_goes_ends_its_legs_and_the_next_one_gets_its_recording_mended(alone: Alone) -> None:
    hotline = alone.hotline
    hotline.worker = attached(hotline)
    await hotline.worker.start()
    assert hotline.worker.pid is None
    a = await hotline.line("a")
    hotline.worker.record("a", "rec-1")
    await a.phone.say(400, 2.0)
    link = hotline.worker._link
    assert link
    supervisor = hotline.worker._supervisor
    assert supervisor
    supervisor.cancel()  # as if the server had died: nothing is said to the worker
    link.close()
    hotline.worker = attached(hotline)
    async with asyncio.timeout(5):
        while True:  # the worker lets the old client go in its own time
            await hotline.worker.start()
            report = await hotline.worker.report()
            if report.legs == 0:
                break
            await hotline.worker.stop()
    mended = await hotline.recordings.first(RecordingFinished)
    assert (mended.recording, mended.complete) == ("rec-1", False)
    assert tone_seconds(channels(mended.path)[0], 400) > 0.5
    b = await hotline.line("a")
    await b.phone.until(lambda heard: len(heard) > 2)
    await hotline.worker.stop()


async def test_sigterm_finishes_recordings_under_their_final_names(alone: Alone) -> None:
    hotline = alone.hotline
    hotline.worker = attached(hotline)
    await hotline.worker.start()
    a = await hotline.line("a")
    hotline.worker.record("a", "rec-1")
    await a.phone.say(400, 0.5)
    alone.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(alone.process.wait(), 5) == 0
    finished = await hotline.recordings.first(RecordingFinished)
    assert finished.complete
    assert tone_seconds(channels(finished.path)[0], 400) > 0.4
    await hotline.worker.stop()
