import asyncio

import pytest

from telephony.sip import WrongState, make_offer
from tests.fakes.sip_hotline import LOCAL, OFFER, Line, ack_of, request

pytestmark = pytest.mark.unit


async def test_an_offer_may_be_answered_later_but_only_once(line: Line) -> None:
    line.owner.accept_at_once = True
    line.trunk_sends(request())
    tag = line.trunk.last_response().to_tag
    line.trunk_sends(ack_of(request(), tag))
    line.notes.accept_offers = False
    line.trunk_sends(request(number=2, to_tag=tag, body=OFFER))
    (offer,) = line.notes.offers
    offer.reject(488, warning="no")
    offer.accept(OFFER)
    line.advance()
    assert line.trunk.statuses.count(488) == 1
    assert line.trunk.last_response().status == 488


async def test_nothing_can_be_done_inside_a_dialog_before_it_is_answered(line: Line) -> None:
    line.trunk_sends(request())
    assert not line.invite.answered
    with pytest.raises(WrongState):
        line.invite.info("text/plain", b"x")
    with pytest.raises(WrongState):
        await line.invite.reinvite(make_offer(LOCAL))
    line.invite.bye()
    line.advance()
    assert line.trunk.methods == []


async def test_an_owner_that_stops_waiting_for_its_reinvite_harms_nobody(answering_line: Line) -> None:
    line = answering_line
    line.trunk_sends(request())
    tag = line.trunk.last_response().to_tag
    line.trunk_sends(ack_of(request(), tag))
    waiting = asyncio.create_task(line.invite.reinvite(make_offer(LOCAL)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    line.trunk_sends(request("BYE", number=2, to_tag=tag))
    assert line.notes.names == ["acked", "DialogEnd"]
