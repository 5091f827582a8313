"""A case through its seven steps by the API, up to the moment at which somebody asks the user whether it was solved."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from tests.journeys.shipped_server import ShippedServer
from vocabulary.clock import SHANGHAI, SystemClock


def weekday_morning(clock: time) -> datetime:
    """That time of the next Tuesday to Friday in Shanghai, at least a day ahead."""
    day = SystemClock().now().astimezone(SHANGHAI).date() + timedelta(days=1)
    while day.isoweekday() not in (2, 3, 4, 5):
        day += timedelta(days=1)
    return datetime.combine(day, clock, tzinfo=SHANGHAI)


class Jump:
    """A clock that every process of a server follows by a file.

    Args:
        file: the setting ``clock.offset_file``.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def to(self, moment: datetime) -> None:
        """From now on it is that moment, and time goes on from there."""
        self._file.write_text(f"{(moment - SystemClock().now()).total_seconds():.3f}", "ascii")

    def now(self) -> datetime:
        """The server's present."""
        return SystemClock().now() + timedelta(seconds=float(self._file.read_text("ascii")))


async def open_case(server: ShippedServer, phone: str, command: str) -> str:
    """A demand by letter; its case number."""
    answer = await server.post(
        "/api/v1/cases",
        {
            "command_id": command,
            "source": "LETTER",
            "role": "AGENT",
            "phone": phone,
            "person_name": "李女士",
            "address": "李沧区虎山路12号楼1单元301户",
            "demand": "家里暖气不热,暖气片是凉的",
            "case_type": "HELP",
        },
    )
    return str(answer["case_number"])


async def handle(server: ShippedServer, number: str, now: Callable[[], datetime]) -> None:
    """受理 → 分拣 → 审核 → 办理 → 反馈 → 督查 → 待回访."""
    at = now().astimezone(SHANGHAI).isoformat(timespec="seconds")
    feedback = {
        "handler": "张师傅",
        "handled_at": at,
        "measures": "上门排气,清洗过滤器",
        "result": "室温恢复",
        "contacted_user": True,
    }
    moves: list[tuple[str, str, dict[str, Any]]] = [
        ("save", "AGENT", {}),
        ("classify", "SORTER", {"matter": "HEAT_NONE", "urgency": "P2", "case_type": "HELP"}),
        ("assign", "SPECIALIST", {"unit": "市北供热服务站"}),
        ("sign", "UNIT_DISPATCH", {}),
        ("contacted", "UNIT_STAFF", {"contacted_at": at}),
        ("feedback", "UNIT_DISPATCH", feedback),
        ("check", "INSPECTOR", {}),
        ("precheck_ok", "INSPECTOR", {}),
    ]
    for event, role, fields in moves:
        await server.post(f"/api/v1/cases/{number}/moves", {"event": event, "role": role, "fields": fields})


async def until_human_queue(server: ShippedServer, number: str, within_s: float = 40.0) -> dict[str, Any]:
    """Wait until the case stands in the human callback queue; its row."""

    async def queued() -> dict[str, Any] | None:
        rows = await server.get("/api/v1/callbacks", limit="100")
        return next((row for row in rows if row["case_number"] == number), None)

    return await server.until(queued, within_s)
