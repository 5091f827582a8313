"""Make a case of an intake command, or join it to the one that stands open: the inside of ``CaseServices.open``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cases import deadlines
from cases.address import parse_address
from cases.alerts import Alert, judge_alerts
from cases.case import Case
from cases.case_effects import CasePolicy, start_matter_limits
from cases.case_records import CaseCall
from cases.case_states import CaseState
from cases.duplicates import NOT_DUPLICATE, Demand, DuplicateAction, Finding, find_duplicate
from cases.intake import Intake, IntakeCommand
from cases.master_data import CaseType, Role, Urgency
from cases.numbering import business_day, case_number
from cases.person import Person, Reporter
from cases.ports import CasesUnitOfWork, Suggester
from cases.sorting import NOTHING, Suggestion
from vocabulary.errors import InvalidValue
from vocabulary.phone_number import PhoneKeyer


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything one intake works with inside its unit of work.

    Attributes:
        policy, suggester, keyer: see CaseServices.
        now: of this intake, aware UTC.
    """

    uow: CasesUnitOfWork
    policy: CasePolicy
    suggester: Suggester
    keyer: PhoneKeyer
    now: datetime

    async def take_in(self, command: IntakeCommand, *, always_new: bool = False) -> Intake:
        """Make or join; nothing is committed here.

        Args:
            always_new: skip the search for duplicates (patrol and reopened cases are forms of their own).
        """
        suggestion = self.suggester.suggest(command.demand) if command.demand else NOTHING
        new = self._demand(command, suggestion)
        known = await self.uow.cases.demands_like(new, self.now)
        finding = NOT_DUPLICATE if always_new else find_duplicate(new, known, self.now)
        if finding.action is DuplicateAction.REMIND:
            return await self._join(command, finding)
        case = await self._create(command, suggestion)
        await self._relate(case, finding)
        self._tell_opened(case, command)
        self._judge_alerts(case, replace(new, number=case.number), known)
        return Intake(case.number, False, finding.row, finding.reason, finding.related, is_emergency=new.is_emergency)

    async def judge_again(self, case: Case) -> None:
        """重复判定 when a case is classified: what was heard may now tell what the first words did not.

        A case that exists is not dissolved: row 3 then only links and says so, and the sorter decides.
        """
        mine = demand_of(case)
        known = [demand for demand in await self.uow.cases.demands_like(mine, self.now) if demand.number != case.number]
        finding = find_duplicate(mine, known, self.now)
        if finding.row and finding.row != case.duplicate_row:
            await self._relate(case, finding)
        self._judge_alerts(case, mine, known)

    async def split(self, number: str, call_id: str, *, by: str, role: Role, reason: str) -> Intake:
        """See CaseServices.split."""
        case = await self.uow.cases.get(number)
        call = next((call for call in case.calls if call.call_id == call_id and call_id != case.call_id), None)
        if call is None:
            raise InvalidValue("the call did not join this case", field="call_id")
        said = next((e.reason for e in case.events if e.move == "reminder" and e.detail.get("call_id") == call_id), "")
        intake = await self.take_in(
            IntakeCommand(
                command_id=f"split-{call_id}"[:64], source=case.source, by=by, role=role, call_id=call_id,
                caller=case.phone, person_name=case.person_name, address=case.address, demand=said,
                household_no=case.household_no, recording_id=call.recording_id,
            ),
            always_new=True,
        )  # fmt: skip
        case.link(intake.case_number)
        case.note("split", by=by, role=role, at=self.now, reason=reason, case_number=intake.case_number)
        self.uow.audit.append(by, "case.split", number, reason, {"case_number": intake.case_number})
        return intake

    def _demand(self, command: IntakeCommand, suggestion: Suggestion) -> Demand:
        address = parse_address(command.address)
        kind = command.case_type or suggestion.case_type
        urgency = command.urgency or suggestion.urgency
        is_report = kind is CaseType.REPORT
        return Demand(
            number="",
            source=command.source,
            opened_at=self.now,
            phone_key=self.keyer.key(command.caller) if command.caller and not is_report else None,
            household_no=command.household_no,
            matter=command.matter or suggestion.matter,
            place_key=address.door_key,
            community_key=address.community_key,
            is_emergency=kind is CaseType.EMERGENCY or urgency is Urgency.P0,
            urgency=urgency,
        )

    async def _join(self, command: IntakeCommand, finding: Finding) -> Intake:
        case = await self.uow.cases.get(finding.main)
        case.remind(
            by=command.by, role=command.role, at=self.now, reason=command.demand or finding.reason,
            call_id=command.call_id,
        )  # fmt: skip
        self._add_call(case, command)
        self.uow.audit.append(command.by, "case.reminded", case.number, finding.reason, {"reminders": case.reminders})
        self.uow.events.append("case.reminded", {"case_number": case.number, "reminders": case.reminders})
        return Intake(case.number, True, finding.row, finding.reason, finding.related)

    async def _create(self, command: IntakeCommand, suggestion: Suggestion) -> Case:
        day = business_day(self.now)
        number = case_number(day, await self.uow.cases.next_sequence(day))
        case = Case(
            number=number, source=command.source, opened_at=self.now, updated_at=self.now, first_contact=command.by,
            case_type=command.case_type, matter=command.matter, urgency=command.urgency, demand=command.demand,
            household_no=command.household_no, call_id=command.call_id, parent=command.parent,
            no_recording_reason=command.no_recording_reason, is_anonymous=command.is_anonymous,
            refuses_callback=command.refuses_callback, attributes=dict(command.attributes),
        )  # fmt: skip
        case.suggest(suggestion)
        address = parse_address(command.address)
        case.set_place(
            address.text, district=address.district, place_key=address.door_key, community_key=address.community_key
        )
        if command.forwarded:
            case.forward_body, case.forward_number = command.forwarded.body, command.forwarded.number
            case.forward_due_at, case.forward_contact = command.forwarded.due_at, command.forwarded.contact
        if command.parent:
            case.link(command.parent)
        await self._set_person(case, command)
        self._add_call(case, command)
        case.record(
            "create", by=command.by, role=command.role, at=self.now, from_state=None,
            detail={"source": command.source.value, "command_id": command.command_id},
        )  # fmt: skip
        start_matter_limits(case, self.now, self.policy)
        self.uow.cases.add(case)
        return case

    async def _set_person(self, case: Case, command: IntakeCommand) -> None:
        if case.effective_type is CaseType.REPORT:
            case.identity_withheld = True
            case.is_anonymous = case.is_anonymous or command.caller is None
            key = self.keyer.key(command.caller) if command.caller else None
            self.uow.reporters.add(Reporter(case.number, command.caller, key, command.person_name, "", self.now))
            return
        case.person_name = command.person_name
        if command.caller is None:
            return
        person = await self.uow.persons.with_phone(command.caller)
        person.learn(name=command.person_name, address=case.address, household_no=command.household_no)
        identify(case, person)
        person.refuses_callbacks = person.refuses_callbacks or command.refuses_callback
        case.refuses_callback = person.refuses_callbacks

    def _add_call(self, case: Case, command: IntakeCommand) -> None:
        if command.call_id:
            case.add_call(
                CaseCall(case.number, command.call_id, self.now, command.recording_id, command.no_recording_reason)
            )

    async def _relate(self, case: Case, finding: Finding) -> None:
        case.duplicate_row, case.duplicate_reason = finding.row, finding.reason if finding.row else ""
        if finding.action is DuplicateAction.MARK:
            case.is_duplicate = True
        if finding.action is DuplicateAction.FORWARD_LINK:
            case.parent = case.parent or finding.main
        for number in finding.related:
            other = await self.uow.cases.get(number)
            case.link(number)
            is_told = finding.action is not DuplicateAction.HOT or number == finding.main
            if is_told and other.is_open and other.link(case.number):
                other.note("linked", by="system", role=Role.SYSTEM, at=self.now, reason=finding.reason,
                           case_number=case.number)  # fmt: skip
            if finding.raises:
                other.raise_urgency(Urgency.P1, by="system", at=self.now, reason=finding.reason)
            if finding.action is DuplicateAction.FORWARD_LINK and number == finding.main and case.forward_due_at:
                self._take_earlier_limit(other, case.forward_due_at)
        if finding.raises:
            case.raise_urgency(Urgency.P1, by="system", at=self.now, reason=finding.reason)

    def _take_earlier_limit(self, main: Case, forward_due_at: datetime) -> None:
        main.forward_due_at = min(main.forward_due_at or forward_due_at, forward_due_at)
        running = main.timer("T_close")
        limit = deadlines.close(
            self.now, main.effective_urgency, self.policy.rules, self.policy.calendar,
            came_at=self.now, forward_due_at=main.forward_due_at,
        )  # fmt: skip
        if running is not None and limit.due_at < running.due_at:
            main.start_timer(limit, self.now)

    def _tell_opened(self, case: Case, command: IntakeCommand) -> None:
        detail = {
            "source": case.source.value,
            "case_type": case.case_type.value if case.case_type else None,
            "urgency": case.effective_urgency.value,
            "duplicate_row": case.duplicate_row,
        }
        self.uow.audit.append(command.by, "case.opened", case.number, case.duplicate_reason, detail)
        payload = {"case_number": case.number, "call_id": case.call_id, "is_emergency": case.is_p0, **detail}
        self.uow.events.append("case.opened", payload)

    def _judge_alerts(self, case: Case, new: Demand, known: Sequence[Demand]) -> None:
        danger = any(case.attributes.get(name) for name in ("injured", "burning"))
        for alert in judge_alerts(new, known, self.now, is_hurt_or_burning=danger):
            self.uow.events.append("alert", alert_payload(alert))


