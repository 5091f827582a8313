"""Call records, recordings and transcripts."""

import logging
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from aiohttp import web
from pydantic import Field

from access.roles import Scope
from asr.queries import TranscriptQueries
from console.endpoint import Ask, Endpoint, Nothing, Shape
from console.errors import BadRequest, FieldProblem, NotThere, Unavailable
from console.inputs import Moment, ReasonText
from console.ports import Audited
from telephony.queries import CallQueries, CallRow
from vocabulary.errors import InvalidPhoneNumber, NuanxianError
from vocabulary.identifiers import is_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

log = logging.getLogger(__name__)


class RecordingBytes(Protocol):
    """Stored recordings; ``store.recordings`` serves it."""

    async def key_of(self, recording: str) -> str | None:
        """Where the recording's bytes stand; None while it is not stored."""
        ...

    def pieces(self, key: str) -> AsyncIterator[bytes]:
        """The bytes, in pieces."""
        ...


class CallListQuery(Shape):
    """Which calls."""

    before: Moment | None = None
    phone: str = Field("", max_length=30, description="完整号码")
    limit: int = Field(50, ge=1, le=200)


class CallLine(Shape):
    """One call; the number is masked."""

    call: str
    purpose: str
    direction: str
    trunk: str | None
    dialled: str
    number: str
    setup_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    cause: str | None
    cause_text: str
    reason: str
    recordings: list[str]


class LegLine(Shape):
    """One leg."""

    leg: str
    direction: str
    account: str | None
    trunk: str | None
    dialled: str
    setup_at: datetime
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    cause: str
    cause_text: str
    sip_status: int | None
    bridged_s: float
    packets_received: int
    packets_sent: int
    packets_lost: int


class SegmentLine(Shape):
    """What one side said."""

    speaker: str
    started_s: float
    ended_s: float
    text: str


class TranscriptAnswer(Shape):
    """A draft made by a machine."""

    recording: str
    backend: str
    model: str
    duration_s: float
    draft: bool
    segments: list[SegmentLine]


class CallAnswer(Shape):
    """One call with its legs and transcripts."""

    call: CallLine
    legs: list[LegLine]
    transcripts: list[TranscriptAnswer]


class ListenQuery(Shape):
    """Why somebody listens; kept in the audit."""

    reason: ReasonText


class CallsApi:
    """Rows of this part."""

    def __init__(
        self,
        calls: CallQueries,
        transcripts: TranscriptQueries,
        recordings: RecordingBytes,
        audited: Audited,
        keyer: PhoneKeyer,
    ) -> None:
        self._calls, self._transcripts, self._recordings = calls, transcripts, recordings
        self._audited, self._keyer = audited, keyer

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag, read, listen = "通话与录音", Scope.CALLS_READ, Scope.RECORDINGS_LISTEN
        return [
            Endpoint("GET", "/api/v1/calls", "通话记录", tag, read, self.page, query=CallListQuery, answers=CallLine, many=True),
            Endpoint("GET", "/api/v1/calls/{call}", "一通电话", tag, read, self.one, answers=CallAnswer, problems=(404,)),
            Endpoint("GET", "/api/v1/recordings/{recording}", "听录音(须写理由,留痕)", tag, listen, self.listen, query=ListenQuery, media="audio/x-wav", problems=(404,)),
        ]  # fmt: skip

    async def page(self, ask: Ask[Nothing, CallListQuery]) -> list[CallLine]:
        """Calls, newest first."""
        query = ask.query
        key = None
        if query.phone:
            try:
                key = self._keyer.key(PhoneNumber.parse(query.phone))
            except InvalidPhoneNumber as error:
                raise BadRequest("电话号码不对", fields=[FieldProblem("phone", "手机或带区号的固话")]) from error
        rows = await self._calls.calls(limit=query.limit, before=query.before, number_key=key)
        return [_line(row) for row in rows]

    async def one(self, ask: Ask[Nothing, Nothing]) -> CallAnswer:
        """One call."""
        row = await self._calls.call(ask.path["call"])
        if row is None:
            raise NotThere("没有这通电话")
        legs = [
            LegLine(
                leg=leg.leg,
                direction=leg.direction.value,
                account=leg.account,
                trunk=leg.trunk,
                dialled=leg.dialled,
                setup_at=leg.setup_at,
                rang_at=leg.rang_at,
                answered_at=leg.answered_at,
                ended_at=leg.ended_at,
                cause=leg.cause.name,
                cause_text=leg.cause.sentence,
                sip_status=leg.sip_status,
                bridged_s=leg.bridged_s,
                packets_received=leg.packets_received,
                packets_sent=leg.packets_sent,
                packets_lost=leg.packets_lost,
            )
            for leg in await self._calls.legs(row.call)
        ]
        transcripts = [
            TranscriptAnswer(
                recording=each.recording,
                backend=each.backend,
                model=each.model,
                duration_s=each.duration_s,
                draft=each.draft,
                segments=[
                    SegmentLine(speaker=s.speaker.value, started_s=s.started_s, ended_s=s.ended_s, text=s.text)
                    for s in each.segments
                ],
            )
            for each in await self._transcripts.of_call(row.call)
        ]
        return CallAnswer(call=_line(row), legs=legs, transcripts=transcripts)

    async def listen(self, ask: Ask[Nothing, ListenQuery]) -> web.StreamResponse:
        """The recording as a WAV file, after the look is written down."""
        recording = ask.path["recording"]
        key = await self._recordings.key_of(recording) if is_id(recording) else None
        if key is None:
            raise NotThere("没有这段录音,或还在保存")
        await self._audited(ask.by.name, "recording.listen", f"recording {recording}", ask.query.reason)
        pieces = self._recordings.pieces(key)
        try:
            first = await anext(pieces, b"")
        except NuanxianError as error:  # before anything is sent
            raise Unavailable("录音文件现在读不出来,已记录") from error
        response = web.StreamResponse(
            headers={
                "Content-Type": "audio/x-wav",
                "Content-Disposition": f'attachment; filename="{recording}.wav"',
            }
        )
        try:
            await response.prepare(ask.request)
            await response.write(first)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
        except ConnectionError:
            log.info("the listener left", extra={"recording": recording})
        except NuanxianError:
            log.exception("recording ends early", extra={"recording": recording})
            if ask.request.transport is not None:
                ask.request.transport.abort()  # a short file must not look like a whole one
        return response


def _line(row: CallRow) -> CallLine:
    return CallLine(
        call=row.call,
        purpose=row.purpose,
        direction=row.direction.value,
        trunk=row.trunk,
        dialled=row.dialled,
        number=row.number_masked,
        setup_at=row.setup_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        cause=row.cause.name if row.cause else None,
        cause_text=row.cause.sentence if row.cause else "",
        reason=row.reason,
        recordings=list(row.recordings),
    )
