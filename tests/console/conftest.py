"""`desk`: the API over an SQLite store; `client`: talks to it; `lead`, `agent` …: people who are signed in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from access.roles import Role
from tests.fakes.console_desk import Client, ConsoleDesk, Person, open_desk, sign_in


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[ConsoleDesk]:
    made = await open_desk(tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def client(desk: ConsoleDesk, aiohttp_client: AiohttpClient) -> Client:
    return await aiohttp_client(desk.console.application())


@pytest.fixture
async def admin(desk: ConsoleDesk, client: Client) -> Person:
    """Holds every post."""
    return await sign_in(client, "admin", await desk.user("admin", *(set(Role) - {Role.BOT})))


@pytest.fixture
async def agent(desk: ConsoleDesk, client: Client) -> Person:
    return await sign_in(client, "agent", await desk.user("agent", Role.AGENT))
