"""Call records, recordings and transcripts through the API."""

import pytest

from tests.fakes.console_calls import WAV, recorded_call
from tests.fakes.console_desk import ConsoleDesk, Person
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.store

CALLER = PhoneNumber.parse("13987654321")


async def test_calls_are_listed_and_found_by_number(desk: ConsoleDesk, agent: Person) -> None:
    morning = await recorded_call(desk, CALLER)
    desk.clock.advance(3600)
    await recorded_call(desk, PhoneNumber.parse("13900000001"))
    assert len(await agent.get("/api/v1/calls")) == 2
    (found,) = await agent.get("/api/v1/calls", phone="139-8765-4321")
    assert (found["call"], found["number"], found["recordings"]) == (
        morning.call,
        "139****4321",
        [morning.recording],
    )
    (older,) = await agent.get("/api/v1/calls", before="2026-11-24T09:30:00+08:00")
    assert older["call"] == morning.call


async def test_a_call_is_shown_with_its_legs_and_what_was_said(desk: ConsoleDesk, agent: Person) -> None:
    morning = await recorded_call(desk, CALLER)
    whole = await agent.get(f"/api/v1/calls/{morning.call}")
    assert whole["call"]["cause_text"] == whole["legs"][0]["cause_text"] != ""
    assert whole["transcripts"][0]["segments"][0]["text"] == "家里暖气不热"
    assert whole["transcripts"][0]["draft"] is True


async def test_a_recording_is_heard_for_a_stated_reason_and_that_is_written_down(
    desk: ConsoleDesk, admin: Person
) -> None:
    morning = await recorded_call(desk, CALLER)
    path = f"/api/v1/recordings/{morning.recording}"
    for reason in ("", " ", "x"):
        await admin.refused("GET", path, 400, params={"reason": reason})
    answer = await admin.ask("GET", path, params={"reason": "核对回访"})
    assert await answer.read() == WAV
    assert answer.content_type == "audio/x-wav"
    assert answer.headers["Cache-Control"] == "no-store"
    (entry,) = await admin.get("/api/v1/audit", subject=f"recording {morning.recording}")
    assert (entry["actor"], entry["action"], entry["reason"]) == ("admin", "recording.listen", "核对回访")


async def test_a_recording_that_is_not_there_or_cannot_be_read_says_so(desk: ConsoleDesk, admin: Person) -> None:
    await admin.refused("GET", f"/api/v1/recordings/{new_id(desk.clock)}", 404, params={"reason": "核对"})
    morning = await recorded_call(desk, CALLER)
    for file in (desk.base.folders.data / "recordings").rglob(f"*{morning.recording}*"):
        file.unlink()
    refused = await admin.refused("GET", f"/api/v1/recordings/{morning.recording}", 503, params={"reason": "核对"})
    assert "录音" in refused["detail"]
