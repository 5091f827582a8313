"""Shipped servers that a test may break: each test its own, or one of its module."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.journeys.installation import sections
from tests.journeys.shipped_server import ShippedServer

Install = Callable[..., ShippedServer]


@pytest.fixture
def install(tmp_path: Any) -> Iterator[Install]:
    """``install(speech={"backend": "vosk"})``: a started server without greeting; stopped with the test."""
    made: list[ShippedServer] = []

    def start(*, running: bool = True, **changes: Any) -> ShippedServer:
        changes["reception"] = {"greeting": False, "announce_staff": False, **changes.get("reception", {})}
        folder = tmp_path / f"installation-{len(made)}"
        folder.mkdir()
        server = ShippedServer(folder, sections(**changes))
        made.append(server)
        if running:
            server.start()
        return server

    yield start
    for server in made:
        server.stop()
        server.kill_group()
