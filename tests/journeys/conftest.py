"""One shipped server for all journeys, and phones that are closed with their test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.journeys.installation import SEATS, Phones, sections
from tests.journeys.shipped_server import ShippedServer


@pytest.fixture(scope="session")
def hotline_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedServer]:
    server = ShippedServer(tmp_path_factory.mktemp("hotline"), sections())
    server.start()
    yield server
    assert server.stop() == 0, server.log()[-3000:]


@pytest.fixture
async def hotline(hotline_process: ShippedServer) -> AsyncIterator[ShippedServer]:
    """The server with nobody signed in; a traceback in its log fails the test."""
    before = len(hotline_process.tracebacks())
    yield hotline_process
    for account in SEATS:
        if (await hotline_process.seat(account))["state"] != "offline":
            await hotline_process.post(f"/api/v1/seats/{account}/acts", {"act": "sign_out"})
    assert not hotline_process.tracebacks()[before:]


@pytest.fixture
async def phone(hotline: ShippedServer) -> AsyncIterator[Phones]:
    """``await phone("user1")``: registered, with the account's password."""
    async with Phones(hotline) as phones:
        yield phones
