"""Cases through the API: the seven steps, refusals with their reason, and what a unit may not see."""

from typing import Any

import pytest

from access.roles import Role
from console.api.move_fields import MoveFields
from tests.fakes.console_cases import DEMAND, TO_CALLBACK, opened, to_callback
from tests.fakes.console_desk import Client, ConsoleDesk, Person, fields_of, sign_in

pytestmark = pytest.mark.store


async def test_a_demand_goes_its_seven_steps(admin: Person) -> None:
    number = await opened(admin)
    assert await to_callback(admin, number) == [
        "SORTED", "REVIEWED", "ASSIGNED", "IN_PROGRESS", "IN_PROGRESS", "FEEDBACK", "CHECKING", "CALLBACK_DUE",
    ]  # fmt: skip
    whole = await admin.get(f"/api/v1/cases/{number}")
    assert whole["row"]["unit"] == "市北供热服务站"
    assert whole["row"]["masked_phone"] == "053****4321"
    history = [(event["move"], event["role"], event["by"]) for event in whole["details"]["history"]]
    assert ("feedback", "UNIT_DISPATCH", "admin") in history
    assert whole["details"]["feedbacks"][0]["result"] == "室温恢复"


async def test_the_same_command_again_changes_nothing(admin: Person) -> None:
    first = await admin.post("/api/v1/cases", DEMAND, status=201)
    again = await admin.post("/api/v1/cases", DEMAND, status=201)
    assert again["case_number"] == first["case_number"]
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert len((await admin.get("/api/v1/cases"))["rows"]) == 1


async def test_a_wrong_move_is_refused_with_its_rule_and_what_is_missing(admin: Person) -> None:
    number = await opened(admin)
    path = f"/api/v1/cases/{number}/moves"
    refused = await admin.refused("POST", path, 409, json={"event": "check", "role": "INSPECTOR"})
    assert "§2.2" in refused["detail"]
    await admin.post(path, {"event": "save", "role": "AGENT"})
    refused = await admin.refused("POST", path, 409, json={"event": "classify", "role": "SORTER"})
    assert fields_of(refused) == ["matter", "urgency"]
    refused = await admin.refused(
        "POST", path, 400, json={"event": "classify", "role": "SORTER", "fields": {"colour": 1, "due_at": "soon"}}
    )
    assert sorted(fields_of(refused)) == ["fields.colour", "fields.due_at"]


async def test_a_version_that_is_not_the_present_one_is_refused(admin: Person) -> None:
    number = await opened(admin)
    body = {"event": "save", "role": "AGENT", "expected_version": 99}
    refused = await admin.refused("POST", f"/api/v1/cases/{number}/moves", 409, json=body)
    assert "刷新" in refused["detail"]


async def test_who_holds_several_posts_names_one_of_them_and_nobody_names_anothers(
    admin: Person, agent: Person
) -> None:
    number = await opened(admin)
    refused = await admin.refused("POST", f"/api/v1/cases/{number}/moves", 400, json={"event": "save"})
    assert fields_of(refused) == ["role"]
    await agent.refused("POST", f"/api/v1/cases/{number}/moves", 403, json={"event": "save", "role": "SORTER"})
    assert (await agent.post(f"/api/v1/cases/{number}/moves", {"event": "save"}))["to_state"] == "SORTED"


async def test_a_danger_is_dispatched_in_one_step(admin: Person) -> None:
    number = await opened(admin, case_type="HELP", matter="GAS_LEAK", urgency="P0", demand="厨房漏气")
    told = {"unit": "燃气抢修队", "received_by": "孙调度", "told_at": "2026-11-24T09:06:00+08:00", "role": "AGENT"}
    path = f"/api/v1/cases/{number}/p0-dispatch"
    refused = await admin.refused("POST", path, 400, json=told | {"repeated_back": False})
    assert fields_of(refused) == ["repeated_back"]
    assert (await admin.post(path, told | {"repeated_back": True}))["to_state"] == "ASSIGNED"
    await admin.refused("POST", path, 409, json=told | {"repeated_back": True})


