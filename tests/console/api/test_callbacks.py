"""The human callback queue through the API: claim, click to dial, finish; messages; the machine-calling switch."""

import asyncio
from typing import Any

import pytest

from access.roles import Role
from telephony.causes import Cause
from tests.fakes.call_control import BUSY, Answers
from tests.fakes.console_cases import opened, to_callback
from tests.fakes.console_desk import Client, ConsoleDesk, Person, fields_of, sign_in

pytestmark = pytest.mark.store

USER = "13987654321"
DONE = {
    "outcome": "满意", "identity_checked": True, "feedback_read": True, "contacted": True, "visited": True,
    "resolved": True, "rating": "满意",
}  # fmt: skip


async def due(desk: ConsoleDesk, admin: Person, **given: Any) -> str:
    """A case whose callback is due; the callback's identifier."""
    number = await opened(admin, **{"phone": USER} | given)
    await to_callback(admin, number)
    await desk.settle()
    (row,) = await admin.get(f"/api/v1/cases/{number}/callbacks")
    assert row["masked_phone"] == "139****4321"
    return str(row["id"])


@pytest.fixture
async def asker(desk: ConsoleDesk, client: Client) -> Person:
    return await sign_in(client, "asker", await desk.user("asker", Role.CALLBACK))


async def ringing(desk: ConsoleDesk, asked: "asyncio.Task[Any]", seconds: float = 120) -> None:
    """Let the scripted parties ring, answer and talk while the request is under way."""
    for _ in range(int(seconds)):
        if asked.done():
            return
        await asyncio.sleep(0.01)
        await desk.clock.run_for(1)
    raise TimeoutError


async def test_a_person_claims_dials_and_archives(desk: ConsoleDesk, admin: Person, asker: Person) -> None:
    callback = await due(desk, admin)
    claim = await asker.post(f"/api/v1/callbacks/{callback}/claim")
    assert claim["callbacks"] == [callback]
    desk.control.script("8001", Answers(after_s=1))
    desk.control.script(USER, Answers(after_s=2, hangs_up_after_s=30))
    asked = asyncio.create_task(asker.post(f"/api/v1/callbacks/{callback}/dial", {"account": "8001"}))
    await ringing(desk, asked)
    dialled = asked.result()
    assert dialled["reached"] is True
    assert desk.control.rung == ["8001", USER]
    refused = await asker.refused(
        "POST", f"/api/v1/callbacks/{callback}/finish", 400, json=DONE | {"rating": "", "call_id": dialled["call_id"]}
    )
    assert fields_of(refused) == ["rating"]
    finished = await asker.post(f"/api/v1/callbacks/{callback}/finish", DONE | {"call_id": dialled["call_id"]})
    await desk.settle()
    whole = await asker.get(f"/api/v1/callbacks/{callback}")
    assert whole["row"]["state"] == finished["state"]
    assert whole["answers"][0]["rating"] == "满意"
    case = await asker.get(f"/api/v1/cases/{whole['row']['case_number']}")
    assert case["row"]["state"] == "ARCHIVED"


async def test_a_busy_seat_phone_and_a_second_dial_are_refused(desk: ConsoleDesk, admin: Person, asker: Person) -> None:
    callback = await due(desk, admin)
    await asker.post(f"/api/v1/callbacks/{callback}/claim")
    desk.control.script("8001", BUSY)
    path, body = f"/api/v1/callbacks/{callback}/dial", {"account": "8001"}
    first = asyncio.create_task(asker.refused("POST", path, 409, json=body))
    await asyncio.sleep(0.05)
    second = await asker.refused("POST", path, 409, json=body)
    assert "正在拨打" in second["detail"]
    await ringing(desk, first)
    assert Cause.BUSY.sentence in first.result()["detail"]


async def test_whoever_asked_for_the_call_may_leave_and_the_call_goes_on(
    desk: ConsoleDesk, admin: Person, asker: Person
) -> None:
    callback = await due(desk, admin)
    await asker.post(f"/api/v1/callbacks/{callback}/claim")
    desk.control.script("8001", Answers(after_s=1))
    desk.control.script(USER, Answers(after_s=2, hangs_up_after_s=30))
    asked = asyncio.create_task(asker.post(f"/api/v1/callbacks/{callback}/dial", {"account": "8001"}))
    await asyncio.sleep(0.05)
    asked.cancel()  # the browser is closed
    await asyncio.gather(asked, return_exceptions=True)
    for _ in range(60):
        await asyncio.sleep(0.005)
        await desk.clock.run_for(1)
    assert desk.control.rung == ["8001", USER]
    (call,) = desk.control.calls
    assert all(leg.cause is not None for leg in call.legs), "it was talked to its end and hung up"
    desk.control.script("8001", BUSY)
    again = asyncio.create_task(
        asker.refused("POST", f"/api/v1/callbacks/{callback}/dial", 409, json={"account": "8001"})
    )
    await ringing(desk, again)
    assert "正在拨打" not in again.result()["detail"]


