"""What is broken on purpose: a full disk, a killed worker, files of a dead run, an owner that fails."""

import asyncio
import os
import resource
import signal
from pathlib import Path

import pytest

from telephony.media import AudioArrived, LegLost, MediaUnavailable, RecordingFailed, RecordingFinished, client
from telephony.media.core.wav import HEADER_BYTES
from telephony.media.io.mending import part_path
from tests.fakes.rtp_phone import tone_seconds

from .conftest import Events, Hotline, channels, two

pytestmark = pytest.mark.fault


async def test_a_full_disk_ends_the_recording_but_not_the_call(hotline: Hotline) -> None:
    a, b = await two(hotline)
    assert hotline.worker.pid
    hard = resource.prlimit(hotline.worker.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(hotline.worker.pid, resource.RLIMIT_FSIZE, (12_000, hard))
    hotline.worker.record("a", "rec-1")
    talking = asyncio.create_task(a.phone.say(400, 3.0))
    failed = await hotline.recordings.first(RecordingFailed)
    assert "large" in failed.reason or "space" in failed.reason
    assert failed.duration_s == pytest.approx((12_000 - HEADER_BYTES) / 16_000, abs=0.01)
    left, _ = channels(failed.path)
    assert tone_seconds(left, 400) > 0.5
    b.phone.heard.clear()
    await b.phone.until(lambda _: tone_seconds(b.phone.audio(), 400) > 0.3)
    await talking
    assert hotline.deaths == []


async def test_a_killed_worker_ends_its_legs_keeps_the_recording_and_is_started_again(hotline: Hotline) -> None:
    a = await hotline.line("a")
    hotline.worker.record("a", "rec-1")
    await a.phone.say(400, 2.5)
    assert hotline.worker.pid
    os.kill(hotline.worker.pid, signal.SIGKILL)
    await a.events.first(LegLost)
    assert a.events[-1] == a.events.of(LegLost)[0]
    mended = await hotline.recordings.first(RecordingFinished)
    assert (mended.recording, mended.leg, mended.complete) == ("rec-1", "a", False)
    left, _ = channels(mended.path)
    assert len(left) / 8000 == mended.duration_s > 0.5
    assert tone_seconds(left, 400) > 0.5
    async with asyncio.timeout(10):
        await hotline.restarted.wait()
    assert len(hotline.deaths) == 1
    again = await hotline.line("again")
    await again.phone.until(lambda heard: len(heard) > 2)


async def test_a_worker_that_hangs_is_killed_and_started_again(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PULSE_S", 0.05)
    monkeypatch.setattr(client, "ANSWER_S", 0.2)
    monkeypatch.setattr(client, "PULSE_MISSING_S", 0.5)
    a = await hotline.line("a")
    await asyncio.wait_for(a.phone.say(400, 0.1), 2)
    assert hotline.worker.pid
    os.kill(hotline.worker.pid, signal.SIGSTOP)
    lost = await a.events.first(LegLost, within_s=10)
    assert "no answer" in lost.reason
    async with asyncio.timeout(10):
        await hotline.restarted.wait()


async def test_while_it_is_down_commands_are_refused_or_reported_as_failed(hotline: Hotline) -> None:
    await hotline.line("a")
    assert hotline.worker.pid
    os.kill(hotline.worker.pid, signal.SIGKILL)
    await hotline.deaths.first(str)
    with pytest.raises(MediaUnavailable):
        await hotline.worker.open_leg("b", Events())
    hotline.worker.record("a", "rec-2")
    failed = await hotline.recordings.first(RecordingFailed)
    assert failed.recording == "rec-2"


async def test_files_of_a_former_run_are_mended_and_reported_at_start(tmp_path: Path) -> None:
    hotline = Hotline(tmp_path)
    hotline.spool.mkdir()
    part_path(hotline.spool, "old", "t1").write_bytes(b"RIFF")
    part_path(hotline.spool, "sibling", "t2").write_bytes(b"RIFF")
    await hotline.worker.start()
    assert [(event.recording, event.leg, event.complete) for event in hotline.recordings] == [("old", "", False)]
    assert part_path(hotline.spool, "sibling", "t2").exists()
    await hotline.worker.stop()


async def test_stopping_finishes_recordings_and_leaves_no_process(tmp_path: Path) -> None:
    hotline = Hotline(tmp_path)
    await hotline.worker.start()
    a = await hotline.line("a")
    hotline.worker.record("a", "rec-1")
    await a.phone.say(400, 0.3)
    pid = hotline.worker.pid
    assert pid
    await hotline.worker.stop()
    a.phone.close()
    assert [event.complete for event in hotline.recordings.of(RecordingFinished)] == [True]
    assert a.events.of(LegLost)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not hotline.worker.running


async def test_a_handler_that_fails_does_not_harm_the_other_legs(hotline: Hotline) -> None:
    def broken(event: object) -> None:
        raise RuntimeError("the owner's mistake")

    await hotline.worker.open_leg("broken", broken)
    hotline.worker.close_leg("broken")
    a = await hotline.line("a")
    await a.phone.say(400, 0.1)
    await a.events.first(AudioArrived)
