"""Is it alive, is it ready, and its figures for Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from console.endpoint import Ask, Door, Endpoint, Nothing, Shape
from console.errors import FieldProblem, Unavailable

Check = Callable[[], Awaitable[str]]
"""Returns "" when the part is ready, else a Chinese sentence."""

CHECK_WITHIN_S = 3.0
"""A part that does not answer within this is not ready."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; a counter's name ends in ``_total``."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


Figures = Callable[[], Awaitable[Iterable[Figure]]]
"""Read at each scrape."""


class Alive(Shape):
    """The process answers."""

    status: str = "ok"


class Ready(Shape):
    """Every part, "" for ready; of those that calls can do without, what they say is shown and not counted."""

    parts: dict[str, str]


class HealthApi:
    """Rows of this part.

    Args:
        needed: parts without which no call is answered.
        shown: parts that calls go on without.
        figures: read at each scrape.
    """

    def __init__(self, needed: Mapping[str, Check], shown: Mapping[str, Check], figures: Figures) -> None:
        self._needed, self._shown, self._figures = needed, shown, figures

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag = "运行状态"
        return [
            Endpoint("GET", "/healthz", "进程活着", tag, Door.PUBLIC, self.alive, answers=Alive),
            Endpoint("GET", "/readyz", "可以接电话", tag, Door.PUBLIC, self.ready, answers=Ready, problems=(503,)),
            Endpoint("GET", "/metrics", "Prometheus 指标", tag, Door.PUBLIC, self.metrics, media="text/plain"),
        ]

    async def alive(self, ask: Ask[Nothing, Nothing]) -> Alive:
        """The loop runs."""
        return Alive()

    async def ready(self, ask: Ask[Nothing, Nothing]) -> Ready:
        """Every part is asked; 503 names the needed ones that are not ready."""
        checks = {**self._needed, **self._shown}
        answers = await asyncio.gather(*(_answer(check) for check in checks.values()))
        parts = dict(zip(checks, answers, strict=True))
        if wrong := {name: why for name, why in parts.items() if why and name in self._needed}:
            raise Unavailable(
                ";".join(f"{name}:{why}" for name, why in wrong.items()),
                fields=[FieldProblem(name, why) for name, why in parts.items() if why],
                retry_after_s=1,
            )
        return Ready(parts=parts)

    async def metrics(self, ask: Ask[Nothing, Nothing]) -> web.Response:
        """Prometheus text."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(list(await self._figures())))
        return web.Response(body=generate_latest(registry), headers={"Content-Type": "text/plain; version=0.0.4"})


async def _answer(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_WITHIN_S):
            return await check()
    except TimeoutError:
        return f"{CHECK_WITHIN_S:.0f} 秒内没有应答"


class _Families(Collector):
    """Figures of one name as one family."""

    def __init__(self, figures: list[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for figure in self._figures:
            labels = [name for name, _ in figure.labels]
            family = families.get(figure.name)
            if family is None:
                kind = CounterMetricFamily if figure.name.endswith("_total") else GaugeMetricFamily
                family = families[figure.name] = kind(figure.name, figure.help, labels=labels)
            family.add_metric([value for _, value in figure.labels], figure.value)
        yield from families.values()
