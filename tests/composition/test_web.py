"""Readiness of a running hotline: what it needs to take calls, and what it can do without."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from asr.speech_client import SpeechClient
from benchmarks.server_process import free_port
from composition.foundation import Foundation
from composition.web import Web
from tests.fakes.console_desk import ConsoleDesk, open_desk
from vocabulary.settings import ApiSettings

pytestmark = pytest.mark.store


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[ConsoleDesk]:
    made = await open_desk(tmp_path)
    yield made
    await made.close()


async def test_it_says_which_part_is_away(desk: ConsoleDesk, tmp_path: Path) -> None:
    settings = desk.base.settings.model_copy(update={"api": ApiSettings(port=free_port())})
    base = Foundation(settings, desk.clock, desk.store, desk.base.folders)
    board: Any = SimpleNamespace(port=5060, worker=SimpleNamespace(running=True))
    web = Web(base, desk.trade, board, cast(Any, None), SpeechClient(tmp_path / "none.sock", desk.clock))
    await web.start()
    try:
        address = f"http://127.0.0.1:{settings.api.port}/readyz"
        async with aiohttp.ClientSession() as session:
            async with session.get(address) as answer:
                parts = (await answer.json())["parts"]
                assert answer.status == 200
            assert (parts["database"], parts["sip"], parts["media"]) == ("", "", "")
            assert "语音识别" in parts["speech"]
            board.worker.running = False
            async with session.get(address) as answer:
                assert answer.status == 503
                assert "媒体进程" in (await answer.json(content_type=None))["detail"]
    finally:
        await web.stop()
