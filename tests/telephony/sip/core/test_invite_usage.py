import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.sip import make_offer
from tests.fakes.sip_hotline import LOCAL, OFFER, Line, ack_of, request

pytestmark = pytest.mark.unit


def answered(line: Line) -> str:
    """A call in progress; our tag."""
    line.trunk_sends(request())
    tag = line.trunk.last_response().to_tag
    line.trunk_sends(ack_of(request(), tag))
    return tag


async def test_an_info_is_answered_and_told(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("INFO", number=2, to_tag=tag, body="Signal=5\r\n"))
    assert line.trunk.statuses[-1] == 200
    assert line.notes.events[-1] == b"Signal=5\r\n"


@pytest.mark.parametrize(("method", "status"), [("SUBSCRIBE", 405), ("REFER", 405), ("DANCE", 501)])
async def test_methods_that_we_do_not_serve(answering_line: Line, method: str, status: int) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request(method, number=2, to_tag=tag))
    assert line.trunk.statuses[-1] == status
    assert "INVITE" in (line.trunk.last_response().get("Allow") or "")


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


async def test_options_inside_the_dialog_show_that_it_lives(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("OPTIONS", number=2, to_tag=tag))
    assert line.trunk.statuses[-1] == 200


async def test_a_prack_for_nothing_is_answered_481(answering_line: Line) -> None:
    line = answering_line
    tag = answered(line)
    line.trunk_sends(request("PRACK", number=2, to_tag=tag, headers=("RAck: 1 1 INVITE",)))
    assert line.trunk.statuses[-1] == 481
    assert line.invite.answered


_HEADERS = st.sampled_from(
    [
        "Supported: timer", "Session-Expires: 100;refresher=uac", "Session-Expires: 100;refresher=uas",
        "Session-Expires: 10", "Session-Expires: x", "RAck: 1 1 INVITE", "RAck: x", "Refer-To: <sip:1@10.0.0.9>",
        "Refer-To: <>", "Require: 100rel", "Require: dance", "Allow: UPDATE", "Contact: <sip:x@10.0.0.2>", "Contact: <",
    ]
)  # fmt: skip
_METHODS = st.sampled_from(["INVITE", "UPDATE", "PRACK", "REFER", "NOTIFY", "INFO", "OPTIONS", "ACK", "CANCEL", "BYE"])


@settings(max_examples=150, deadline=None)
@given(
    first=st.lists(_HEADERS, max_size=4),
    acts=st.lists(
        st.tuples(_METHODS, st.integers(0, 3), st.lists(_HEADERS, max_size=3), st.booleans(), st.floats(0, 60)),
        max_size=10,
    ),
    accepts=st.booleans(),
    early=st.booleans(),
)
def test_whatever_a_peer_sends_inside_a_call_nothing_is_left_and_the_end_is_told_once(
    first: list[str], acts: list[tuple[str, int, list[str], bool, float]], accepts: bool, early: bool
) -> None:
    async def run() -> None:
        line = Line(reliable_trunks=frozenset({"carrier"}))
        line.network.peer("10.0.0.9")
        await line.endpoint.start()
        line.trunk_sends(request(headers=("Supported: timer, 100rel", *first), contact=True))
        for invite, notes in zip(line.owner.invites, line.owner.notes, strict=True):
            notes.accept_offers = accepts
            if early:
                invite.progress(183, make_offer(LOCAL))
            invite.accept(make_offer(LOCAL))
        line.advance()
        tag = line.trunk.last_response().to_tag
        number = 1
        for method, step, headers, body, wait_s in acts:
            number += step
            told = OFFER if body else ""
            branch = f"b{number}{method}{wait_s}"
            line.trunk_sends(
                request(method, number=number, branch=branch, to_tag=tag, headers=tuple(headers), body=told)
            )
            line.advance(wait_s)
        for invite in line.owner.invites:
            invite.bye()
        line.advance(300)
        assert line.quiet()
        for notes in line.owner.notes:
            assert len([name for name in notes.names if name in ("DialogEnd", "cancelled")]) == 1
        assert line.timeline.waiting == 0

    asyncio.run(run())
