import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.sip import IncomingInvite
from tests.fakes.sip_hotline import SERVER, Line, ack_of, request

pytestmark = pytest.mark.unit


async def test_options_are_answered_with_what_we_allow(line: Line) -> None:
    line.trunk_sends(request("OPTIONS"))
    ok = line.trunk.last_response()
    assert ok.status == 200
    assert ok.get("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"
    assert ok.get("Supported") == "100rel, timer"


@pytest.mark.parametrize(
    ("method", "status"),
    [("BYE", 481), ("INFO", 481), ("SUBSCRIBE", 405), ("MESSAGE", 405), ("REFER", 405), ("DANCE", 501)],
)
async def test_requests_outside_dialogs_that_we_do_not_serve(line: Line, method: str, status: int) -> None:
    line.trunk_sends(request(method))
    assert line.trunk.statuses == [status]


async def test_a_request_for_an_unknown_dialog_is_answered_481(line: Line) -> None:
    line.trunk_sends(request(to_tag="nobody"))
    assert line.trunk.statuses == [481]
    assert line.owner.invites == []


async def test_an_extension_that_we_lack_is_named(line: Line) -> None:
    line.trunk_sends(request(headers=("Require: 100rel, foo, timer, bar",)))
    refusal = line.trunk.last_response()
    assert (refusal.status, refusal.get("Unsupported")) == (420, "foo, bar")


async def test_an_unknown_uri_scheme_is_answered_416(line: Line) -> None:
    line.trunk_sends(request(uri="fax:12345"))
    assert line.trunk.statuses == [416]


async def test_a_call_with_no_hops_left_is_refused_because_it_would_be_bridged_on(line: Line) -> None:
    line.trunk_sends(request().replace("Max-Forwards: 70", "Max-Forwards: 0"))
    assert line.trunk.statuses == [483]
    line.trunk_sends(request("OPTIONS", call_id="o").replace("Max-Forwards: 70", "Max-Forwards: 0"))
    assert line.trunk.statuses[-1] == 200


async def test_the_same_call_by_another_way_is_answered_482(line: Line) -> None:
    line.trunk_sends(request(branch="one"))
    line.trunk_sends(request(branch="two"))
    assert line.trunk.statuses == [100, 482]
    assert len(line.owner.invites) == 1


async def test_an_invite_without_contact_is_answered_400_with_what_is_wrong(line: Line) -> None:
    line.trunk_sends(request(contact=False))
    refusal = line.trunk.last_response()
    assert refusal.status == 400
    assert "Contact is missing" in (refusal.get("Warning") or "")


async def test_a_body_shorter_than_content_length_is_answered_400(line: Line) -> None:
    line.trunk_sends(request().encode()[:-20])
    refusal = line.trunk.last_response()
    assert refusal.status == 400
    assert "shorter than Content-Length" in (refusal.get("Warning") or "")
    assert line.endpoint.stats().malformed == 1


async def test_rubbish_is_counted_and_meets_silence(line: Line) -> None:
    for rubbish in (b"\xff\x00", b"GET / HTTP/1.1\r\n\r\n", b"INVITE\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"):
        line.trunk_sends(rubbish)
    assert line.trunk.heard == []
    assert line.endpoint.stats().malformed == 4
    line.trunk_sends(b"\r\n\r\n")  # a keep-alive
    assert line.endpoint.stats().malformed == 4


async def test_a_response_that_nobody_waits_for_is_dropped(line: Line) -> None:
    line.trunk_sends("SIP/2.0 200 OK\r\n" + request("OPTIONS").partition("\r\n")[2])
    assert line.endpoint.stats().dropped == 1


async def test_responses_go_to_the_source_port_with_rport_and_to_the_vias_port_without(line: Line) -> None:
    behind_nat = line.network.peer("10.0.0.2", 7777)
    behind_nat.send(request("OPTIONS", branch="a"), SERVER)
    line.advance()
    assert behind_nat.statuses == [200]
    assert behind_nat.last_response().via.params["rport"] == "7777"
    behind_nat.send(request("OPTIONS", branch="b", call_id="b").replace(";rport", ""), SERVER)
    line.advance()
    assert behind_nat.statuses == [200]
    assert line.trunk.statuses == [200]  # the Via says port 5060


async def test_a_peer_older_than_rfc_3261_is_matched_without_branch(line: Line) -> None:
    old = request().replace("branch=z9hG4bKcall-1-1;", "")
    line.trunk_sends(old)
    line.trunk_sends(old)
    assert len(line.owner.invites) == 1


async def test_a_full_transaction_table_answers_503_without_retry_after() -> None:
    line = Line(max_transactions=1)
    await line.endpoint.start()
    line.trunk_sends(request())
    line.trunk_sends(request(call_id="call-2"))
    assert line.trunk.statuses == [100, 503]
    assert line.trunk.last_response().get("Retry-After") is None
    assert line.endpoint.stats().refused_overload == 1


async def test_too_many_dialogs_are_refused_with_a_reason() -> None:
    line = Line(max_invites=1)
    await line.endpoint.start()
    line.trunk_sends(request())
    line.trunk_sends(request(call_id="call-2"))
    refusal = line.trunk.last_response()
    assert (refusal.status, refusal.get("Retry-After")) == (503, None)
    assert (refusal.get("Reason") or "").startswith("Q.850;cause=42")


async def test_a_handler_that_raises_costs_only_its_own_call(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    def broken(invite: IncomingInvite) -> None:
        raise RuntimeError("owner")

    line.endpoint._intake._invited = broken
    with caplog.at_level(logging.ERROR):
        line.trunk_sends(request())
    assert line.trunk.statuses == [500]
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag, refused=True))
    line.trunk_sends(request("OPTIONS", call_id="o"))
    assert line.trunk.statuses[-1] == 200


async def test_a_withheld_number_is_no_number(line: Line) -> None:
    line.trunk_sends(request().replace("<sip:13800001234@10.0.0.2>", '"Anonymous" <sip:anonymous@anonymous.invalid>'))
    assert (line.invite.caller, line.invite.caller_name) == ("", "")


async def test_the_asserted_identity_of_a_trunk_goes_before_from(line: Line) -> None:
    asserted = 'P-Asserted-Identity: "Li" <sip:+8653288880000@carrier.example>, <tel:+8653288880000>'
    line.trunk_sends(request(headers=(asserted,)))
    assert (line.invite.caller, line.invite.caller_name) == ("+8653288880000", "Li")


_PIECES = st.lists(
    st.tuples(st.integers(0, 900), st.integers(0, 12), st.binary(max_size=8)),
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(
    messages=st.lists(st.tuples(st.sampled_from(["INVITE", "REGISTER", "BYE", "CANCEL", "ACK"]), _PIECES), max_size=6)
)
def test_no_bytes_stop_the_listener(messages: list[tuple[str, list[tuple[int, int, bytes]]]]) -> None:
    import asyncio

    async def run() -> None:
        line = Line(accept_at_once=True)
        line.network.peer("192.0.2.9")
        await line.endpoint.start()
        line.trunk.answer = None
        for method, pieces in messages:
            raw = bytearray(request(method, headers=('Authorization: Digest username="a", realm="nuanxian"',)).encode())
            for at, cut, inserted in pieces:
                raw[at : at + cut] = inserted
            line.trunk.send(bytes(raw), SERVER)
            line.advance(0.05)
        line.trunk.heard.clear()
        line.trunk_sends(request("OPTIONS", call_id="alive", branch="alive"))
        assert 200 in line.trunk.statuses
        for invite in line.owner.invites:
            invite.bye()
        line.advance(200)
        assert line.quiet()

    asyncio.run(run())
