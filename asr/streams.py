"""Listened streams: audio of legs comes in from media links, utterances go out, in a thread of their own."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from asr.audio import Upsampler, decode_alaw
from asr.endpointing import Endpointing
from asr.messages import Expected
from asr.recogniser import Audio
from asr.voice_activity import SpeechSplitter, SplitEvent
from vocabulary.audio_frame import RATE_HZ, StreamAudio, StreamClosed, StreamMessage, StreamOpened

log = logging.getLogger(__name__)

_EARLY_FRAMES = 150  # 3 s of a stream that nobody has asked for yet
_EARLY_STREAMS = 256
_MAX_GAP_S = 2.0


@dataclass
class Listened:
    """One stream that somebody waits for.

    Attributes:
        stream: its identifier.
        expected: see messages.Expected.
        splitter: voice detection and endpointing; used in the voice thread only.
    """

    stream: str
    expected: Expected
    splitter: SpeechSplitter
    upsampler: Upsampler = field(default_factory=Upsampler)
    pending: list[Audio] = field(default_factory=list)
    next_sample: int = 0
    closing: bool = False
    closed: bool = False

    def take(self, audio: StreamAudio) -> None:
        """Queue a frame; a gap becomes silence, what came twice is dropped."""
        samples = decode_alaw(audio.alaw)
        gap = audio.first_sample - self.next_sample
        if gap < 0:
            samples = samples[-gap:]
        elif gap > 0:
            self.pending.append(np.zeros(min(gap, int(_MAX_GAP_S * RATE_HZ)), np.float32))
        self.next_sample = max(self.next_sample, audio.first_sample + len(audio.alaw))
        if len(samples):
            self.pending.append(samples)

    def digest(self, samples: Audio | None) -> list[SplitEvent]:
        """Work of the voice thread: more audio, or None for the end."""
        if samples is None:
            return self.splitter.finish()
        return self.splitter.feed(self.upsampler.feed(samples))


class Streams:
    """All streams of a speech worker.

    Args:
        heard: called on the event loop with each event, and with None when the stream has ended.
    """

    def __init__(self, heard: Callable[[Listened, SplitEvent | None], None]) -> None:
        self._heard = heard
        self._listened: dict[str, Listened] = {}
        self._early: OrderedDict[str, list[StreamMessage]] = OrderedDict()
        self._wake = asyncio.Event()
        self._voice = ThreadPoolExecutor(1, thread_name_prefix="voice")

    def __len__(self) -> int:
        return len(self._listened)

    def count(self, expected: Expected) -> int:
        """Streams of one kind."""
        return sum(each.expected is expected for each in self._listened.values())

    def open(self, stream: str, expected: Expected, rules: Endpointing) -> None:
        """Somebody waits for this stream; what came before is taken up.

        Raises:
            RecogniserMissing: there is no voice detection.
        """
        self._listened[stream] = Listened(stream, expected, SpeechSplitter(rules))
        for message in self._early.pop(stream, []):
            self.receive(message)

    def close(self, stream: str) -> None:
        """Nobody waits any more."""
        listened = self._listened.pop(stream, None)
        if listened is not None:
            listened.closed = True

    def receive(self, message: StreamMessage) -> None:
        """A frame from a media link."""
        listened = self._listened.get(message.stream)
        if listened is None:
            self._keep_early(message)
            return
        match message:
            case StreamAudio():
                listened.take(message)
            case StreamClosed():
                listened.closing = True
            case StreamOpened():
                return
        self._wake.set()

    async def run(self) -> None:
        """Feed the voice thread until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            work = [(each, self._drain(each)) for each in self._listened.values() if each.pending or each.closing]
            if not work:
                continue
            for listened, events in await loop.run_in_executor(self._voice, _digest_all, work):
                for event in events:
                    if not listened.closed:
                        self._heard(listened, event)
                if listened.closing and not listened.pending and not listened.closed:
                    self.close(listened.stream)
                    self._heard(listened, None)

    def shut(self) -> None:
        """Stop the voice thread."""
        self._voice.shutdown(wait=False, cancel_futures=True)

    def _drain(self, listened: Listened) -> list[Audio | None]:
        parts: list[Audio | None] = [np.concatenate(listened.pending)] if listened.pending else []
        listened.pending.clear()
        return [*parts, None] if listened.closing else parts

    def _keep_early(self, message: StreamMessage) -> None:
        kept = self._early.setdefault(message.stream, [])
        kept.append(message)
        del kept[: max(0, len(kept) - _EARLY_FRAMES)]
        while len(self._early) > _EARLY_STREAMS:
            self._early.popitem(last=False)


def _digest_all(work: list[tuple[Listened, list[Audio | None]]]) -> list[tuple[Listened, list[SplitEvent]]]:
    found: list[tuple[Listened, list[SplitEvent]]] = []
    for listened, parts in work:
        events: list[SplitEvent] = []
        for part in parts:
            events += listened.digest(part)
        found.append((listened, events))
    return found
