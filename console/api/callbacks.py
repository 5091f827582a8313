"""The human callback queue: read, claim, dial, finish; and the switch that stops all machine calling."""

import asyncio
from datetime import date, datetime

from pydantic import Field

from access.roles import Scope
from callbacks.answer import ReasonCode
from callbacks.approvals import Approvals
from callbacks.click_to_dial import ClickToDial, Dialled
from callbacks.daily_clearing import Standing
from callbacks.human_queue import Claim, HumanQueue
from callbacks.human_result import HumanOutcome, HumanResult
from callbacks.outbound_switch import OutboundSwitch
from callbacks.queries import CallbackQueries, CallbackRow
from console.endpoint import Ask, Endpoint, Nothing, Shape, as_model
from console.errors import Contradicted, NotThere
from console.inputs import Day, Moment, ReasonText
from console.ports import MessageViews
from telephony.ports import CallFailed
from vocabulary.clock import SHANGHAI, Clock


class Dial(Shape):
    """Which phone of one's own rings first."""

    account: str = Field(min_length=1, max_length=32)


class DialledAnswer(Shape):
    """How the call went; write the result under ``call_id``."""

    call_id: str
    reached: bool
    cause: str
    talked_s: float


class ClaimAnswer(Shape):
    """What is held, and until when; the same person's other cases are asked in the same conversation."""

    callbacks: list[str]
    until: datetime


class Result(Shape):
    """The structured result of §3.5; what is missing is said."""

    outcome: HumanOutcome
    call_id: str = Field("", max_length=26)
    identity_checked: bool = False
    feedback_read: bool = False
    contacted: bool | None = None
    visited: bool | None = None
    resolved: bool | None = None
    rating: str = Field("", max_length=10)
    attitude: str = Field("", max_length=10)
    timeliness: str = Field("", max_length=10)
    outcome_rating: str = Field("", max_length=10)
    reason_code: ReasonCode | None = None
    words: str = Field("", max_length=2000)
    new_demand: str = Field("", max_length=2000)


class StateAnswer(Shape):
    """Where the callback stands now."""

    state: str


class Put(Shape):
    """A reason, kept in the audit."""

    reason: ReasonText


class PutOff(Put):
    """A new day, by the person in charge (§3.4)."""

    to: Moment


class SwitchState(Shape):
    """Whether machines may call users now."""

    outbound_allowed: bool
    paused_by: str | None


class CallbackLine(Shape):
    """One callback; the number is masked."""

    id: str
    case_number: str
    state: str
    channel: str
    priority: int
    rule_number: int
    reason: str
    matter: str
    masked_phone: str
    not_before: datetime | None
    due_at: datetime | None
    claimed_by: str | None
    late: bool
    rating: str
    feedback_summary: str


class AttemptLine(Shape):
    """One attempt to reach the user."""

    at: datetime
    channel: str
    reached: bool
    by: str
    result: str
    call_id: str | None


class AnswerLine(Shape):
    """What the user said in one contact."""

    at: datetime
    channel: str
    by: str
    rating: str
    resolved: bool | None
    words: str
    new_demand: str
    reason: str


class CallbackAnswerWhole(Shape):
    """One callback with its attempts and answers."""

    row: CallbackLine
    attempts: list[AttemptLine]
    answers: list[AnswerLine]
    wishes: list[str]


class MessageLine(Shape):
    """One short message of ours; the number is masked."""

    id: str
    number: str
    text: str
    kind: str
    state: str
    queued_at: datetime
    not_before: datetime
    submitted_at: datetime | None
    settled_at: datetime | None
    sends: int
    error: str


class ReplyLine(Shape):
    """What the user wrote back, and how it was read; the number is masked."""

    id: str
    number: str
    text: str
    reading: str
    reason: str
    received_at: datetime


class Messages(Shape):
    """The short messages of one callback, both ways."""

    sent: list[MessageLine]
    replies: list[ReplyLine]


class QueueQuery(Shape):
    """How many."""

    limit: int = Field(100, ge=1, le=500)


class ClearingQuery(Shape):
    """The local day; default today."""

    day: Day | None = None


class ClearingAnswer(Shape):
    """The coverage equation of a day (§3.1): each term with its callbacks, and what is left over."""

    day: date
    to_be_asked: int
    terms: dict[str, list[str]]
    uncleared: list[str]