def demand_of(case: Case) -> Demand:
    """A case as duplicates and alerts see it."""
    return Demand(
        number=case.number,
        source=case.source,
        opened_at=case.opened_at,
        phone_key=case.phone_key,
        household_no=case.household_no,
        matter=case.effective_matter,
        place_key=case.place_key,
        community_key=case.community_key,
        is_emergency=case.effective_type is CaseType.EMERGENCY or case.is_p0,
        urgency=case.urgency or case.suggested_urgency,
        archived_at=case.archived_at,
        is_void=case.state is CaseState.VOID,
    )


def identify(case: Case, person: Person) -> None:
    """The case is this person's."""
    case.person_id, case.phone, case.phone_key = person.person_id, person.phone, person.phone_key
    case.person_name = case.person_name or person.name


def alert_payload(alert: Alert) -> dict[str, object]:
    """An alert as the event that leaves with the commit."""
    return {
        "rule": alert.rule,
        "level": alert.level.value,
        "place": alert.place,
        "matter": alert.matter,
        "households": alert.households,
        "cases": list(alert.cases),
        "reason": alert.reason,
        "action": alert.action,
    }


async def separate_reporter(uow: CasesUnitOfWork, case: Case, now: datetime) -> None:
    """Take a reporter's identity out of the case, or put it back when it turned out to be no report."""
    if case.effective_type is CaseType.REPORT and not case.identity_withheld:
        case.is_anonymous = case.is_anonymous or case.phone is None
        uow.reporters.add(
            Reporter(case.number, case.phone, case.phone_key, case.person_name, "", now, person_id=case.person_id)
        )
        case.identity_withheld = True
        case.phone, case.phone_key, case.person_id, case.person_name = None, None, None, ""
    elif case.case_type not in (None, CaseType.REPORT) and case.identity_withheld:
        case.identity_withheld = False
        reporter = await uow.reporters.of_case(case.number)
        if reporter is None:
            return
        if reporter.phone is not None:
            identify(case, await uow.persons.with_phone(reporter.phone))
        case.person_name = reporter.name or case.person_name
        await uow.reporters.remove(reporter)
