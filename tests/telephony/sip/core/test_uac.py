from dataclasses import dataclass

import pytest

from telephony.sip import (
    Credentials,
    DialogEnd,
    EndedBy,
    Hop,
    InviteFailed,
    OutgoingInvite,
    Provisional,
    Request,
    WrongState,
    answer_offer,
    make_offer,
)
from telephony.sip.core.message import make_response
from tests.fakes.sip_hotline import LOCAL, REMOTE, SERVER, TRUNK, Line, Notes, request

pytestmark = pytest.mark.unit

OUR_OFFER = make_offer(LOCAL)
ANSWER = answer_offer(OUR_OFFER, REMOTE).sdp
CONTACT = ("Contact", f"<sip:far@{TRUNK}:5060>")
SDP = ("Content-Type", "application/sdp")


@dataclass
class Outbound:
    line: Line
    notes: Notes
    call: OutgoingInvite

    def invites(self) -> list[Request]:
        return [m for m in self.line.trunk.heard if isinstance(m, Request) and m.method == "INVITE"]

    def trunk_answers(
        self, status: int, *, tag: str = "far", sdp: str = "", headers: tuple = (), number: int = -1
    ) -> None:  # type: ignore[type-arg]
        lines = [CONTACT, *headers] + ([SDP] if sdp else [])
        response = make_response(self.invites()[number], status, to_tag=tag, headers=lines, body=sdp.encode())
        self.line.trunk.send(response, SERVER)
        self.line.advance()


def dial(line: Line, *, sdp: str | None = OUR_OFFER, credentials: Credentials | None = None) -> Outbound:
    notes = Notes()
    call = line.endpoint.invite(
        f"sip:13900009999@{TRUNK}",
        caller="96556",
        caller_name='Q "96556"',
        events=notes,
        sdp=sdp,
        hop=Hop(TRUNK, 5060),
        credentials=credentials,
        trunk="carrier",
        asserted_identity="sip:96556@10.0.0.1",
    )
    assert notes.events == []
    line.advance(0.05)
    return Outbound(line, notes, call)


async def test_an_answered_call_is_acknowledged_at_the_peers_contact(line: Line) -> None:
    out = dial(line)
    (invite,) = out.invites()
    assert invite.get("P-Asserted-Identity") == "<sip:96556@10.0.0.1>"
    assert invite.from_address.display == 'Q "96556"'
    out.trunk_answers(100)
    out.trunk_answers(180)
    out.trunk_answers(200, sdp=ANSWER)
    assert out.notes.names == ["Provisional", "answered"]
    assert out.notes.sdp == ANSWER
    ack = line.trunk.last_request()
    assert (ack.method, ack.uri, ack.to_tag) == ("ACK", f"sip:far@{TRUNK}:5060", "far")
    assert ack.via.branch != invite.via.branch
    out.call.bye()
    line.advance()
    assert line.trunk.methods == ["INVITE", "ACK", "BYE"]


