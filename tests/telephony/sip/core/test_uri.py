import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.uri import parse_uri

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:96556@10.0.0.1", "96556", "10.0.0.1", None),
        ("sip:%2A11@Example.COM:5070;transport=tcp", "*11", "example.com", 5070),
        ("sip:+8613800001234;phone-context=x@h;user=phone", "+8613800001234", "h", None),
        ("sips:a:password@[2001:db8::1]:5061?Subject=x", "a", "2001:db8::1", 5061),
        ("SIP:10.0.0.1", "", "10.0.0.1", None),
        ("tel:+8653288888888;ext=1", "+8653288888888", "", None),
    ],
)
def test_uris_as_they_come(text: str, user: str, host: str, port: int | None) -> None:
    uri = parse_uri(text)
    assert (uri.user, uri.host, uri.port) == (user, host, port)


def test_parameters_are_read() -> None:
    uri = parse_uri("sip:p.example;lr;Transport=TCP;maddr=1.2.3.4")
    assert uri.loose
    assert uri.transport == "tcp"


@pytest.mark.parametrize("text", ["", "sip", "sip:", "sip:@", "sip:a@", "sip:a@b:0", "sip:a@b:x", "sip:a@[::1", ":a@b"])
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(MessageMalformed):
        parse_uri(text)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20))
def test_any_user_part_survives_being_written_and_read(user: str) -> None:
    from telephony.sip.core.uri import Uri

    written = str(Uri("sip", user, "example.com", 5070))
    assert "\r" not in written
    assert "\n" not in written
    if ";" not in user:
        assert parse_uri(written).user == user


@pytest.mark.parametrize("text", ["sip: 138@h", "sip:a b@h", 'sip:"a"@h', "sip:a@h;x=<y>", "sip:a@h\t"])
def test_a_uri_that_would_break_a_request_line_is_refused(text: str) -> None:
    with pytest.raises(MessageMalformed):
        parse_uri(text)


def test_bytes_that_are_no_utf_8_leave_as_they_came() -> None:
    assert str(parse_uri("sip:a\udcabb@h")) == "sip:a%ABb@h"
