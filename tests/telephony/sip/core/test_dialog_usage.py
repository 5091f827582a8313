import pytest

from telephony.sip import Credentials, DialogEnd, EndedBy, Hop, MediaDirection, make_offer
from telephony.sip.core.message import make_response
from tests.fakes.sip_hotline import LOCAL, REMOTE, SERVER, TRUNK, Line, Notes, ack_of, request

pytestmark = pytest.mark.unit

HOLD = make_offer(REMOTE.next_version(), MediaDirection.SENDONLY)


def answered(line: Line) -> str:
    """A call in progress; our tag."""
    line.trunk_sends(request())
    tag = line.trunk.last_response().to_tag
    line.trunk_sends(ack_of(request(), tag))
    return tag


async def test_a_bye_of_the_peer_ends_the_call_with_its_reason_and_leaves_nothing(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("BYE", number=2, to_tag=tag, headers=('Reason: Q.850;cause=31;text="bye"',)))
    assert line.trunk.statuses[-1] == 200
    assert line.notes.events[-1] == DialogEnd(EndedBy.PEER, 31, "bye")
    line.advance(40)
    assert line.quiet()


async def test_our_bye_ends_even_if_the_peer_is_silent(answering_line: Line) -> None:
    line = answering_line
    answered(line)
    line.invite.bye()
    assert line.notes.events[-1] == DialogEnd(EndedBy.LOCAL, 16, "")
    line.advance(40)
    assert line.trunk.methods.count("BYE") > 5
    assert line.quiet()
    assert line.notes.names.count("DialogEnd") == 1


async def test_byes_that_cross_are_both_answered_and_told_once(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.invite.bye()
    line.trunk_sends(request("BYE", number=2, to_tag=tag))
    assert line.trunk.statuses[-1] == 200
    assert line.notes.names.count("DialogEnd") == 1


async def test_an_old_number_is_refused_with_500(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("INFO", number=5, to_tag=tag))
    line.trunk_sends(request("INFO", number=4, to_tag=tag))
    assert line.trunk.statuses[-1] == 500


async def test_a_stranger_who_knows_only_our_tag_ends_nothing(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("BYE", number=2, to_tag=tag, from_tag="guessed"))
    assert line.trunk.statuses[-1] == 481
    assert line.invite.answered


async def test_requests_inside_the_dialog_follow_the_record_route(answering_line: Line) -> None:
    line = answering_line
    routes = ("Record-Route: <sip:10.0.0.3;lr>, <sip:10.0.0.9;lr>",)
    invite = request(headers=routes)
    line.trunk_sends(invite)
    ok = line.trunk.last_response()
    assert ok.get_list("Record-Route") == ["<sip:10.0.0.3;lr>", "<sip:10.0.0.9;lr>"]
    line.trunk_sends(ack_of(invite, ok.to_tag))
    line.invite.bye()
    line.advance()
    bye = line.phone.last_request()  # 10.0.0.3 is the first route
    assert bye.uri == "sip:13800001234@10.0.0.2:5060"
    assert bye.get_list("Route") == ["<sip:10.0.0.3;lr>", "<sip:10.0.0.9;lr>"]


async def test_a_challenged_bye_is_proved_and_the_second_one_counts(line: Line) -> None:
    notes = Notes()
    call = line.endpoint.invite(
        f"sip:1@{TRUNK}", caller="96556", events=notes, sdp=make_offer(LOCAL), hop=Hop(TRUNK, 5060),
        credentials=Credentials("hotline", "pw"),
    )  # fmt: skip
    line.advance()
    contact = [("Contact", f"<sip:far@{TRUNK}>")]
    line.trunk.send(make_response(line.trunk.last_request(), 200, to_tag="far", headers=contact), SERVER)
    line.advance()
    call.bye()
    line.advance()
    challenge = [("Proxy-Authenticate", 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"')]
    line.trunk.send(make_response(line.trunk.last_request(), 407, headers=challenge), SERVER)
    line.advance()
    bye = line.trunk.last_request()
    assert bye.method == "BYE"
    assert 'username="hotline"' in (bye.get("Proxy-Authorization") or "")
    line.trunk.send(make_response(bye, 200), SERVER)
    line.advance(60)
    assert line.quiet()
    assert notes.names == ["answered", "DialogEnd"]


async def test_an_info_of_ours_that_meets_481_ends_the_dialog(answering_line: Line) -> None:
    line = answering_line
    answered(line)
    line.invite.info("application/dtmf-relay", b"Signal=1\r\n")
    line.advance()
    info = line.trunk.last_request()
    assert (info.method, info.body) == ("INFO", b"Signal=1\r\n")
    line.trunk.send(make_response(info, 481), SERVER)
    line.advance()
    assert line.trunk.methods[-1] == "BYE"
    assert line.notes.names[-1] == "DialogEnd"


async def test_a_bye_whose_ack_never_comes_is_sent_in_the_end_and_told_once(answering_line: Line) -> None:
    line = answering_line
    line.trunk_sends(request())
    line.invite.bye()
    line.invite.bye()
    line.advance(33)
    assert "BYE" in line.trunk.methods
    assert line.notes.names == ["DialogEnd"]
    line.advance(40)
    assert line.quiet()


async def test_while_our_bye_is_under_way_nothing_new_begins(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.invite.bye()
    line.trunk_sends(request(number=2, to_tag=tag))
    assert line.trunk.statuses[-1] == 481
    line.trunk_sends(request("INFO", number=3, to_tag=tag))
    assert line.notes.names == ["acked", "DialogEnd"]
