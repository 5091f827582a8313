"""Answers: kept in the transaction of the act, told to the case afterwards by event, so that a crash loses neither."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from callbacks.answer import CallbackAnswer
from callbacks.callback import Callback
from callbacks.ports import CallbacksUnitOfWork, CallbacksUnitOfWorkFactory, CaseDoor
from callbacks.windows import Channel
from cases.case_states import CaseMove, CaseState
from cases.commands import CallbackResult, CallbackVerdict, MoveCommand
from cases.errors import CasesError
from cases.master_data import Role

log = logging.getLogger(__name__)

ANSWERED = "callback.answered"
"""Topic: an answer is to be told to its case."""
_CHANNEL_OF_CASE = {Channel.HUMAN: "human", Channel.AI_VOICE: "ai", Channel.SMS: "sms", Channel.SMS_NOTICE: "sms"}
_RATING_OF_CASE = {"一般": "基本满意"}


async def keep_answer(uow: CallbacksUnitOfWork, answer: CallbackAnswer) -> None:
    """Keep an answer, and announce it if it means something for the case; part of the caller's transaction."""
    await uow.contacts.add_answer(answer)
    late_trouble = answer.late and (answer.rating == "不满意" or answer.resolved is False)
    if answer.verdict is not None or answer.new_demand or late_trouble:
        uow.events.append(ANSWERED, {"answer_id": answer.id, "case_number": answer.case_number})
    uow.audit.append(
        answer.by,
        "callback.answered",
        answer.case_number,
        answer.reason,
        {"callback": answer.callback_id, "channel": answer.channel.value, "rating": answer.rating},
    )


def refuse(uow: CallbacksUnitOfWork, callback: Callback, by: str, at: datetime) -> None:
    """The user does not want to be asked: the case waits for the person in charge (§3.1), who is told."""
    callback.refuse(at)
    tell_refused(uow, callback, by)


def tell_refused(uow: CallbacksUnitOfWork, callback: Callback, by: str) -> None:
    """The person in charge learns that a case waits for the approval."""
    detail = {"callback_id": callback.id, "case_number": callback.case_number, "by": by}
    uow.events.append("alert", {"kind": "callback.refused", **detail})


class CaseTeller:
    """Tells cases what callbacks brought. Called for each ANSWERED event; a repeated one changes nothing.

    Args:
        uow_factory: reads the answer.
        cases: moves the case.
    """

    def __init__(self, uow_factory: CallbacksUnitOfWorkFactory, cases: CaseDoor) -> None:
        self._uow_factory = uow_factory
        self._cases = cases

    async def on_answered(self, payload: Mapping[str, Any]) -> None:
        """A new demand first, while the case stands due; then the verdict."""
        async with self._uow_factory() as uow:
            answer = await uow.contacts.answer(payload["answer_id"])
        if answer is None:
            log.error("an announced answer is missing", extra={"answer": payload["answer_id"]})
            return
        if answer.late:
            await self._tell_archived(answer)
            return
        if answer.new_demand and answer.channel is Channel.HUMAN:
            await self._move(answer, CaseMove.NEW_DEMAND, {"demand": answer.new_demand})
        if answer.verdict is not None:
            await self._record(answer, answer.verdict)

    async def _tell_archived(self, answer: CallbackAnswer) -> None:
        """The rating of an archived case stands; what a person found unsolved becomes a new case below it (§3.6)."""
        if answer.channel is not Channel.HUMAN:
            await self._move(answer, CaseMove.LATE_DISSATISFIED, {"words": answer.words or answer.rating})
        elif answer.new_demand or answer.resolved is False:
            await self._move(answer, CaseMove.REOPEN, {"demand": answer.new_demand or answer.words})

    async def _record(self, answer: CallbackAnswer, verdict: CallbackVerdict) -> None:
        by_person = answer.channel is Channel.HUMAN or bool(answer.approved_by)
        code = f"{answer.reason_code.value}:" if answer.reason_code else ""
        result = CallbackResult(
            case_number=answer.case_number,
            verdict=verdict,
            by=answer.by,
            role=Role.CALLBACK if by_person else Role.BOT,
            channel=_CHANNEL_OF_CASE[answer.channel],
            rating=_RATING_OF_CASE.get(answer.rating, answer.rating),
            words=answer.words,
            reason=f"{code}{answer.reason}",
            call_id=answer.call_id or "",
            sms_id=answer.sms_id or "",
            attempts=answer.attempts,
            windows=answer.windows,
            sms_sent=answer.sms_sent,
            approved_by=answer.approved_by,
            sms_dissatisfied=answer.channel is Channel.SMS and answer.rating == "不满意",
            contacted=answer.contacted,
            visited=answer.visited,
            resolved=answer.resolved,
        )
        try:
            await self._cases.callback_result(result)
        except CasesError as refused:
            # Told before, or the case moved on meanwhile: the answer stays, and people see why it did not count.
            log.warning(
                "a callback's answer did not move its case",
                extra={"case": answer.case_number, "verdict": verdict.value, "reason": str(refused)},
            )
            await self._alert(answer, str(refused))

    async def _move(self, answer: CallbackAnswer, move: CaseMove, fields: dict[str, Any]) -> None:
        command = MoveCommand(
            answer.case_number,
            move,
            by=answer.by,
            role=Role.CALLBACK if answer.channel is Channel.HUMAN else Role.BOT,
            reason=answer.reason,
            fields=fields,
            command_id=f"{answer.id}-{move.value}",
        )
        try:
            await self._cases.move(command)
        except CasesError as refused:
            log.warning(
                "a case refused what a callback brought",
                extra={"case": answer.case_number, "move": move.value, "reason": str(refused)},
            )
            await self._alert(answer, str(refused))

    async def _alert(self, answer: CallbackAnswer, reason: str) -> None:
        """People see that an answer did not count, so that no case waits unseen; told twice, it had counted."""
        facts = await self._cases.facts(answer.case_number)
        if not answer.late and facts.state is not CaseState.CALLBACK_DUE:
            return
        async with self._uow_factory() as uow:
            detail = {"kind": "callback.answer_refused", "case_number": answer.case_number, "reason": reason}
            uow.events.append("alert", detail)
            await uow.commit()
