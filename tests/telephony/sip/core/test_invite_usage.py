import asyncio

import pytest

from telephony.sip import Credentials, DialogEnd, EndedBy, Hop, MediaDirection, Request, WrongState, make_offer
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


async def test_a_hold_is_answered_recvonly_and_the_owner_hears_the_offer(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request(number=2, to_tag=tag, body=HOLD))
    ok = line.trunk.last_response()
    assert ok.status == 200
    assert ok.sdp is not None
    assert "a=recvonly" in ok.sdp
    assert line.notes.events == ["acked", "offered"]


async def test_the_200_of_a_reinvite_is_repeated_until_its_ack(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    hold = request(number=2, to_tag=tag, body=HOLD)
    line.trunk_sends(hold)
    line.advance(1.2)
    count = len(line.trunk.statuses)
    line.trunk_sends(ack_of(hold, tag))
    line.advance(60)
    assert len(line.trunk.statuses) == count
    assert line.trunk.statuses[-2:] == [200, 200]


async def test_a_reinvite_without_sdp_gets_our_offer(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    bare = request(number=2, to_tag=tag, body="")
    line.trunk_sends(bare)
    assert line.trunk.last_response().sdp == make_offer(LOCAL)
    line.trunk_sends(ack_of(bare, tag, body=make_offer(REMOTE)))
    assert line.notes.events == ["acked", "offered", "acked with answer"]


async def test_a_reinvite_moves_the_remote_target(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    moved = request(number=2, to_tag=tag, contact=False, headers=("Contact: <sip:moved@10.0.0.3:5060>",))
    line.trunk_sends(moved)
    line.trunk_sends(ack_of(moved, tag))
    line.invite.bye()
    line.advance()
    assert line.phone.last_request().uri == "sip:moved@10.0.0.3:5060"


async def test_the_peers_reinvite_during_ours_is_answered_491(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    ours = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL, MediaDirection.SENDONLY)))
    await asyncio.sleep(0)
    line.trunk_sends(request(number=2, to_tag=tag, body=HOLD))
    assert line.trunk.statuses[-1] == 491
    line.trunk.send(make_response(line.trunk.last_request(), 200, headers=[("Contact", "<sip:x@10.0.0.2>")]), SERVER)
    line.advance()
    assert (await ours).accepted


async def test_our_reinvite_is_tried_again_after_491_and_told_once(answering_line: Line) -> None:
    line = answering_line
    answered(line)
    ours = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL)))
    await asyncio.sleep(0)
    line.advance()
    line.trunk.send(make_response(line.trunk.last_request(), 491), SERVER)
    line.advance(2.2)  # the callee waits up to 2 s
    invites = [message for message in line.trunk.heard if isinstance(message, Request) and message.method == "INVITE"]
    assert {invite.cseq.number for invite in invites} == {1, 2}
    line.trunk.send(make_response(invites[-1], 200, headers=[("Contact", "<sip:x@10.0.0.2>")]), SERVER)
    line.advance()
    assert (await ours).status == 200
    assert line.trunk.methods[-1] == "ACK"


async def test_a_refused_reinvite_leaves_the_call_as_it_was(answering_line: Line) -> None:
    line = answering_line
    answered(line)
    ours = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL)))
    await asyncio.sleep(0)
    line.advance()
    line.trunk.send(make_response(line.trunk.last_request(), 488), SERVER)
    line.advance()
    assert (await ours).status == 488
    assert line.invite.answered


@pytest.mark.parametrize("status", [408, 481])
async def test_a_reinvite_answered_408_or_481_ends_the_dialog(answering_line: Line, status: int) -> None:
    line = answering_line
    answered(line)
    ours = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL)))
    await asyncio.sleep(0)
    line.advance()
    line.trunk.send(make_response(line.trunk.last_request(), status), SERVER)
    line.advance()
    assert (await ours).status == status
    assert line.trunk.methods[-1] == "BYE"
    end = line.notes.events[-1]
    assert isinstance(end, DialogEnd)
    assert end.by is EndedBy.PEER_LOST


