"""The HTTP side of the server process: endpoints, sign-in, health and figures."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from aiohttp import web

from access.credentials import Passwords, TokenHasher
from access.reveals import RevealServices
from access.roles import Role
from access.services import AccessServices
from access.user_services import SeedAccount, UserServices
from composition.foundation import Foundation
from composition.recorded import Recorded
from composition.trade import Trade
from console.api.access import AccessApi
from console.api.callbacks import CallbacksApi
from console.api.calls import CallsApi
from console.api.cases import CasesApi
from console.api.health import Figure, HealthApi
from console.api.seats import SeatsApi
from console.app import Api
from console.endpoint import Endpoint
from console.openapi import add_documentation
from console.refusals import translate
from store.queries.asr import SqlTranscriptQueries
from store.queries.callbacks import SqlCallbackQueries
from store.queries.cases import SqlCaseQueries
from store.queries.seats import SqlSeatQueries
from store.queries.telephony import SqlCallQueries
from telephony.switchboard import Switchboard

FIRST_USERS = (SeedAccount("admin", "管理员", frozenset(Role) - {Role.BOT}),)
"""Made at the first start: one person with every post, until others are entered."""


class Part(Protocol):
    """A part of the API."""

    def endpoints(self) -> list[Endpoint]:
        """Its rows."""
        ...


class Web:
    """Builds and serves the API.

    Attributes:
        access: told to forget what it remembers when rights change elsewhere.
    """

    def __init__(self, base: Foundation, trade: Trade, switchboard: Switchboard, recorded: Recorded) -> None:
        self._base, self._trade, self._switchboard = base, trade, switchboard
        store, clock = base.store, base.clock
        passwords = Passwords()
        self.access = AccessServices(
            store.units, clock=clock, passwords=passwords, tokens=TokenHasher(store.secrets.token_key)
        )
        self.users = UserServices(store.units, clock=clock, passwords=passwords, sign_ins=self.access)
        reveals = RevealServices(store.units, clock=clock)
        database, keyer = store.database, store.phone_keyer
        parts: list[Part] = [
            AccessApi(self.access, self.users, reveals, trade.cases.callback_phone, clock),
            CasesApi(trade.cases, SqlCaseQueries(database), keyer),
            CallsApi(SqlCallQueries(database), SqlTranscriptQueries(database), recorded, self._audited, keyer),
            CallbacksApi(
                trade.callbacks.human,
                trade.callbacks.approvals,
                trade.click_to_dial,
                trade.switch,
                SqlCallbackQueries(database),
                clock,
            ),
            SeatsApi(trade.seats, SqlSeatQueries(database), trade.lists, clock),
            HealthApi({"database": self._database, "media": self._media}, self._figures),
        ]
        endpoints = [row for part in parts for row in part.endpoints()]
        self._api = Api(endpoints, self.access, translate, clock)
        self._runner: web.AppRunner | None = None

    async def start(self, certificate: tuple[Path, Path] | None = None) -> None:
        """Listen.

        Args:
            certificate: chain and key for HTTPS; None serves plain HTTP, which is for the loopback.
        Raises:
            OSError: the port is in use.
        """
        app = self._api.application()
        add_documentation(app, self._api.endpoints)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        tls = None
        if certificate is not None:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(*certificate)
        api = self._base.settings.api
        await web.TCPSite(self._runner, api.bind, api.port, ssl_context=tls).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _audited(self, actor: str, action: str, subject: str, reason: str) -> None:
        async with self._base.store.units() as uow:
            uow.audit.append(actor, action, subject, reason)
            await uow.commit()

    async def _database(self) -> str:
        try:
            async with self._base.store.units.reading() as uow:
                await uow.users.by_name("admin")
        except Exception as error:  # noqa: BLE001 whatever it is, it is the answer
            return f"数据库不可用({type(error).__name__})"
        return ""

    async def _media(self) -> str:
        return "" if self._switchboard.worker.running else "媒体进程正在重启"

    def _figures(self) -> Iterator[Figure]:
        """Read at each scrape of /metrics."""
        board = self._switchboard
        stats = board.endpoint.stats()
        for name in stats.__dataclass_fields__:
            is_gauge = name in _SIP_GAUGES
            yield Figure(
                f"nuanxian_sip_{name}{'' if is_gauge else '_total'}", f"SIP: {name}", float(getattr(stats, name))
            )
        counters = board.calls.counters
        for name in counters.__dataclass_fields__:
            yield Figure(f"nuanxian_calls_{name}_total", f"calls: {name}", float(getattr(counters, name)))
        yield Figure("nuanxian_calls_live", "calls under way", float(board.calls.live_calls))
        yield Figure("nuanxian_media_legs", "legs on the media worker", float(board.worker.leg_count))
        stall = board.loop_stall
        for share in (0.5, 0.99):
            yield Figure(
                "nuanxian_loop_stall_ms",
                "by how much beats of the signalling loop came late, last 20 s",
                stall.quantile_ms(share),
                (("quantile", f"{share:g}"),),
            )
        yield Figure("nuanxian_loop_stall_max_ms", "the latest beat of the last 20 s", stall.quantile_ms(1.0))
        yield Figure("nuanxian_ai_callbacks_running", "AI callbacks under way", float(self._trade.dialler.running))
        for (path, status), count in sorted(self._api.requests.items()):
            labels = (("path", path), ("status", str(status)))
            yield Figure("nuanxian_http_requests_total", "HTTP requests answered", float(count), labels)


_SIP_GAUGES = {
    "server_transactions",
    "client_transactions",
    "dialogs",
    "registered_accounts",
    "tcp_connections",
    "timers",
}
