"""The media worker process: legs, ticks and commands on one uvloop loop, and one thread that writes recordings.

Nothing that needs the processor for long runs here: one CPU-bound thread turns a 2 ms packet gap into a second.
"""

import asyncio
import gc
import json
import logging
import signal
import sys
import time
from pathlib import Path

import uvloop

from telephony.media.core.playout import Playlist
from telephony.media.io.control_link import ControlServer
from telephony.media.io.leg import Leg
from telephony.media.io.listening import ListenTap, SpeechLinks
from telephony.media.io.pacer import Pacer
from telephony.media.io.prompt_files import PromptFiles
from telephony.media.io.recordings import Recordings
from telephony.media.io.speaker import Speaker
from telephony.media.io.udp import PortPool
from telephony.media.io.worker_child import MediaWorkerConfig
from telephony.media.messages import (
    AskLeg,
    AskWorker,
    BridgeLegs,
    CloseLeg,
    Command,
    ConfigureLeg,
    Fact,
    HoldLeg,
    LegClosed,
    LegCounters,
    LegOpened,
    LegRefusedFact,
    LegReport,
    Listen,
    OpenLeg,
    Play,
    SendDigits,
    StartRecording,
    StopPlaying,
    StopRecording,
    UnbridgeLeg,
    Unlisten,
    WorkerReport,
)
from vocabulary.audio_frame import RATE_HZ

log = logging.getLogger(__name__)

_SWEEP_TICKS = 5


