"""What runs behind the desks: durable jobs, alerts, and the audit trail with the proof that it is whole."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from access.roles import Scope
from console.endpoint import Ask, Endpoint, Nothing, Shape, as_model
from console.ports import SystemViews

_LARGEST_NUMBER = 2**53 - 1


class JobQuery(Shape):
    """Which jobs."""

    name: str | None = Field(None, max_length=60)
    state: Literal["pending", "running", "waiting", "done", "failed"] | None = None
    limit: int = Field(100, ge=1, le=500)


class JobLineAnswer(Shape):
    """Where one durable job stands; a waiting one says what for."""

    name: str
    key: str
    state: str
    failures: int
    reason: str
    enqueued_at: datetime
    due_at: datetime
    finished_at: datetime | None


class AlertQuery(Shape):
    """The newest first; hand the last ``number`` in as ``before`` for more."""

    before: int | None = Field(None, ge=1, le=_LARGEST_NUMBER)
    limit: int = Field(50, ge=1, le=200)


class AlertLine(Shape):
    """One alert."""

    number: int
    at: datetime
    payload: dict[str, Any]


class AuditQuery(AlertQuery):
    """Whose acts, or the acts on what; the newest first."""

    actor: str | None = Field(None, max_length=100)
    subject: str | None = Field(None, max_length=200, description="例如 case RX20261124-0031")


class AuditLine(Shape):
    """One entry of the audit trail."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    detail: dict[str, Any]
    hash: str


class Verification(Shape):
    """Whether the trail is whole; ``last_hash`` is to be kept outside this machine, where it shows a roll-back."""

    whole: bool
    entries: int
    last_hash: str
    first_false: int | None
    why: str


class SystemApi:
    """Rows of this part."""

    def __init__(self, views: SystemViews) -> None:
        self._views = views

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag, system, audit = "系统与审计", Scope.SYSTEM_READ, Scope.AUDIT_READ
        return [
            Endpoint("GET", "/api/v1/jobs", "后台任务", tag, system, self.jobs, query=JobQuery, answers=JobLineAnswer, many=True),
            Endpoint("GET", "/api/v1/alerts", "预警", tag, system, self.alerts, query=AlertQuery, answers=AlertLine, many=True),
            Endpoint("GET", "/api/v1/audit", "审计记录", tag, audit, self.audit, query=AuditQuery, answers=AuditLine, many=True),
            Endpoint("GET", "/api/v1/audit/verification", "校验审计链", tag, audit, self.verify, answers=Verification),
        ]  # fmt: skip

    async def jobs(self, ask: Ask[Nothing, JobQuery]) -> list[JobLineAnswer]:
        """The newest first."""
        query = ask.query
        rows = await self._views.jobs(name=query.name, state=query.state, limit=query.limit)
        return [as_model(JobLineAnswer, row) for row in rows]

    async def alerts(self, ask: Ask[Nothing, AlertQuery]) -> list[AlertLine]:
        """The newest first."""
        rows = await self._views.alerts(before=ask.query.before, limit=ask.query.limit)
        return [as_model(AlertLine, row) for row in rows]

    async def audit(self, ask: Ask[Nothing, AuditQuery]) -> list[AuditLine]:
        """The newest first."""
        query = ask.query
        rows = await self._views.audit(before=query.before, actor=query.actor, subject=query.subject, limit=query.limit)
        return [as_model(AuditLine, row) for row in rows]

    async def verify(self, ask: Ask[Nothing, Nothing]) -> Verification:
        """Read the whole trail and say whether it holds."""
        state = await self._views.verify_audit()
        return Verification(
            whole=state.first_false is None,
            entries=state.entries,
            last_hash=state.last_hash,
            first_false=state.first_false,
            why=state.why,
        )
