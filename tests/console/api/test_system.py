"""Jobs, alerts and the audit trail through the API."""

import pytest
from sqlalchemy import insert, update

from store.job_rules import JobState
from store.tables.audit import audit_entries
from store.tables.jobs import job_table
from tests.fakes.console_calls import missed_callers
from tests.fakes.console_cases import opened
from tests.fakes.console_desk import ConsoleDesk, Person, fields_of
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.store


async def test_a_waiting_job_says_what_for(desk: ConsoleDesk, admin: Person) -> None:
    now = desk.clock.now()
    async with desk.store.units() as uow:
        for key, state, reason in (("r1", JobState.WAITING, "the model is missing"), ("r2", JobState.DONE, "")):
            await uow.session.execute(
                insert(job_table).values(
                    name="transcribe", key=key, payload={}, state=state, attempt=1, failures=0, starts=1,
                    reason=reason, enqueued_at=now, due_at=now,
                )
            )  # fmt: skip
        await uow.commit()
    assert len(await admin.get("/api/v1/jobs")) == 2
    (job,) = await admin.get("/api/v1/jobs", state="waiting")
    assert (job["key"], job["reason"]) == ("r1", "the model is missing")
    assert await admin.get("/api/v1/jobs", name="other") == []
    refused = await admin.refused("GET", "/api/v1/jobs", 400, params={"state": "gone"})
    assert fields_of(refused) == ["state"]


async def test_alerts_are_the_newest_first_and_paged(desk: ConsoleDesk, admin: Person) -> None:
    for _ in range(3):
        await missed_callers(desk, PhoneNumber.parse("13987654321"))
    alerts = await admin.get("/api/v1/alerts", limit="2")
    assert [alert["payload"]["kind"] for alert in alerts] == ["leak_caller_lost"] * 2
    assert alerts[0]["number"] > alerts[1]["number"]
    older = await admin.get("/api/v1/alerts", before=str(alerts[-1]["number"]))
    assert len(older) == 1


async def test_the_audit_trail_is_read_by_actor_subject_and_page(admin: Person) -> None:
    await opened(admin)
    whole = await admin.get("/api/v1/audit")
    numbers = [entry["number"] for entry in whole]
    assert numbers == sorted(numbers, reverse=True)
    assert {entry["actor"] for entry in await admin.get("/api/v1/audit", actor="admin")} == {"admin"}
    older = await admin.get("/api/v1/audit", before=str(numbers[0]), limit="1")
    assert [entry["number"] for entry in older] == [numbers[1]]


async def test_an_edited_entry_is_named_by_the_verification(desk: ConsoleDesk, admin: Person) -> None:
    await opened(admin)
    proof = await admin.get("/api/v1/audit/verification")
    assert proof["whole"] is True
    assert len(proof["last_hash"]) == 64
    async with desk.store.units() as uow:
        await uow.session.execute(update(audit_entries).where(audit_entries.c.number == 2).values(actor="nobody"))
        await uow.commit()
    proof = await admin.get("/api/v1/audit/verification")
    assert (proof["whole"], proof["first_false"]) == (False, 2)
