"""What can be done with cases: each method is one use case in one unit of work, with one audit entry a change.

Events that leave with the commit: ``case.opened`` {case_number, call_id, is_emergency, …}, ``case.reminded``,
``case.moved`` {case_number, from, to, event, by, role}, ``case.rated``, ``case.emergency_heard`` and ``alert``.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from cases.case import Case
from cases.case_conditions import Attempt, callback_move, result_fields
from cases.case_effects import CasePolicy, Step, callback_note, make_move, start_matter_limits
from cases.case_states import CaseMove
from cases.commands import CallbackResult, CallbackVerdict, MoveCommand, Moved, P0Dispatch
from cases.errors import IdentityWithheld
from cases.facts import CaseFacts, PersonFacts
from cases.intake import Intake, IntakeCommand
from cases.master_data import Matters, Role, Source, standard_matters
from cases.opening import Opening, identify, separate_reporter
from cases.ports import CasesUnitOfWork, CasesUnitOfWorkFactory, Suggester
from cases.sorting import standard_suggester
from vocabulary.clock import Clock
from vocabulary.errors import AlreadyExists, ConcurrentChange, InvalidValue
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_RACES = 4
"""How often an intake or an attachment is tried anew when somebody else changed the same case first."""
_ASKERS = frozenset({Role.CALLBACK, Role.INSPECTOR, Role.MANAGER, Role.CS_MANAGER, Role.BOT})
"""Who may ring a user back; a bot never a reporter (§3.1 row 4)."""


class CaseServices:
    """The use cases.

    Args:
        uow_factory: makes units of work.
        clock: the hour of every change.
        keyer: finds persons by their number.
        policy: limits and working calendar; the standard ones if not given.
        matters: the tree of matters; the one shipped if not given.
        suggester: reads a demand's text; the rules shipped if not given.
    """

    def __init__(
        self,
        uow_factory: CasesUnitOfWorkFactory,
        clock: Clock,
        keyer: PhoneKeyer,
        *,
        policy: CasePolicy | None = None,
        matters: Matters | None = None,
        suggester: Suggester | None = None,
    ) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._keyer = keyer
        self._policy = policy or CasePolicy()
        self.matters = matters or standard_matters()
        self.suggester: Suggester = suggester or standard_suggester()

    async def open(self, command: IntakeCommand) -> Intake:
        """Make a case of what came in, or join the one that stands open for it (§2.5); idempotent by command_id.

        Raises:
            InvalidValue: the matter is not in the tree.
        """
        if command.matter is not None and command.matter not in self.matters:
            raise InvalidValue(f"unknown matter {command.matter}", field="matter")

        async def once(uow: CasesUnitOfWork) -> Intake:
            if known := await uow.cases.answered(command.command_id):
                return replace(known, repeated=True)
            intake = await self._opening(uow).take_in(command)
            await uow.cases.remember(command.command_id, intake)
            await uow.commit()
            return intake

        intake = await self._raced(once)
        log.info("case taken in", extra={"case": intake.case_number, "joined": intake.joined,
                                         "row": intake.duplicate_row, "repeated": intake.repeated})  # fmt: skip
        return intake

    async def move(self, command: MoveCommand) -> Moved:
        """Move a case along the table of §2.2.

        Raises:
            MoveRefused: not now, not by this role, or something is missing.
            ConcurrentChange: the case changed since ``expected_version``.
            CaseNotFound, InvalidValue: no such case, or a field that is no such thing.
        """
        self._check(command)
        if command.expected_version is not None:
            async with self._uow_factory() as uow:
                return await self._move(uow, command)
        return await self._raced(lambda uow: self._move(uow, command))

    async def p0_dispatch(self, dispatch: P0Dispatch) -> Moved:
        """Send the rescue team in one step; sorting and review follow within 30 minutes (``supplement``).

        Raises:
            MoveRefused: not P0, already dispatched, or not repeated back.
        """
        return await self.move(
            MoveCommand(
                dispatch.case_number, CaseMove.P0_DISPATCH, dispatch.by, dispatch.role,
                fields={"unit": dispatch.unit, "received_by": dispatch.received_by, "told_at": dispatch.told_at,
                        "repeated_back": dispatch.repeated_back, "call_id": dispatch.call_id},
                expected_version=dispatch.expected_version,
            )
        )  # fmt: skip

    async def callback_result(self, result: CallbackResult) -> Moved:
        """Move a case by how its callback ended.

        Raises:
            MoveRefused: e.g. a machine's result where only a person may finish it.
        """
        if result.verdict is CallbackVerdict.NEEDS_PERSON:
            return await self._raced(lambda uow: self._needs_person(uow, result))
        return await self.move(
            MoveCommand(
                result.case_number, callback_move(result.verdict), result.by, result.role,
                reason=result.reason or result.words, fields=result_fields(result),
                expected_version=result.expected_version,
            )
        )  # fmt: skip

    async def attach_recording(self, call_id: str, recording_id: str) -> tuple[str, ...]:
        """Note a call's recording on its cases; numbers of the cases, () if the call has none. Idempotent."""

        def attach(case: Case) -> bool:
            call = next(call for call in case.calls if call.call_id == call_id)
            if call.recording_id == recording_id:
                return False
            call.recording_id = recording_id
            return True

        return await self._on_call(call_id, "recording", attach, {"recording_id": recording_id})

    async def attach_transcript(self, call_id: str, text: str) -> tuple[str, ...]:
        """Note what was said; the suggestion may change by it, confirmed values do not. Idempotent.

        Words of danger in a case that is not P0 yet leave as ``case.emergency_heard``, for a person at once (§3.6).
        """

        def attach(case: Case) -> bool:
            call = next(call for call in case.calls if call.call_id == call_id)
            if call.transcript == text:
                return False
            call.transcript = text
            if case.case_type is None or case.matter is None or case.urgency is None:
                case.suggest(self.suggester.suggest(text))
            return True

        return await self._on_call(call_id, "transcript", attach, {"characters": len(text)}, heard=text)

    async def rate_call(self, call_id: str, rating: str) -> tuple[str, ...]:
        """What the user pressed at the end of the call (通话末评价); it is not the case's rating."""

        def attach(case: Case) -> bool:
            changed, case.closing_rating = case.closing_rating != rating, rating
            return changed

        return await self._on_call(call_id, "closing rating", attach, {"rating": rating}, topic="case.rated")

    async def facts(self, case_number: str) -> CaseFacts:
        """What a callback decides by.

        Raises:
            CaseNotFound: no such case.
        """
        async with self._uow_factory() as uow:
            case = await uow.cases.get(case_number)
            person, phone, key = PersonFacts(), case.phone, case.phone_key
            if case.identity_withheld and (reporter := await uow.reporters.of_case(case_number)):
                phone, key = reporter.phone, reporter.phone_key
            elif case.person_id and (known := await uow.persons.get(case.person_id)):
                person = known.facts(self._clock.now())
            return self._facts(case, person, phone, key)

    async def callback_phone(self, case_number: str, *, by: str, role: Role, reason: str) -> PhoneNumber | None:
        """The number to ring for a callback; each look is in the audit trail. None if there is none.

        Raises:
            IdentityWithheld: the role may not ring users back, or it is a bot and somebody reported.
            CaseNotFound: no such case.
        """
        async with self._uow_factory() as uow:
            case = await uow.cases.get(case_number)
            if role not in _ASKERS or (case.identity_withheld and role is Role.BOT):
                raise IdentityWithheld("举报人信息只供人工回访使用" if case.identity_withheld else "该角色不能取用号码")
            phone = case.phone
            if case.identity_withheld:
                reporter = await uow.reporters.of_case(case_number)
                phone = reporter.phone if reporter else None
            detail = {"reporter": case.identity_withheld, "role": role.value}
            uow.audit.append(by, "case.phone_used", case_number, reason, detail)
            await uow.commit()
            return phone

    async def mark_person(self, case_number: str, *, by: str, reason: str, **marks: bool) -> None:
        """Set marks on the user's file: refuses_bots, refuses_callbacks, is_elderly, is_hard_of_hearing,
        speaks_dialect, is_institution; kept until they are taken back (§3.3).

        Raises:
            InvalidValue: an unknown mark.
        """
        unknown = set(marks) - set(PersonFacts.__dataclass_fields__)
        if unknown:
            raise InvalidValue(f"unknown marks {sorted(unknown)}", field="marks")

        async def once(uow: CasesUnitOfWork) -> None:
            case = await uow.cases.get(case_number)
            person = await uow.persons.get(case.person_id) if case.person_id else None
            if person is not None:
                for name, value in marks.items():
                    setattr(person, name, value)
            if "refuses_callbacks" in marks and case.is_open:
                case.refuses_callback = marks["refuses_callbacks"]
            case.note("person_marked", by=by, role=Role.SYSTEM, at=self._clock.now(), reason=reason, **marks)
            uow.audit.append(by, "person.marked", case_number, reason, dict(marks))
            await uow.commit()

        await self._raced(once)

    async def flag(self, case_number: str, *, by: str, role: Role, reason: str, **flags: bool) -> None:
        """Set ``is_key_item`` (日报重点信息件), ``in_dispute`` or ``sms_dissatisfied`` on a case.

        Raises:
            InvalidValue: another flag.
        """
        if set(flags) - {"is_key_item", "in_dispute", "sms_dissatisfied"}:
            raise InvalidValue("only is_key_item, in_dispute, sms_dissatisfied", field="flags")

        async def once(uow: CasesUnitOfWork) -> None:
            case = await uow.cases.get(case_number)
            for name, value in flags.items():
                setattr(case, name, value)
            case.note("flagged", by=by, role=role, at=self._clock.now(), reason=reason, **flags)
            uow.audit.append(by, "case.flagged", case_number, reason, dict(flags))
            await uow.commit()

        await self._raced(once)

    async def _move(self, uow: CasesUnitOfWork, command: MoveCommand) -> Moved:
        case = await uow.cases.get(command.case_number)
        if command.command_id and (done := _done_before(case, command.command_id)):
            return done
        if command.expected_version is not None and command.expected_version != case.version:
            raise ConcurrentChange(f"case {case.number} is at version {case.version}, not {command.expected_version}")
        at, came_from = self._clock.now(), case.state
        steps = make_move(case, self._attempt(command, at), self._policy)
        await self._set_phone(uow, case, command)
        await separate_reporter(uow, case, at)
        new_case = await self._spawn(uow, case, command)
        for step in steps:
            self._tell_moved(uow, case, step, command)
        await uow.commit()
        log.info("case moved", extra={"case": case.number, "move": command.event.value, "to": case.state.value})
        return Moved(case.number, came_from, case.state, case.version, new_case, steps[-1].reason)

    def _attempt(self, command: MoveCommand, at: datetime) -> Attempt:
        extra = {"command_id": command.command_id, "acting_for": command.acting_for}
        fields = {**command.fields, **{name: value for name, value in extra.items() if value}}
        return Attempt(command.event, command.by, command.role, at, command.reason, fields)

    def _check(self, command: MoveCommand) -> None:
        matter = command.fields.get("matter")
        if matter and matter not in self.matters:
            raise InvalidValue(f"unknown matter {matter}", field="matter")
        for name in ("due_at", "handled_at", "told_at", "forward_due_at"):
            value = command.fields.get(name)
            if isinstance(value, datetime) and value.tzinfo is None:
                raise InvalidValue(f"{name} has no time zone", field=name)
            if value and not isinstance(value, datetime):
                raise InvalidValue(f"{name} is a moment", field=name)

    async def _set_phone(self, uow: CasesUnitOfWork, case: Case, command: MoveCommand) -> None:
        given: Any = command.fields.get("phone")
        if not given:
            return
        phone = given if isinstance(given, PhoneNumber) else PhoneNumber.parse(str(given))
        if case.identity_withheld:
            if reporter := await uow.reporters.of_case(case.number):
                reporter.phone, reporter.phone_key = phone, self._keyer.key(phone)
            return
        person = await uow.persons.with_phone(phone)
        person.learn(name=case.person_name, address=case.address, household_no=case.household_no)
        identify(case, person)

    async def _spawn(self, uow: CasesUnitOfWork, case: Case, command: MoveCommand) -> str | None:
        if command.event not in (CaseMove.NEW_DEMAND, CaseMove.REOPEN):
            return None
        caller = case.phone
        if case.identity_withheld and (reporter := await uow.reporters.of_case(case.number)):
            caller = reporter.phone
        is_patrol = command.event is CaseMove.NEW_DEMAND
        intake = await self._opening(uow).take_in(
            IntakeCommand(
                command_id=command.command_id or new_id(self._clock), by=command.by, role=command.role,
                source=Source.PATROL if is_patrol else case.source, caller=caller, person_name=case.person_name,
                address=str(command.fields.get("address") or case.address), demand=str(command.fields["demand"]),
                household_no=case.household_no, parent=case.number,
                case_type=None if is_patrol else case.case_type, matter=None if is_patrol else case.matter,
                is_anonymous=case.is_anonymous,
            ),
            always_new=True,
        )  # fmt: skip
        case.link(intake.case_number)
        if not is_patrol:
            (await uow.cases.get(intake.case_number)).is_duplicate = True
        return intake.case_number

    async def _needs_person(self, uow: CasesUnitOfWork, result: CallbackResult) -> Moved:
        case = await uow.cases.get(result.case_number)
        at = self._clock.now()
        move = CaseMove.CB_DISSATISFIED_FACT_OK  # only its fields are read; no move is made
        attempt = Attempt(move, result.by, result.role, at, result.reason, result_fields(result))
        case.add_callback(callback_note(attempt, result.verdict.value))
        case.needs_person = True
        case.sms_dissatisfied = case.sms_dissatisfied or result.sms_dissatisfied
        case.note("needs_person", by=result.by, role=result.role, at=at, reason=result.reason,
                  channel=result.channel, words=result.words)  # fmt: skip
        uow.audit.append(result.by, "case.needs_person", case.number, result.reason, {"channel": result.channel})
        payload = {"case_number": case.number, "from": case.state.value, "to": case.state.value,
                   "event": "needs_person", "by": result.by, "role": result.role.value}  # fmt: skip
        uow.events.append("case.moved", payload)
        await uow.commit()
        return Moved(case.number, case.state, case.state, case.version, None, "转人工回访")

    async def _on_call(
        self,
        call_id: str,
        what: str,
        attach: Callable[[Case], bool],
        detail: dict[str, Any],
        *,
        heard: str = "",
        topic: str = "",
    ) -> tuple[str, ...]:
        async def once(uow: CasesUnitOfWork) -> tuple[str, ...]:
            cases, at = await uow.cases.of_call(call_id), self._clock.now()
            for case in cases:
                was_p0 = case.is_p0
                if not attach(case):
                    continue
                case.note("attached", by="system", role=Role.SYSTEM, at=at, reason=what, call_id=call_id, **detail)
                await separate_reporter(uow, case, at)
                uow.audit.append("system", f"case.{what.replace(' ', '_')}", case.number, what, {"call_id": call_id})
                if topic:
                    uow.events.append(topic, {"case_number": case.number, "call_id": call_id, **detail})
                if case.is_open and heard and not was_p0 and self.suggester.suggest(heard).is_emergency:
                    start_matter_limits(case, at, self._policy)
                    uow.events.append("case.emergency_heard", {"case_number": case.number, "call_id": call_id})
            await uow.commit()
            return tuple(case.number for case in cases)

        return await self._raced(once)

    def _tell_moved(self, uow: CasesUnitOfWork, case: Case, step: Step, command: MoveCommand) -> None:
        payload = {"case_number": case.number, "from": step.from_state.value, "to": step.to_state.value,
                   "event": step.move.value, "by": command.by, "role": command.role.value}  # fmt: skip
        uow.audit.append(command.by, "case.moved", case.number, step.reason, payload)
        uow.events.append("case.moved", payload)

    def _facts(self, case: Case, person: PersonFacts, phone: PhoneNumber | None, key: str | None) -> CaseFacts:
        if case.refuses_callback:
            person = replace(person, refuses_callbacks=True)
        return CaseFacts(
            number=case.number, version=case.version, state=case.state, case_type=case.effective_type,
            source=case.source, urgency=case.urgency or case.suggested_urgency, matter=case.effective_matter,
            matter_title=self.matters.title(case.effective_matter), is_forwarded=case.source.is_forwarded,
            forward_due_at=case.forward_due_at, is_duplicate=case.is_duplicate, is_key_item=case.is_key_item,
            sms_dissatisfied=case.sms_dissatisfied, closing_rating=case.closing_rating,
            was_returned=case.was_returned, was_supervised=case.was_supervised, in_dispute=case.in_dispute,
            needs_person=case.needs_person, is_anonymous=case.is_anonymous, has_phone=phone is not None,
            has_mobile=phone is not None and phone.is_mobile, phone_key=key, person=person, opened_at=case.opened_at,
            feedback_at=case.feedback.at if case.feedback else None, checked_at=case.checked_at,
            feedback_summary=case.feedback.summary if case.feedback else "", complained_staff=case.complained_staff,
        )  # fmt: skip

    def _opening(self, uow: CasesUnitOfWork) -> Opening:
        return Opening(uow, self._policy, self.suggester, self._keyer, self._clock.now())

    async def _raced(self, use_case: Callable[[CasesUnitOfWork], Awaitable[Result]]) -> Result:
        for attempt in range(_RACES):
            try:
                async with self._uow_factory() as uow:
                    return await use_case(uow)
            except (ConcurrentChange, AlreadyExists):
                if attempt == _RACES - 1:
                    raise
                log.info("case changed meanwhile, tried anew", extra={"attempt": attempt + 1})
        raise AssertionError("unreachable")


def _done_before(case: Case, command_id: str) -> Moved | None:
    event = next((event for event in case.events if event.detail.get("command_id") == command_id), None)
    if event is None or event.from_state is None:
        return None
    return Moved(case.number, type(case.state)(event.from_state), case.state, case.version, None, event.reason)
