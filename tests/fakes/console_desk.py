"""The API over a real SQLite store, in one process: rooms joined as the server joins them, telephony scripted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from access.credentials import Passwords
from access.roles import Role
from access.user_services import SeedAccount
from asr.speech_client import SpeechClient
from composition.foundation import Folders, Foundation
from composition.recorded import Recorded
from composition.trade import Trade, build_trade
from composition.web import Console
from console.api.health import Figure, HealthApi
from console.rate_limit import RateLimit
from ivr.prompts import Prompts
from store.database import Database
from store.field_encryption import FieldCipher
from store.jobs import DbosJobWriter
from store.opening import Store
from store.queries.asr import SqlTranscriptQueries
from store.queries.telephony import SqlCallQueries
from store.recordings import Recordings
from store.schema import start_mappers
from store.secrets import load_or_create
from store.tables.event_outbox import event_outbox
from store.tables.metadata import metadata
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.call_control import FakeCallControl
from tests.fakes.clock import FakeClock
from tests.fakes.jobs import RememberedJobs
from vocabulary.phone_number import PhoneKeyer
from vocabulary.settings import Settings

PASSWORD_ROUNDS = Passwords(memory_kib=64, rounds=1)
Client = TestClient[web.Request, web.Application]


@cache
def prompts() -> Prompts:
    return Prompts()


@dataclass
class ConsoleDesk:
    """A hotline without sockets, and its API."""

    base: Foundation
    clock: FakeClock
    control: FakeCallControl
    trade: Trade
    console: Console
    parts: dict[str, str] = field(default_factory=dict)
    told: int = 0

    @property
    def store(self) -> Store:
        return self.base.store

    async def user(self, name: str, *roles: Role) -> str:
        """Make a member of the staff; the password."""
        made = await self.console.users.seed([SeedAccount(name, name, frozenset(roles))])
        return made[name]

    async def settle(self) -> None:
        """Carry events to the callbacks room until nothing is new, and let what is due be due."""
        for _ in range(4):
            async with self.store.units.reading() as uow:
                query = select(event_outbox).where(event_outbox.c.number > self.told).order_by(event_outbox.c.number)
                rows = (await uow.session.execute(query)).mappings().all()
            for row in rows:
                self.told = row["number"]
                await self.trade.callbacks.on_event(row["topic"], row["payload"])
            await self.trade.callbacks.tick()

    async def close(self) -> None:
        await self.console.stop()
        await self.store.database.dispose()


async def open_desk(folder: Path, *, limit: RateLimit | None = None, url: str = "") -> ConsoleDesk:
    clock = FakeClock()
    secrets = load_or_create(folder)
    database = Database(url or f"sqlite:///{folder / 'nuanxian.db'}", cipher=FieldCipher(secrets.field_keys))
    start_mappers()
    async with database.writing.begin() as connection:
        await connection.run_sync(metadata.create_all)
    keyer = PhoneKeyer(secrets.phone_key)
    jobs = RememberedJobs()
    units = UnitOfWorkFactory(database, clock=clock, phone_keyer=keyer, job_writer=jobs)
    recordings = Recordings(folder / "recordings", units, clock=clock)
    store = Store(secrets, keyer, database, units, recordings, cast(DbosJobWriter, jobs))
    base = Foundation(Settings(data_folder=folder), clock, store, Folders(folder, folder, folder / "spool"))
    control = FakeCallControl(clock)
    trade = build_trade(base, control, SpeechClient(folder / "none.sock", clock), prompts())
    recorded = Recorded(
        store, SqlCallQueries(database), SqlTranscriptQueries(database), trade.cases, trade.lists, clock
    )
    parts = {"database": "", "speech": ""}

    def check(name: str) -> Callable[[], Awaitable[str]]:
        async def answer() -> str:
            return parts[name]

        return answer

    async def figures() -> list[Figure]:
        return [Figure("nuanxian_test_total", "a counter", 3.0, (("kind", "a"),)), Figure("nuanxian_live", "now", 2.0)]

    health = HealthApi({"database": check("database")}, {"speech": check("speech")}, figures)
    generous = limit or RateLimit(per_second=1e6, burst=1_000_000)
    console = Console(base, trade, recorded, health, passwords=PASSWORD_ROUNDS, limit=generous)
    return ConsoleDesk(base, clock, control, trade, console, parts)


class Person:
    """Somebody who is signed in at the API."""

    def __init__(self, client: Client, name: str, token: str) -> None:
        self.client, self.name, self.token = client, name, token

    async def ask(self, method: str, path: str, **given: Any) -> ClientResponse:
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **given)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.ask("GET", path, params=query)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = await self.ask("POST", path, **({} if body is None else {"json": body}))
        text = await answer.text()
        assert answer.status == status, text
        return await answer.json(content_type=None) if text else None

    async def refused(self, method: str, path: str, status: int, **given: Any) -> dict[str, Any]:
        """The problem document."""
        answer = await self.ask(method, path, **given)
        text = await answer.text()
        assert answer.status == status, text
        assert answer.content_type == "application/problem+json"
        document: dict[str, Any] = await answer.json(content_type=None)
        assert document["status"] == status
        assert document["instance"] == answer.headers["X-Request-Id"]
        assert any("\u4e00" <= character <= "\u9fff" for character in document["detail"]), document
        return document


async def sign_in(client: Client, name: str, password: str) -> Person:
    answer = await client.post("/api/v1/sign-in", json={"name": name, "password": password})
    assert answer.status == 200, await answer.text()
    return Person(client, name, (await answer.json())["token"])


def fields_of(document: dict[str, Any]) -> list[str]:
    """Names of the fields that a problem names."""
    return [item["field"] for item in document.get("errors", [])]
