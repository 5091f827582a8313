"""Seats, the queue, missed calls and the rescue desk."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, StringConstraints

from access.roles import Scope
from console.endpoint import Ask, Endpoint, Nothing, Shape, as_model
from console.inputs import Moment
from seats.call_lists import CallLists
from seats.queries import SeatQueries
from seats.seat import Seat
from vocabulary.clock import Clock


class SeatLine(Shape):
    """One seat as a wallboard shows it."""

    account: str
    staff_number: str
    staff_name: str
    skills: list[str]
    state: str
    state_text: str
    since: datetime | None
    until: datetime | None
    reason: str
    call_id: str | None


class SeatNow(Shape):
    """A seat after an act; on a call, sign-out and break come into force after it."""

    account: str
    state: str


class Act(Shape):
    """What a seat, or the shift lead for it, does."""

    act: Literal["sign_in", "break", "free", "sign_out"]
    reason: str = Field("", max_length=200)


class ForcedAct(Act):
    """What the shift lead does for a seat, and why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=180)]


class WaitingLine(Shape):
    """One waiting caller, in order."""

    entry_id: str
    call_id: str
    place: int
    lane: str
    state: str
    number: str
    entered_at: datetime
    offers: int


class LevelQuery(Shape):
    """The span; default the last hour."""

    since: Moment | None = None
    until: Moment | None = None


class LevelAnswer(Shape):
    """Domain spec §7; a rate is null when nobody is in its denominator."""

    asked: int
    answered: int
    abandoned: int
    connect_rate: float | None
    sl: float | None
    sl2: float | None


class MissedLine(Shape):
    """A caller nobody served (§3.9)."""

    id: str
    call_id: str
    kind: str
    number: str
    at: datetime
    waited_s: float
    due_at: datetime
    recording: str | None
    case_number: str | None
    state: str
    handled_by: str
    handled_at: datetime | None
    note: str


class RescueLine(Shape):
    """A leak caller who hung up before a person spoke (§10.3)."""

    id: str
    call_id: str
    number: str
    lost_at: datetime
    found_by: str
    recording: str | None
    case_number: str | None
    state: str
    calls_back: int
    handled_by: str
    note: str


class ListQuery(Shape):
    """Which lines."""

    open: bool = Field(True, description="false 也看已处理的")
    limit: int = Field(200, ge=1, le=500)


class Handled(Shape):
    """What was done about a missed call."""

    note: str = Field("", max_length=500)


class RescueEnd(Shape):
    """How a rescue call ended."""

    reached: bool
    note: str = Field(min_length=1, max_length=500)


class SeatPresence(Protocol):
    """The part of ``SeatServices`` used here."""

    async def sign_in(self, account: str, *, by: str) -> Seat:
        """Begin work."""
        ...

    async def sign_out(self, account: str, *, by: str, reason: str = ...) -> Seat:
        """End work."""
        ...

    async def take_break(self, account: str, *, by: str, reason: str = ...) -> Seat:
        """Go on break."""
        ...

    async def become_free(self, account: str, *, by: str) -> Seat:
        """Come back."""
        ...


