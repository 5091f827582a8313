"""No recogniser: the call works all the same, and the transcript's job waits and says so."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Install
from tests.journeys.installation import LINES, Phones
from tests.journeys.talking import bridged, recording_of

pytestmark = pytest.mark.fault


@pytest.mark.parametrize(
    "speech",
    [{"backend": "none"}, {"backend": "faster-whisper", "model": "MISSING"}],
    ids=["none", "wrong path"],
)
async def test_the_call_works_and_its_transcript_waits(
    install: Install, tmp_path: Path, speech: dict[str, Any]
) -> None:
    settings = {key: str(tmp_path / value) if value == "MISSING" else value for key, value in speech.items()}
    server = install(speech={**settings, "live": True})
    async with Phones(server) as phone:
        pair = await bridged(server, phone, "user1")
        await pair.until_both_hear(1.0)
        await pair.hang_up()
        record, recording = await recording_of(server, LINES["user1"])
        assert record["call"]["cause"] == "NORMAL" and record["transcripts"] == []
        await server.until_case(LINES["user1"])
        await server.until_recording(recording)

        log = await server.until_logged("transcript waits", 30)
        line = next(line for line in log.splitlines() if "transcript waits" in line)
        assert recording in line and "reason=" in line
        if speech["backend"] != "none":
            assert "recogniser missing" in log, "nothing says what to do"

        async def waiting() -> list[dict[str, Any]]:
            rows = server.rows("select * from job where name = 'transcribe'")
            return [row for row in rows if row["state"] == "waiting" and "not available" in str(row)]

        assert len(await server.until(waiting, 20)) == 1
        assert not server.tracebacks()
