"""One shipped server for all journeys, and phones that are closed with their test."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.journeys.phone import Phone
from tests.journeys.shipped_server import ShippedServer

SEATS = ("8001", "8002")
LINES = {"duty1": "13800009001", "duty2": "13800009002"} | {f"user{n}": f"1380000100{n}" for n in range(1, 10)}
PASSWORD = "journey-{}"
Dial = Callable[..., Awaitable[Phone]]


def sections() -> dict[str, Any]:
    """Two seats, a duty chain and users on the simulated trunk; no policy is switched off, some waits are short."""
    names = [*SEATS, *LINES]
    return {
        "accounts": [
            {"username": name, "password": PASSWORD.format(name), "seat": name in SEATS} for name in names
        ],
        "trunks": [
            {
                "name": "simulated",
                "kind": "sim",
                "lines": [{"account": name, "number": number} for name, number in LINES.items()],
            }
        ],
        "leak": {
            "seat_wait_s": 1.0,
            "duty_ring_s": 2.0,
            "duty_chain": [{"name": name, "number": LINES[name]} for name in ("duty1", "duty2")],
        },
        "seats": {"ring_s": 2.0, "wrap_up_s": 120.0},
        "reception": {"rating_wait_s": 1.0, "message_max_s": 10.0},
        "speech": {"backend": "none", "live": False},
    }


@pytest.fixture(scope="session")
def hotline_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedServer]:
    server = ShippedServer(tmp_path_factory.mktemp("hotline"), sections())
    server.start()
    yield server
    code = server.stop()
    assert code == 0, server.log()[-3000:]


@pytest.fixture
async def hotline(hotline_process: ShippedServer) -> AsyncIterator[ShippedServer]:
    """The server with nobody signed in; a traceback in its log fails the test."""
    before = len(hotline_process.tracebacks())
    yield hotline_process
    for account in SEATS:
        if (await hotline_process.seat(account))["state"] != "signed_out":
            await hotline_process.post(f"/api/v1/seats/{account}/acts", {"act": "sign_out"})
    assert not hotline_process.tracebacks()[before:]


@pytest.fixture
async def phone(hotline: ShippedServer) -> AsyncIterator[Dial]:
    """``await phone("user1")``: registered, with the account's password."""
    opened: list[Phone] = []

    async def open_phone(account: str, **options: Any) -> Phone:
        options.setdefault("register", True)
        made = await Phone.open(hotline.sip_port, account, PASSWORD.format(account), **options)
        opened.append(made)
        return made

    yield open_phone
    for each in opened:
        await each.close()