class SeatsApi:
    """Rows of this part."""

    def __init__(self, seats: SeatPresence, queries: SeatQueries, lists: CallLists, clock: Clock) -> None:
        self._seats, self._queries, self._lists, self._clock = seats, queries, lists, clock

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag, read, use, manage = "坐席与排队", Scope.CALLS_READ, Scope.SEATS_USE, Scope.SEATS_MANAGE
        return [
            Endpoint("GET", "/api/v1/seats", "全部坐席", tag, read, self.seats, answers=SeatLine, many=True),
            Endpoint("POST", "/api/v1/seats/{account}/acts", "签入、小休、置闲、签出", tag, use, self.act, Act, answers=SeatNow, problems=(404, 409)),
            Endpoint("POST", "/api/v1/seats/{account}/forced-acts", "班长强制(须写理由)", tag, manage, self.forced, ForcedAct, answers=SeatNow, problems=(404, 409)),
            Endpoint("GET", "/api/v1/queue", "排队的来电", tag, read, self.waiting, answers=WaitingLine, many=True),
            Endpoint("GET", "/api/v1/service-level", "接通率与应答率", tag, read, self.level, query=LevelQuery, answers=LevelAnswer),
            Endpoint("GET", "/api/v1/missed-calls", "没接住的电话", tag, read, self.missed, query=ListQuery, answers=MissedLine, many=True),
            Endpoint("POST", "/api/v1/missed-calls/{id}/handled", "已听取或已回拨", tag, use, self.handled, Handled, status=204, problems=(404, 409)),
            Endpoint("GET", "/api/v1/rescue-desk", "抢险调度清单", tag, read, self.rescue, query=ListQuery, answers=RescueLine, many=True),
            Endpoint("POST", "/api/v1/rescue-desk/{id}/call-back", "记一次回拨(30 分钟内最多 6 次)", tag, use, self.call_back, status=204, problems=(404, 409)),
            Endpoint("POST", "/api/v1/rescue-desk/{id}/close", "了结", tag, use, self.close, RescueEnd, status=204, problems=(404, 409)),
        ]  # fmt: skip

    async def seats(self, ask: Ask[Nothing, Nothing]) -> list[SeatLine]:
        """Every seat."""
        return [as_model(SeatLine, row) for row in await self._queries.seats()]

    async def act(self, ask: Ask[Act, Nothing]) -> SeatNow:
        """A seat's own act."""
        return await self._act(ask, ask.body.reason)

    async def forced(self, ask: Ask[ForcedAct, Nothing]) -> SeatNow:
        """An act of the shift lead for a seat; the reason stands in the audit."""
        return await self._act(ask, f"班长强制:{ask.body.reason}")

    async def _act(self, ask: Ask[Any, Nothing], reason: str) -> SeatNow:
        account, by = ask.path["account"], ask.by.name
        match ask.body.act:
            case "sign_in":
                seat = await self._seats.sign_in(account, by=by)
            case "break":
                seat = await self._seats.take_break(account, by=by, reason=reason or "小休")
            case "free":
                seat = await self._seats.become_free(account, by=by)
            case "sign_out":
                seat = await self._seats.sign_out(account, by=by, reason=reason or "签出")
        return SeatNow(account=account, state=seat.state.value)

    async def waiting(self, ask: Ask[Nothing, Nothing]) -> list[WaitingLine]:
        """Everybody who waits."""
        return [as_model(WaitingLine, row) for row in await self._queries.waiting()]

    async def level(self, ask: Ask[Nothing, LevelQuery]) -> LevelAnswer:
        """The rates of a span."""
        until = ask.query.until or self._clock.now()
        since = ask.query.since or until - timedelta(hours=1)
        return as_model(LevelAnswer, await self._queries.service_level(since, until))

    async def missed(self, ask: Ask[Nothing, ListQuery]) -> list[MissedLine]:
        """Missed calls, by what is due first."""
        rows = await self._queries.missed_calls(open_only=ask.query.open, limit=ask.query.limit)
        return [as_model(MissedLine, row) for row in rows]

    async def handled(self, ask: Ask[Handled, Nothing]) -> None:
        """A missed call was dealt with."""
        await self._lists.finish_missed(ask.path["id"], by=ask.by.name, note=ask.body.note)

    async def rescue(self, ask: Ask[Nothing, ListQuery]) -> list[RescueLine]:
        """The rescue desk's list."""
        rows = await self._queries.rescue_calls(open_only=ask.query.open, limit=ask.query.limit)
        return [as_model(RescueLine, row) for row in rows]

    async def call_back(self, ask: Ask[Nothing, Nothing]) -> None:
        """One more try."""
        await self._lists.call_back(ask.path["id"], by=ask.by.name)

    async def close(self, ask: Ask[RescueEnd, Nothing]) -> None:
        """It is over."""
        body = ask.body
        await self._lists.close_rescue(ask.path["id"], by=ask.by.name, note=body.note, reached=body.reached)
