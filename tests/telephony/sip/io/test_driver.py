import asyncio
import logging
import socket

import pytest

from telephony.sip import (
    AddressPolicy,
    Credentials,
    DialogEnd,
    EndedBy,
    Hop,
    InviteFailed,
    MessageMalformed,
    PortInUse,
    SipEndpoint,
    SipSettings,
    TrunkRegistration,
    WrongPasswordLimiter,
    WrongState,
    make_offer,
)
from telephony.sip.core.message import make_response
from tests.fakes.sip_hotline import LOCAL, SERVER, TRUNK, Line, Notes, Owner, ack_of, request
from vocabulary.clock import SystemClock

pytestmark = pytest.mark.unit


def real_endpoint(port: int) -> SipEndpoint:
    clock = SystemClock()
    policy = AddressPolicy([], lambda name: None, WrongPasswordLimiter(clock.monotonic_s))
    return SipEndpoint(SipSettings(port=port), clock, Owner(), policy)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_port_in_use_is_named_at_start(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"127.0.0.1:{port}"):
            await real_endpoint(port).start()


async def test_port_0_takes_a_free_one_for_both_transports() -> None:
    endpoint = real_endpoint(0)
    await endpoint.start()
    assert endpoint.port > 0
    _, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    writer.close()
    await endpoint.stop(grace_s=0)


async def test_stopping_refuses_cancels_and_ends_what_lives(answering_line: Line) -> None:
    line = answering_line
    line.trunk_sends(request())
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag))
    line.owner.accept_at_once = False
    line.trunk_sends(request(call_id="call-2"))
    out = Notes()
    line.endpoint.invite(f"sip:1@{TRUNK}", caller="2", events=out, sdp=make_offer(LOCAL))
    line.advance()
    invite = line.trunk.last_request()
    line.trunk.send(make_response(invite, 180, to_tag="x"), SERVER)
    line.advance()
    await line.endpoint.stop(grace_s=0)
    line.advance()
    assert line.trunk.statuses[-1] == 503
    assert {"BYE", "CANCEL"} <= set(line.trunk.methods)
    end = line.owner.notes[0].events[-1]
    assert isinstance(end, DialogEnd)
    assert end.by is EndedBy.SHUT_DOWN
    assert isinstance(out.events[-1], InviteFailed)
    line.advance(100)
    assert line.timeline.waiting == 0


async def test_a_target_that_is_no_sip_uri_is_refused(line: Line) -> None:
    for target in ("tel:110", "sip:a b@c", "sip:a@b\r\nEvil: 1", "rubbish"):
        with pytest.raises(MessageMalformed):
            line.endpoint.invite(target, caller="1", events=Notes(), sdp=None)


async def test_too_many_calls_are_a_mistake_of_the_owner() -> None:
    line = Line(max_invites=1)
    await line.endpoint.start()
    line.endpoint.invite(f"sip:1@{TRUNK}", caller="2", events=Notes(), sdp=None)
    with pytest.raises(WrongState):
        line.endpoint.invite(f"sip:1@{TRUNK}", caller="2", events=Notes(), sdp=None)


async def test_a_trunk_by_name_is_resolved_and_a_wrong_name_fails_with_503(line: Line) -> None:
    line.network.names["sbc.carrier.example"] = TRUNK
    line.endpoint.invite("sip:1@sbc.carrier.example", caller="2", events=Notes(), sdp=make_offer(LOCAL))
    lost = Notes()
    line.endpoint.invite("sip:1@nowhere.example", caller="2", events=lost, sdp=make_offer(LOCAL))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    line.advance()
    assert line.trunk.methods == ["INVITE"]
    assert lost.events == [InviteFailed(503, "Service Unavailable")]


async def test_requests_to_a_phone_follow_its_flow_not_its_contact(line: Line) -> None:
    """Its Contact is a private address; the REGISTER came from 10.0.0.3."""
    notes = Notes()
    line.endpoint.invite(
        "sip:6001@192.168.1.9:5060", caller="96556", events=notes, sdp=make_offer(LOCAL),
        hop=Hop("10.0.0.3", 5060), account="6001",
    )  # fmt: skip
    line.advance()
    invite = line.phone.last_request()
    assert invite.uri == "sip:6001@192.168.1.9:5060"
    ok = make_response(invite, 200, to_tag="p", headers=[("Contact", "<sip:6001@192.168.1.9>")])
    line.phone.send(ok, SERVER)
    line.advance()
    assert line.phone.methods == ["INVITE", "ACK"]


async def test_our_registration_at_a_trunk_is_kept_and_given_up_at_the_end() -> None:
    keep = TrunkRegistration("carrier", Hop(TRUNK, 5060), "carrier.example", Credentials("hotline", "pw"))
    line = Line(trunks=(keep,))
    line.trunk.answer = lambda message: line.trunk.send(make_response(message, 200), SERVER)  # type: ignore[arg-type]
    await line.endpoint.start()
    line.advance()
    assert line.owner.trunks == [("carrier", True, "200 OK")]
    line.advance(250)
    assert line.trunk.methods == ["REGISTER", "REGISTER"]
    await line.endpoint.stop(grace_s=0)
    line.advance()
    assert line.trunk.last_request().get("Expires") == "0"


async def test_an_unreachable_trunk_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    keep = TrunkRegistration("carrier", Hop("10.0.9.9", 5060), "carrier.example", Credentials("hotline", "pw"))
    line = Line(trunks=(keep,))
    with caplog.at_level(logging.WARNING):
        await line.endpoint.start()
        line.advance(40)
    assert line.owner.trunks == [("carrier", False, "timed out")]
    line.advance(30)
    registers = [m for _, target, m in line.network.log if target.host == "10.0.9.9"]
    assert len({m.cseq.number for m in registers if m is not None}) == 2


async def test_the_stats_count(answering_line: Line) -> None:
    line = answering_line
    line.trunk_sends(request())
    stats = line.endpoint.stats()
    assert (stats.received, stats.sent, stats.invites_in, stats.dialogs) == (1, 2, 1, 1)
    assert stats.timers > 0
