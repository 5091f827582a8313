"""Alive, ready, and figures for Prometheus."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from console.api import health
from console.api.health import Figure, HealthApi
from console.endpoint import Ask, Nothing
from console.errors import Unavailable
from tests.fakes.console_desk import Client, ConsoleDesk, Person

pytestmark = pytest.mark.store


async def test_the_process_is_alive_whatever_its_parts_say(desk: ConsoleDesk, client: Client) -> None:
    desk.parts["database"] = "数据库不可用"
    assert await (await client.get("/healthz")).json() == {"status": "ok"}


async def test_calls_can_do_without_some_parts_and_not_without_others(desk: ConsoleDesk, client: Client) -> None:
    desk.parts["speech"] = "没有连接"
    answer = await client.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"parts": {"database": "", "speech": "没有连接"}})
    desk.parts["database"] = "数据库不可用"
    refused = await Person(client, "", "none").refused("GET", "/readyz", 503)
    assert "数据库不可用" in refused["detail"]
    assert [item["field"] for item in refused["errors"]] == ["database", "speech"]


async def test_figures_are_prometheus_text(client: Client) -> None:
    answer = await client.get("/metrics")
    assert answer.content_type == "text/plain"
    families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    assert families["nuanxian_test"].type == "counter"
    (sample,) = families["nuanxian_test"].samples
    assert (sample.labels, sample.value) == ({"kind": "a"}, 3.0)
    assert families["nuanxian_live"].type == "gauge"


async def test_a_part_that_does_not_answer_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_WITHIN_S", 0.01)

    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    async def no_figures() -> list[Figure]:
        return []

    ask: Ask[Nothing, Nothing] = Ask(None, Nothing(), Nothing(), {}, "", None)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await HealthApi({"sip": never}, {}, no_figures).ready(ask)
