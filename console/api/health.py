"""Is it alive, is it ready, and its figures for Prometheus."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from console.endpoint import Ask, Endpoint, Nothing, Shape
from console.errors import Unavailable

Check = Callable[[], Awaitable[str]]
"""Returns "" when the part is ready, else a sentence."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; a counter's name ends in ``_total``."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class Alive(Shape):
    """The process answers."""

    status: str = "ok"


class Ready(Shape):
    """Every part, "" for ready."""

    parts: dict[str, str]


class HealthApi:
    """Rows of this part.

    Args:
        checks: by name of the part.
        figures: read at each scrape.
    """

    def __init__(self, checks: Mapping[str, Check], figures: Callable[[], Iterable[Figure]]) -> None:
        self._checks = checks
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Figures(figures))

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag = "运行状态"
        return [
            Endpoint("GET", "/healthz", "进程活着", tag, None, self.alive, answers=Alive),
            Endpoint("GET", "/readyz", "可以接电话", tag, None, self.ready, answers=Ready, problems=(503,)),
            Endpoint("GET", "/metrics", "Prometheus 指标", tag, None, self.metrics),
        ]

    async def alive(self, ask: Ask[Nothing, Nothing]) -> Alive:
        """The loop runs."""
        return Alive()

    async def ready(self, ask: Ask[Nothing, Nothing]) -> Ready:
        """Every part is asked; 503 names those that are not ready."""
        parts = {name: await check() for name, check in self._checks.items()}
        if wrong := {name: why for name, why in parts.items() if why}:
            raise Unavailable(";".join(f"{name}:{why}" for name, why in wrong.items()))
        return Ready(parts=parts)

    async def metrics(self, ask: Ask[Nothing, Nothing]) -> web.Response:
        """Prometheus text."""
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": "text/plain; version=0.0.4"})


class _Figures(Collector):
    def __init__(self, figures: Callable[[], Iterable[Figure]]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for figure in self._figures():
            labels = [name for name, _ in figure.labels]
            family = families.get(figure.name)
            if family is None:
                kind = CounterMetricFamily if figure.name.endswith("_total") else GaugeMetricFamily
                family = families[figure.name] = kind(figure.name, figure.help, labels=labels)
            family.add_metric([value for _, value in figure.labels], figure.value)  # type: ignore[attr-defined]
        yield from families.values()
