"""Cases opened and moved through the API, as a client does it."""

from typing import Any

from tests.fakes.console_desk import Person

DEMAND: dict[str, Any] = {
    "command_id": "letter-1",
    "source": "LETTER",
    "role": "AGENT",
    "phone": "0532-87654321",
    "person_name": "李女士",
    "address": "李沧区虎山路12号楼1单元301户",
    "demand": "家里暖气不热,暖气片是凉的",
    "case_type": "HELP",
}
FEEDBACK = {
    "handler": "张师傅",
    "handled_at": "2026-11-24T09:00:00+08:00",
    "measures": "上门排气",
    "result": "室温恢复",
    "contacted_user": True,
}
TO_CALLBACK: list[tuple[str, str, dict[str, Any]]] = [
    ("save", "AGENT", {}),
    ("classify", "SORTER", {"matter": "HEAT_NONE", "urgency": "P2", "case_type": "HELP"}),
    ("assign", "SPECIALIST", {"unit": "市北供热服务站"}),
    ("sign", "UNIT_DISPATCH", {}),
    ("contacted", "UNIT_STAFF", {"contacted_at": "2026-11-24T09:00:00+08:00"}),
    ("feedback", "UNIT_DISPATCH", FEEDBACK),
    ("check", "INSPECTOR", {}),
    ("precheck_ok", "INSPECTOR", {}),
]


async def opened(person: Person, **given: Any) -> str:
    return str((await person.post("/api/v1/cases", DEMAND | given, status=201))["case_number"])


async def to_callback(person: Person, number: str) -> list[str]:
    """Every move up to the callback; the states."""
    states = []
    for event, role, fields in TO_CALLBACK:
        body = {"event": event, "role": role, "fields": fields}
        states.append((await person.post(f"/api/v1/cases/{number}/moves", body))["to_state"])
    return states
