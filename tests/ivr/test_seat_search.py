import pytest

from ivr.seat_search import SeatSearch
from seats.errors import OfferLapsed
from seats.routing import Offer
from store.errors import StoreUnavailable
from telephony.causes import Cause
from tests.fakes.call_control import NEVER, Answers
from tests.fakes.hotline import Hotline

pytestmark = pytest.mark.unit


def search_of(hotline: Hotline) -> SeatSearch:
    call = hotline.control.inbound()
    return SeatSearch(hotline.seats, call, hotline.seats.entry(call.id), caller_id="13800001234", ring_s=15)


@pytest.mark.parametrize(
    ("cause", "state"),
    [
        (Cause.BUSY, "free"),
        (Cause.REFUSED, "free"),
        (Cause.OVERLOADED, "free"),
        (Cause.NO_ANSWER, "break"),
        (Cause.TIMED_OUT, "break"),
        (Cause.NOT_REGISTERED, "offline"),
        (Cause.GONE, "offline"),
    ],
)
async def test_each_way_not_to_take_a_call_has_its_own_end_for_the_seat(cause: Cause, state: str) -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=0.5, refuses=cause))
        async with search_of(hotline):
            await hotline.pass_s(2)
            assert hotline.state("8001") == state


async def test_a_seat_that_picked_up_and_is_not_taken_is_given_back() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=0.5))
        async with search_of(hotline) as search:
            await hotline.pass_s(2)
            assert search.task.done()
        assert hotline.control.legs["8001"][0].hung_up_by_us
        assert hotline.state("8001") == "wrap_up"


async def test_leaving_cancels_the_ringing_and_frees_the_seat() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", NEVER)
        async with search_of(hotline):
            await hotline.pass_s(2)
            assert hotline.state("8001") == "ringing"
        assert hotline.control.rings[0].outcome == "CANCELLED"
        assert hotline.state("8001") == "free"


async def test_an_answer_after_the_lease_is_hung_up_and_the_caller_waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=0.5))
        answered, refusals = hotline.seats.answered, [1]

        async def late_once(offer: Offer) -> None:
            if refusals:
                refusals.pop()
                await hotline.seats.withdrawn(offer)
                raise OfferLapsed("too late")
            await answered(offer)

        monkeypatch.setattr(hotline.seats, "answered", late_once)
        async with search_of(hotline) as search:
            await hotline.pass_s(3)
            assert hotline.control.legs["8001"][0].hung_up_by_us
            assert search.take().leg is hotline.control.legs["8001"][1]


async def test_two_who_are_on_the_line_are_joined_even_when_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=0.5))

        async def away(offer: Offer) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr(hotline.seats, "answered", away)
        async with search_of(hotline) as search:
            await hotline.pass_s(2)
            assert search.take().leg is hotline.control.legs["8001"][0]
