"""``python server.py jobs``: the durable jobs of all rooms."""

import asyncio

from asr.speech_client import SpeechClient
from asr.transcription import JOB, TranscriptionJob
from composition.foundation import Foundation
from store.jobs_worker import JobsConfig, run


async def run_jobs(base: Foundation, stopping: asyncio.Event) -> None:
    """Work until told to stop."""
    speech = SpeechClient(base.folders.speech_socket, base.clock)
    speech.start()
    transcription = TranscriptionJob(base.store.units, base.store.recordings, speech, base.clock)
    try:
        await run(
            base.store.database,
            clock=base.clock,
            handlers={JOB: transcription.handle},
            stopping=stopping,
            config=JobsConfig(executor_id="jobs-1"),
        )
    finally:
        await speech.stop()
