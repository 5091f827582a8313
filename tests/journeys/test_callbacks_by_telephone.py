"""Callbacks by telephone: the machine's, answered by keys alone, and a person's by click-to-dial."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.dialogue import UNHEARD
from ivr.prompts import PROMPTS_FOLDER
from tests.fakes.rtp_phone import tone_seconds
from tests.journeys.installation import LINES, Phones, password, sections
from tests.journeys.loop import Jump, handle, open_case, until_human_queue, weekday_morning
from tests.journeys.phone import Talk
from tests.journeys.shipped_server import ShippedServer
from tests.journeys.talking import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]
FIXED = "053285551234"
UNHAPPY = LINES["user1"]
USER_HZ, SEAT_HZ = 500, 1000
PART = slice(3200, 4800)
"""0.2 s of a prompt, 0.4 s into it: enough to tell it from the others."""


@pytest.fixture
def jump(tmp_path: Path) -> Jump:
    return Jump(tmp_path / "clock-offset")


@pytest.fixture
def server(tmp_path: Path, jump: Jump) -> Iterator[ShippedServer]:
    """With a fixed line on the simulated trunk and no recogniser, on a weekday at 08:50."""
    jump.to(weekday_morning(time(8, 50)))
    whole = sections(
        clock={"offset_file": str(tmp_path / "clock-offset")},
        sms={"driver": "sim", "sim_replies": {UNHAPPY: "3 还是凉的"}},
    )
    whole["accounts"].append({"username": "fixed", "password": password("fixed"), "seat": False})
    whole["trunks"][0]["lines"].append({"account": "fixed", "number": FIXED})
    folder = tmp_path / "installation"
    folder.mkdir()
    server = ShippedServer(folder, whole)
    server.start()
    try:
        yield server
        assert server.stop() == 0, server.log()[-3000:]
        assert not server.tracebacks()
    finally:
        server.kill_group()


@pytest.fixture
async def phone(server: ShippedServer) -> AsyncIterator[Phones]:
    async with Phones(server) as phones:
        yield phones


async def until_prompt(talk: Talk, key: str, within_s: float = 40.0) -> None:
    """Wait until the first 0.6 s of a prompt were heard: it is still being said.

    Raises:
        TimeoutError: it was not.
    """
    part = (PROMPTS_FOLDER / f"{key}.alaw").read_bytes()[PART]
    async with asyncio.timeout(within_s):
        while part not in b"".join(talk.audio.heard):
            await talk.audio.until_packets(5, within_s)


async def ask_by_machine(server: ShippedServer, phone: Phones, jump: Jump) -> tuple[str, Talk]:
    """A handled case of a fixed line, whose phone rings when the window opens; its number and the answered call."""
    fixed = await phone("fixed")
    number = await open_case(server, FIXED, "of a fixed line")
    await handle(server, number, jump.now)
    assert fixed.rung.empty(), "it rang before the window opened"
    jump.to(jump.now() + timedelta(minutes=15))
    talk = await asyncio.wait_for(fixed.rung.get(), 40)
    await talk.until_answered()
    return number, talk


async def press_at(talk: Talk, *turns: tuple[str, str]) -> None:
    """Press a key while each of these prompts is being said."""
    for prompt, key in turns:
        await until_prompt(talk, prompt)
        talk.press(key)


async def answer_of(server: ShippedServer, number: str) -> dict[str, Any]:
    """The one answer that the machine wrote down about a case."""

    async def there() -> dict[str, Any] | None:
        for row in await server.get(f"/api/v1/cases/{number}/callbacks"):
            answers = (await server.get(f"/api/v1/callbacks/{row['id']}"))["answers"]
            if answers:
                assert [each["channel"] for each in answers] == ["ai_voice"]
                return dict(answers[0])
        return None

    return await server.until(there)


async def until_case_state(server: ShippedServer, number: str, state: str) -> None:
    async def there() -> bool:
        return bool(server.rows(f"select 1 from hotline_case where number = '{number}' and state = '{state}'"))

    await server.until(there, 30)


def held_locks(server: ShippedServer, jump: Jump) -> list[dict[str, Any]]:
    """Locks on persons that hold now, by the server's clock."""
    now = jump.now().replace(tzinfo=None).isoformat(sep=" ")
    return server.rows(f"select * from contact_lock where expires_at > '{now}'")


