"""Ringing a user back: the facts it is decided by, the number, and marks on the user's file."""

from dataclasses import replace

from cases.case import Case
from cases.errors import IdentityWithheld
from cases.facts import CaseFacts, PersonFacts
from cases.master_data import Matters, Role
from cases.ports import CasesUnitOfWork
from cases.races import Races
from vocabulary.clock import Clock
from vocabulary.errors import InvalidValue
from vocabulary.phone_number import PhoneNumber

_ASKERS = frozenset({Role.CALLBACK, Role.INSPECTOR, Role.SHIFT_LEAD, Role.MANAGER, Role.CS_MANAGER, Role.BOT})
"""Who may ring a user back; a bot never a reporter (§3.1 row 4)."""
_CASE_FLAGS = frozenset({"is_key_item", "in_dispute", "sms_dissatisfied"})


class UserContact:
    """See the methods of the same names in CaseServices.

    Args:
        races: carries out each use case.
        clock: the hour of every change.
        matters: names of matters, to be said aloud.
    """

    def __init__(self, races: Races, clock: Clock, matters: Matters) -> None:
        self._races = races
        self._clock = clock
        self._matters = matters

    async def facts(self, case_number: str) -> CaseFacts:
        """See CaseServices.facts."""

        async def read(uow: CasesUnitOfWork) -> CaseFacts:
            case = await uow.cases.get(case_number)
            person, phone, key = PersonFacts(), case.phone, case.phone_key
            if case.identity_withheld and (reporter := await uow.reporters.of_case(case_number)):
                phone, key = reporter.phone, reporter.phone_key
            elif case.person_id and (known := await uow.persons.get(case.person_id)):
                person = known.facts(self._clock.now())
            return facts_of(case, self._matters, person=person, phone=phone, phone_key=key)

        return await self._races.once(read)

    async def phone(self, case_number: str, *, by: str, role: Role, reason: str) -> PhoneNumber | None:
        """See CaseServices.callback_phone."""

        async def look(uow: CasesUnitOfWork) -> PhoneNumber | None:
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

        return await self._races.once(look)

    async def mark_person(self, case_number: str, marks: dict[str, bool], *, by: str, role: Role, reason: str) -> None:
        """See CaseServices.mark_person."""
        if unknown := set(marks) - set(PersonFacts.__dataclass_fields__):
            raise InvalidValue(f"unknown marks {sorted(unknown)}", field="marks")

        async def mark(uow: CasesUnitOfWork) -> None:
            case = await uow.cases.get(case_number)
            person = await uow.persons.get(case.person_id) if case.person_id else None
            if person is not None:
                for name, value in marks.items():
                    setattr(person, name, value)
            if "refuses_callbacks" in marks and case.is_open:
                case.refuses_callback = marks["refuses_callbacks"]
            case.note("person_marked", by=by, role=role, at=self._clock.now(), reason=reason, **marks)
            uow.audit.append(by, "person.marked", case_number, reason, dict(marks))
            await uow.commit()

        await self._races.until_won(mark)

    async def flag(self, case_number: str, flags: dict[str, bool], *, by: str, role: Role, reason: str) -> None:
        """See CaseServices.flag."""
        if unknown := set(flags) - _CASE_FLAGS:
            raise InvalidValue(f"unknown flags {sorted(unknown)}", field="flags")

        async def put(uow: CasesUnitOfWork) -> None:
            case = await uow.cases.get(case_number)
            for name, value in flags.items():
                setattr(case, name, value)
            case.note("flagged", by=by, role=role, at=self._clock.now(), reason=reason, **flags)
            uow.audit.append(by, "case.flagged", case_number, reason, dict(flags))
            await uow.commit()

        await self._races.until_won(put)


def facts_of(
    case: Case, matters: Matters, *, person: PersonFacts, phone: PhoneNumber | None, phone_key: str | None
) -> CaseFacts:
    """What a callback decides by; for a report, number and key are the reporter's."""
    if case.refuses_callback:
        person = replace(person, refuses_callbacks=True)
    return CaseFacts(
        number=case.number,
        version=case.version,
        state=case.state,
        case_type=case.effective_type,
        source=case.source,
        urgency=case.urgency or case.suggested_urgency,
        matter=case.effective_matter,
        matter_title=matters.title(case.effective_matter),
        is_forwarded=case.source.is_forwarded,
        forward_due_at=case.forward_due_at,
        is_duplicate=case.is_duplicate,
        is_key_item=case.is_key_item,
        sms_dissatisfied=case.sms_dissatisfied,
        closing_rating=case.closing_rating,
        was_returned=case.was_returned,
        was_supervised=case.was_supervised,
        in_dispute=case.in_dispute,
        needs_person=case.needs_person,
        is_anonymous=case.is_anonymous,
        has_phone=phone is not None,
        has_mobile=phone is not None and phone.is_mobile,
        phone_key=phone_key,
        person=person,
        opened_at=case.opened_at,
        feedback_at=case.feedback.at if case.feedback else None,
        checked_at=case.checked_at,
        feedback_summary=case.feedback.summary if case.feedback else "",
        complained_staff=case.complained_staff,
    )
