"""The OpenAPI document is a whole 3.1 document, and the page that shows it loads nothing from elsewhere."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import create_model

from access.roles import Scope
from console.endpoint import Door, Endpoint, Nothing, Shape
from console.openapi import openapi_document
from tests.fakes.console_desk import Client, ConsoleDesk

pytestmark = pytest.mark.store

_METHODS = {"get", "put", "post", "delete", "patch"}
_SCHEMA_TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}


@pytest.fixture
async def document(client: Client) -> dict[str, Any]:
    answer = await client.get("/openapi.json")
    found: dict[str, Any] = await answer.json()
    return found


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from walk(each)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        assert path.startswith("/")
        for method, operation in item.items():
            assert method in _METHODS
            yield path, method, operation


async def test_it_is_of_version_3_1_and_tells_every_endpoint(desk: ConsoleDesk, document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(document["info"])
    told = {(method.upper(), path) for path, method, _ in operations(document)}
    assert told == {(row.method, row.path) for row in desk.console.api.endpoints}


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for value in walk(document):
        if isinstance(reference := value.get("$ref"), str):
            place: Any = document
            for step in reference.removeprefix("#/").split("/"):
                place = place[step]
            assert place
    assert "$defs" not in str(document)


async def test_every_operation_is_whole(document: dict[str, Any]) -> None:
    identifiers = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(identifiers)) == len(identifiers)
    for path, method, operation in operations(document):
        assert any(status.startswith("2") for status in operation["responses"]), path
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d|default", status)
            assert response["description"]
            if not status.startswith("2"):
                assert list(response["content"]) == ["application/problem+json"]
        named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        for parameter in operation["parameters"]:
            assert parameter["in"] in {"path", "query"}
            assert isinstance(parameter["schema"], dict)
            assert parameter["required"] or parameter["in"] == "query"
        assert method == "post" or method == "put" or "requestBody" not in operation


async def test_every_schema_has_known_types_and_refuses_unknown_fields(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        for value in walk(schema):
            if isinstance(kind := value.get("type"), str) and not isinstance(value.get("properties"), str):
                assert kind in _SCHEMA_TYPES or "description" in value, name
        if schema.get("type") == "object" and name != "Problem":
            assert schema["additionalProperties"] is False, name


async def test_rights_are_told(document: dict[str, Any]) -> None:
    assert "security" not in document["paths"]["/healthz"]["get"]
    cases = document["paths"]["/api/v1/cases"]["get"]
    assert cases["security"] == [{"token": []}]
    assert Scope.CASES_READ.value in cases["description"]
    assert {"401", "403"} <= set(cases["responses"])


async def _nothing(_ask: object) -> None:
    return None


def test_two_models_of_one_name_stay_two() -> None:
    first = create_model("Reason", __base__=Shape, __module__="a", reason=(str, ...))
    second = create_model("Reason", __base__=Shape, __module__="b", why=(int, ...))
    rows = [
        Endpoint("POST", f"/{each.__module__}", "x", "t", Door.PUBLIC, _nothing, each, Nothing, status=204)
        for each in (first, second)
    ]
    document = openapi_document(rows)
    schemas = [
        document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for path in ("/a", "/b")
    ]
    fields = [set(document["components"]["schemas"][each.rpartition("/")[2]]["properties"]) for each in schemas]
    assert fields == [{"reason"}, {"why"}]


async def test_the_page_loads_only_files_of_this_machine(client: Client) -> None:
    page = await client.get("/docs")
    html = await page.text()
    assert page.content_type == "text/html"
    loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", html)
    assert loaded
    for address in loaded:
        assert address.startswith("/docs/"), address
        assert (await client.get(address)).status == 200
    assert "<script>" not in html
    assert "unsafe-inline" not in re.findall(r"default-src [^;]*", page.headers["Content-Security-Policy"])[0]
    assert "//" not in (await (await client.get("/docs/start.js")).text())


@pytest.mark.parametrize("name", ["index.html", "..%2F..%2Fsetup.py", "swagger-ui.css%00"])
async def test_no_other_file_is_served(client: Client, name: str) -> None:
    assert (await client.get(f"/docs/{name}")).status == 404
