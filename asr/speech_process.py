"""The speech worker: a process of its own that turns listened legs and recordings into words.

    python -m asr.speech_process --socket SPEECH.sock --cache FOLDER [--backend …] [--model …] [--threads N]

Media workers send audio to its Unix socket, the server and the jobs process ask on links of their own. A missing
recogniser is an answer, never an end: calls go on with keys, jobs wait.
"""

import argparse
import asyncio
import contextlib
import ctypes
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from asr.audio import wav_shape
from asr.endpointing import Endpointing, NobodySpoke, SpeechBegan
from asr.engines import Backend, EngineChoice, load
from asr.errors import AudioRefused, RecogniserMissing, SpeechOverloaded
from asr.lanes import Lane, LiveQueue, Urgency, set_niceness
from asr.messages import (
    AskState,
    CloseListening,
    Expected,
    Incoming,
    ListeningRefused,
    OpenListening,
    Reading,
    SafetyHeard,
    Said,
    SilenceHeard,
    SpeechStarted,
    StreamEnded,
    Transcribe,
    Transcribed,
    TranscriptionFailed,
    TurnEnded,
    WorkerState,
)
from asr.pinyin_match import find_safety
from asr.recogniser import Recogniser, Recognition
from asr.streams import Listened, Streams
from asr.transcribing import Step, transcribe
from asr.transcript import TranscriptSegment, in_order
from asr.voice_activity import SplitEvent, Utterance, check_voice_activity
from asr.weights import BASE
from vocabulary.audio_frame import StreamAudio, StreamClosed, StreamOpened
from vocabulary.clock import Clock, SystemClock
from vocabulary.framing import FrameRefused, frame, messages

log = logging.getLogger(__name__)

_ALTERNATIVES = 8
_SAFETY_READINGS = 3
_BATCH_IDLE_S = 120.0
_LIVE_FIRST_S = 20.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """How one speech worker runs.

    Attributes:
        socket: Unix socket to listen on; made anew.
        engine: see EngineChoice.
        live_nice, batch_nice: design §3.
        queue_limit: live turns that may wait.
        deadline_s: a turn that waited longer is dropped.
        safety_streams: legs on which safety words may be listened for at once; more are shed and counted.
        exit_with_parent: die when the process that started this one does (Linux).
    """

    socket: Path
    engine: EngineChoice
    live_nice: int = 5
    batch_nice: int = 15
    queue_limit: int = 8
    deadline_s: float = 4.0
    safety_streams: int = 16
    exit_with_parent: bool = True


