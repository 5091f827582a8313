"""Plain numbers are masked everywhere, shown for a stated reason, written down, and not in a row."""

import json
from typing import Any

import pytest

from access.roles import Role
from tests.fakes.console_calls import missed_callers, recorded_call, waiting_caller
from tests.fakes.console_cases import opened, to_callback
from tests.fakes.console_desk import Client, ConsoleDesk, Person, sign_in
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.store

CANARY = PhoneNumber.parse("13987654321")
SECRET_PARTS = ("13987654321", "8765", "+8613987654321")
"""Of the canary's digits, only 139 and 4321 may be seen."""


async def everything_readable(desk: ConsoleDesk, person: Person, ids: dict[str, str]) -> dict[str, str]:
    """Every GET endpoint's answer, with identifiers that exist."""
    answers = {}
    for row in desk.console.api.endpoints:
        if row.method != "GET":
            continue
        path = row.path
        if path == "/api/v1/callbacks/{id}" or path.startswith("/api/v1/callbacks/{id}/"):
            path = path.replace("{id}", ids["callback"])
        path = path.replace("{number}", ids["case"]).replace("{call}", ids["call"])
        path = path.replace("{recording}", ids["recording"])
        assert "{" not in path, f"say which identifier {path} takes"
        query = {"reason": "测试"} if "recordings" in path else {}
        answer = await person.ask("GET", path, params=query)
        assert answer.status == 200, f"{path}: {await answer.text()}"
        answers[path] = (await answer.read()).decode("latin-1" if "recordings" in path else "utf-8")
    return answers


async def test_a_canary_number_is_seen_nowhere_until_it_is_asked_for(desk: ConsoleDesk, admin: Person) -> None:
    number = await opened(admin, phone=CANARY.national)
    await to_callback(admin, number)
    await admin.post(
        "/api/v1/cases",
        {"command_id": "second", "source": "LETTER", "role": "AGENT", "phone": f"+86{CANARY.national}"},
        status=201,
    )
    await desk.settle()
    morning = await recorded_call(desk, CANARY)
    await waiting_caller(desk, CANARY)
    await missed_callers(desk, CANARY)
    (callback,) = await admin.get(f"/api/v1/cases/{number}/callbacks")
    ids = {"case": number, "callback": callback["id"], "call": morning.call, "recording": morning.recording}
    answers = await everything_readable(desk, admin, ids)
    shown = sum(CANARY.masked in text for text in answers.values())
    assert shown >= 8, "the canary must be there to be found: " + ", ".join(
        path for path, text in answers.items() if CANARY.masked in text
    )
    for path, text in answers.items():
        if "recordings" not in path:
            assert not any(part in text for part in SECRET_PARTS), path
    revealed = await admin.post(f"/api/v1/cases/{number}/phone", {"reason": "回拨用户", "role": "SHIFT_LEAD"})
    assert revealed == {"phone": CANARY.national}
    (entry,) = await admin.get("/api/v1/audit", subject=f"case {number}")
    assert (entry["actor"], entry["action"], entry["reason"]) == ("admin", "phone.reveal", "回拨用户")
    assert CANARY.national not in json.dumps(entry)


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  x  "}, {"reason": "\u3000\u3000\u3000"}])
async def test_without_a_reason_nothing_is_shown(admin: Person, agent: Person, body: dict[str, Any]) -> None:
    number = await opened(admin)
    await agent.refused("POST", f"/api/v1/cases/{number}/phone", 400, json=body)


async def test_a_case_without_a_number_and_no_case_answer_alike_but_for_words(admin: Person, agent: Person) -> None:
    number = await opened(admin, phone=None)
    await agent.refused("POST", f"/api/v1/cases/{number}/phone", 404, json={"reason": "回拨"})
    await agent.refused("POST", "/api/v1/cases/RX20200101-0001/phone", 404, json={"reason": "回拨"})


async def test_callers_nobody_served_are_called_back(desk: ConsoleDesk, admin: Person) -> None:
    await missed_callers(desk, CANARY)
    for path, subject in (("missed-calls", "missed call"), ("rescue-desk", "rescue call")):
        (row,) = await admin.get(f"/api/v1/{path}")
        shown = await admin.post(f"/api/v1/{path}/{row['id']}/phone", {"reason": "回拨"})
        assert shown == {"phone": CANARY.national}
        assert len(await admin.get("/api/v1/audit", subject=f"{subject} {row['id']}")) == 1
        await admin.refused("POST", f"/api/v1/{path}/01M87G845BJACSV3YFNDCVTKZK/phone", 404, json={"reason": "回拨"})


async def test_a_reporters_number_is_shown_only_to_those_who_ask_reporters(
    desk: ConsoleDesk, client: Client, admin: Person, agent: Person
) -> None:
    number = await opened(admin, case_type="REPORT", demand="有人私改燃气管道", phone=CANARY.national)
    whole = await admin.get(f"/api/v1/cases/{number}")
    assert whole["details"]["identity_withheld"] is True
    assert "4321" not in json.dumps(whole)
    refused = await agent.refused("POST", f"/api/v1/cases/{number}/phone", 403, json={"reason": "回拨"})
    assert "举报" in refused["detail"]
    asker = await sign_in(client, "asker", await desk.user("asker", Role.CALLBACK))
    shown = await asker.post(f"/api/v1/cases/{number}/phone", {"reason": "人工回访"})
    assert shown == {"phone": CANARY.national}


async def test_looking_in_a_row_is_stopped_and_raises_an_alert(desk: ConsoleDesk, admin: Person, agent: Person) -> None:
    number = await opened(admin)
    body = {"reason": "好奇"}
    for _ in range(20):
        await agent.post(f"/api/v1/cases/{number}/phone", body)
    await agent.refused("POST", f"/api/v1/cases/{number}/phone", 403, json=body)
    (alert,) = await admin.get("/api/v1/alerts")
    assert (alert["payload"]["kind"], alert["payload"]["user"]) == ("reveals in a row", "agent")
    desk.clock.advance(601)
    await agent.post(f"/api/v1/cases/{number}/phone", body)
