"""What comes after a call and belongs to its cases: recording, transcript, and what the user pressed at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cases.case import Case
from cases.case_effects import CasePolicy, start_matter_limits
from cases.case_records import CaseCall
from cases.master_data import Role
from cases.opening import separate_reporter
from cases.ports import CasesUnitOfWork, Suggester
from cases.races import Races
from vocabulary.clock import Clock


@dataclass(frozen=True, slots=True)
class Attachment:
    """One thing to attach.

    Attributes:
        what: for history and audit, e.g. ``recording``.
        put: puts it into the case; whether anything changed.
        detail: for the history, without what users said.
        topic: event that leaves with it, "" for none.
        heard: words in which danger is looked for.
    """

    what: str
    put: Callable[[Case], bool]
    detail: Mapping[str, Any] = field(default_factory=dict)
    topic: str = ""
    heard: str = ""


class CallAttachments:
    """Attaches to every case of a call; the same thing twice changes nothing.

    Args:
        races: carries out each attachment.
        clock, policy, suggester: see CaseServices.
    """

    def __init__(self, races: Races, clock: Clock, policy: CasePolicy, suggester: Suggester) -> None:
        self._races = races
        self._clock = clock
        self._policy = policy
        self._suggester = suggester

    async def recording(self, call_id: str, recording_id: str) -> tuple[str, ...]:
        """See CaseServices.attach_recording."""

        def put(case: Case) -> bool:
            call = _call(case, call_id)
            changed, call.recording_id = call.recording_id != recording_id, recording_id
            return changed

        return await self._attach(call_id, Attachment("recording", put, {"recording_id": recording_id}))

    async def transcript(self, call_id: str, text: str) -> tuple[str, ...]:
        """See CaseServices.attach_transcript."""

        def put(case: Case) -> bool:
            call = _call(case, call_id)
            changed, call.transcript = call.transcript != text, text
            if changed and None in (case.case_type, case.matter, case.urgency):
                case.suggest(self._suggester.suggest(text))
            return changed

        return await self._attach(call_id, Attachment("transcript", put, {"characters": len(text)}, heard=text))

    async def rating(self, call_id: str, rating: str) -> tuple[str, ...]:
        """See CaseServices.rate_call."""

        def put(case: Case) -> bool:
            changed, case.closing_rating = case.closing_rating != rating, rating
            return changed

        return await self._attach(call_id, Attachment("rating", put, {"rating": rating}, topic="case.rated"))

    async def _attach(self, call_id: str, attachment: Attachment) -> tuple[str, ...]:
        async def attach(uow: CasesUnitOfWork) -> tuple[str, ...]:
            cases = await uow.cases.of_call(call_id)
            for case in cases:
                was_p0 = case.is_p0
                if attachment.put(case):
                    await self._tell(uow, case, call_id, attachment, was_p0=was_p0)
            await uow.commit()
            return tuple(case.number for case in cases)

        return await self._races.until_won(attach)

    async def _tell(
        self, uow: CasesUnitOfWork, case: Case, call_id: str, attachment: Attachment, *, was_p0: bool
    ) -> None:
        at, detail = self._clock.now(), dict(attachment.detail)
        case.note("attached", by="system", role=Role.SYSTEM, at=at, reason=attachment.what, call_id=call_id, **detail)
        await separate_reporter(uow, case, at)
        uow.audit.append("system", f"case.{attachment.what}", case.number, "", {"call_id": call_id})
        payload = {"case_number": case.number, "call_id": call_id}
        if attachment.topic:
            uow.events.append(attachment.topic, {**payload, **detail})
        danger = attachment.heard and not was_p0 and self._suggester.suggest(attachment.heard).is_emergency
        if danger and case.is_open:
            start_matter_limits(case, at, self._policy)
            uow.events.append("case.emergency_heard", payload)


def _call(case: Case, call_id: str) -> CaseCall:
    return next(call for call in case.calls if call.call_id == call_id)