class Link:
    """One peer: a media worker, the server, or the jobs process."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.streams: set[str] = set()

    def send(self, reply: msgspec.Struct) -> None:
        """Write one reply; a peer that has gone hears nothing."""
        if not self._writer.is_closing():
            self._writer.write(frame(reply))


class SpeechWorker:
    """All that one worker does; owns its sockets, lanes and streams.

    Args:
        config: see SpeechConfig.
        clock: for deadlines.
        engine: makes the recogniser; tests hand in a fake.
    """

    def __init__(self, config: SpeechConfig, clock: Clock, engine: Callable[[EngineChoice], Recogniser] = load) -> None:
        make = partial(engine, config.engine)
        self._config = config
        self._live = Lane("live", config.live_nice, make)
        self._batch = Lane("batch", config.batch_nice, make)
        self._queue = LiveQueue(self._live, clock, limit=config.queue_limit, deadline_s=config.deadline_s)
        self._streams = Streams(self._heard)
        self._links: dict[str, Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_recording = asyncio.Lock()
        self._unload: asyncio.TimerHandle | None = None
        self._model_state, self._missing = "loading", ""
        self._tried = asyncio.Event()
        self._turns = self._turns_shed = self._safety_skipped = 0

    async def serve(self, ready: asyncio.Event | None = None) -> None:
        """Run until cancelled."""
        self._config.socket.parent.mkdir(parents=True, exist_ok=True)
        self._config.socket.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._connected, str(self._config.socket))
        self._config.socket.chmod(0o600)
        log.info("speech worker listens", extra={"socket": str(self._config.socket)})
        if ready is not None:
            ready.set()
        try:
            async with server, asyncio.TaskGroup() as group:
                group.create_task(self._load(), name="load model")
                group.create_task(self._queue.run(), name="live turns")
                group.create_task(self._streams.run(), name="voice detection")
        finally:
            for task in self._tasks:
                task.cancel()
            self._live.close()
            self._batch.close()
            self._streams.shut()
            self._config.socket.unlink(missing_ok=True)

    async def _load(self) -> None:
        try:
            await self._live.run(check_voice_activity)
            await self._live.engine()
        except RecogniserMissing as error:
            self._model_state, self._missing = "missing", str(error)
            log.error("recogniser missing", extra={"backend": error.backend, "remedy": error.remedy})
            self._tried.set()
            return
        _trim_heap()  # loading needs twice what stays
        self._model_state = "ready"
        self._tried.set()
        log.info("recogniser ready", extra={"model": self._config.engine.shown_model})

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(writer)
        try:
            async for message in messages(reader, Incoming):
                self._take(link, message)
        except (FrameRefused, ConnectionError) as error:
            log.warning("a speech link broke", extra={"error": str(error)})
        except asyncio.CancelledError:
            log.debug("a speech link ends with the worker")  # raised on, asyncio would log it as an error
        finally:
            for stream in link.streams:
                self._forget(stream)
            writer.close()

    def _take(self, link: Link, message: Incoming) -> None:
        match message:
            case StreamAudio() | StreamOpened() | StreamClosed():
                self._streams.receive(message)
            case OpenListening():
                self._open(link, message)
            case CloseListening(stream=stream):
                link.streams.discard(stream)
                self._forget(stream)
            case Transcribe():
                self._start(self._transcribe(link, message), "transcribe")
            case AskState():
                link.send(self._state())

    def _state(self) -> WorkerState:
        return WorkerState(
            model_state=self._model_state,
            detail=self._missing,
            backend=self._config.engine.backend.value,
            model=self._config.engine.shown_model,
            queue_length=len(self._queue),
            turns_total=self._turns,
            turns_shed_total=self._turns_shed,
            safety_listen_skipped_total=self._safety_skipped,
        )

    def _open(self, link: Link, asked: OpenListening) -> None:
        if self._model_state == "missing":
            link.send(ListeningRefused(asked.stream, self._missing))
            return
        if asked.expected is Expected.SAFETY and self._streams.count(Expected.SAFETY) >= self._config.safety_streams:
            self._safety_skipped += 1
            link.send(ListeningRefused(asked.stream, "too many legs are listened to"))
            return
        rules = Endpointing(silence_s=asked.silence_s, end_s=asked.end_s, max_s=asked.max_s)
        try:
            self._streams.open(asked.stream, asked.expected, rules)
        except RecogniserMissing as error:
            link.send(ListeningRefused(asked.stream, str(error)))
            return
        self._links[asked.stream] = link
        link.streams.add(asked.stream)

    def _forget(self, stream: str) -> None:
        self._streams.close(stream)
        self._links.pop(stream, None)

    def _heard(self, listened: Listened, event: SplitEvent | None) -> None:
        link = self._links.get(listened.stream)
        if link is None:
            return
        match event:
            case SpeechBegan(at_s=at_s):
                link.send(SpeechStarted(listened.stream, at_s))
            case NobodySpoke():
                link.send(SilenceHeard(listened.stream))
            case Utterance():
                self._start(self._recognise(link, listened, event), "recognise")
                if listened.expected is Expected.ANSWER:  # one answer, then the stream is done
                    self._streams.close(listened.stream)
            case None:
                self._start(self._end(link, listened.stream), "end of stream")

    async def _end(self, link: Link, stream: str) -> None:
        await self._queue.wait_idle(self._config.deadline_s)
        link.send(StreamEnded(stream))

    async def _recognise(self, link: Link, listened: Listened, said: Utterance) -> None:
        spotting = listened.expected is Expected.SAFETY
        alternatives = _ALTERNATIVES if listened.expected is Expected.ANSWER else 1
        urgency = Urgency.SPOTTING if spotting else Urgency.TURN
        self._turns += 1
        try:
            found = await self._queue.recognise(said.audio, urgency, alternatives=alternatives)
        except (SpeechOverloaded, RecogniserMissing, RuntimeError, ValueError) as error:
            if spotting:
                self._safety_skipped += 1
                return
            self._turns_shed += 1
            log.warning("a turn was shed", extra={"reason": str(error)})
            link.send(TurnEnded(listened.stream, "", [], said.started_s, said.ended_s, recognised=False))
            return
        readings = [Reading(each.text, each.log_probability) for each in found.hypotheses]
        self._report_safety(link, listened.stream, found)
        if not spotting:
            link.send(TurnEnded(listened.stream, found.text, readings, said.started_s, said.ended_s))

    def _report_safety(self, link: Link, stream: str, found: Recognition) -> None:
        for text in [found.text, *(each.text for each in found.hypotheses[:_SAFETY_READINGS])]:
            safety = find_safety(text)
            if safety is not None and not safety.mended:
                link.send(SafetyHeard(stream, safety.word, text))
                return

    async def _transcribe(self, link: Link, asked: Transcribe) -> None:
        try:
            await self._tried.wait()  # the first load may have to join the weights
            async with self._one_recording:
                segments, duration_s = await self._work_through(Path(asked.path))
        except AudioRefused as error:
            link.send(TranscriptionFailed(asked.request, str(error), unavailable=False))
            return
        except (RecogniserMissing, RuntimeError) as error:
            link.send(TranscriptionFailed(asked.request, str(error), unavailable=True))
            return
        said = [Said(each.speaker.value, each.started_s, each.ended_s, each.text) for each in in_order(segments)]
        engine = self._config.engine
        link.send(Transcribed(asked.request, engine.backend.value, engine.shown_model, duration_s, said))

    async def _work_through(self, path: Path) -> tuple[list[TranscriptSegment], float]:
        shape = await self._batch.run(partial(wav_shape, path))
        if self._unload is not None:
            self._unload.cancel()
        engine = await self._batch.engine()
        steps = transcribe(path, engine)
        segments: list[TranscriptSegment] = []
        while (step := await self._next_step(steps)) is not None:
            if step.segment is not None:
                segments.append(step.segment)
        self._unload = asyncio.get_running_loop().call_later(_BATCH_IDLE_S, self._unload_batch)
        return segments, shape.duration_s

    def _unload_batch(self) -> None:
        self._batch.unload()
        _trim_heap()

    async def _next_step(self, steps: Iterator[Step]) -> Step | None:
        await self._queue.wait_idle(_LIVE_FIRST_S)
        return await self._batch.run(lambda: next(steps, None))

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _trim_heap() -> None:
    """Give freed memory back to the system (glibc keeps about 90 MB after a model was loaded)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


async def main(config: SpeechConfig) -> None:
    """Serve until SIGTERM or SIGINT."""
    worker = SpeechWorker(config, SystemClock())
    serving = asyncio.create_task(worker.serve(), name="speech worker")
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def run(config: SpeechConfig) -> None:
    """The process's body."""
    if config.exit_with_parent:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.environ.setdefault("OMP_NUM_THREADS", str(config.engine.threads))
    set_niceness(config.live_nice)
    asyncio.run(main(config))


def _from_command_line() -> SpeechConfig:
    parser = argparse.ArgumentParser(prog="python -m asr.speech_process")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="folder for joined weights")
    parser.add_argument("--backend", default=Backend.FASTER_WHISPER.value, choices=[each.value for each in Backend])
    parser.add_argument("--model", default=BASE)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    choice = EngineChoice(Backend(options.backend), options.model, options.cache, options.threads)
    return SpeechConfig(options.socket, choice)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    run(_from_command_line())