class MediaProcess:
    """All legs of one worker.

    Args:
        config: its socket_path is where commands come in.
        stay: whether to wait for another client when one goes away; a child ends with its parent instead.
    """

    def __init__(self, config: MediaWorkerConfig, *, stay: bool) -> None:
        self._config = config
        self._stay = stay
        self._loop = asyncio.get_running_loop()
        self._ports = PortPool(config.bind_host, config.port_low, config.port_high)
        self._prompts = PromptFiles()
        self._speech = SpeechLinks()
        self._legs: dict[str, Leg] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._ticking: dict[Speaker, None] = {}
        self._listening: dict[Leg, None] = {}
        self._ticks = 0
        self._recordings = Recordings(config.spool, config.name, self._report_from_thread)
        self._pacer = Pacer(self._loop, self._tick, self._skipped)
        self._control = ControlServer(self._command, self._abandoned)
        self._ended = asyncio.Event()

    async def serve(self) -> None:
        """Run until the client goes away (a child) or a signal comes."""
        self._recordings.open()
        self._loop.add_signal_handler(signal.SIGTERM, self._ended.set)
        if self._stay:  # a child leaves Ctrl-C to its parent
            self._loop.add_signal_handler(signal.SIGINT, self._ended.set)
        await self._control.start(self._config.socket_path)
        self._pacer.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)  # packets waiting to be written are no garbage
        await self._ended.wait()
        for leg in list(self._legs.values()):
            self._close(leg)
        self._pacer.stop()
        self._recordings.close()
        await asyncio.sleep(0.01)  # the writer's last reports come by the loop
        self._speech.close()
        self._control.stop()

    # ----------------------------------------------------------------- ticks

    def _tick(self) -> None:
        now_s = time.monotonic()
        for speaker in list(self._ticking):
            try:
                speaker.tick(now_s)
            except Exception:  # a fault of ours on one leg must not make the others stutter
                log.exception("leg silenced", extra={"leg": speaker.leg})
                self._set_ticking(speaker, False)
        for leg in self._listening:
            if leg.listening:
                leg.listening.tick()
        self._ticks += 1
        if self._ticks % _SWEEP_TICKS == 0:
            self._sweep(now_s)

    def _sweep(self, now_s: float) -> None:
        for leg in self._legs.values():
            leg.sweep(now_s)
        self._recordings.flush(now_s)

    def _skipped(self) -> None:
        now_s = time.monotonic()
        log.warning("ticks left out", extra={"ticks": self._pacer.ticks_skipped})
        for leg in self._legs.values():
            leg.speaker.catch_up(now_s)

    def _set_ticking(self, speaker: Speaker, ticking: bool) -> None:
        speaker.ticking = ticking
        if ticking:
            self._ticking[speaker] = None
        else:
            self._ticking.pop(speaker, None)

    # -------------------------------------------------------------- commands

    def _command(self, command: Command) -> None:
        match command:
            case OpenLeg():
                self._opening[command.leg] = self._loop.create_task(self._open(command), name=f"open {command.leg}")
            case BridgeLegs(a, b):
                self._bridge(a, b)
            case StartRecording():
                self._recordings.begin(command, self._legs.get(command.leg), time.monotonic())
            case StopRecording(recording):
                self._recordings.finish(recording, time.monotonic())
            case AskLeg(request, leg_id):
                leg = self._legs.get(leg_id)
                self._report(LegReport(request, leg_id, leg.counters() if leg else LegCounters()))
            case AskWorker(request):
                self._report(self._state(request))
            case _:
                leg = self._legs.get(command.leg)
                if leg:
                    self._leg_command(leg, command)
                elif isinstance(command, CloseLeg):
                    self._close_unopened(command.leg)

    def _leg_command(
        self,
        leg: Leg,
        command: ConfigureLeg | Play | StopPlaying | UnbridgeLeg | Listen | Unlisten | SendDigits | HoldLeg | CloseLeg,
    ) -> None:
        match command:
            case ConfigureLeg():
                try:
                    leg.configure(command)
                except ValueError as error:
                    log.error("leg not configured", extra={"leg": leg.id, "reason": str(error)})
            case Play():
                self._play(leg, command)
            case StopPlaying():
                leg.speaker.end_play()
            case UnbridgeLeg():
                self._unbridge(leg)
            case Listen():
                leg.listen(ListenTap(command.stream, self._speech.to(command.speech_socket)))
                self._listening[leg] = None
            case Unlisten():
                leg.listen(None)
                self._listening.pop(leg, None)
            case SendDigits():
                leg.speaker.send_digits(command)
            case HoldLeg():
                leg.hold(command.held)
            case CloseLeg():
                self._close(leg)

    async def _open(self, command: OpenLeg) -> None:
        try:
            if command.leg in self._legs:
                raise OSError("the leg's identifier is in use")
            sock, port = self._ports.bind()
        except OSError as error:
            self._refuse(command, error)
            return
        leg = Leg(command.leg, port, self._report, self._set_ticking)
        try:
            await self._loop.create_datagram_endpoint(lambda: leg, sock=sock)
        except asyncio.CancelledError:
            sock.close()
            self._ports.release(port)
            raise
        except OSError as error:  # e.g. no file descriptors are left
            sock.close()
            self._ports.release(port)
            self._refuse(command, error)
            return
        self._opening.pop(command.leg, None)
        self._legs[leg.id] = leg
        self._set_ticking(leg.speaker, True)
        self._report(LegOpened(command.request, leg.id, port))

    def _refuse(self, command: OpenLeg, error: OSError) -> None:
        self._opening.pop(command.leg, None)
        self._report(LegRefusedFact(command.request, command.leg, error.strerror or str(error)))

    def _close_unopened(self, leg_id: str) -> None:
        opening = self._opening.pop(leg_id, None)
        if opening:
            opening.cancel()
        self._report(LegClosed(leg_id, LegCounters()))

    def _play(self, leg: Leg, command: Play) -> None:
        files, missing = [], []
        for path in command.files:
            try:
                files.append(self._prompts.read(path))
            except OSError as error:
                missing.append(path)
                log.error("prompt not read", extra={"file": path, "reason": str(error)})
        playlist = Playlist(files, repeat=command.repeat, gap_samples=int(command.gap_s * RATE_HZ))
        leg.speaker.play(command.play, playlist, command.stop_on, missing)

    def _bridge(self, a_id: str, b_id: str) -> None:
        a, b = self._legs.get(a_id), self._legs.get(b_id)
        if a is None or b is None or a is b:
            return
        self._unbridge(a)
        self._unbridge(b)
        a.bridge(b)
        b.bridge(a)

    def _unbridge(self, leg: Leg) -> None:
        if leg.peer:
            leg.peer.bridge(None)
            leg.bridge(None)

    def _close(self, leg: Leg) -> None:
        self._unbridge(leg)
        if leg.recording:
            self._recordings.finish(leg.recording.recording, time.monotonic())
        counters = self._forget(leg)
        self._report(LegClosed(leg.id, counters))

    def _forget(self, leg: Leg) -> LegCounters:
        leg.close()
        counters = leg.counters()
        del self._legs[leg.id]
        self._listening.pop(leg, None)
        self._set_ticking(leg.speaker, False)
        self._loop.call_soon(self._ports.release, leg.port)  # the socket closes in this turn of the loop
        return counters

    # ------------------------------------------------------------ the client

    def _report(self, fact: Fact) -> None:
        self._control.send(fact)

    def _report_from_thread(self, fact: Fact) -> None:
        self._loop.call_soon_threadsafe(self._report, fact)

    def _abandoned(self) -> None:
        """The client is gone: its calls are over. Unfinished recordings stay as they are, for it to mend and report."""
        self._recordings.abandon()
        for leg in list(self._legs.values()):
            self._unbridge(leg)
            self._forget(leg)
        if not self._stay:
            self._ended.set()

    def _state(self, request: int) -> WorkerReport:
        late_max_s, self._pacer.late_max_s = self._pacer.late_max_s, 0.0
        return WorkerReport(
            request=request,
            legs=len(self._legs),
            recordings=len(self._recordings),
            free_ports=self._ports.free,
            cpu_s=time.process_time(),
            tick_late_max_ms=round(late_max_s * 1000, 2),
            ticks_skipped=self._pacer.ticks_skipped,
            chunks_waiting=self._recordings.chunks_waiting,
        )


class _FieldsFormatter(logging.Formatter):
    """A fixed sentence, then the fields that came as ``extra``."""

    _OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        fields = [f"{name}={value!r}" for name, value in vars(record).items() if name not in self._OWN]
        return " ".join((super().format(record), *fields))


def run(config: MediaWorkerConfig, *, stay: bool = False) -> None:
    """Be a media worker until the client goes away, or, with ``stay``, until SIGTERM."""
    sys.setswitchinterval(0.0005)  # the writer thread gives the interpreter back within half a millisecond

    async def serve() -> None:
        await MediaProcess(config, stay=stay).serve()

    uvloop.run(serve())


def main() -> None:
    """Entry of the child process: one argument, the configuration as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(_FieldsFormatter("%(asctime)s media %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    given = json.loads(sys.argv[1])
    given["socket_path"], given["spool"] = Path(given["socket_path"]), Path(given["spool"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(MediaWorkerConfig(**given))


if __name__ == "__main__":
    main()
