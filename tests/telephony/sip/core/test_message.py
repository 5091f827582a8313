from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.message import Request, Response, header_items, make_response, parse_message
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit


def parsed(text: str) -> Request:
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message


def test_a_request_is_read_and_written_back_unchanged() -> None:
    message = parsed(request())
    assert (message.method, message.uri, message.cseq) == ("INVITE", "sip:96556@10.0.0.1", (1, "INVITE"))
    again = parse_message(message.to_bytes())
    assert list(header_items(again)) == list(header_items(message))
    assert again.body == message.body


def test_compact_and_folded_and_lower_case_headers_are_the_same_headers() -> None:
    text = (
        "OPTIONS sip:x@y SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1\r\nf: <sip:a@b>;\r\n  tag=1\r\nT: <sip:c@d>\r\n"
        "i: 1\r\ncseq: 1 OPTIONS\r\nx-own: a\r\nX-OWN: b\r\nl: 0\r\n\r\n"
    )
    message = parsed(text)
    assert (message.from_tag, message.call_id, message.fields["X-Own"]) == ("1", "1", ["a", "b"])


def test_comma_lists_are_split_but_not_inside_quotes_and_brackets() -> None:
    message = parsed(request(headers=('Record-Route: <sip:a;x="1,2">, "q, r" <sip:b?h=1,2>', "Record-Route: <sip:c>")))
    assert message.get_list("Record-Route") == ['<sip:a;x="1,2">', '"q, r" <sip:b?h=1,2>', "<sip:c>"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Call-ID: call-1\r\n", "", "Call-ID is missing"),
        ("Call-ID: call-1", "Call-ID: call-1\r\nCall-ID: call-2", "Call-ID stands more than once"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", "another method"),
        ("CSeq: 1 INVITE", "CSeq: 99999999999 INVITE", "CSeq"),
        ("CSeq: 1 INVITE", "CSeq: 2147483648 INVITE", "2\\^31"),
        ("Max-Forwards: 70", "Max-Forwards: many", "Max-Forwards"),
        ("Content-Length: ", "Content-Length: 9", "shorter than Content-Length"),
        ("Content-Length: ", "Content-Length: -", "Content-Length is no number"),
        ("<sip:13800001234@10.0.0.2>;tag", "<sip:13800001234@10.0.0.2;tag", "angle bracket"),
        ("<sip:96556@10.0.0.1>", '"open <sip:96556@10.0.0.1>', "quoted name"),
        ("SIP/2.0/UDP 10.0.0.2:5060", "SIP/2.0/UDP 10.0.0.2:99999", "port"),
        ("SIP/2.0/UDP", "SIP/3.0/UDP", "Via is not SIP/2.0"),
        ("Max-Forwards: 70", "Max-Forwards 70", "without a colon"),
    ],
)
def test_what_breaks_the_grammar_is_refused_by_name(old: str, new: str, why: str) -> None:
    text = request()
    assert old in text
    with pytest.raises(MessageMalformed, match=why):
        parse_message(text.replace(old, new, 1).encode())


def test_a_malformed_request_can_be_answered_when_its_way_back_is_readable() -> None:
    with pytest.raises(MessageMalformed) as caught:
        parse_message(request().replace("Max-Forwards: 70", "Max-Forwards: x").encode())
    assert caught.value.request is not None
    assert make_response(caught.value.request, caught.value.status).status == 400


def test_another_version_is_answered_505() -> None:
    with pytest.raises(MessageMalformed) as caught:
        parse_message(request().replace("10.0.0.1 SIP/2.0\r\n", "10.0.0.1 SIP/7.0\r\n").encode())
    assert caught.value.status == 505
    assert caught.value.request is not None


def test_a_malformed_ack_or_response_is_never_answered() -> None:
    ack = request("ACK").replace("Max-Forwards: 70", "Max-Forwards: x")
    with pytest.raises(MessageMalformed) as caught:
        parse_message(ack.encode())
    assert caught.value.request is None


def test_bytes_beyond_content_length_are_cut_off() -> None:
    assert parse_message(request().encode() + b"rubbish").body == parsed(request()).body


@pytest.mark.parametrize("line", ["SIP/2.0 99 Low", "SIP/2.0 700 High", "SIP/2.0 2x0 OK", "SIP/2.0  OK", "HELLO", ""])
def test_a_wrong_start_line_is_refused(line: str) -> None:
    rest = request().partition("\r\n")[2]
    with pytest.raises(MessageMalformed):
        parse_message(f"{line}\r\n{rest}".encode())


def test_the_top_via_is_stamped_for_the_way_back() -> None:
    message = parsed(request(host="10.0.0.2"))
    message.stamp("192.0.2.7", 1234)
    assert message.via.params["received"] == "192.0.2.7"
    assert message.via.params["rport"] == "1234"


def test_without_rport_only_a_differing_address_is_stamped() -> None:
    plain = parsed(request().replace(";rport", ""))
    plain.stamp("10.0.0.2", 9)
    assert "received" not in plain.via.params
    plain.stamp("192.0.2.7", 9)
    assert plain.via.params["received"] == "192.0.2.7"
    assert "rport" not in plain.via.params


def test_a_response_copies_what_the_rfc_says() -> None:
    invite = parsed(request(headers=("Record-Route: <sip:p;lr>",)))
    ringing = make_response(invite, 180, to_tag="ours")
    assert ringing.to_tag == "ours"
    assert ringing.fields["Via"] == invite.fields["Via"]
    assert ringing.get("Record-Route") == "<sip:p;lr>"
    assert make_response(invite, 100, to_tag="ours").to_tag == ""
    assert make_response(invite, 486, to_tag="ours").get("Record-Route") is None


def test_a_response_keeps_the_tag_that_the_request_has() -> None:
    assert make_response(parsed(request("BYE", to_tag="kept")), 200, to_tag="other").to_tag == "kept"


@given(st.binary(max_size=2048))
def test_any_datagram_is_parsed_or_refused_by_name(datagram: bytes) -> None:
    with suppress(MessageMalformed):
        parse_message(datagram)


@given(st.data())
def test_a_damaged_request_is_parsed_or_refused_by_name(data: st.DataObject) -> None:
    raw = bytearray(request(headers=("Record-Route: <sip:p;lr>, <sip:q>", 'Contact: "a" <sip:b@c>')).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=6))
    with suppress(MessageMalformed):
        message = parse_message(bytes(raw))
        message.to_bytes()
        if isinstance(message, Request):
            message.stamp("192.0.2.1", 1)
            parse_message(make_response(message, 200, to_tag="t").to_bytes())


@given(st.text(max_size=60))
def test_whatever_stands_in_a_header_comes_back(text: str) -> None:
    value = "".join(character for character in text if character.isprintable()).strip()
    message = parsed(request(headers=(f"Subject: {value}",)))
    assert parse_message(message.to_bytes()).get("Subject") == value


def test_responses_are_read_with_and_without_a_phrase() -> None:
    ok = make_response(parsed(request()), 200, to_tag="t").to_bytes()
    without = ok.replace(b"200 OK", b"200 ")
    for raw in (ok, without):
        message = parse_message(raw)
        assert isinstance(message, Response)
        assert message.status == 200
