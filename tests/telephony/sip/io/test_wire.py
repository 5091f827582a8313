import pytest

from telephony.sip import Hop
from telephony.sip.core.message import Request, parse_message
from telephony.sip.core.uri import parse_uri
from telephony.sip.io.wire import response_hop, uri_hop
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit


def parsed(text: str) -> Request:
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize(
    ("via", "hop"),
    [
        ("10.0.0.2:5070;branch=z9hG4bK1;rport", Hop("10.0.0.2", 9999)),
        ("10.0.0.2:5070;branch=z9hG4bK1", Hop("10.0.0.2", 5070)),
        ("private.example;branch=z9hG4bK1", Hop("10.0.0.2", 5060)),
    ],
)
def test_the_way_back_over_udp(via: str, hop: Hop) -> None:
    message = parsed(request().replace("10.0.0.2:5060;branch=z9hG4bKcall-1-1;rport", via))
    assert response_hop(message, Hop("10.0.0.2", 9999)) == hop


def test_the_way_back_over_tcp_is_the_connection() -> None:
    source = Hop("10.0.0.2", 40000, "tcp")
    assert response_hop(parsed(request(transport="TCP")), source) == source


def test_the_hop_of_a_uri() -> None:
    assert uri_hop(parse_uri("sip:x@10.0.0.9:5070;transport=tcp")) == Hop("10.0.0.9", 5070, "tcp")
    assert uri_hop(parse_uri("sip:x@10.0.0.9")) == Hop("10.0.0.9", 5060, "udp")
