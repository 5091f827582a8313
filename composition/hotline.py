"""The server process: signalling, distribution, dialogues, dialler and API on one loop, its children beside it."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from asr.speech_client import SpeechClient
from callbacks.services import TOPICS
from cases.reminding import Reminding
from composition.children import Child
from composition.first_start import Passwords
from composition.foundation import Foundation
from composition.parts import keep_running
from composition.recorded import Recorded
from composition.telephony import telephony_config
from composition.trade import Trade, build_trade
from composition.web import FIRST_USERS, Web
from ivr.prompts import Prompts
from seats.services import SeatConfig
from store.call_journal import SqlCallJournal
from store.event_outbox import Event, EventTail, react
from store.journal import Journal
from store.queries.asr import SqlTranscriptQueries
from store.queries.telephony import SqlCallQueries
from telephony.switchboard import Switchboard
from vocabulary.settings import Settings

log = logging.getLogger(__name__)
GC_ALLOCATIONS = 20_000
"""Between two young collections; a call allocates a few thousand objects."""


@dataclass(frozen=True, slots=True)
class Started:
    """What the start has to tell people.

    Attributes:
        sip_port: in use.
        users: name → password of API users made just now.
    """

    sip_port: int
    users: Mapping[str, str]


class Hotline:
    """Everything of the server process.

    Args:
        base: opened.
        passwords: of the SIP accounts.
        child_arguments: what the other processes are started with, after their name.
        certificate: for HTTPS.
    """

    def __init__(
        self,
        base: Foundation,
        passwords: Passwords,
        child_arguments: list[str],
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self._base = base
        self._certificate = certificate
        settings, store, clock = base.settings, base.store, base.clock
        prompts = Prompts()
        for stale in prompts.stale():
            log.warning("prompt is not what the dialogue says", extra={"prompt": stale.key, "reason": stale.reason})
        self._journal = Journal(store.database)
        self._call_journal = SqlCallJournal(self._journal)
        self.switchboard = Switchboard(
            telephony_config(settings, base.folders, passwords.accounts, prompts),
            clock=clock,
            journal=self._call_journal,
            keyer=store.phone_keyer,
            on_media_died=lambda reason: log.error("media worker died", extra={"reason": reason}),
        )
        control = self.switchboard.calls
        self._speech = SpeechClient(base.folders.speech_socket, clock)
        self.trade: Trade = build_trade(base, control, self._speech, prompts)
        recorded = Recorded(
            store,
            SqlCallQueries(store.database),
            SqlTranscriptQueries(store.database),
            self.trade.cases,
            self.trade.lists,
            clock,
        )
        self._recorded = recorded
        control.on_inbound(self.trade.reception.run)
        control.on_account_call(self.trade.account_calls.run)
        control.on_recording(recorded.finished)
        control.on_recording_left_behind(recorded.left_behind)
        self._web = Web(base, self.trade, self.switchboard, recorded, self._speech)
        names = ["messages", "jobs"] + (["speech"] if settings.speech.backend != "none" else [])
        self._children = [Child(name, child_arguments, clock) for name in names]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> Started:
        """Start all; when it returns, calls are answered.

        Raises:
            PortInUse, MediaUnavailable, OSError: see Switchboard.start and Web.start.
        """
        self._journal.start()
        if self._base.store.database.is_sqlite:
            self._call_journal.close_left_open(self._base.clock.now())
        users = await self._web.users.seed(FIRST_USERS)
        await self.trade.seats.start(seats_of(self._base.settings))
        await self.switchboard.start()
        await self._web.start(self._certificate)
        for child in self._children:
            child.start()
        self._speech.start()
        tick_s = self._base.settings.callbacks.tick_s
        self._run(self._react, "events")
        self._run(partial(self.trade.callbacks.run, tick_s), "callbacks")
        self._run(partial(self.trade.dialler.run, tick_s), "dialler")
        self._run(Reminding(self._base.store.units, self._base.clock).run, "limits of cases")
        await self._warm_up()
        return Started(self.switchboard.port, users)

    async def _warm_up(self) -> None:
        """Read once what a call will read, and take all that stands now out of the garbage collector's rounds.

        Without it the first caller waited half a second longer, and full collections held the loop for 0.1 s.
        """
        await self.trade.seats.outlook()
        async with self._base.store.units.reading() as uow:
            await uow.queue.waiting()
            await uow.callbacks.live_of_person("")
            await uow.cases.answered("")
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_ALLOCATIONS, 20, 50)

    async def stop(self) -> None:
        """Stop all, newest first; calls under way are ended and recorded."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._web.stop()
        await self.switchboard.stop()
        await self.trade.seats.stop()
        await self._speech.stop()
        await asyncio.gather(*(child.stop() for child in self._children))
        await asyncio.to_thread(self._journal.stop)
        await self._base.store.close()

    async def _react(self) -> None:
        """Carry events of all processes to the rooms that care."""
        callbacks = self.trade.callbacks
        reactions: dict[str, Callable[[Mapping[str, Any]], Coroutine[Any, Any, None]]] = {
            topic: partial(callbacks.on_event, topic) for topic in TOPICS
        }
        reactions["recording.stored"] = self._recorded.on_stored
        reactions["transcript.ready"] = self._recorded.on_transcript
        reactions["case.emergency_heard"] = self._recorded.on_emergency_heard
        reactions["access.revoked"] = self._rights_changed
        tail = EventTail(self._base.store.database, "server", clock=self._base.clock)
        await react(tail, reactions, clock=self._base.clock, on_passed_over=_passed_over)

    async def _rights_changed(self, _payload: Mapping[str, Any]) -> None:
        self._web.access.forget_remembered()

    def _run(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        self._tasks.append(asyncio.create_task(keep_running(work, name, self._base.clock), name=name))


def seats_of(settings: Settings) -> list[SeatConfig]:
    """Seats as the settings describe them; static ones are signed in at once, they cannot dial *11."""
    seats = [
        SeatConfig(each.username, each.display_number or "".join(filter(str.isdigit, each.username)) or each.username)
        for each in settings.accounts
        if each.seat
    ]
    return seats + [SeatConfig(address, address, signed_in=True) for address in settings.seats.static_seats]


def _passed_over(event: Event, error: Exception) -> None:
    log.error("event passed over", extra={"topic": event.topic, "event": event.id, "error": repr(error)})
