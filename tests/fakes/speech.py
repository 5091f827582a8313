"""A speech link that reports what a test has scripted, stream after stream."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asr.endpointing import Endpointing
from asr.messages import Expected, StreamEvent


class ScriptedStream:
    """Implements ivr.listening.SpeechStreamPort; after the script it is quiet for ever."""

    def __init__(self, events: Sequence[StreamEvent]) -> None:
        self._events = list(events)
        self.closed = False

    async def next_event(self) -> StreamEvent:
        if self._events:
            await asyncio.sleep(0)
            return self._events.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def __aenter__(self) -> "ScriptedStream":
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.closed = True


@dataclass
class ScriptedSpeech:
    """Implements ivr.listening.SpeechPort.

    Attributes:
        scripts: events of the first, second … stream that is opened.
        opened: what was asked: stream, kind and rules.
    """

    scripts: list[list[StreamEvent]] = field(default_factory=list)
    opened: list[tuple[str, Expected, Endpointing]] = field(default_factory=list)
    streams: list[ScriptedStream] = field(default_factory=list)
    socket: Path = Path("/run/speech.sock")

    def open_stream(self, stream: str, expected: Expected, rules: Endpointing) -> ScriptedStream:
        self.opened.append((stream, expected, rules))
        self.streams.append(ScriptedStream(self.scripts.pop(0) if self.scripts else []))
        return self.streams[-1]
