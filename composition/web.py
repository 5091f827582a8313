"""The HTTP side of the server process: endpoints, sign-in, health and figures."""

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from aiohttp import web

from access.credentials import Passwords, TokenHasher
from access.reveals import RevealServices
from access.roles import Role
from access.services import AccessServices
from access.user_services import SeedAccount, UserServices
from asr.errors import RecogniserUnavailable
from asr.speech_client import SpeechClient
from composition.figures import dialler_figures, http_figures, speech_figures, store_figures, switchboard_figures
from composition.foundation import Foundation
from composition.recorded import Recorded
from composition.trade import Trade
from composition.views import SqlMessageViews, SqlPlainNumbers, SqlSystemViews
from console.api.access import AccessApi
from console.api.callbacks import CallbacksApi
from console.api.calls import CallsApi
from console.api.cases import CasesApi
from console.api.health import Figure, HealthApi
from console.api.reveals import RevealsApi
from console.api.seats import SeatsApi
from console.api.system import SystemApi
from console.app import Api
from console.endpoint import Endpoint
from console.openapi import add_documentation
from console.rate_limit import RateLimit
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


class Console:
    """The API over the rooms; knows no socket.

    Args:
        health: readiness and figures, which need what runs beside the rooms.
        passwords: how they are hashed.
        limit: requests of one source.

    Attributes:
        access: told to forget what it remembers when rights change elsewhere.
        users: seeds the first accounts.
        api: the endpoints.
    """

    def __init__(
        self,
        base: Foundation,
        trade: Trade,
        recorded: Recorded,
        health: HealthApi,
        *,
        passwords: Passwords | None = None,
        limit: RateLimit | None = None,
    ) -> None:
        store, clock = base.store, base.clock
        self._store = store
        passwords = passwords or Passwords()
        self.access = AccessServices(
            store.units, clock=clock, passwords=passwords, tokens=TokenHasher(store.secrets.token_key)
        )
        self.users = UserServices(store.units, clock=clock, passwords=passwords, sign_ins=self.access)
        reveals = RevealServices(store.units, clock=clock)
        database, keyer = store.database, store.phone_keyer
        self._callbacks = CallbacksApi(
            trade.callbacks.human,
            trade.callbacks.approvals,
            trade.click_to_dial,
            trade.switch,
            SqlCallbackQueries(database),
            SqlMessageViews(database),
            clock,
        )
        parts: list[Part] = [
            AccessApi(self.access, self.users, clock, token_days=base.settings.api.token_days),
            RevealsApi(reveals, SqlPlainNumbers(database, trade.cases)),
            CasesApi(trade.cases, SqlCaseQueries(database), keyer),
            CallsApi(SqlCallQueries(database), SqlTranscriptQueries(database), recorded, self._audited, keyer),
            self._callbacks,
            SeatsApi(trade.seats, SqlSeatQueries(database), trade.lists, clock),
            SystemApi(SqlSystemViews(database)),
            health,
        ]
        self.api = Api([row for part in parts for row in part.endpoints()], self.access, translate, clock, limit)

    def application(self) -> web.Application:
        """Endpoints and documentation."""
        app = self.api.application()
        add_documentation(app, self.api.endpoints)
        return app

    async def stop(self) -> None:
        """End what requests have begun."""
        await self._callbacks.stop()

    async def _audited(self, actor: str, action: str, subject: str, reason: str) -> None:
        async with self._store.units() as uow:
            uow.audit.append(actor, action, subject, reason)
            await uow.commit()


class Web:
    """Builds and serves the API of a running hotline.

    Args:
        speech: shown in /readyz and /metrics; None when there is no speech worker.

    Attributes:
        access: told to forget what it remembers when rights change elsewhere.
        users: seeds the first accounts.
    """

    def __init__(
        self,
        base: Foundation,
        trade: Trade,
        switchboard: Switchboard,
        recorded: Recorded,
        speech: SpeechClient | None = None,
    ) -> None:
        self._base, self._trade, self._switchboard, self._speech = base, trade, switchboard, speech
        needed = {"database": self._database, "sip": self._sip, "media": self._media}
        shown = {"speech": self._hearing} if speech is not None else {}
        self._console = Console(base, trade, recorded, HealthApi(needed, shown, self._figures))
        self.access, self.users = self._console.access, self._console.users
        self._runner: web.AppRunner | None = None

    async def start(self, certificate: tuple[Path, Path] | None = None) -> None:
        """Listen.

        Args:
            certificate: chain and key for HTTPS; None serves plain HTTP, which is for the loopback.
        Raises:
            OSError: the port is in use.
        """
        self._runner = web.AppRunner(self._console.application(), access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        tls = None
        if certificate is not None:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(*certificate)
        api = self._base.settings.api
        await web.TCPSite(self._runner, api.bind, api.port, ssl_context=tls).start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._console.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _database(self) -> str:
        return "" if await self._base.store.database.is_reachable() else "数据库不可用"

    async def _sip(self) -> str:
        return "" if self._switchboard.port else "信令没有监听"

    async def _media(self) -> str:
        return "" if self._switchboard.worker.running else "媒体进程正在重启"

    async def _hearing(self) -> str:
        if self._speech is None or not self._speech.connected:
            return "语音识别进程未连接:来电仍可按键,转写任务等待"
        try:
            state = await self._speech.state(within_s=1.0)
        except RecogniserUnavailable:
            return "语音识别进程没有应答"
        return (
            "" if state.model_state == "ready" else f"识别模型{_MODEL_STATES.get(state.model_state, state.model_state)}"
        )

    async def _figures(self) -> Iterable[Figure]:
        """Read at each scrape of /metrics."""
        return [
            *switchboard_figures(self._switchboard),
            *dialler_figures(self._trade.dialler),
            *await store_figures(self._base.store.database),
            *(await speech_figures(self._speech) if self._speech is not None else ()),
            *http_figures(self._console.api.requests),
        ]


_MODEL_STATES = {"loading": "正在载入", "missing": "没有安装"}
