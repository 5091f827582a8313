"""Recording and transcript reach every case of their call, once."""

import pytest

from cases.case_states import CaseMove
from cases.master_data import CaseType, Role, Urgency
from cases.services import CaseServices
from tests.fakes.cases_made import go, intake
from tests.fakes.cases_store import CasesInMemory

pytestmark = pytest.mark.unit

BLANK = {"case_type": None, "matter": None, "urgency": None, "demand": ""}


async def test_a_recording_is_noted_once(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake())).case_number
    assert await services.attach_recording("call-c1", "rec-1") == (number,)
    version = memory.cases[number].version
    await services.attach_recording("call-c1", "rec-1")
    assert memory.cases[number].version == version
    assert memory.cases[number].calls[0].recording_id == "rec-1"


async def test_a_call_without_a_case_gets_nothing(services: CaseServices, memory: CasesInMemory) -> None:
    assert await services.attach_transcript("unknown", "喂") == ()
    assert memory.audit == []


async def test_a_transcript_suggests_but_never_overrules(services: CaseServices, memory: CasesInMemory) -> None:
    blank, sure = await services.open(intake("c1", **BLANK)), await services.open(intake("c2"))
    for call in ("call-c1", "call-c2"):
        await services.attach_transcript(call, "我要投诉收费员态度差")
    assert memory.cases[blank.case_number].suggested_type is CaseType.COMPLAINT
    assert memory.cases[blank.case_number].case_type is None
    case = memory.cases[sure.case_number]
    assert (case.case_type, case.matter, case.urgency) == (CaseType.HELP, "HEAT_NONE", Urgency.P2)


async def test_danger_heard_afterwards_is_told_at_once(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake(**BLANK))).case_number
    await services.attach_transcript("call-c1", "厨房有很浓的煤气味")
    assert memory.events[-1] == ("case.emergency_heard", {"case_number": number, "call_id": "call-c1"})
    assert memory.cases[number].is_p0
    assert memory.cases[number].timer("T_arrive") is not None


async def test_a_transcript_that_sounds_like_a_report_takes_the_identity_out(
    services: CaseServices, memory: CasesInMemory
) -> None:
    number = (await services.open(intake(**BLANK))).case_number
    await services.attach_transcript("call-c1", "我举报楼下饭店偷气,请保密")
    case = memory.cases[number]
    assert (case.phone, case.person_name, case.identity_withheld) == (None, "", True)
    assert memory.reporters[number].name == "王女士"
    await go(services, number, CaseMove.SAVE, Role.AGENT, case_type="HELP", demand="问安检")
    assert memory.cases[number].person_name == "王女士"
    assert number not in memory.reporters
