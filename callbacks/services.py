"""The room's front door: events of other rooms come in here, and a ticker carries on what time brings.

Topics: ``case.moved``, ``case.rated``, ``sms.reply``, ``sms.receipt``, ``callback.answered``.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from callbacks.ai_calls import AiCalls
from callbacks.approvals import Approvals
from callbacks.callback import Callback, CallbackState
from callbacks.human_queue import HumanQueue
from callbacks.planning import Planner
from callbacks.ports import CallbacksUnitOfWorkFactory, CaseDoor, SafetyAlarm, SmsSender
from callbacks.recovery import Recovery
from callbacks.survey_replies import SurveyReplies
from callbacks.surveys import Surveys
from callbacks.telling import ANSWERED, CaseTeller
from callbacks.windows import Channel
from cases.case_states import CaseState
from cases.errors import IdentityWithheld
from cases.facts import CaseFacts
from cases.master_data import CaseType, Role
from vocabulary.clock import SHANGHAI, Clock
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

log = logging.getLogger(__name__)

TOPICS = ("case.moved", "case.rated", "sms.reply", "sms.receipt", ANSWERED)
"""What ``on_event`` wants to be told; delivery at least once is enough."""


class CallbackServices:
    """See the module.

    Args:
        uow_factory: transactions.
        clock: time.
        keyer: the keyed hash of numbers.
        cases: facts, numbers, results.
        sms: the outbox of messages.
        alarm: dangers that were written.
        planner: table, windows, policy.
        holder: names this server in leases and locks; unique among servers that run at the same time.

    Attributes:
        human: the human queue.
        ai: bookkeeping of AI calls, for the dialler.
        recovery: what vanished holders left.
        surveys: SMS.
        approvals: what the person in charge decides.
    """

    def __init__(
        self,
        *,
        uow_factory: CallbacksUnitOfWorkFactory,
        clock: Clock,
        keyer: PhoneKeyer,
        cases: CaseDoor,
        sms: SmsSender,
        alarm: SafetyAlarm,
        planner: Planner,
        holder: str = "server",
    ) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._keyer = keyer
        self._cases = cases
        self._planner = planner
        self.human = HumanQueue(uow_factory, clock, planner, sms)
        self.ai = AiCalls(uow_factory, clock, planner, cases, holder)
        self.recovery = Recovery(uow_factory, clock, planner, cases, holder)
        self.surveys = Surveys(uow_factory, clock, planner, cases, sms)
        self.approvals = Approvals(uow_factory, clock, planner)
        self._replies = SurveyReplies(uow_factory, clock, planner, cases, alarm)
        self._teller = CaseTeller(uow_factory, cases)

    @property
    def reactions(self) -> dict[str, Callable[[Mapping[str, Any]], Awaitable[None]]]:
        """What is done about each of TOPICS, for ``store.event_outbox.react``."""
        return {topic: partial(self.on_event, topic) for topic in TOPICS}

    async def on_event(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Handle one event of TOPICS; others are ignored. An event may come again."""
        match topic:
            case "case.moved":
                await self.on_case_moved(payload)
            case "case.rated":
                await self.on_case_rated(payload)
            case "sms.reply":
                await self._replies.on_reply(payload)
            case "sms.receipt":
                await self.surveys.on_receipt(payload)
            case "callback.answered":
                await self._teller.on_answered(payload)
            case _:
                return

    async def on_case_moved(self, payload: Mapping[str, Any]) -> None:
        """Due for a callback: plan it. Gone elsewhere: what was planned is cancelled."""
        number = payload["case_number"]
        if payload.get("event") == "needs_person":
            return  # our own answer, told to the case and echoed
        if payload["to"] == CaseState.CALLBACK_DUE.value:
            await self.plan_for(number)
        elif payload["from"] == CaseState.CALLBACK_DUE.value:
            await self._cancel(number, f"工单已转“{payload['to']}”")

    async def on_case_rated(self, payload: Mapping[str, Any]) -> None:
        """ "Dissatisfied" by key at the end of a call that was answered directly: a person asks today (row 1)."""
        facts = await self._cases.facts(payload["case_number"])
        answered = facts.case_type in (CaseType.CONSULT, CaseType.PRAISE) and "不满意" in facts.closing_rating
        if answered:
            await self._plan(facts, late=True)

    async def plan_for(self, case_number: str) -> str | None:
        """Plan the callback of a case that is due for one; its identifier, also if it stood planned already."""
        facts = await self._cases.facts(case_number)
        if facts.state is not CaseState.CALLBACK_DUE:
            log.info("case is no longer due for a callback", extra={"case": case_number})
            return None
        return await self._plan(facts, late=False)

    async def _plan(self, facts: CaseFacts, *, late: bool) -> str:
        phone = await self._phone(facts)
        now = self._clock.now()
        async with self._uow_factory() as uow:
            if (standing := await uow.callbacks.live_of_case(facts.number)) is not None:
                return standing.id
            callback = Callback(
                id=new_id(self._clock),
                case_number=facts.number,
                phone=phone,
                phone_key=facts.phone_key or (self._keyer.key(phone) if phone else None),
                matter=facts.matter_title,
                is_gas=(facts.matter or "").startswith("GAS"),
                reported_on=(facts.opened_at or now).astimezone(SHANGHAI).date(),
                checked_at=facts.checked_at or now,
                created_at=now,
                late=late,
                complained_staff=facts.complained_staff,
                feedback_summary=facts.feedback_summary,
            )
            uow.callbacks.add(callback)
            plan = await self._planner.plan(uow, callback, facts)
            if plan.channel is Channel.NONE and not plan.is_refusal and not late:
                # Rows 1 and 2 should have been archived at the check; a person looks at what came here all the same.
                detail = {"kind": "callback.not_needed", "case_number": facts.number, "reason": plan.reason}
                uow.events.append("alert", detail)
            await uow.commit()
            return callback.id

    async def _phone(self, facts: CaseFacts) -> PhoneNumber | None:
        """The number to ask; a reporter's stays with the cases until a person dials (§8)."""
        if not facts.has_phone:
            return None
        try:
            return await self._cases.callback_phone(facts.number, by="system", role=Role.BOT, reason="安排回访")
        except IdentityWithheld:
            return None

    async def _cancel(self, case_number: str, reason: str) -> None:
        async with self._uow_factory() as uow:
            standing = await uow.callbacks.live_of_case(case_number)
            if standing is None or standing.late or standing.state is CallbackState.DIALLING:
                return
            standing.cancel(reason, self._clock.now())
            await uow.commit()

    async def tick(self) -> None:
        """Carry on what time brings: due SMS, surveys whose time is over, leases of those who vanished.

        Each part is its own transaction; one that fails is tried again at the next tick.
        """
        for part in (self.surveys.send_due, self.surveys.give_up_unanswered, self.recovery.recover):
            try:
                await part()
            except Exception:  # whatever it was, the other parts and the next tick go on
                log.exception("a part of the callbacks' tick failed", extra={"part": part.__name__})

    async def run(self, tick_s: float = 1.0) -> None:
        """Take up what an earlier life of this server left, then tick until cancelled."""
        try:
            await self.recovery.recover_own()
        except Exception:  # leases end by themselves, so this only delays
            log.exception("callbacks of an earlier run could not be taken up yet")
        while True:
            await self.tick()
            await self._clock.sleep(tick_s)