async def test_two_reinvites_at_once_are_a_mistake_of_the_owner(answering_line: Line) -> None:
    line = answering_line
    answered(line)
    first = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL)))
    await asyncio.sleep(0)
    with pytest.raises(WrongState):
        await line.invite.reinvite(make_offer(LOCAL))
    line.invite.bye()
    assert (await first).status == 487


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


async def test_an_info_is_answered_and_told(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("INFO", number=2, to_tag=tag, body="Signal=5\r\n"))
    assert line.trunk.statuses[-1] == 200
    assert line.notes.events[-1] == b"Signal=5\r\n"


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


@pytest.mark.parametrize(("method", "status"), [("UPDATE", 405), ("REFER", 405), ("PRACK", 405), ("DANCE", 501)])
async def test_methods_that_we_do_not_serve(answering_line: Line, method: str, status: int) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request(method, number=2, to_tag=tag))
    assert line.trunk.statuses[-1] == status
    assert "INVITE" in (line.trunk.last_response().get("Allow") or "")


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


async def test_a_handler_that_raises_costs_only_its_own_call(answering_line: Line) -> None:
    line = answering_line
    answered(line)

    def broken(content_type: str, body: bytes) -> None:
        raise RuntimeError("owner")

    line.notes.info = broken  # type: ignore[method-assign]
    tag = line.trunk.last_response().to_tag
    line.trunk_sends(request("INFO", number=2, to_tag=tag))
    line.trunk_sends(request("BYE", number=3, to_tag=tag))
    assert line.trunk.statuses[-2:] == [200, 200]


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


async def test_an_unanswered_reinvite_of_the_peer_refuses_the_next_and_ends_with_the_dialog(
    answering_line: Line,
) -> None:
    line = answering_line
    tag = answered(line)
    line.notes.accept_offers = False
    line.trunk_sends(request(number=2, to_tag=tag))
    line.trunk_sends(request(number=3, to_tag=tag))
    refusal = line.trunk.last_response()
    assert refusal.status == 500
    assert refusal.get("Retry-After") is not None
    line.trunk_sends(request("BYE", number=4, to_tag=tag))
    assert line.trunk.statuses[-2:] == [487, 200]


async def test_a_reinvite_before_the_first_ack_is_answered_491(answering_line: Line) -> None:
    line = answering_line
    line.trunk_sends(request())
    line.trunk_sends(request(number=2, to_tag=line.trunk.last_response().to_tag))
    assert line.trunk.statuses[-1] == 491


async def test_a_reinvite_before_the_answer_is_answered_500(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.progress(180)
    line.advance()
    line.trunk_sends(request(number=2, to_tag=line.trunk.last_response().to_tag))
    assert line.trunk.statuses[-1] == 500


async def test_491_for_ever_is_told_after_three_more_tries(answering_line: Line) -> None:
    line = answering_line
    answered(line)
    line.trunk.answer = lambda message: (
        line.trunk.send(make_response(message, 491), SERVER)
        if isinstance(message, Request) and message.method == "INVITE"
        else None
    )
    ours = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL)))
    await asyncio.sleep(0)
    line.advance(20)
    assert (await ours).status == 491
    numbers = {message.cseq.number for message in line.trunk.heard if isinstance(message, Request)}
    assert len(numbers) == 4
    assert line.invite.answered


async def test_our_offer_waits_while_the_peers_is_open(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.notes.accept_offers = False
    line.trunk_sends(request(number=2, to_tag=tag))
    with pytest.raises(WrongState):
        await line.invite.reinvite(make_offer(LOCAL))


async def test_a_silent_peer_loses_the_dialog_at_our_reinvite(answering_line: Line) -> None:
    line = answering_line
    answered(line)
    ours = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL)))
    await asyncio.sleep(0)
    line.advance(33)
    assert (await ours).status == 408
    end = line.notes.events[-1]
    assert isinstance(end, DialogEnd)
    assert end.by is EndedBy.PEER_LOST
    line.advance(40)
    assert line.quiet()


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


async def test_options_inside_the_dialog_show_that_it_lives(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("OPTIONS", number=2, to_tag=tag))
    assert line.trunk.statuses[-1] == 200


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
