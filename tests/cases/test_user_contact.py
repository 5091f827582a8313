"""Who may know a user's number, and that each look is written down."""

import pytest

from cases.case_states import CaseMove
from cases.errors import IdentityWithheld
from cases.master_data import CaseType, Role
from cases.services import CaseServices
from tests.fakes.cases_made import MOBILE, go, intake
from tests.fakes.cases_store import CasesInMemory

pytestmark = pytest.mark.unit

REPORT = {"case_type": CaseType.REPORT, "matter": "GAS_THEFT", "demand": "楼下饭店私接燃气"}


async def test_a_look_at_the_number_is_in_the_audit_trail(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake())).case_number
    assert await services.callback_phone(number, by="bot", role=Role.BOT, reason="回访") == MOBILE
    assert memory.audit[-1][:4] == ("bot", "case.phone_used", number, "回访")


@pytest.mark.parametrize("role", [Role.UNIT_STAFF, Role.AGENT, Role.AUDITOR])
async def test_other_roles_do_not_get_it(services: CaseServices, memory: CasesInMemory, role: Role) -> None:
    number = (await services.open(intake())).case_number
    with pytest.raises(IdentityWithheld):
        await services.callback_phone(number, by="x", role=role, reason="看看")
    assert len(memory.audit) == 1


async def test_a_reporter_is_asked_by_persons_only(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake(**REPORT))).case_number
    assert await services.callback_phone(number, by="qian", role=Role.CALLBACK, reason="回访") == MOBILE
    with pytest.raises(IdentityWithheld, match="举报人"):
        await services.callback_phone(number, by="bot", role=Role.BOT, reason="回访")
    facts = await services.facts(number)
    assert (facts.has_phone, facts.phone_key) == (True, memory.keyer.key(MOBILE))


async def test_an_anonymous_report_has_no_number(services: CaseServices) -> None:
    number = (await services.open(intake(caller=None, is_anonymous=True, **REPORT))).case_number
    assert await services.callback_phone(number, by="qian", role=Role.CALLBACK, reason="回访") is None
    facts = await services.facts(number)
    assert (facts.has_phone, facts.is_anonymous) == (False, True)


async def test_a_report_from_a_withheld_number_counts_as_anonymous_until_a_number_is_given(
    services: CaseServices, memory: CasesInMemory
) -> None:
    number = (await services.open(intake(caller=None, **REPORT))).case_number
    assert memory.cases[number].callback_exemption == "匿名无电话"
    await go(services, number, CaseMove.SAVE, Role.AGENT, phone="13800001234")
    assert memory.cases[number].callback_exemption == ""
    assert (await services.facts(number)).phone_key == memory.keyer.key(MOBILE)


async def test_a_refused_callback_is_kept_on_the_person(services: CaseServices) -> None:
    await services.open(intake("c1", refuses_callback=True))
    later = (await services.open(intake("c2", matter="HEAT_REFUND"))).case_number
    assert (await services.facts(later)).person.refuses_callbacks
