"""The installation that journeys and faults are driven against: its settings, and its telephones."""

from typing import Any, Self

from tests.journeys.phone import Phone
from tests.journeys.shipped_server import ShippedServer

SEATS = ("8001", "8002")
LINES = {"duty1": "13800009001", "duty2": "13800009002"} | {f"user{n}": f"1380000100{n}" for n in range(1, 10)}
"""Accounts that play outside users on the simulated trunk, by the number they call from."""


def password(account: str) -> str:
    """Of a SIP account."""
    return f"journey-{account}"


def sections(**changes: dict[str, Any]) -> dict[str, Any]:
    """Two seats, a duty chain and users on the simulated trunk; no policy is switched off, some waits are short.

    Args:
        changes: settings by section that differ from the journeys'.
    """
    whole: dict[str, Any] = {
        "accounts": [
            {"username": name, "password": password(name), "seat": name in SEATS} for name in (*SEATS, *LINES)
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
        "reception": {"rating_wait_s": 1.0, "message_max_s": 4.0},
        "speech": {"backend": "none", "live": False},
    }
    for name, section in changes.items():
        whole[name] = {**whole.get(name, {}), **section}
    return whole


class Phones:
    """Opens telephones of one server, and closes them."""

    def __init__(self, server: ShippedServer) -> None:
        self._server = server
        self._opened: list[Phone] = []

    async def __call__(self, account: str, **options: Any) -> Phone:
        """A phone with the account's password, registered unless told otherwise; see ``Phone.open``."""
        options.setdefault("register", True)
        made = await Phone.open(self._server.sip_port, account, options.pop("secret", password(account)), **options)
        self._opened.append(made)
        return made

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self._opened:
            await each.close()
