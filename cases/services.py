"""What can be done with cases: each method is one use case in one unit of work, with one audit entry a change.

Events that leave with the commit: ``case.opened`` {case_number, call_id, is_emergency, …}, ``case.reminded``,
``case.moved`` {case_number, from, to, event, by, role}, ``case.rated``, ``case.emergency_heard`` and ``alert``.
"""

import logging
from dataclasses import replace

from cases.call_attachments import CallAttachments
from cases.case_effects import CasePolicy
from cases.case_states import CaseMove
from cases.commands import CallbackResult, CallbackVerdict, FieldValue, MoveCommand, Moved, P0Dispatch
from cases.facts import CaseFacts
from cases.intake import Intake, IntakeCommand
from cases.master_data import Matters, Role, standard_matters
from cases.moving import Moving, callback_command, check_fields
from cases.opening import Opening
from cases.ports import CasesUnitOfWork, CasesUnitOfWorkFactory, Suggester
from cases.races import Races
from cases.sorting import standard_suggester
from cases.user_contact import UserContact
from vocabulary.clock import Clock
from vocabulary.errors import InvalidValue
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

log = logging.getLogger(__name__)


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
        self._clock = clock
        self._keyer = keyer
        self._policy = policy or CasePolicy()
        self.matters = matters or standard_matters()
        self.suggester: Suggester = suggester or standard_suggester()
        self._races = Races(uow_factory)
        self._attachments = CallAttachments(self._races, clock, self._policy, self.suggester)
        self._contact = UserContact(self._races, clock, self.matters)

    async def open(self, command: IntakeCommand) -> Intake:
        """Make a case of what came in, or join the one that stands open for it (§2.5); idempotent by command_id.

        Raises:
            InvalidValue: the matter is not in the tree.
        """
        if command.matter is not None and command.matter not in self.matters:
            raise InvalidValue(f"unknown matter {command.matter}", field="matter")

        async def take_in(uow: CasesUnitOfWork) -> Intake:
            if known := await uow.cases.answered(command.command_id):
                return replace(known, repeated=True)
            intake = await self._opening(uow).take_in(command)
            await uow.cases.remember(command.command_id, intake)
            await uow.commit()
            return intake

        intake = await self._races.until_won(take_in)
        fields = {"case": intake.case_number, "joined": intake.joined, "repeated": intake.repeated}
        log.info("case taken in", extra=fields)
        return intake

    async def split(self, case_number: str, call_id: str, *, by: str, role: Role, reason: str) -> Intake:
        """Undo a merge: the call that became a reminder gets a case of its own (§2.5: 合并可撤销).

        Raises:
            InvalidValue: the call is not one that joined this case.
        """

        async def apart(uow: CasesUnitOfWork) -> Intake:
            intake = await self._opening(uow).split(case_number, call_id, by=by, role=role, reason=reason)
            await uow.commit()
            return intake

        return await self._races.until_won(apart)

    async def move(self, command: MoveCommand) -> Moved:
        """Move a case along the table of §2.2.

        Raises:
            MoveRefused: not now, not by this role, or something is missing.
            ConcurrentChange: the case changed since ``expected_version``.
            CaseNotFound, InvalidValue: no such case, or a field that is no such thing.
        """
        check_fields(command, self.matters)
        run = self._races.until_won if command.expected_version is None else self._races.once
        return await run(lambda uow: Moving(self._opening(uow)).move(command))

    async def p0_dispatch(self, dispatch: P0Dispatch) -> Moved:
        """Send the rescue team in one step; sorting and review follow within 30 minutes (``supplement``).

        Raises:
            MoveRefused: not P0, already dispatched, or not repeated back.
        """
        fields: dict[str, FieldValue] = {
            "unit": dispatch.unit,
            "received_by": dispatch.received_by,
            "told_at": dispatch.told_at,
            "repeated_back": dispatch.repeated_back,
            "call_id": dispatch.call_id,
        }
        return await self.move(
            MoveCommand(
                dispatch.case_number,
                CaseMove.P0_DISPATCH,
                dispatch.by,
                dispatch.role,
                fields=fields,
                expected_version=dispatch.expected_version,
            )
        )

    async def callback_result(self, result: CallbackResult) -> Moved:
        """Move a case by how its callback ended; NEEDS_PERSON leaves it due and marks it for a person.

        Raises:
            MoveRefused: e.g. a machine's result where only a person may finish it.
        """
        if result.verdict is CallbackVerdict.NEEDS_PERSON:
            return await self._races.until_won(lambda uow: Moving(self._opening(uow)).to_person(result))
        return await self.move(callback_command(result))

    async def attach_recording(self, call_id: str, recording_id: str) -> tuple[str, ...]:
        """Note a call's recording on its cases; their numbers, () if the call has none. Idempotent."""
        return await self._attachments.recording(call_id, recording_id)

    async def attach_transcript(self, call_id: str, text: str) -> tuple[str, ...]:
        """Note what was said; the suggestion may change by it, confirmed values do not. Idempotent.

        Words of danger in a case that is not P0 yet leave as ``case.emergency_heard``, for a person at once (§3.6).
        """
        return await self._attachments.transcript(call_id, text)

    async def rate_call(self, call_id: str, rating: str) -> tuple[str, ...]:
        """What the user pressed at the end of the call (通话末评价); it is not the case's rating."""
        return await self._attachments.rating(call_id, rating)

    async def facts(self, case_number: str) -> CaseFacts:
        """What a callback decides by.

        Raises:
            CaseNotFound: no such case.
        """
        return await self._contact.facts(case_number)

    async def callback_phone(self, case_number: str, *, by: str, role: Role, reason: str) -> PhoneNumber | None:
        """The number to ring for a callback; each look is in the audit trail. None if there is none.

        Raises:
            IdentityWithheld: the role may not ring users back, or it is a bot and somebody reported.
            CaseNotFound: no such case.
        """
        return await self._contact.phone(case_number, by=by, role=role, reason=reason)

    async def mark_person(
        self, case_number: str, *, by: str, reason: str, role: Role = Role.SYSTEM, **marks: bool
    ) -> None:
        """Set marks on the user's file, kept until they are taken back (§3.3): the names of ``PersonFacts``.

        Raises:
            InvalidValue: an unknown mark.
        """
        await self._contact.mark_person(case_number, marks, by=by, role=role, reason=reason)

    async def flag(self, case_number: str, *, by: str, role: Role, reason: str, **flags: bool) -> None:
        """Set ``is_key_item`` (日报重点信息件), ``in_dispute`` or ``sms_dissatisfied`` on a case.

        Raises:
            InvalidValue: another flag.
        """
        await self._contact.flag(case_number, flags, by=by, role=role, reason=reason)

    def _opening(self, uow: CasesUnitOfWork) -> Opening:
        return Opening(uow, self._policy, self.suggester, self._keyer, self._clock.now())
