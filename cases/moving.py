"""Move one case in one unit of work: the inside of ``CaseServices.move`` and ``callback_result``."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.case import Case
from cases.case_conditions import Attempt, callback_move, result_fields
from cases.case_effects import Step, callback_note, make_move
from cases.case_states import CaseMove, CaseState
from cases.commands import CallbackResult, MoveCommand, Moved
from cases.errors import MoveRefused
from cases.intake import IntakeCommand
from cases.master_data import CaseType, Matters, Role, Source, Urgency
from cases.opening import Opening, demand_of, identify, separate_reporter
from vocabulary.errors import ConcurrentChange, InvalidValue
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)

_MOMENTS = ("due_at", "handled_at", "told_at", "forward_due_at", "contacted_at", "arrived_at")

_LONGEST_CHARACTERS = {
    "unit": 80, "first_unit": 80, "handler": 80, "complained_staff": 80, "supervision_number": 80,
    "forward_number": 80, "household_no": 40, "rating": 20, "address": 300, "demand": 4000, "person_name": 60,
}  # fmt: skip
"""What the store keeps; longer texts would be refused by one database and cut by none."""


def check_fields(command: MoveCommand, matters: Matters) -> None:
    """Fields that are no such thing are refused before anything is read.

    Raises:
        InvalidValue: an unknown matter, type or urgency, a text too long, or a moment that is none or has no time zone.
    """
    for name, kind in (("case_type", CaseType), ("urgency", Urgency)):
        if (value := command.fields.get(name)) and value not in kind.__members__:
            raise InvalidValue(f"unknown {name}", field=name)
    for name, longest in _LONGEST_CHARACTERS.items():
        if len(str(command.fields.get(name) or "")) > longest:
            raise InvalidValue(f"{name} has at most {longest} characters", field=name)
    matter = command.fields.get("matter")
    if matter and matter not in matters:
        raise InvalidValue(f"unknown matter {matter}", field="matter")
    for name in _MOMENTS:
        value = command.fields.get(name)
        if value and not (isinstance(value, datetime) and value.tzinfo is not None):
            raise InvalidValue(f"{name} is a moment with its time zone", field=name)


@dataclass(frozen=True, slots=True)
class Moving:
    """One move inside its unit of work.

    Attributes:
        opening: unit of work, policy and hour, and how a case that the move brings forth is made.
    """

    opening: Opening

    async def move(self, command: MoveCommand) -> Moved:
        """See CaseServices.move."""
        uow, at = self.opening.uow, self.opening.now
        case = await uow.cases.get(command.case_number)
        if command.command_id and (done := _done_before(case, command.command_id)):
            return done
        if command.expected_version is not None and command.expected_version != case.version:
            raise ConcurrentChange(f"case {case.number} is at version {case.version}, not {command.expected_version}")
        came_from, before = case.state, _what_it_is(case)
        steps = make_move(case, self._attempt(command), self.opening.policy)
        await self._set_phone(case, command)
        await separate_reporter(uow, case, at)
        if case.is_open and _what_it_is(case) != before:
            await self.opening.judge_again(case)
        new_case = await self._spawn(case, command)
        for step in steps:
            self._tell(case, step, command)
        await uow.commit()
        log.info("case moved", extra={"case": case.number, "move": command.event.value, "to": case.state.value})
        return Moved(case.number, came_from, case.state, case.version, new_case, steps[-1].reason)

    async def to_person(self, result: CallbackResult) -> Moved:
        """A callback without verdict: noted, and only a person may finish it from here on.

        Raises:
            MoveRefused: the case is not due for a callback.
        """
        uow, at = self.opening.uow, self.opening.now
        case = await uow.cases.get(result.case_number)
        evidence = {result.call_id, result.sms_id} - {""}
        told = [note for note in case.callbacks if evidence & {note.call_id, note.sms_id}]
        if any(note.verdict == result.verdict.value for note in told):
            return Moved(case.number, case.state, case.state, case.version, None, "已转人工回访")
        if case.state is not CaseState.CALLBACK_DUE:
            raise MoveRefused(case.state.value, "needs_person", "工单不在待回访状态", "§2.2")
        attempt = Attempt(
            CaseMove.CB_DISSATISFIED_FACT_OK, result.by, result.role, at, result.reason, result_fields(result)
        )  # its fields are noted; the move itself is not made
        case.add_callback(callback_note(attempt, result.verdict.value))
        case.needs_person = True
        case.sms_dissatisfied = case.sms_dissatisfied or result.sms_dissatisfied
        detail = {"channel": result.channel, "rating": result.rating, "words": result.words}
        case.note("needs_person", by=result.by, role=result.role, at=at, reason=result.reason, **detail)
        payload = _payload(case, "needs_person", case.state, case.state, result.by, result.role)
        uow.audit.append(result.by, "case.needs_person", case.number, result.reason, {"channel": result.channel})
        uow.events.append("case.moved", payload)
        await uow.commit()
        return Moved(case.number, case.state, case.state, case.version, None, "转人工回访")

    def _attempt(self, command: MoveCommand) -> Attempt:
        extra = {"command_id": command.command_id, "acting_for": command.acting_for}
        fields = {**command.fields, **{name: value for name, value in extra.items() if value}}
        return Attempt(command.event, command.by, command.role, self.opening.now, command.reason, fields)

    async def _set_phone(self, case: Case, command: MoveCommand) -> None:
        given: Any = command.fields.get("phone")
        if not given:
            return
        uow = self.opening.uow
        phone = given if isinstance(given, PhoneNumber) else PhoneNumber.parse(str(given))
        case.is_anonymous = False
        if case.identity_withheld:
            if reporter := await uow.reporters.of_case(case.number):
                reporter.phone, reporter.phone_key = phone, self.opening.keyer.key(phone)
            return
        person = await uow.persons.with_phone(phone)
        person.learn(name=case.person_name, address=case.address, household_no=case.household_no)
        identify(case, person)

    async def _spawn(self, case: Case, command: MoveCommand) -> str | None:
        if command.event not in (CaseMove.NEW_DEMAND, CaseMove.REOPEN):
            return None
        uow = self.opening.uow
        caller, is_patrol = case.phone, command.event is CaseMove.NEW_DEMAND
        if case.identity_withheld and (reporter := await uow.reporters.of_case(case.number)):
            caller = reporter.phone
        intake = await self.opening.take_in(
            IntakeCommand(
                command_id=f"{case.number}-{command.event.value}-{case.version}",
                source=Source.PATROL if is_patrol else case.source,
                by=command.by,
                role=command.role,
                caller=caller,
                person_name=case.person_name,
                address=str(command.fields.get("address") or case.address),
                demand=str(command.fields["demand"]),
                household_no=case.household_no,
                case_type=None if is_patrol else case.case_type,
                matter=None if is_patrol else case.matter,
                is_anonymous=case.is_anonymous,
                parent=case.number,
            ),
            always_new=True,
        )
        case.link(intake.case_number)
        if not is_patrol:
            (await uow.cases.get(intake.case_number)).is_duplicate = True
        return intake.case_number

    def _tell(self, case: Case, step: Step, command: MoveCommand) -> None:
        payload = _payload(case, step.move.value, step.from_state, step.to_state, command.by, command.role)
        self.opening.uow.audit.append(command.by, "case.moved", case.number, step.reason, payload)
        self.opening.uow.events.append("case.moved", payload)


def _what_it_is(case: Case) -> tuple[object, ...]:
    mine = demand_of(case)
    return mine.matter, mine.is_emergency, mine.place_key, mine.community_key, mine.phone_key, mine.household_no


def callback_command(result: CallbackResult) -> MoveCommand:
    """The move that a callback's verdict asks for."""
    return MoveCommand(
        result.case_number,
        callback_move(result.verdict),
        result.by,
        result.role,
        reason=result.reason or result.words,
        fields=result_fields(result),
        expected_version=result.expected_version,
    )


def _payload(case: Case, event: str, from_state: CaseState, to_state: CaseState, by: str, role: Role) -> dict[str, str]:
    return {
        "case_number": case.number,
        "from": from_state.value,
        "to": to_state.value,
        "event": event,
        "by": by,
        "role": role.value,
    }


def _done_before(case: Case, command_id: str) -> Moved | None:
    event = next((event for event in case.events if event.detail.get("command_id") == command_id), None)
    if event is None or event.from_state is None:
        return None
    return Moved(case.number, CaseState(event.from_state), case.state, case.version, None, event.reason)
