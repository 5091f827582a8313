import pytest

from telephony.sip.core.events import DialogEnd, EndedBy, InviteEvents, InviteFailed, Provisional, ReinviteResult

pytestmark = pytest.mark.unit


class Offer:
    sdp = "v=0"

    def __init__(self) -> None:
        self.refused: int | None = None

    def accept(self, sdp: str) -> None:
        raise AssertionError("nobody said so")

    def reject(self, status: int = 488, reason: str = "", warning: str | None = None) -> None:
        self.refused = status


def test_an_owner_that_overrides_nothing_refuses_reinvites_and_survives_the_rest() -> None:
    events = InviteEvents()
    offer = Offer()
    events.offered(offer)
    assert offer.refused == 488
    events.cancelled("CANCEL")
    events.acked(None)
    events.provisional(Provisional("t", 180, "Ringing", None))
    events.answered(None, "t")
    events.failed(InviteFailed(486, "Busy Here"))
    events.info("text/plain", b"")
    events.ended(DialogEnd(EndedBy.PEER))


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (202, True), (491, False), (408, False)])
def test_only_a_2xx_puts_a_new_description_in_force(status: int, accepted: bool) -> None:
    assert ReinviteResult(status, "").accepted is accepted
