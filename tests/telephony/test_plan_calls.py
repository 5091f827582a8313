"""Numbers that the dial plan answers by itself."""

import pytest

from telephony.causes import Cause
from telephony.dial_plan import PlanAction, PlanRow
from telephony.plan_calls import plan_handler
from tests.telephony.conftest import Hotline

pytestmark = pytest.mark.unit


async def test_1000_answers_and_plays_for_ever(hotline: Hotline) -> None:
    invite = hotline.ring(dialled="1000")
    await hotline.settled()
    assert invite.said == ["200"]
    assert [stems for _, stems in hotline.worker.plays.values()] == [["music"]]
    invite.hang_up()
    await hotline.settled()
    assert hotline.causes == [Cause.NORMAL]


async def test_3000_answers_and_waits(hotline: Hotline) -> None:
    invite = hotline.ring(dialled="3000")
    await hotline.settled()
    assert invite.said == ["200"]
    invite.hang_up()
    await hotline.settled()
    assert hotline.causes == [Cause.NORMAL]


async def test_2000_rings_the_fixed_phone_before_it_answers_then_records_and_bridges(hotline: Hotline) -> None:
    invite = hotline.ring(dialled="2000")
    await hotline.settled()
    (seat,) = hotline.endpoint.sent
    assert invite.said == []
    seat.rings()
    assert invite.said == ["180"]
    assert seat.caller == "13800001234"
    seat.answers()
    await hotline.settled()
    assert invite.said == ["180", "200"]
    assert [told[0] for told in hotline.worker.told[-2:]] == ["record", "bridge"]
    seat.hang_up()
    await hotline.settled()
    assert invite.said[-1] == "BYE"
    assert len(hotline.files) == 1


async def test_the_callers_hear_the_early_media_of_the_fixed_phone(hotline: Hotline) -> None:
    invite = hotline.ring(dialled="2000")
    await hotline.settled()
    hotline.endpoint.sent[0].rings(183, early_media=True)
    assert invite.said == ["183 sdp"]
    assert hotline.worker.told[-1][0] == "bridge"
    hotline.endpoint.sent[0].answers()
    await hotline.settled()
    assert invite.said == ["183 sdp", "200"]


async def test_a_caller_who_goes_while_it_rings_stops_the_ringing(hotline: Hotline) -> None:
    invite = hotline.ring(dialled="2000")
    await hotline.settled()
    invite.cancel()
    await hotline.settled()
    assert hotline.endpoint.sent[0].said == ["CANCEL"]
    assert hotline.causes == [Cause.CANCELLED]


@pytest.mark.parametrize(("answer", "status"), [(486, "486"), (603, "603"), (None, "480")])
async def test_a_fixed_phone_that_does_not_answer_is_told_to_the_caller(
    hotline: Hotline, answer: int | None, status: str
) -> None:
    hotline.endpoint.register("8001", "10.0.0.5")
    invite = hotline.ring(dialled="2100")
    await hotline.settled()
    if answer:
        hotline.endpoint.sent[0].refuses(answer)
    await hotline.until(lambda: invite.said)
    assert invite.said == [status]


async def test_2100_is_not_recorded(hotline: Hotline) -> None:
    hotline.endpoint.register("8001", "10.0.0.5")
    hotline.ring(dialled="2100")
    await hotline.settled()
    hotline.endpoint.sent[0].answers()
    await hotline.settled()
    assert "record" not in [told[0] for told in hotline.worker.told]


@pytest.mark.parametrize("action", [PlanAction.PROMPT, PlanAction.SEAT, PlanAction.HOTLINE])
def test_an_incomplete_row_is_refused(action: PlanAction) -> None:
    with pytest.raises(ValueError, match="incomplete"):
        plan_handler(PlanRow("1", action))
