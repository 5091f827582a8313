import pytest

from telephony.sip import MediaDirection, make_offer
from tests.fakes.sip_hotline import REMOTE, Line, ack_of, request

pytestmark = pytest.mark.unit

HOLD = make_offer(REMOTE.next_version(), MediaDirection.SENDONLY)


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