async def test_what_somebody_holds_is_not_another_persons(
    desk: ConsoleDesk, client: Client, admin: Person, asker: Person
) -> None:
    callback = await due(desk, admin)
    await asker.post(f"/api/v1/callbacks/{callback}/claim")
    other = await sign_in(client, "other", await desk.user("other", Role.CALLBACK))
    for act, body in (
        ("claim", None),
        ("release", None),
        ("dial", {"account": "8001"}),
        ("finish", DONE | {"call_id": "x"}),
    ):
        given = {} if body is None else {"json": body}
        await other.refused("POST", f"/api/v1/callbacks/{callback}/{act}", 409, **given)
    assert desk.control.rung == []
    await asker.post(f"/api/v1/callbacks/{callback}/release", status=204)
    await other.post(f"/api/v1/callbacks/{callback}/claim")


async def test_the_next_task_is_handed_out_or_there_is_none(desk: ConsoleDesk, admin: Person, asker: Person) -> None:
    refused = await asker.refused("POST", "/api/v1/callbacks/claim-next", 404)
    assert "没有待回访" in refused["detail"]


async def test_the_lead_puts_a_callback_off_with_a_reason(desk: ConsoleDesk, admin: Person) -> None:
    number = await opened(admin)  # a fixed line: no survey by SMS
    await to_callback(admin, number)
    await desk.settle()
    callback = (await admin.get(f"/api/v1/cases/{number}/callbacks"))[0]["id"]
    path = f"/api/v1/callbacks/{callback}/defer"
    refused = await admin.refused("POST", path, 400, json={"to": "2026-11-26T09:00:00", "reason": "用户约定"})
    assert fields_of(refused) == ["to"]
    await admin.post(path, {"to": "2026-11-26T09:00:00+08:00", "reason": "用户约定"}, status=204)
    (row,) = await admin.get(f"/api/v1/cases/{number}/callbacks")
    assert row["not_before"] == "2026-11-26T01:00:00Z"
    await admin.refused("POST", f"/api/v1/callbacks/{callback}/approve-unreached", 409, json={"reason": "三次未接"})


async def test_the_messages_of_a_callback_are_shown_masked(desk: ConsoleDesk, admin: Person) -> None:
    callback = await due(desk, admin)
    shown = await admin.get(f"/api/v1/callbacks/{callback}/messages")
    (sent,) = shown["sent"]
    assert (sent["number"], sent["kind"], sent["state"]) == ("139****4321", "survey", "queued")
    assert "暖" in sent["text"] or "热" in sent["text"]
    assert shown["replies"] == []


async def test_the_day_is_cleared_or_says_what_is_left(desk: ConsoleDesk, admin: Person) -> None:
    await due(desk, admin)
    today = await admin.get("/api/v1/daily-clearing")
    assert today["day"] == "2026-11-24"
    assert today["to_be_asked"] == 1
    assert [len(today["terms"][name]) for name in ("有效回访", "未清")] == [0, 1]
    assert (await admin.get("/api/v1/daily-clearing", day="2026-01-05"))["to_be_asked"] == 0


async def test_machine_calling_stops_at_once_and_says_who_stopped_it(desk: ConsoleDesk, admin: Person) -> None:
    assert await admin.get("/api/v1/machine-calling") == {"outbound_allowed": True, "paused_by": None}
    paused = await admin.post("/api/v1/machine-calling/pause")
    assert paused == {"outbound_allowed": False, "paused_by": "admin"}
    assert await desk.trade.switch.outbound_allowed() is False
    assert (await admin.post("/api/v1/machine-calling/resume"))["outbound_allowed"] is True
    acts = [entry["action"] for entry in await admin.get("/api/v1/audit", subject="machine calling")]
    assert acts == ["machine_calling.resume", "machine_calling.pause"]
