import logging

import pytest

from telephony.sip.core.message import Request, parse_message
from telephony.sip.io.incoming import caller_of
from tests.fakes.sip_hotline import Line, request

pytestmark = pytest.mark.unit


def parsed(*headers: str, old: str = "", new: str = "") -> Request:
    text = request(headers=headers)
    message = parse_message((text.replace(old, new, 1) if old else text).encode())
    assert isinstance(message, Request)
    return message


FROM = "<sip:13800001234@10.0.0.2>"


@pytest.mark.parametrize(
    ("invite", "trusted", "caller"),
    [
        (parsed(), True, ("13800001234", "")),
        (parsed("P-Asserted-Identity: <sip:53288880000@c>"), True, ("53288880000", "")),
        (parsed("P-Asserted-Identity: <sip:53288880000@c>"), False, ("13800001234", "")),
        (parsed("P-Asserted-Identity: rubbish"), True, ("13800001234", "")),
        (parsed(old=FROM, new='"Anonymous" <sip:anonymous@anonymous.invalid>'), True, ("", "")),
        (parsed(old=FROM, new="<sip:Anonymous@10.0.0.2>"), True, ("", "")),
        (parsed(old=FROM, new='"Li Lei" <tel:+8613800001234>'), True, ("+8613800001234", "Li Lei")),
    ],
)
def test_who_calls(invite: Request, trusted: bool, caller: tuple[str, str]) -> None:
    assert caller_of(invite, trusted=trusted) == caller


async def test_short_codes_are_unescaped(line: Line) -> None:
    line.trunk_sends(request(uri="sip:%2A11@10.0.0.1;user=phone"))
    assert line.invite.dialled == "*11"


async def test_a_refusal_is_logged_with_its_reason_and_without_the_number(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.trunk_sends(request())
    with caplog.at_level(logging.INFO):
        line.invite.reject(404, warning="no such number")
    (record,) = [record for record in caplog.records if record.message == "call refused"]
    assert (record.status, record.why) == (404, "no such number")  # type: ignore[attr-defined]
    assert "13800001234" not in repr(vars(record))
