from itertools import count

import pytest

from telephony.sip.core.message import Request, parse_message
from telephony.sip.io.outgoing import contact_value, make_invite

pytestmark = pytest.mark.unit


def invite(**changes: object) -> Request:
    tokens = count()
    arguments: dict[str, object] = {
        "caller": "96556",
        "caller_name": "",
        "caller_host": "10.0.0.1",
        "contact": "<sip:96556@10.0.0.1:5060>",
        "product": "Nuanxian",
        "new_token": lambda: f"t{next(tokens)}",
    }
    return make_invite("sip:1@10.0.0.2;user=phone", **(arguments | changes))  # type: ignore[arg-type]


def wired(request: Request) -> Request:
    request.fields = {"Via": ["SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"], **request.fields}
    message = parse_message(request.to_bytes())
    assert isinstance(message, Request)
    return message


def test_an_invite_as_the_rfc_wants_it() -> None:
    message = wired(invite(caller_name="暖线", asserted_identity="sip:96556@10.0.0.1", sdp="v=0\r\n"))
    assert (message.uri, message.to_address.uri_text) == ("sip:1@10.0.0.2;user=phone", "sip:1@10.0.0.2")
    assert (message.from_address.display, message.from_address.uri.user) == ("暖线", "96556")
    assert message.from_tag
    assert message.sdp == "v=0\r\n"
    assert message.get("Max-Forwards") == "70"
    assert "100rel" not in (message.get("Supported") or "")


def test_nothing_that_the_owner_hands_in_can_begin_a_header_of_its_own() -> None:
    evil = 'x"\r\nEvil: 1'
    message = wired(
        invite(caller=evil, caller_name=evil, asserted_identity=f"sip:{evil}@h", headers=(("Subject", evil),))
    )
    assert "Evil" not in message.fields


def test_the_contact_says_tcp_only_where_it_is_tcp() -> None:
    assert contact_value("96556", "10.0.0.1", 5060, "udp") == "<sip:96556@10.0.0.1:5060>"
    assert contact_value("*11", "2001:db8::1", 5060, "tcp") == "<sip:*11@[2001:db8::1]:5060;transport=tcp>"
    assert contact_value("", "10.0.0.1", 5060, "udp") == "<sip:10.0.0.1:5060>"
