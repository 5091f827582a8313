import asyncio

import pytest

from telephony.sip import DialogEnd, EndedBy, MediaDirection, Request, WrongState, make_offer
from telephony.sip.core.message import make_response
from tests.fakes.sip_hotline import LOCAL, REMOTE, SERVER, Line, ack_of, request

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


# -- UPDATE (RFC 3311) -------------------------------------------------------------------------------------------


async def test_an_update_with_an_offer_is_answered_by_the_owner_without_an_ack(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("UPDATE", number=2, to_tag=tag, body=HOLD))
    ok = line.trunk.last_response()
    assert (ok.status, ok.cseq.method) == (200, "UPDATE")
    assert "a=recvonly" in (ok.sdp or "")
    assert line.notes.events == ["acked", "offered"]
    count = len(line.trunk.statuses)
    line.advance(60)
    assert len(line.trunk.statuses) == count  # not repeated


async def test_an_update_without_an_offer_moves_the_target_and_nobody_else_hears(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("UPDATE", number=2, to_tag=tag, headers=("Contact: <sip:moved@10.0.0.3:5060>",)))
    assert line.trunk.statuses[-1] == 200
    assert line.notes.events == ["acked"]
    line.invite.bye()
    line.advance()
    assert line.phone.last_request().uri == "sip:moved@10.0.0.3:5060"


async def test_a_refused_update_leaves_the_call_as_it_was(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.notes.accept_offers = False
    line.trunk_sends(request("UPDATE", number=2, to_tag=tag, body=HOLD))
    line.notes.offers[0].reject(488)
    line.advance()
    assert line.trunk.statuses[-1] == 488
    assert line.invite.answered


async def test_an_update_with_an_offer_during_our_offer_is_answered_491(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    ours = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL)))
    await asyncio.sleep(0)
    line.trunk_sends(request("UPDATE", number=2, to_tag=tag, body=HOLD))
    assert line.trunk.statuses[-1] == 491
    line.trunk_sends(request("UPDATE", number=3, to_tag=tag))  # no offer, no glare
    assert line.trunk.statuses[-1] == 200
    line.invite.bye()
    await ours


async def test_an_update_while_the_peers_own_offer_waits_is_answered_500(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.notes.accept_offers = False
    line.trunk_sends(request(number=2, to_tag=tag, body=HOLD))
    line.trunk_sends(request("UPDATE", number=3, to_tag=tag, body=HOLD))
    refusal = line.trunk.last_response()
    assert refusal.status == 500
    assert refusal.get("Retry-After") is not None


async def test_an_update_with_an_offer_before_the_answer_is_answered_500(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.progress(183, make_offer(LOCAL))  # not reliable: the first offer has no answer yet
    line.advance()
    line.trunk_sends(request("UPDATE", number=2, to_tag=line.trunk.last_response().to_tag, body=HOLD))
    assert line.trunk.statuses[-1] == 500


async def test_our_offer_goes_by_update_when_asked_to(answering_line: Line) -> None:
    line = answering_line
    answered(line)
    ours = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL), by_update=True))
    await asyncio.sleep(0)
    line.advance()
    update = line.trunk.last_request()
    assert (update.method, update.sdp) == ("UPDATE", make_offer(LOCAL))
    sdp = [("Content-Type", "application/sdp")]
    line.trunk.send(make_response(update, 200, headers=sdp, body=make_offer(REMOTE).encode()), SERVER)
    line.advance()
    result = await ours
    assert (result.status, result.sdp) == (200, make_offer(REMOTE))
    assert "ACK" not in line.trunk.methods


async def test_a_hold_during_a_refresh_waits_for_its_end(answering_line: Line) -> None:
    line = answering_line
    knows = ("Supported: timer", "Session-Expires: 100;refresher=uas", "Allow: UPDATE")
    line.trunk_sends(request(headers=knows))
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag))
    line.advance(50)
    refresh = line.trunk.last_request()
    ours = asyncio.create_task(line.invite.reinvite(HOLD))
    await asyncio.sleep(0)
    line.advance()
    assert line.trunk.methods == ["UPDATE"]
    line.trunk.send(make_response(refresh, 200, headers=[("Session-Expires", "100;refresher=uac")]), SERVER)
    line.advance()
    hold = line.trunk.last_request()
    assert (hold.method, hold.sdp) == ("INVITE", HOLD)
    line.trunk.send(make_response(hold, 200, headers=[("Contact", "<sip:x@10.0.0.2>")]), SERVER)
    line.advance()
    assert (await ours).accepted


async def test_a_hold_that_waited_for_a_refresh_is_told_when_the_call_ends(answering_line: Line) -> None:
    line = answering_line
    knows = ("Supported: timer", "Session-Expires: 100;refresher=uas", "Allow: UPDATE")
    line.trunk_sends(request(headers=knows))
    tag = line.trunk.last_response().to_tag
    line.trunk_sends(ack_of(request(), tag))
    line.advance(50)
    ours = asyncio.create_task(line.invite.reinvite(HOLD))
    await asyncio.sleep(0)
    line.trunk_sends(request("BYE", number=2, to_tag=tag))
    assert (await ours).status == 487
    assert "INVITE" not in line.trunk.methods
