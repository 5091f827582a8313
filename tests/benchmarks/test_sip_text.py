"""The generator's own SIP: what it builds can be read, by itself and by the server's parser."""

import hashlib

import pytest

from benchmarks.sip_text import Dialog, alaw_tone, description, digest, parse, response
from telephony.sip.core.message import Request, parse_message
from telephony.sip.core.offer_answer import LocalMedia, answer_offer

pytestmark = pytest.mark.unit


def dialog() -> Dialog:
    return Dialog(
        "sip:96556@127.0.0.1:5060",
        "127.0.0.1:5071",
        "c@b",
        "<sip:13900000001@127.0.0.1>;tag=a",
        "<sip:96556@127.0.0.1>",
    )


def test_an_invite_of_the_generator_is_a_request_to_the_server() -> None:
    data = dialog().request("INVITE", "z9hG4bKa", body=description("127.0.0.1", 4000))
    request = parse_message(data)
    assert isinstance(request, Request)
    assert request.method == "INVITE"
    assert answer_offer(str(request.sdp), LocalMedia("127.0.0.1", 5000, 1)).agreement.remote_port == 4000


def test_a_response_repeats_what_it_must_and_is_read_back() -> None:
    request = parse(dialog().request("INVITE", "z9hG4bKa", body=description("127.0.0.1", 4000)))
    assert request is not None
    assert (request.status, request.method, request.rtp) == (0, "INVITE", ("127.0.0.1", 4000))
    answer = parse(response(request, "200 OK", tag="s", contact="sip:seat@127.0.0.1:5090"))
    assert answer is not None
    assert (answer.status, answer.method, answer.contact) == (200, "INVITE", "sip:seat@127.0.0.1:5090")
    assert answer.one("to").endswith(";tag=s")
    assert answer.one("via") == request.one("via")


def test_compact_headers_are_expanded_and_noise_is_no_message() -> None:
    message = parse(b"BYE sip:a SIP/2.0\r\ni: x\r\nm: <sip:b>;expires=3\r\n\r\n")
    assert message is not None
    assert (message.one("call-id"), message.contact) == ("x", "sip:b")
    assert parse(b"\x80\x08") is None


@pytest.mark.parametrize(("algorithm", "function"), [("MD5", hashlib.md5), ("SHA-256", hashlib.sha256)])
def test_the_digest_is_that_of_the_rfc(algorithm: str, function: "type") -> None:
    challenge = f'Digest realm="r", nonce="n", algorithm={algorithm}, qop="auth"'
    value = digest(challenge, username="u", password="p", method="REGISTER", uri="sip:x")
    ha1, ha2 = (function(text.encode()).hexdigest() for text in ("u:r:p", "REGISTER:sip:x"))
    expected = function(f"{ha1}:n:00000001:be9c:auth:{ha2}".encode()).hexdigest()
    assert f'response="{expected}"' in value


def test_a_tone_is_one_frame_that_may_repeat() -> None:
    tone = alaw_tone(1000)
    assert len(tone) == 160
    assert tone[:8] == tone[8:16]
    assert len(set(tone)) > 3
