"""The edge of the API: who may enter, what is refused and how, and that no input is answered with a 5xx."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_aiohttp.plugin import AiohttpClient

from access.roles import SCOPES, Role, Scope
from console.app import MAX_BODY_BYTES
from console.endpoint import Door, Endpoint
from console.rate_limit import RateLimit
from store.errors import StoreUnavailable
from tests.fakes.console_desk import Client, ConsoleDesk, Person, fields_of, open_desk, sign_in

pytestmark = pytest.mark.store

NEEDS = {
    "GET /healthz": "public",
    "GET /readyz": "public",
    "GET /metrics": "public",
    "POST /api/v1/sign-in": "public",
    "POST /api/v1/sign-out": "signed in",
    "GET /api/v1/me": "signed in",
    "POST /api/v1/me/password": "signed in",
    "GET /api/v1/me/tokens": "signed in",
    "POST /api/v1/me/tokens": "signed in",
    "DELETE /api/v1/me/tokens/{token}": "signed in",
    "GET /api/v1/users": "users:manage",
    "POST /api/v1/users": "users:manage",
    "PUT /api/v1/users/{name}/roles": "users:manage",
    "POST /api/v1/users/{name}/password": "users:manage",
    "POST /api/v1/users/{name}/dismiss": "users:manage",
    "POST /api/v1/cases/{number}/phone": "phones:reveal",
    "POST /api/v1/missed-calls/{id}/phone": "phones:reveal",
    "POST /api/v1/rescue-desk/{id}/phone": "phones:reveal",
    "GET /api/v1/cases": "cases:read",
    "POST /api/v1/cases": "cases:write",
    "GET /api/v1/cases/{number}": "cases:read",
    "POST /api/v1/cases/{number}/moves": "cases:write",
    "POST /api/v1/cases/{number}/p0-dispatch": "cases:write",
    "GET /api/v1/calls": "calls:read",
    "GET /api/v1/calls/{call}": "calls:read",
    "GET /api/v1/recordings/{recording}": "recordings:listen",
    "GET /api/v1/callbacks": "callbacks:read",
    "POST /api/v1/callbacks/claim-next": "callbacks:work",
    "GET /api/v1/callbacks/{id}": "callbacks:read",
    "GET /api/v1/cases/{number}/callbacks": "callbacks:read",
    "GET /api/v1/callbacks/{id}/messages": "messages:read",
    "POST /api/v1/callbacks/{id}/claim": "callbacks:work",
    "POST /api/v1/callbacks/{id}/release": "callbacks:work",
    "POST /api/v1/callbacks/{id}/dial": "callbacks:work",
    "POST /api/v1/callbacks/{id}/finish": "callbacks:work",
    "POST /api/v1/callbacks/{id}/defer": "seats:manage",
    "POST /api/v1/callbacks/{id}/approve-unreached": "seats:manage",
    "POST /api/v1/callbacks/{id}/approve-refused": "seats:manage",
    "GET /api/v1/daily-clearing": "callbacks:read",
    "GET /api/v1/machine-calling": "callbacks:read",
    "POST /api/v1/machine-calling/pause": "seats:manage",
    "POST /api/v1/machine-calling/resume": "seats:manage",
    "GET /api/v1/seats": "calls:read",
    "POST /api/v1/seats/{account}/acts": "seats:use",
    "POST /api/v1/seats/{account}/forced-acts": "seats:manage",
    "GET /api/v1/queue": "calls:read",
    "GET /api/v1/service-level": "calls:read",
    "GET /api/v1/missed-calls": "calls:read",
    "POST /api/v1/missed-calls/{id}/handled": "seats:use",
    "GET /api/v1/rescue-desk": "calls:read",
    "POST /api/v1/rescue-desk/{id}/call-back": "seats:use",
    "POST /api/v1/rescue-desk/{id}/close": "seats:use",
    "GET /api/v1/jobs": "system:read",
    "GET /api/v1/alerts": "system:read",
    "GET /api/v1/audit": "audit:read",
    "GET /api/v1/audit/verification": "audit:read",
}
"""Every endpoint and what it asks for; one without a row here fails."""

SOME_ID = "01M87G845BJACSV3YFNDCVTKZK"


def name_of(row: Endpoint) -> str:
    return f"{row.method} {row.path}"


def address_of(row: Endpoint) -> str:
    steps = [SOME_ID if step.startswith("{") else step for step in row.path.split("/")]
    return "/".join(steps)


def test_every_endpoint_stands_in_the_table_of_rights(desk: ConsoleDesk) -> None:
    assert {name_of(row): row.needs.value for row in desk.console.api.endpoints} == NEEDS


async def test_strangers_are_refused_everywhere_but_at_the_public_doors(desk: ConsoleDesk, client: Client) -> None:
    for row in desk.console.api.endpoints:
        for headers in ({}, {"Authorization": f"Bearer nx_{SOME_ID}_{'x' * 43}"}, {"Authorization": "Basic YTpi"}):
            answer = await client.request(row.method, address_of(row), headers=headers)
            if row.needs is Door.PUBLIC:
                assert answer.status in (200, 400), name_of(row)
            else:
                assert answer.status == 401, name_of(row)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert (await answer.json(content_type=None))["status"] == 401


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
async def test_each_role_is_let_in_exactly_where_its_scopes_say(desk: ConsoleDesk, client: Client, role: Role) -> None:
    password = await desk.user("somebody", role)
    last = sorted(desk.console.api.endpoints, key=lambda row: row.path == "/api/v1/sign-out")  # it ends the token
    person = await sign_in(client, "somebody", password)
    for row in last:
        answer = await person.ask(row.method, address_of(row))
        assert answer.status not in (401, *range(500, 600)), name_of(row)
        if isinstance(row.needs, Scope):
            may = row.needs in SCOPES[role]
            assert (answer.status == 403) == (not may), f"{name_of(row)} answered {answer.status}"
            if not may:
                assert row.needs.value in (await answer.json(content_type=None))["detail"]


async def test_a_token_opens_only_what_it_was_made_for(admin: Person) -> None:
    made = await admin.post(
        "/api/v1/me/tokens", {"label": "wallboard", "scopes": ["calls:read"], "days": 1}, status=201
    )
    program = Person(admin.client, "wallboard", made["token"])
    assert await program.get("/api/v1/seats") == []
    assert (await program.get("/api/v1/me"))["scopes"] == ["calls:read"]
    refused = await program.refused("GET", "/api/v1/cases", 403)
    assert "cases:read" in refused["detail"]
    await program.post("/api/v1/sign-out", status=204)
    await program.refused("GET", "/api/v1/seats", 401)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b'{"name": "a\\u0000b", "password": "x"}', 400),
        (b'{"name": "a\\ud800", "password": "x"}', 400),
        (b'{"name": 1e400, "password": "x"}', 400),
        (b'{"name": NaN, "password": "x"}', 400),
        (b'{"name": ' + b"9" * 5000 + b', "password": "x"}', 400),
        (b'{"name": ' + b"[" * 100_000, 400),
        (b'{"name": "a", "password": "' + b"x" * MAX_BODY_BYTES + b'"}', 413),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_body_that_cannot_be_is_refused(client: Client, raw: bytes, status: int) -> None:
    stranger = Person(client, "", "none")
    await stranger.refused("POST", "/api/v1/sign-in", status, data=raw, headers={"Content-Type": "application/json"})


async def test_a_form_is_no_json(client: Client) -> None:
    await Person(client, "", "none").refused("POST", "/api/v1/sign-in", 415, data={"name": "a", "password": "b"})


async def test_unknown_and_missing_fields_are_named(agent: Person) -> None:
    body = {"command_id": "c-1", "colour": "red", "forwarded": {"body": "12345", "weight": 1}}
    refused = await agent.refused("POST", "/api/v1/cases", 400, json=body)
    assert {item["field"]: item["problem"] for item in refused["errors"]} == {
        "source": "必填",
        "colour": "没有这个字段",
        "forwarded.number": "必填",
        "forwarded.weight": "没有这个字段",
    }
    refused = await agent.refused("GET", "/api/v1/cases", 400, params={"page": "2"})
    assert fields_of(refused) == ["page"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/cases", {"limit": "0"}),
        ("/api/v1/cases", {"limit": "9" * 40}),
        ("/api/v1/cases", {"cursor": "x' OR 1=1 --"}),
        ("/api/v1/cases", {"cursor": "\0"}),
        ("/api/v1/cases", {"state": "GONE"}),
        ("/api/v1/cases", {"phone": "12"}),
        ("/api/v1/cases", {"text": "a" * 101}),
        ("/api/v1/calls", {"before": "2026-11-24T09:00:00"}),
        ("/api/v1/calls", {"before": "0001-01-01T00:00:00+14:00"}),
        ("/api/v1/calls", {"before": "9999-12-31T23:59:59-12:00"}),
        ("/api/v1/calls", {"before": "9" * 30}),
        ("/api/v1/service-level", {"since": "yesterday"}),
        ("/api/v1/daily-clearing", {"day": "2026-02-30"}),
        ("/api/v1/daily-clearing", {"day": "0001-01-01"}),
    ],
    ids=str,
)
async def test_a_bad_query_names_its_parameter(admin: Person, path: str, query: dict[str, str]) -> None:
    refused = await admin.refused("GET", path, 400, params=query)
    assert fields_of(refused) == list(query)


async def test_a_parameter_given_twice_is_refused(admin: Person) -> None:
    refused = await admin.refused("GET", "/api/v1/cases?limit=1&limit=2", 400)
    assert fields_of(refused) == ["limit"]


@pytest.mark.parametrize("identifier", ["%00", "a%00b", "%F0%9F%92%A9", "..%2F..%2Fetc%2Fpasswd", "'--", "x" * 300])
async def test_strange_identifiers_are_not_there(admin: Person, identifier: str) -> None:
    for path in ("/api/v1/cases/{}", "/api/v1/calls/{}", "/api/v1/callbacks/{}"):
        await admin.refused("GET", path.format(identifier), 404)
    await admin.refused("GET", f"/api/v1/recordings/{identifier}?reason=why", 404)
    await admin.refused("DELETE", f"/api/v1/me/tokens/{identifier}", 404)


async def test_unknown_addresses_and_methods_are_problems_too(client: Client) -> None:
    stranger = Person(client, "", "none")
    await stranger.refused("GET", "/api/v2/cases", 404)
    answer = await client.request("PUT", "/api/v1/cases")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, POST"
    await stranger.refused("PUT", "/api/v1/cases", 405)


async def test_every_answer_carries_the_security_headers_and_its_identifier(client: Client) -> None:
    for path in ("/healthz", "/metrics", "/nowhere", "/docs", "/docs/swagger-ui.css", "/openapi.json"):
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy, path
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.headers["X-Request-Id"]) == 26
        assert answer.headers["Server"] == "nuanxian"


async def test_whoever_asks_too_often_is_told_how_long_to_wait(tmp_path: Path, aiohttp_client: AiohttpClient) -> None:
    desk = await open_desk(tmp_path, limit=RateLimit(per_second=0.5, burst=3))
    client = await aiohttp_client(desk.console.application())
    for _ in range(3):
        assert (await client.get("/healthz")).status == 200
    refused = await client.get("/healthz")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
    desk.clock.advance(2)
    assert (await client.get("/healthz")).status == 200
    await desk.close()


async def test_a_database_that_is_away_is_a_503_and_a_fault_a_500_without_a_traceback(
    desk: ConsoleDesk, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, status in ((StoreUnavailable("locked at /secret/path"), 503), (RuntimeError("secret of ours"), 500)):

        async def fails(*_given: object, _error: Exception = error, **_more: object) -> None:
            raise _error

        monkeypatch.setattr(desk.trade.lists, "finish_missed", fails)
        refused = await admin.refused("POST", f"/api/v1/missed-calls/{SOME_ID}/handled", status, json={})
        assert "secret" not in json.dumps(refused)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\0") | st.just("+86139"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_no_body_at_all_is_answered_with_a_5xx(desk: ConsoleDesk, admin: Person, data: st.DataObject) -> None:
    """Each body endpoint with bodies made of its own field names and any values."""
    kept = {"/api/v1/sign-in", "/api/v1/me/password"}
    for row in desk.console.api.endpoints:
        names = sorted(row.body.model_fields)
        if not names or row.path in kept:
            continue
        body = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=len(names)))
        raw = json.dumps(body)
        answer = await admin.ask(row.method, address_of(row), data=raw, headers={"Content-Type": "application/json"})
        assert answer.status < 500, f"{name_of(row)} answered {answer.status} to {raw}: {await answer.text()}"


async def test_a_body_that_drips_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.app.BODY_WITHIN_S", 0.05)
    assert client.port is not None
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    )
    async with asyncio.timeout(5):
        head = await reader.readline()
    assert b" 408 " in head
    writer.close()


async def raw_status(client: Client, request: bytes) -> int:
    """The status of a request that no decent client can send."""
    assert client.port is not None
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(request)
    async with asyncio.timeout(5):
        head = await reader.readline()
    writer.close()
    return int(head.split()[1])


async def test_bytes_that_are_no_text_in_a_token_or_a_mark_open_nothing_and_break_nothing(
    desk: ConsoleDesk, client: Client
) -> None:
    for token in (b"nx_" + b"\xff" * 26 + b"_" + b"x" * 43, f"nx_{SOME_ID}_".encode() + b"\xff" * 43):
        request = b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
        assert await raw_status(client, request) == 401
    password = await desk.user("lihua", Role.AGENT)
    body = json.dumps({"name": "lihua", "password": password}).encode()
    head = b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    mark = b"Cookie: nx_device=a.\xff\xfe\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert await raw_status(client, head + mark + body) == 200
