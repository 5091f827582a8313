"""Seats, the queue, missed calls and the rescue desk through the API."""

import pytest

from seats.services import SeatConfig
from tests.fakes.console_calls import missed_callers, waiting_caller
from tests.fakes.console_desk import ConsoleDesk, Person, fields_of
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.store

CALLER = PhoneNumber.parse("13987654321")


@pytest.fixture
async def seated(desk: ConsoleDesk) -> ConsoleDesk:
    await desk.trade.seats._ensure([SeatConfig("8001", "8001", "李华")])
    return desk


async def test_a_seat_signs_in_takes_a_break_comes_back_and_leaves(
    seated: ConsoleDesk, agent: Person, admin: Person
) -> None:
    path = "/api/v1/seats/8001/acts"
    states = [
        (await agent.post(path, {"act": act}))["state"] for act in ("sign_in", "break", "free", "break", "sign_out")
    ]
    assert states == ["free", "break", "free", "break", "offline"]
    (row,) = await agent.get("/api/v1/seats")
    assert (row["account"], row["staff_name"], row["state_text"]) == ("8001", "李华", "未签入")
    acts = [(entry["actor"], entry["action"]) for entry in await admin.get("/api/v1/audit", subject="seat 8001")]
    assert acts[0] == ("agent", "seat.sign_out")
    assert len(acts) == 5


async def test_what_a_seat_cannot_do_now_is_refused_with_its_sentence(seated: ConsoleDesk, agent: Person) -> None:
    refused = await agent.refused("POST", "/api/v1/seats/8001/acts", 409, json={"act": "break"})
    assert refused["title"] == "当前状态不允许"
    await agent.refused("POST", "/api/v1/seats/8999/acts", 404, json={"act": "sign_in"})
    refused = await agent.refused("POST", "/api/v1/seats/8001/acts", 400, json={"act": "sleep"})
    assert fields_of(refused) == ["act"]


async def test_the_lead_acts_for_a_seat_and_says_why(seated: ConsoleDesk, agent: Person, admin: Person) -> None:
    await agent.post("/api/v1/seats/8001/acts", {"act": "sign_in"})
    path = "/api/v1/seats/8001/forced-acts"
    refused = await admin.refused("POST", path, 400, json={"act": "break"})
    assert fields_of(refused) == ["reason"]
    await admin.refused("POST", path, 400, json={"act": "break", "reason": "长" * 181})
    await admin.post(path, {"act": "break", "reason": "离席未归"})
    (row,) = await admin.get("/api/v1/seats")
    assert (row["state"], row["reason"]) == ("break", "班长强制:离席未归")
    await agent.refused("POST", path, 403, json={"act": "break", "reason": "离席未归"})


async def test_whoever_waits_is_seen_in_order_and_masked(desk: ConsoleDesk, agent: Person) -> None:
    await waiting_caller(desk, CALLER)
    (row,) = await agent.get("/api/v1/queue")
    assert (row["place"], row["lane"], row["number"]) == (1, "normal", "139****4321")


async def test_the_level_of_service_is_null_while_nobody_called(desk: ConsoleDesk, agent: Person) -> None:
    level = await agent.get("/api/v1/service-level", since="2026-11-24T08:00:00+08:00")
    assert (level["asked"], level["connect_rate"]) == (0, None)


async def test_a_missed_call_is_handled_once(desk: ConsoleDesk, agent: Person) -> None:
    await missed_callers(desk, CALLER)
    (row,) = await agent.get("/api/v1/missed-calls")
    path = f"/api/v1/missed-calls/{row['id']}/handled"
    await agent.post(path, {"note": "已回拨"}, status=204)
    refused = await agent.refused("POST", path, 409, json={"note": "已回拨"})
    assert "已有人处理" in refused["detail"]
    assert await agent.get("/api/v1/missed-calls") == []
    (done,) = await agent.get("/api/v1/missed-calls", open="false")
    assert (done["handled_by"], done["note"]) == ("agent", "已回拨")


async def test_a_lost_leak_caller_is_called_back_six_times_at_most_and_closed(desk: ConsoleDesk, agent: Person) -> None:
    await missed_callers(desk, CALLER)
    (row,) = await agent.get("/api/v1/rescue-desk")
    path = f"/api/v1/rescue-desk/{row['id']}"
    for _ in range(6):
        await agent.post(f"{path}/call-back", status=204)
    refused = await agent.refused("POST", f"{path}/call-back", 409)
    assert "6 次" in refused["detail"]
    await agent.post(f"{path}/close", {"reached": False, "note": "已转现场"}, status=204)
    assert await agent.get("/api/v1/rescue-desk") == []