async def test_a_repeated_200_is_acknowledged_again_and_told_once(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(200, sdp=ANSWER)
    out.trunk_answers(200, sdp=ANSWER)
    assert line.trunk.methods == ["INVITE", "ACK", "ACK"]
    assert out.notes.names == ["answered"]


async def test_silence_fails_with_408_after_32_s_and_leaves_nothing(line: Line) -> None:
    out = dial(line)
    line.advance(33)
    assert line.trunk.methods == ["INVITE"] * 7
    assert out.notes.events == [InviteFailed(408, "Request Timeout")]
    assert line.quiet()


async def test_an_unreachable_trunk_fails_with_503(line: Line) -> None:
    line.network.unreachable.add(TRUNK)
    out = dial(line)
    assert out.notes.events == [InviteFailed(503, "Service Unavailable")]
    assert line.quiet()


async def test_a_refusal_is_told_with_its_q850_cause(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(486, headers=(("Reason", "Q.850;cause=17"), ("Retry-After", "30")))
    assert out.notes.events == [InviteFailed(486, "Busy Here", 17, None, 30)]
    assert line.trunk.methods == ["INVITE", "ACK"]
    line.advance(40)
    assert line.quiet()


async def test_a_redirection_names_its_contacts(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(302)
    (event,) = out.notes.events
    assert isinstance(event, InviteFailed)
    assert event.contacts == (f"sip:far@{TRUNK}:5060",)


async def test_early_media_of_each_fork_is_told_and_the_first_answer_wins(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(183, tag="one", sdp=ANSWER)
    out.trunk_answers(180, tag="two")
    out.trunk_answers(200, tag="two", sdp=ANSWER)
    first, second = out.notes.events[:2]
    assert isinstance(first, Provisional)
    assert isinstance(second, Provisional)
    assert (first.fork, first.sdp, second.fork, second.sdp) == ("one", ANSWER, "two", None)
    out.trunk_answers(200, tag="one", sdp=ANSWER)  # too late: ACK, then BYE
    assert line.trunk.methods == ["INVITE", "ACK", "ACK", "BYE"]
    assert line.trunk.last_request().to_tag == "one"
    assert out.notes.names == ["Provisional", "Provisional", "answered"]
    assert out.call.answered
    line.trunk.send(make_response(line.trunk.last_request(), 200), SERVER)
    line.advance()
    assert out.call.answered


async def test_a_cancel_waits_for_a_provisional_response(line: Line) -> None:
    out = dial(line)
    out.call.cancel()
    line.advance()
    assert line.trunk.methods == ["INVITE"]
    out.trunk_answers(180)
    cancel = line.trunk.last_request()
    assert cancel.method == "CANCEL"
    assert cancel.via.branch == out.invites()[0].via.branch
    line.trunk.send(make_response(cancel, 200), SERVER)
    out.trunk_answers(487)
    assert out.notes.events == [InviteFailed(487, "Request Terminated")]
    line.advance(40)
    assert line.quiet()


async def test_a_200_that_crosses_the_cancel_is_acknowledged_and_ended(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(180)
    out.call.cancel()
    line.advance()
    out.trunk_answers(200, sdp=ANSWER)
    assert line.trunk.methods == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert out.notes.events[-1] == InviteFailed(487, "Request Terminated")
    assert "answered" not in out.notes.events
    out.trunk_answers(200, sdp=ANSWER)
    assert line.trunk.methods.count("ACK") == 2
    assert line.trunk.methods.count("BYE") == 1


async def test_a_cancel_without_final_response_is_given_up_after_32_s(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(180)
    out.call.cancel()
    line.advance(70)
    assert out.notes.events[-1] == InviteFailed(487, "Request Terminated")
    assert line.quiet()


async def test_without_sdp_the_peers_offer_is_answered_in_the_ack(line: Line) -> None:
    out = dial(line, sdp=None)
    out.trunk_answers(200, sdp=make_offer(REMOTE))
    assert line.trunk.methods == ["INVITE"]
    assert out.notes.sdp == make_offer(REMOTE)
    out.call.ack(ANSWER)
    line.advance()
    assert line.trunk.last_request().sdp == ANSWER
    with pytest.raises(WrongState):
        out.call.ack(ANSWER)


async def test_a_bye_of_the_peer_ends_the_outbound_call(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(200, sdp=ANSWER)
    bye = request("BYE", number=7, to_tag=out.invites()[0].from_tag, from_tag="far", call_id=out.call.call_id)
    line.trunk_sends(bye)
    assert line.trunk.statuses == [200]
    assert out.notes.events[-1] == DialogEnd(EndedBy.PEER)


async def test_the_ack_and_the_bye_follow_the_route_set_of_the_200(line: Line) -> None:
    out = dial(line)
    routes = (("Record-Route", "<sip:10.0.0.9;lr>, <sip:10.0.0.3;lr>"),)
    out.trunk_answers(200, sdp=ANSWER, headers=routes)
    assert line.phone.methods == ["ACK"]  # 10.0.0.3 is the nearest proxy
    assert line.phone.last_request().get_list("Route") == ["<sip:10.0.0.3;lr>", "<sip:10.0.0.9;lr>"]


CHALLENGE = 'Digest realm="carrier.example", nonce="n1", algorithm=SHA-256, qop="auth"'
TRUNK_PASSWORD = Credentials("hotline", "pw", realm="carrier.example")


async def test_a_challenge_is_answered_once_and_the_call_goes_on(line: Line) -> None:
    out = dial(line, credentials=TRUNK_PASSWORD)
    out.trunk_answers(407, headers=(("Proxy-Authenticate", CHALLENGE),))
    first, second = out.invites()
    assert second.cseq.number == first.cseq.number + 1
    assert second.call_id == first.call_id
    assert "nc=00000001" in (second.get("Proxy-Authorization") or "")
    out.trunk_answers(200, sdp=ANSWER)
    ack = line.trunk.last_request()
    assert ack.get("Proxy-Authorization") == second.get("Proxy-Authorization")
    assert out.notes.names == ["answered"]


async def test_a_second_challenge_means_that_the_password_is_wrong(line: Line) -> None:
    out = dial(line, credentials=TRUNK_PASSWORD)
    out.trunk_answers(401, headers=(("WWW-Authenticate", CHALLENGE),))
    out.trunk_answers(401, headers=(("WWW-Authenticate", CHALLENGE),))
    assert len(out.invites()) == 2
    assert out.notes.events == [InviteFailed(401, "Unauthorized")]


async def test_a_stale_nonce_is_tried_again(line: Line) -> None:
    out = dial(line, credentials=TRUNK_PASSWORD)
    out.trunk_answers(401, headers=(("WWW-Authenticate", CHALLENGE),))
    out.trunk_answers(401, headers=(("WWW-Authenticate", CHALLENGE + ", stale=true"),))
    assert len(out.invites()) == 3


async def test_the_password_is_not_proved_to_another_realm(line: Line) -> None:
    out = dial(line, credentials=TRUNK_PASSWORD)
    out.trunk_answers(401, headers=(("WWW-Authenticate", CHALLENGE.replace("carrier", "evil")),))
    assert len(out.invites()) == 1
    assert out.notes.names == ["InviteFailed"]


async def test_a_challenge_from_another_address_is_dropped(line: Line) -> None:
    out = dial(line, credentials=TRUNK_PASSWORD)
    forged = make_response(out.invites()[0], 401, to_tag="x", headers=[("WWW-Authenticate", CHALLENGE)])
    line.phone.send(forged, SERVER)
    line.advance()
    assert len(out.invites()) == 1
    assert out.notes.events == []


async def test_ringing_that_never_ends_is_cancelled_even_if_the_owner_forgets_it(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(180)
    line.advance(700)
    assert "CANCEL" in line.trunk.methods
    assert out.notes.names[-1] == "InviteFailed"
    assert line.quiet()


async def test_a_phone_is_told_that_another_one_answered(line: Line) -> None:
    out = dial(line)
    out.trunk_answers(180)
    out.call.cancel(answered_elsewhere=True)
    line.advance()
    assert line.trunk.last_request().get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
