"""A writer of jobs that only remembers, for tests that look at what a unit of work asked for."""

from sqlalchemy.ext.asyncio import AsyncSession

from store.jobs import JobRequest


class RememberedJobs:
    def __init__(self) -> None:
        self.requests: list[JobRequest] = []

    async def write(self, session: AsyncSession, requests: list[JobRequest]) -> None:
        self.requests += requests
