"""`desk`: the API over a real store; `client`: talks to it; `admin`, `agent`: people who are signed in.

The store is SQLite; a test that parametrizes `database_url` with both, indirectly, runs on PostgreSQL too.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from access.roles import Role
from tests.fakes.console_desk import Client, ConsoleDesk, Person, open_desk, sign_in
from tests.store.conftest import database_url, postgresql_server

__all__ = ["database_url", "postgresql_server"]


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One database is enough for what does not write odd values."""
    chosen = any("database_url" in mark.args for mark in metafunc.definition.iter_markers("parametrize"))
    if "database_url" in metafunc.fixturenames and not chosen:
        metafunc.definition.add_marker(pytest.mark.parametrize("database_url", ["sqlite"], indirect=True))


@pytest.fixture
async def desk(tmp_path: Path, database_url: str) -> AsyncIterator[ConsoleDesk]:
    made = await open_desk(tmp_path, url=database_url)
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
