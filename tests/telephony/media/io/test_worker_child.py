"""Starting and ending a worker process."""

import asyncio
import sys
from pathlib import Path

import pytest

from telephony.media.errors import MediaUnavailable
from telephony.media.io import worker_child
from telephony.media.io.worker_child import MediaWorkerConfig, connect, end, spawn

pytestmark = pytest.mark.journey


async def test_a_child_that_ends_before_it_listens_is_reported_with_its_status(tmp_path: Path) -> None:
    config = MediaWorkerConfig("w", tmp_path / "w.sock", tmp_path / "spool", bind_host="no address")
    child = await spawn(config)
    with pytest.raises(MediaUnavailable, match="ended with status 1"):
        await connect(config.socket_path, child, lambda fact: None)
    await end(child)


async def test_a_worker_that_does_not_come_up_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_child, "START_S", 0.05)
    with pytest.raises(MediaUnavailable, match="cannot connect"):
        await connect(tmp_path / "nobody.sock", None, lambda fact: None)


async def test_a_child_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_child, "END_S", 0.05)
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    await asyncio.wait_for(end(child), 5)
    assert child.returncode == -9
