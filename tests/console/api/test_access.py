"""Signing in, tokens and people, through the API."""

import statistics
import time

import pytest

from access.credentials import Passwords
from access.roles import Role
from console.api.access import DEVICE_COOKIE
from tests.fakes.console_desk import Client, ConsoleDesk, Person, fields_of, sign_in

pytestmark = pytest.mark.store


async def test_a_password_becomes_a_token_and_a_mark_for_the_browser(desk: ConsoleDesk, client: Client) -> None:
    password = await desk.user("lihua", Role.AGENT)
    answer = await client.post("/api/v1/sign-in", json={"name": " LiHua ", "password": password})
    signed = await answer.json()
    assert signed["name"] == "lihua"
    assert signed["roles"] == ["AGENT"]
    assert "users:manage" not in signed["scopes"]
    cookie = answer.cookies[DEVICE_COOKIE]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Strict", "/api/v1/sign-in")
    assert int(cookie["max-age"]) > 300 * 24 * 3600
    assert signed["token"] not in str(answer.headers)
    me = await Person(client, "lihua", signed["token"]).get("/api/v1/me")
    assert me["roles"] == ["AGENT"]


async def test_known_and_unknown_names_get_the_same_answer(desk: ConsoleDesk, client: Client) -> None:
    await desk.user("lihua", Role.AGENT)
    answers = []
    for name in ("lihua", "nobody", "no body!", "\u202e" * 3):
        answer = await client.post("/api/v1/sign-in", json={"name": name, "password": "wrong wrong"})
        document = await answer.json(content_type=None)
        document.pop("instance")
        answers.append((answer.status, document, sorted(set(answer.headers) - {"Date"}), len(answer.cookies)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 401


async def test_known_and_unknown_names_are_refused_in_the_same_time() -> None:
    """The hash of nobody costs what a kept one costs: medians of the work within a third."""
    passwords = Passwords(memory_kib=4096, rounds=1)
    kept = await passwords.hash("a long password")
    took: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(15):
        for known in (True, False):
            began_s = time.perf_counter()
            assert not await passwords.matches(kept if known else None, "wrong wrong")
            took[known].append(time.perf_counter() - began_s)
    known_s, unknown_s = statistics.median(took[True]), statistics.median(took[False])
    assert abs(known_s - unknown_s) < 0.34 * max(known_s, unknown_s)


async def test_guessing_is_slowed_and_says_for_how_long(desk: ConsoleDesk, client: Client) -> None:
    password = await desk.user("lihua", Role.AGENT)
    guess = {"name": "lihua", "password": "wrong wrong"}
    statuses = [(await client.post("/api/v1/sign-in", json=guess)).status for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    refused = await client.post("/api/v1/sign-in", json={"name": "lihua", "password": password})
    assert refused.status == 429, "the right password waits too, or it would tell the guesser"
    wait_s = int(refused.headers["Retry-After"])
    assert 600 <= wait_s <= 720
    desk.clock.advance(wait_s + 1)
    await sign_in(client, "lihua", password)


async def test_an_attack_on_the_name_from_elsewhere_does_not_slow_a_browser_that_signed_in_before(
    desk: ConsoleDesk, client: Client
) -> None:
    password = await desk.user("lihua", Role.AGENT)
    first = await client.post("/api/v1/sign-in", json={"name": "lihua", "password": password})
    mark = first.cookies[DEVICE_COOKIE].value
    client.session.cookie_jar.clear()
    guess = {"name": "lihua", "password": "wrong wrong"}
    forged = {"Cookie": f"{DEVICE_COOKIE}=forged.mark"}
    statuses = [(await client.post("/api/v1/sign-in", json=guess, headers=forged)).status for _ in range(12)]
    assert statuses[-1] == 429
    again = await client.post(
        "/api/v1/sign-in",
        json={"name": "lihua", "password": password},
        headers={"Cookie": f"{DEVICE_COOKIE}={mark}"},
    )
    assert again.status == 200


async def test_a_mark_that_is_no_mark_is_ignored(desk: ConsoleDesk, client: Client) -> None:
    password = await desk.user("lihua", Role.AGENT)
    for mark in ("ÿþ", "a.b.c", "." * 3000):
        answer = await client.post(
            "/api/v1/sign-in",
            json={"name": "lihua", "password": password},
            headers={"Cookie": f"{DEVICE_COOKIE}={mark}"},
        )
        assert answer.status == 200


async def test_a_sign_in_ends_after_a_shift_and_at_sign_out(desk: ConsoleDesk, client: Client) -> None:
    password = await desk.user("lihua", Role.AGENT)
    first = await sign_in(client, "lihua", password)
    desk.clock.advance(15.9 * 3600)
    await first.get("/api/v1/me")
    desk.clock.advance(0.2 * 3600)
    await first.refused("GET", "/api/v1/me", 401)
    second = await sign_in(client, "lihua", password)
    await second.post("/api/v1/sign-out", status=204)
    await second.refused("GET", "/api/v1/me", 401)


async def test_a_program_gets_a_key_that_its_owner_sees_and_takes_away(agent: Person) -> None:
    made = await agent.post("/api/v1/me/tokens", {"label": "班表", "scopes": ["cases:read"]}, status=201)
    assert made["expires_at"].startswith("2026-12-24T"), "30 days, as the settings say"
    listed = {each["id"]: each for each in await agent.get("/api/v1/me/tokens")}
    assert listed[made["id"]]["label"] == "班表"
    assert "token" not in listed[made["id"]]
    program = Person(agent.client, "program", made["token"])
    await program.get("/api/v1/cases")
    assert (await agent.ask("DELETE", f"/api/v1/me/tokens/{made['id']}")).status == 204
    await program.refused("GET", "/api/v1/cases", 401)


async def test_a_key_holds_no_more_than_its_maker(agent: Person) -> None:
    refused = await agent.refused("POST", "/api/v1/me/tokens", 403, json={"label": "mine", "scopes": ["users:manage"]})
    assert "users:manage" in refused["detail"]


async def test_nobody_takes_somebody_elses_token_away(desk: ConsoleDesk, client: Client, agent: Person) -> None:
    other = await sign_in(client, "other", await desk.user("other", Role.CALLBACK))
    theirs = (await other.get("/api/v1/me/tokens"))[0]["id"]
    await agent.refused("DELETE", f"/api/v1/me/tokens/{theirs}", 404)
    await other.get("/api/v1/me")


async def test_ones_own_password_is_changed_with_the_old_one(desk: ConsoleDesk, client: Client) -> None:
    password = await desk.user("lihua", Role.AGENT)
    person = await sign_in(client, "lihua", password)
    refused = await person.refused(
        "POST", "/api/v1/me/password", 400, json={"old": "wrong", "new": "a new long password"}
    )
    assert fields_of(refused) == ["old"]
    refused = await person.refused("POST", "/api/v1/me/password", 400, json={"old": password, "new": "short"})
    assert refused["errors"] == [{"field": "new", "problem": "至少 10 个字"}]
    await person.post("/api/v1/me/password", {"old": password, "new": "a new long password"}, status=204)
    await person.refused("GET", "/api/v1/me", 401)
    await sign_in(client, "lihua", "a new long password")


async def test_people_come_change_posts_and_leave(admin: Person, client: Client) -> None:
    new = {"name": "wang", "display_name": "王强", "roles": ["AGENT"]}
    made = await admin.post("/api/v1/users", new, status=201)
    await admin.refused("POST", "/api/v1/users", 409, json=new)
    person = await sign_in(client, "wang", made["password"])
    await person.refused("GET", "/api/v1/users", 403)
    change = {"roles": ["AUDITOR"], "reason": "调岗"}
    assert (await admin.ask("PUT", "/api/v1/users/wang/roles", json=change)).status == 204
    await person.get("/api/v1/audit")
    reset = await admin.post("/api/v1/users/wang/password")
    await person.refused("GET", "/api/v1/me", 401)
    person = await sign_in(client, "wang", reset["password"])
    await admin.post("/api/v1/users/wang/dismiss", {"reason": "离职"}, status=204)
    await person.refused("GET", "/api/v1/me", 401)
    gone = await client.post("/api/v1/sign-in", json={"name": "wang", "password": reset["password"]})
    assert gone.status == 401
    assert {"name": "wang", "display_name": "王强", "roles": ["AUDITOR"], "active": False} in await admin.get(
        "/api/v1/users"
    )
    acts = [(entry["action"], entry["reason"]) for entry in await admin.get("/api/v1/audit", subject="user wang")]
    assert ("user.dismiss", "离职") in acts
    assert ("user.roles", "调岗") in acts
    await admin.refused("POST", "/api/v1/users/nobody/dismiss", 404, json={"reason": "离职"})
