import pytest

from telephony.sip import DialogEnd, EndedBy, answer_offer, make_offer
from tests.fakes.sip_hotline import LOCAL, OFFER, REMOTE, Line, ack_of, request

pytestmark = pytest.mark.unit

ANSWER = answer_offer(OFFER, LOCAL).sdp


def cancel_of(invite: str) -> str:
    head = invite.partition("\r\n\r\n")[0].replace("INVITE", "CANCEL")
    kept = [text for text in head.split("\r\n") if not text.startswith(("Contact", "Content"))]
    return "\r\n".join(kept) + "\r\nContent-Length: 0\r\n\r\n"


async def test_an_invite_is_answered_100_at_once(line: Line) -> None:
    line.trunk_sends(request())
    assert line.trunk.statuses == [100]
    assert (line.invite.dialled, line.invite.caller, line.invite.trunk) == ("96556", "13800001234", "carrier")
    assert line.invite.sdp == OFFER


async def test_ringing_and_answer_reach_the_caller_and_the_ack_reaches_the_owner(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.progress(180)
    line.advance()
    assert line.invite.accept(ANSWER)
    line.advance()
    assert line.trunk.statuses == [100, 180, 200]
    ok = line.trunk.last_response()
    assert ok.sdp == ANSWER
    assert ok.get("Contact") == "<sip:96556@10.0.0.1:5060>"
    line.trunk_sends(ack_of(request(), ok.to_tag))
    assert line.notes.events == ["acked"]
    line.advance(60)
    assert line.trunk.statuses == [100, 180, 200]


async def test_a_repeated_invite_makes_no_second_call(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.progress(180)
    line.trunk_sends(request())
    assert len(line.owner.invites) == 1
    assert line.trunk.statuses == [100, 180, 180]


async def test_the_200_is_repeated_until_its_ack_comes(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.accept(ANSWER)
    line.advance(4)  # T1, 2*T1, 4*T1
    assert line.trunk.statuses == [100, 200, 200, 200, 200]
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag))
    line.advance(60)
    assert line.trunk.statuses == [100, 200, 200, 200, 200]


async def test_a_200_that_is_never_acknowledged_ends_with_a_bye(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.accept(ANSWER)
    line.advance(33)
    assert "BYE" in line.trunk.methods
    (end,) = line.notes.events
    assert isinstance(end, DialogEnd)
    assert end.by is EndedBy.ACK_MISSING
    line.advance(70)
    assert line.quiet()


async def test_a_cancel_ends_the_ringing_with_487(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.progress(180)
    line.trunk_sends(cancel_of(request()))
    assert line.trunk.statuses == [100, 180, 200, 487]
    assert line.notes.events == ["cancelled"]
    assert not line.invite.accept(ANSWER)
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag, refused=True))
    line.advance(60)
    assert line.trunk.statuses == [100, 180, 200, 487]
    assert line.quiet()


async def test_a_cancel_that_crosses_the_200_changes_nothing(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.accept(ANSWER)
    line.trunk_sends(cancel_of(request()))
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag))
    assert line.trunk.statuses == [100, 200, 200]
    assert line.notes.events == ["acked"]
    line.trunk_sends(request("BYE", number=2, to_tag=line.trunk.last_response().to_tag))
    assert line.notes.names == ["acked", "DialogEnd"]


async def test_a_cancel_without_invite_is_answered_481(line: Line) -> None:
    line.trunk_sends(cancel_of(request()))
    assert line.trunk.statuses == [481]


async def test_a_refusal_says_why_and_is_repeated_until_the_ack_arrives(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.reject(486, q850=17, warning="the seat is busy")
    line.advance(1.4)  # T1, then 2*T1
    busy = line.trunk.last_response()
    assert line.trunk.statuses == [100, 486, 486]
    assert busy.get("Reason") == "Q.850;cause=17"
    assert busy.get("Warning") == '399 10.0.0.1 "the seat is busy"'
    line.trunk_sends(ack_of(request(), busy.to_tag, refused=True))
    line.advance(60)
    assert line.trunk.statuses == [100, 486, 486]
    assert line.notes.events == []
    assert line.quiet()


async def test_a_reason_cannot_smuggle_a_header_in(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.reject(403, warning='x"\r\nContact: <sip:evil@example.org>')
    line.advance()
    assert line.trunk.last_response().get("Contact") is None


async def test_without_sdp_the_200_holds_our_offer_and_the_ack_the_answer(line: Line) -> None:
    invite = request(body="")
    line.trunk_sends(invite)
    assert line.invite.sdp is None
    line.invite.accept(make_offer(LOCAL))
    line.advance()
    line.trunk_sends(ack_of(invite, line.trunk.last_response().to_tag, body=make_offer(REMOTE)))
    assert line.notes.events == ["acked with answer"]


async def test_a_bye_before_the_ack_waits_for_the_ack(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.accept(ANSWER)
    line.invite.bye(q850=16, text="done")
    line.advance()
    assert line.trunk.methods == []
    assert line.notes.names == ["DialogEnd"]
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag))
    bye = line.trunk.last_request()
    assert (bye.method, bye.get("Reason")) == ("BYE", 'Q.850;cause=16;text="done"')
    assert line.notes.names == ["DialogEnd"]


async def test_a_bye_in_the_early_dialog_gives_the_call_up(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.progress(183, ANSWER)
    line.advance()
    line.trunk_sends(request("BYE", number=2, to_tag=line.trunk.last_response().to_tag))
    assert line.trunk.statuses == [100, 183, 200, 487]
    assert line.notes.events == ["cancelled"]


async def test_ringing_is_repeated_each_minute_so_that_no_proxy_forgets_the_call(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.progress(180)
    line.advance(125)
    assert line.trunk.statuses == [100, 180, 180, 180]


async def test_the_refusal_for_overload_tells_phones_but_not_trunks_when_to_retry(line: Line) -> None:
    line.trunk_sends(request())
    line.invite.reject_overloaded()
    line.advance()
    refusal = line.trunk.last_response()
    assert (refusal.status, refusal.get("Retry-After")) == (503, None)
    line.trunk_sends(request(call_id="call-2"))
    line.invite.account = "6001"
    line.invite.reject_overloaded()
    line.advance()
    assert line.trunk.last_response().get("Retry-After") == "5"


async def test_an_ack_with_the_invites_own_branch_and_a_wrong_tag_still_counts(line: Line) -> None:
    """As pyVoIP 1.6.8 sends it; the call would be ended after 32 s otherwise."""
    line.trunk_sends(request())
    line.invite.accept(ANSWER)
    line.advance()
    line.trunk_sends(ack_of(request(), "made-up", refused=True))
    line.advance(60)
    assert line.notes.events == ["acked"]
    assert line.invite.answered
