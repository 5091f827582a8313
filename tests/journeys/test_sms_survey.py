"""A handled case is asked by SMS when the window opens, and a dissatisfied answer goes to a person."""

from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest

from tests.journeys.installation import LINES, sections
from tests.journeys.loop import Jump, handle, open_case, until_human_queue, weekday_morning
from tests.journeys.shipped_server import ShippedServer

pytestmark = pytest.mark.journey
UNHAPPY, HAPPY = LINES["user1"], LINES["user2"]


@pytest.fixture
def jump(tmp_path: Path) -> Jump:
    return Jump(tmp_path / "clock-offset")


@pytest.fixture
def server(tmp_path: Path, jump: Jump) -> Iterator[ShippedServer]:
    """With the simulated gateway, on a weekday at 08:50."""
    jump.to(weekday_morning(time(8, 50)))
    clock = {"offset_file": str(tmp_path / "clock-offset")}
    sms = {"driver": "sim", "sim_replies": {UNHAPPY: "3 还是凉的", HAPPY: "1"}}
    folder = tmp_path / "installation"
    folder.mkdir()
    server = ShippedServer(folder, sections(clock=clock, sms=sms))
    server.start()
    yield server
    assert server.stop() == 0
    server.kill_group()


async def test_answers_by_sms_archive_one_case_and_bring_the_other_to_a_person(
    server: ShippedServer, jump: Jump
) -> None:
    unhappy = await open_case(server, UNHAPPY, "unhappy")
    happy = await open_case(server, HAPPY, "happy")
    for number in (unhappy, happy):
        await handle(server, number, jump.now)
    assert not server.rows("select id from sms_message where submitted_at is not null"), "sent before the window opens"

    jump.to(jump.now() + timedelta(minutes=15))
    row = await until_human_queue(server, unhappy)
    assert row["reason"], "nobody is told why this case is in the queue"

    async def archived() -> bool:
        case = await server.get(f"/api/v1/cases/{happy}")
        return "archived" in str(case).lower()

    await server.until(archived, 40)
    assert [reply["count(*)"] for reply in server.rows("select count(*) from sms_reply")] == [2]
    assert UNHAPPY not in server.log().split("Ctrl-C")[1], "a number stands in the log in the clear"
    assert not server.tracebacks()