class CallbacksApi:
    """Rows of this part."""

    def __init__(
        self,
        queue: HumanQueue,
        approvals: Approvals,
        dial: ClickToDial,
        switch: OutboundSwitch,
        queries: CallbackQueries,
        messages: MessageViews,
        clock: Clock,
    ) -> None:
        self._queue, self._approvals, self._dial = queue, approvals, dial
        self._switch, self._queries, self._messages = switch, queries, messages
        self._clock = clock
        self._dialling: dict[str, asyncio.Task[Dialled]] = {}

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag, read, work, lead = "回访", Scope.CALLBACKS_READ, Scope.CALLBACKS_WORK, Scope.SEATS_MANAGE
        root, one = "/api/v1/callbacks", "/api/v1/callbacks/{id}"
        return [
            Endpoint("GET", root, "人工回访队列", tag, read, self.queue, query=QueueQuery, answers=CallbackLine, many=True),
            Endpoint("POST", root + "/claim-next", "领取下一件", tag, work, self.claim_next, answers=ClaimAnswer, problems=(404, 409)),
            Endpoint("GET", one, "一件回访", tag, read, self.one, answers=CallbackAnswerWhole, problems=(404,)),
            Endpoint("GET", "/api/v1/cases/{number}/callbacks", "工单的回访", tag, read, self.of_case, answers=CallbackLine, many=True),
            Endpoint("GET", one + "/messages", "一件回访的短信,往来都有", tag, Scope.MESSAGES_READ, self.messages, answers=Messages),
            Endpoint("POST", one + "/claim", "领取", tag, work, self.claim, answers=ClaimAnswer, problems=(404, 409)),
            Endpoint("POST", one + "/release", "放回", tag, work, self.release, status=204, problems=(404, 409)),
            Endpoint("POST", one + "/dial", "点击拨号:先响自己的话机,再呼用户;通话结束时返回", tag, work, self.dial, Dial, answers=DialledAnswer, problems=(404, 409)),
            Endpoint("POST", one + "/finish", "登记结果", tag, work, self.finish, Result, answers=StateAnswer, problems=(404, 409)),
            Endpoint("POST", one + "/defer", "顺延(负责人)", tag, lead, self.defer, PutOff, status=204, problems=(404, 409)),
            Endpoint("POST", one + "/approve-unreached", "批准未联系上(负责人)", tag, lead, self.approve, Put, status=204, problems=(404, 409)),
            Endpoint("POST", one + "/approve-refused", "批准用户拒访(负责人)", tag, lead, self.approve_refused, Put, status=204, problems=(404, 409)),
            Endpoint("GET", "/api/v1/daily-clearing", "日结日清", tag, read, self.clearing, query=ClearingQuery, answers=ClearingAnswer),
            Endpoint("GET", "/api/v1/machine-calling", "机器外呼开关", tag, read, self.switched, answers=SwitchState),
            Endpoint("POST", "/api/v1/machine-calling/pause", "一键暂停机器外呼", tag, lead, self.pause, answers=SwitchState),
            Endpoint("POST", "/api/v1/machine-calling/resume", "恢复机器外呼", tag, lead, self.resume, answers=SwitchState),
        ]  # fmt: skip

    async def queue(self, ask: Ask[Nothing, QueueQuery]) -> list[CallbackLine]:
        """Tasks for people, in order."""
        return [_line(row) for row in await self._queries.human_queue(self._clock.now(), limit=ask.query.limit)]

    async def one(self, ask: Ask[Nothing, Nothing]) -> CallbackAnswerWhole:
        """One callback."""
        view = await self._queries.one(ask.path["id"])
        if view is None:
            raise NotThere("没有这件回访")
        return CallbackAnswerWhole(
            row=_line(view.row),
            attempts=[
                AttemptLine(
                    at=each.at,
                    channel=each.channel.value,
                    reached=each.reached,
                    by=each.by,
                    result=each.result,
                    call_id=each.call_id,
                )
                for each in view.attempts
            ],
            answers=[
                AnswerLine(
                    at=each.at,
                    channel=each.channel.value,
                    by=each.by,
                    rating=each.rating,
                    resolved=each.resolved,
                    words=each.words,
                    new_demand=each.new_demand,
                    reason=each.reason,
                )
                for each in view.answers
            ],
            wishes=[wish.value for wish in view.wishes],
        )

    async def of_case(self, ask: Ask[Nothing, Nothing]) -> list[CallbackLine]:
        """Every callback of a case."""
        return [_line(row) for row in await self._queries.of_case(ask.path["number"])]

    async def messages(self, ask: Ask[Nothing, Nothing]) -> Messages:
        """What was sent about it, and what came back."""
        callback = ask.path["id"]
        return Messages(
            sent=[as_model(MessageLine, row) for row in await self._messages.messages_of(callback)],
            replies=[as_model(ReplyLine, row) for row in await self._messages.replies_to(callback)],
        )

    async def claim_next(self, ask: Ask[Nothing, Nothing]) -> ClaimAnswer:
        """The first that this person may take."""
        claim = await self._queue.claim_next(ask.by.name)
        if claim is None:
            raise NotThere("现在没有待回访的任务")
        return _claim(claim)

    async def claim(self, ask: Ask[Nothing, Nothing]) -> ClaimAnswer:
        """This one."""
        return _claim(await self._queue.claim(ask.path["id"], ask.by.name))

    async def release(self, ask: Ask[Nothing, Nothing]) -> None:
        """Put it back."""
        await self._queue.release(ask.path["id"], ask.by.name)

    async def dial(self, ask: Ask[Dial, Nothing]) -> DialledAnswer:
        """Call about a claimed task; whoever asked may leave, the call goes on and stands in the records."""
        callback = ask.path["id"]
        if callback in self._dialling:
            raise Contradicted("这件正在拨打")
        dialling = asyncio.create_task(
            self._dial.dial(callback, ask.by.name, ask.body.account), name=f"click to dial {callback}"
        )
        self._dialling[callback] = dialling
        dialling.add_done_callback(lambda done: self._dialled(callback, done))
        try:
            dialled = await asyncio.shield(dialling)
        except CallFailed as failed:
            raise Contradicted(f"您的话机没有接通:{failed.cause.sentence}") from failed
        return DialledAnswer(
            call_id=dialled.call_id, reached=dialled.reached, cause=dialled.cause.sentence, talked_s=dialled.talked_s
        )

    def _dialled(self, callback: str, done: asyncio.Task[Dialled]) -> None:
        self._dialling.pop(callback, None)
        if not done.cancelled():
            done.exception()  # looked at, so that a call nobody waits for any more ends without a warning

    async def stop(self) -> None:
        """End the calls under way: the server stops."""
        running = list(self._dialling.values())
        for dialling in running:
            dialling.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def finish(self, ask: Ask[Result, Nothing]) -> StateAnswer:
        """The structured result."""
        result = HumanResult(**ask.body.model_dump())
        state = await self._queue.finish(ask.path["id"], ask.by.name, result)
        return StateAnswer(state=state.value)

    async def defer(self, ask: Ask[PutOff, Nothing]) -> None:
        """A new day."""
        await self._approvals.defer(ask.path["id"], ask.body.to, ask.by.name, ask.body.reason)

    async def approve(self, ask: Ask[Put, Nothing]) -> None:
        """Nobody was reached, and that is accepted."""
        await self._approvals.approve_unreached(ask.path["id"], ask.by.name, ask.body.reason)

    async def approve_refused(self, ask: Ask[Put, Nothing]) -> None:
        """The user does not want to be asked, and that is accepted."""
        await self._approvals.approve_refused(ask.path["id"], ask.by.name, ask.body.reason)

    async def clearing(self, ask: Ask[Nothing, ClearingQuery]) -> ClearingAnswer:
        """The coverage equation."""
        day = ask.query.day or self._clock.now().astimezone(SHANGHAI).date()
        clearing = await self._queries.clearing(day)
        return ClearingAnswer(
            day=day,
            to_be_asked=clearing.to_be_asked,
            terms={each.value: list(clearing.callbacks.get(each, ())) for each in Standing},
            uncleared=list(clearing.uncleared),
        )

    async def switched(self, ask: Ask[Nothing, Nothing]) -> SwitchState:
        """The switch."""
        standing = await self._switch.position()
        allowed = await self._switch.outbound_allowed()
        return SwitchState(outbound_allowed=allowed, paused_by=standing.paused_by if standing else None)

    async def pause(self, ask: Ask[Nothing, Nothing]) -> SwitchState:
        """Stop all machine calling; audited with the switch."""
        await self._switch.pause(ask.by.name)
        return await self.switched(ask)

    async def resume(self, ask: Ask[Nothing, Nothing]) -> SwitchState:
        """Let it go on; audited with the switch."""
        await self._switch.resume(ask.by.name)
        return await self.switched(ask)


def _line(row: CallbackRow) -> CallbackLine:
    values = {name: getattr(row, name) for name in CallbackLine.model_fields}
    values |= {"state": row.state.value, "channel": row.channel.value}
    return CallbackLine.model_validate(values)


def _claim(claim: Claim) -> ClaimAnswer:
    return ClaimAnswer(callbacks=list(claim.callback_ids), until=claim.until)