async def test_keys_alone_tell_the_machine_that_nothing_is_solved_and_a_person_goes_on(
    server: ShippedServer, phone: Phones, jump: Jump
) -> None:
    number, talk = await ask_by_machine(server, phone, jump)
    await press_at(talk, ("callback.confirm", "1"))
    assert held_locks(server, jump), "somebody else could ring this person now"
    await press_at(
        talk,
        ("callback.ask_resolved", "2"),
        ("callback.rating", "3"),  # the question between them is for words, which no recogniser hears
        ("callback.new_demand", "2"),
    )
    await until_prompt(talk, "callback.thanks")
    await talk.until_ended()
    last_words = (PROMPTS_FOLDER / "callback.new_demand.alaw").read_bytes()[-8000:-4000]
    assert last_words not in b"".join(talk.audio.heard), "a question went on after its key"

    answer = await answer_of(server, number)
    assert (answer["resolved"], answer["rating"], answer["by"]) == (False, "不满意", "bot")
    assert answer["words"] == UNHEARD, "nobody is told that the reason stands in the recording"
    row = await until_human_queue(server, number)
    assert "未解决" in row["reason"] and row["state"] == "waiting" and row["claimed_by"] is None
    assert not held_locks(server, jump)
    assert FIXED not in server.log().split("Ctrl-C")[1], "a number stands in the log in the clear"


async def test_keys_alone_tell_the_machine_that_all_is_well_and_the_case_is_archived(
    server: ShippedServer, phone: Phones, jump: Jump
) -> None:
    number, talk = await ask_by_machine(server, phone, jump)
    await press_at(
        talk,
        ("callback.confirm", "1"),
        ("callback.ask_resolved", "1"),
        ("callback.rating", "1"),
        ("callback.new_demand", "2"),
    )
    await talk.until_ended()

    answer = await answer_of(server, number)
    assert (answer["resolved"], answer["rating"]) == (True, "满意")
    await until_case_state(server, number, "ARCHIVED")
    assert not held_locks(server, jump)
    assert not await server.get("/api/v1/callbacks", limit="100"), "a satisfied user stands in the human queue"


async def test_a_seat_clicks_to_dial_and_the_users_contradiction_returns_the_case(
    server: ShippedServer, phone: Phones, jump: Jump
) -> None:
    seat, user = await phone("8001", mode="ring"), await phone("user1", mode="ring")
    await sign_in(server, "8001")
    number = await open_case(server, UNHAPPY, "unhappy")
    await handle(server, number, jump.now)
    jump.to(jump.now() + timedelta(minutes=15))
    callback = (await until_human_queue(server, number))["id"]
    claimed = await server.post(f"/api/v1/callbacks/{callback}/claim", {})
    assert claimed["callbacks"] == [callback]

    dialling = asyncio.create_task(server.post(f"/api/v1/callbacks/{callback}/dial", {"account": "8001"}))
    agent = await asyncio.wait_for(seat.rung.get(), 15)
    await server.until_seat("8001", "talking")
    assert user.rung.empty(), "the user's phone rang before the agent was there"
    agent.answer()
    asked = await asyncio.wait_for(user.rung.get(), 15)
    await until_prompt(agent, "callback.seat_calling")
    asked.answer()
    agent.say(SEAT_HZ)
    asked.say(USER_HZ)
    await until_prompt(asked, "callback.person_calling")
    await asked.audio.until_tone(SEAT_HZ, 1.0, within_s=15)
    await agent.audio.until_tone(USER_HZ, 1.0, within_s=15)

    waiting = await (await phone("user2", register=False)).call("96556")

    async def queued() -> bool:
        return bool(await server.get("/api/v1/queue"))

    await server.until(queued, 30)
    assert seat.rung.empty() and (await server.seat("8001"))["state"] == "talking", "a caller was offered to the seat"
    await waiting.hang_up()
    await asked.hang_up()
    await agent.until_ended()
    dialled = await asyncio.wait_for(dialling, 15)
    assert dialled["reached"] and dialled["talked_s"] > 1
    await server.until_seat("8001", "wrap_up")

    result = {
        "outcome": "反馈与事实不符",
        "call_id": dialled["call_id"],
        "identity_checked": True,
        "feedback_read": True,
        "contacted": False,
        "visited": False,
        "resolved": False,
        "rating": "不满意",
        "reason_code": "未到场",
        "words": "没有人来过,暖气还是凉的",
    }
    await server.post(f"/api/v1/callbacks/{callback}/finish", result)
    await until_case_state(server, number, "RETURNED")
    assert not held_locks(server, jump)
    await until_recorded(server, dialled["call_id"])


async def until_recorded(server: ShippedServer, call_id: str) -> None:
    """The call's recording holds both voices, each on its side."""

    async def over() -> dict[str, Any] | None:
        call = await server.get(f"/api/v1/calls/{call_id}")
        return dict(call["call"]) if call["call"]["ended_at"] is not None else None

    call = await server.until(over)
    assert call["purpose"] == "click_to_dial" and UNHAPPY not in str(call)
    recording = await server.until_recording(call["recordings"][0])
    assert tone_seconds(recording.left, USER_HZ) > 1 and tone_seconds(recording.left, SEAT_HZ) < 0.1
    assert tone_seconds(recording.right, SEAT_HZ) > 1 and tone_seconds(recording.right, USER_HZ) < 0.1