async def test_cases_are_found_by_number_words_and_phone_and_paged(admin: Person) -> None:
    numbers = [
        await opened(admin, command_id=f"c{each}", address=f"山东路{each}号", phone=f"1390000000{each}")
        for each in range(3)
    ]
    first = await admin.get("/api/v1/cases", limit="2")
    assert [row["number"] for row in first["rows"]] == numbers[:0:-1]
    second = await admin.get("/api/v1/cases", limit="2", cursor=first["next_cursor"])
    assert [row["number"] for row in second["rows"]] == numbers[:1]
    assert second["next_cursor"] is None
    by_phone = await admin.get("/api/v1/cases", phone="139 0000 0001")
    assert [row["number"] for row in by_phone["rows"]] == [numbers[1]]
    assert len((await admin.get("/api/v1/cases", text="山东路2号"))["rows"]) == 1
    assert (await admin.get("/api/v1/cases", text="100%_'"))["rows"] == []


async def test_a_unit_does_not_see_how_its_case_was_rated_before_the_archive(
    desk: ConsoleDesk, client: Client, admin: Person
) -> None:
    number = await opened(admin)
    await to_callback(admin, number)
    body = {"event": "cb_mismatch", "role": "CALLBACK", "reason": "用户称未上门",
            "fields": {"rating": "不满意", "words": "没人来过", "call_id": "01M87G845BJACSV3YFNDCVTKZK"}}  # fmt: skip
    await admin.post(f"/api/v1/cases/{number}/moves", body)
    unit = await sign_in(client, "unit", await desk.user("unit", Role.UNIT_DISPATCH))
    both = await sign_in(client, "both", await desk.user("both", Role.UNIT_DISPATCH, Role.INSPECTOR))
    seen = await unit.get(f"/api/v1/cases/{number}")
    assert "没人来过" not in str(seen)
    assert "不满意" not in str(seen)
    assert seen["details"]["callbacks"] == []
    returned = next(event for event in seen["details"]["history"] if event["move"] == "cb_mismatch")
    assert (returned["reason"], returned["by"], returned["detail"]) == ("用户称未上门", "", {})
    assert "没人来过" in str(await both.get(f"/api/v1/cases/{number}"))


ODD: tuple[Any, ...] = (
    None, True, -1, 2**53, 10**30, 1.5, 1e308, "", " ", "\0", "\ud800", "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00", "2026-11-24T09:00:00", "x" * 5000,
    "长" * 79, "长" * 1999, "'; DROP TABLE hotline_case; --", [], ["\0"], {}, [[]],
)  # fmt: skip


on_both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@on_both
async def test_no_field_of_a_case_or_a_move_makes_the_server_fail(admin: Person) -> None:
    """Whole bodies with one field after another replaced by what nobody would send."""
    number = await opened(admin)
    bodies: list[tuple[str, dict[str, Any]]] = [("/api/v1/cases", DEMAND | {"call_id": None, "forwarded": None})]
    bodies.append((f"/api/v1/cases/{number}/moves", {"event": "save", "role": "AGENT", "reason": "", "fields": {},
                                                     "expected_version": None, "command_id": None}))  # fmt: skip
    for path, body in bodies:
        for name in body:
            for value in ODD:
                answer = await admin.ask("POST", path, json=body | {name: value})
                assert answer.status < 500, f"{path} answered {answer.status} to {name}={value!r}"


@on_both
@pytest.mark.parametrize(
    ("event", "role"), [("save", "AGENT"), ("feedback", "UNIT_DISPATCH"), ("unreachable", "CALLBACK")]
)
async def test_no_field_of_a_moves_fields_makes_the_server_fail(admin: Person, event: str, role: str) -> None:
    number = await opened(admin)
    if event == "feedback":
        for step, post, fields in TO_CALLBACK[:4]:
            await admin.post(f"/api/v1/cases/{number}/moves", {"event": step, "role": post, "fields": fields})
    elif event == "unreachable":
        await to_callback(admin, number)
    for name in MoveFields.model_fields:
        for value in ODD:
            body = {"event": event, "role": role, "fields": {name: value}}
            answer = await admin.ask("POST", f"/api/v1/cases/{number}/moves", json=body)
            assert answer.status < 500, f"{event} answered {answer.status} to {name}={value!r}"
