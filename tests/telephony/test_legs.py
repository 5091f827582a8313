"""What every leg keeps: its record, its causes by the way its dialog ended, and its end, told once."""

from typing import cast

import pytest

from telephony.causes import Cause
from telephony.legs import LegFacts, LegMedia, LineLeg
from telephony.media import MediaWorker
from telephony.ports import Direction, LegEnded, LegState
from telephony.sip import DialogEnd, EndedBy, InviteDialog, WrongState
from tests.fakes.clock import FakeClock
from tests.fakes.media_worker import FakeMediaWorker

pytestmark = pytest.mark.unit


class Line(LineLeg):
    """A leg whose goodbye fails, as on a dialog that died meanwhile."""

    @property
    def dialog(self) -> InviteDialog | None:
        return None

    def say_goodbye(self, cause: Cause) -> None:
        raise WrongState("the dialog is gone")


@pytest.fixture
def ends() -> list[LineLeg]:
    return []


@pytest.fixture
def line(ends: list[LineLeg]) -> Line:
    media = LegMedia(cast(MediaWorker, FakeMediaWorker()), "192.0.2.1")
    return Line(LegFacts("call", Direction.OUTBOUND, "8001", account="8001"), media, FakeClock(), ends.append)


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        (DialogEnd(EndedBy.PEER), Cause.NORMAL),
        (DialogEnd(EndedBy.PEER, 17), Cause.BUSY),
        (DialogEnd(EndedBy.ACK_MISSING), Cause.ACK_MISSING),
        (DialogEnd(EndedBy.PEER_LOST), Cause.TIMED_OUT),
        (DialogEnd(EndedBy.SHUT_DOWN), Cause.SHUT_DOWN),
    ],
)
async def test_the_way_a_dialog_ends_is_the_cause(line: Line, end: DialogEnd, cause: Cause) -> None:
    line.dialog_ended(end)
    assert line.cause is cause
    assert line.record().cause is cause


async def test_a_leg_ends_once_even_if_its_goodbye_fails(line: Line, ends: list[LineLeg]) -> None:
    line.end(Cause.RTP_TIMED_OUT)
    line.end(Cause.NORMAL)
    line.finish(Cause.BUSY)
    assert ends == [line]
    assert await line.ended() is Cause.RTP_TIMED_OUT
    assert line.state is LegState.ENDED
    with pytest.raises(LegEnded) as ended:
        await line.send_digits("1")
    assert ended.value.cause is Cause.RTP_TIMED_OUT
