import pytest

from telephony.sip.core.message import make_response, parse_message
from telephony.sip.core.reasons import read_reason, read_retry_after, reason_header, warning_header
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit


def test_a_reason_is_written_and_read() -> None:
    message = parse_message(request("BYE", headers=(": ".join(reason_header(31, "normal, really")),)).encode())
    assert read_reason(message) == (31, "normal, really")


def test_a_sip_reason_gives_only_its_text() -> None:
    headers = ('Reason: SIP;cause=200;text="Call completed elsewhere", Q.850;cause=26',)
    assert read_reason(parse_message(request("CANCEL", headers=headers).encode())) == (26, "Call completed elsewhere")


def test_a_broken_reason_is_no_reason() -> None:
    assert read_reason(parse_message(request("BYE", headers=("Reason: Q.850;cause=x",)).encode())) == (None, "")
    assert read_reason(parse_message(request("BYE").encode())) == (None, "")


@pytest.mark.parametrize(("text", "seconds"), [("18", 18), ("5 (in a meeting);duration=3600", 5), ("soon", None)])
def test_retry_after(text: str, seconds: int | None) -> None:
    invite = parse_message(request().encode())
    response = make_response(invite, 503, headers=[("Retry-After", text)])  # type: ignore[arg-type]
    assert read_retry_after(response) == seconds


def test_a_warning_stays_inside_its_quotes_and_its_line() -> None:
    assert warning_header("h", 'a "b"\r\nc\\') == ("Warning", "399 h \"a 'b'  c/\"")
