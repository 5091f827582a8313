"""The server's side of one media worker: commands out, facts back by callback, and a new worker when one dies."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from telephony.media.commands import LegCommands
from telephony.media.errors import LegRefused, MediaUnavailable
from telephony.media.io.mending import mend_recordings
from telephony.media.io.worker_child import MediaWorkerConfig, WorkerLink, connect, end, spawn
from telephony.media.messages import (
    AskLeg,
    AskWorker,
    CloseLeg,
    Fact,
    LegClosed,
    LegCounters,
    LegEvent,
    LegLost,
    LegOpened,
    LegRefusedFact,
    LegReport,
    OpenLeg,
    RecordingEvent,
    RecordingFailed,
    RecordingFinished,
    StartRecording,
    StopRecording,
    WorkerReport,
)

log = logging.getLogger(__name__)

ANSWER_S = 5.0
"""A worker that does not answer a command for so long is as good as dead for the asker."""
PULSE_S = 2.0
"""How often the worker is asked whether it lives."""
PULSE_MISSING_S = 10.0
"""A worker silent for so long is killed; its callers have long heard nothing."""
BACK_OFF_S = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Waits before a new worker is started; the last repeats. Begun afresh once a worker lived for 60 s."""
STEADY_S = 60.0


class MediaWorker(LegCommands):
    """One media worker process and the legs on it.

    Facts come by callback on the loop, in order, never by queue. If the worker dies, each of its legs gets LegLost,
    its unfinished recordings are mended and reported with ``complete=False``, and a new worker is started with
    back-off; meanwhile open_leg() raises MediaUnavailable and everything else is ignored.

    Args:
        on_recording: told once for every recording started, and once for each file a dead run left behind.
        on_died: told the reason each time the worker dies unasked; for the alert.
        on_restarted: told when a new worker takes commands after that.
    """

    def __init__(
        self,
        config: MediaWorkerConfig,
        *,
        on_recording: Callable[[RecordingEvent], None],
        on_died: Callable[[str], None] | None = None,
        on_restarted: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self._on_recording = on_recording
        self._on_died = on_died
        self._on_restarted = on_restarted
        self._legs: dict[str, Callable[[LegEvent], None]] = {}
        self._recordings: dict[str, str] = {}  # recording -> leg
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._requests = itertools.count(1)
        self._link: WorkerLink | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._recordings_ended = asyncio.Event()

    @property
    def running(self) -> bool:
        """Whether commands reach a worker just now."""
        return self._link is not None

    @property
    def pid(self) -> int | None:
        """Process id of the child; None when attached or down."""
        return self._process.pid if self._process else None

    @property
    def leg_count(self) -> int:
        """Legs open on this worker."""
        return len(self._legs)

    async def start(self) -> None:
        """Mend what a former run left, start (or attach to) the worker and return when it takes commands.

        Raises:
            MediaUnavailable: it did not come up within START_S.
        """
        await self._mend()
        await self._bring_up()
        self._supervisor = asyncio.create_task(self._supervise(), name=f"media worker {self.config.name}")

    async def stop(self) -> None:
        """Finish the recordings (5 s at most), then end the child. Legs still open get LegLost."""
        if self._supervisor:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        if self._link and self._recordings:
            for recording in list(self._recordings):
                self.stop_recording(recording)
            self._recordings_ended.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._recordings_ended.wait(), ANSWER_S)
        await self._take_down("the server is stopping")

    async def open_leg(self, leg: str, on_event: Callable[[LegEvent], None]) -> int:
        """Bind an RTP port for the leg and return it; ``on_event`` is told what happens on the leg from now on.

        Raises:
            MediaUnavailable: no worker runs.
            LegRefused: no free port, or the identifier is in use.
        """
        if leg in self._legs:
            raise LegRefused("the leg's identifier is in use")
        self._legs[leg] = on_event
        try:
            answer = await self._ask(lambda request: OpenLeg(request, leg))
        except BaseException:
            self._legs.pop(leg, None)
            self._send(CloseLeg(leg))  # it may have been opened after all
            raise
        if isinstance(answer, LegRefusedFact):
            self._legs.pop(leg, None)
            raise LegRefused(answer.reason)
        port: int = answer.port
        return port

    def record(self, leg: str, recording: str) -> None:
        """Start recording the leg; ``on_recording`` will hear of it exactly once."""
        self._recordings[recording] = leg
        if not self._send(StartRecording(leg, recording)):
            self._recording_ended(RecordingFailed(recording=recording, leg=leg, reason="no media worker is running"))

    def stop_recording(self, recording: str) -> None:
        """Finish a recording; ``on_recording`` is told when the file has its final name."""
        self._send(StopRecording(recording))

    async def counters(self, leg: str) -> LegCounters:
        """The leg's counters just now.

        Raises:
            MediaUnavailable: no worker runs, or it does not answer.
        """
        report: LegReport = await self._ask(lambda request: AskLeg(request, leg))
        return report.counters

    async def report(self) -> WorkerReport:
        """The worker's own state, for metrics.

        Raises:
            MediaUnavailable: no worker runs, or it does not answer.
        """
        report: WorkerReport = await self._ask(AskWorker)
        return report

    def _send(self, command: msgspec.Struct) -> bool:
        if self._link is None:
            return False
        self._link.send(command)
        return True

    async def _ask(self, command: Callable[[int], msgspec.Struct]) -> Any:
        request = next(self._requests)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[request] = future
        try:
            if not self._send(command(request)):
                raise MediaUnavailable("no media worker is running")
            return await asyncio.wait_for(future, ANSWER_S)
        except TimeoutError as error:
            raise MediaUnavailable("the media worker does not answer") from error
        finally:
            self._answers.pop(request, None)

    def _received(self, fact: Fact) -> None:
        match fact:
            case LegOpened() | LegRefusedFact() | LegReport() | WorkerReport():
                answer = self._answers.get(fact.request)
                if answer and not answer.done():
                    answer.set_result(fact)
            case RecordingFinished() | RecordingFailed():
                self._recording_ended(fact)
            case LegClosed():
                self._tell(self._legs.pop(fact.leg, None), fact)
            case _:
                self._tell(self._legs.get(fact.leg), fact)

    def _recording_ended(self, event: RecordingEvent) -> None:
        self._recordings.pop(event.recording, None)
        if not self._recordings:
            self._recordings_ended.set()
        self._tell(self._on_recording, event)

    def _tell(self, handler: Callable[[Any], None] | None, event: object) -> None:
        """A handler that fails must not take the link, and so every other leg, with it."""
        if handler is None:
            return
        try:
            handler(event)
        except Exception:
            log.exception("a media event handler failed", extra={"event": type(event).__name__})

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began_s = loop.time()
            reason = await self._until_dead()
            log.error("media worker died", extra={"worker": self.config.name, "reason": reason})
            await self._take_down(reason)
            self._tell(self._on_died, reason)
            failures = 0 if loop.time() - began_s > STEADY_S else failures
            while self._link is None:
                await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
                failures += 1
                try:
                    await self._bring_up()
                except MediaUnavailable as error:
                    log.error("media worker did not start", extra={"worker": self.config.name, "reason": str(error)})
                    await self._take_down(str(error))
            if self._on_restarted:
                self._on_restarted()

    async def _until_dead(self) -> str:
        """Return why, when the link is down or the worker answers no more."""
        link = self._link
        if link is None:
            return "no link"
        loop = asyncio.get_running_loop()
        answered_s = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(link.closed), PULSE_S)
            try:
                await self.report()
                answered_s = loop.time()
            except MediaUnavailable:
                if loop.time() - answered_s > PULSE_MISSING_S:
                    return f"no answer for {PULSE_MISSING_S:.0f} s"

    async def _bring_up(self) -> None:
        self.config.spool.mkdir(parents=True, exist_ok=True)
        if not self.config.attach:
            self._process = await spawn(self.config)
        self._link = await connect(self.config.socket_path, self._process, self._received)

    async def _take_down(self, reason: str) -> None:
        """Close the link, end the child, tell every leg and report every recording."""
        if self._link:
            self._link.close()
            self._link = None
        if self._process:
            await end(self._process)
            self._process = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(MediaUnavailable(reason))
        legs, self._legs = self._legs, {}
        for leg, handler in legs.items():
            self._tell(handler, LegLost(leg, reason))
        await self._mend()
        for recording, leg in list(self._recordings.items()):
            self._recording_ended(RecordingFailed(recording=recording, leg=leg, reason=reason))

    async def _mend(self) -> None:
        """Keep what a dead worker left half-written, and report it."""
        for mended in await asyncio.to_thread(mend_recordings, self.config.spool, self.config.name):
            leg = self._recordings.get(mended.recording, "")
            log.warning("recording mended", extra={"recording": mended.recording, "duration_s": mended.duration_s})
            self._recording_ended(
                RecordingFinished(
                    recording=mended.recording,
                    leg=leg,
                    path=str(mended.path),
                    duration_s=mended.duration_s,
                    complete=False,
                )
            )
