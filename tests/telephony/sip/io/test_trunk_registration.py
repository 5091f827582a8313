from itertools import count

import pytest

from telephony.sip import Credentials, Hop, TrunkRegistration
from telephony.sip.core.actions import Failure
from telephony.sip.core.message import Request, make_response
from telephony.sip.core.registration_client import RegistrationClient
from telephony.sip.io.transactions import ClientUser
from telephony.sip.io.trunk_registration import TrunkRegistrationKeeper
from tests.fakes.sip_network import Timeline

pytestmark = pytest.mark.unit


class Bench:
    def __init__(self) -> None:
        tokens = count()
        password = Credentials("hotline", "pw")
        trunk = TrunkRegistration("carrier", Hop("10.0.0.2", 5060), "carrier.example", password)
        client = RegistrationClient(trunk.domain, password, "<sip:h@10.0.0.1>", "N", 300, lambda: f"t{next(tokens)}")
        self.timeline = Timeline()
        self.sent: list[Request] = []
        self.told: list[tuple[str, bool, str]] = []
        self.keeper = TrunkRegistrationKeeper(
            trunk, client, self.send, self.timeline, lambda *change: self.told.append(change)
        )

    def send(self, request: Request, user: ClientUser) -> None:
        request.fields["Via"] = ["SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"]
        self.sent.append(request)

    def answer(self, status: int) -> None:
        self.keeper.response(self.sent[-1], make_response(self.sent[-1], status))


def test_it_refreshes_in_time_and_stops_when_told() -> None:
    bench = Bench()
    bench.keeper.begin()
    bench.answer(200)
    bench.timeline.advance(240)
    assert len(bench.sent) == 2
    bench.answer(200)
    bench.keeper.leave()
    bench.answer(200)
    bench.timeline.advance(10_000)
    assert [request.get("Expires") for request in bench.sent] == ["300", "300", "0"]
    assert [registered for _, registered, _ in bench.told] == [True, False]


def test_a_silent_registrar_is_tried_again_after_half_a_minute() -> None:
    bench = Bench()
    bench.keeper.begin()
    bench.keeper.failed(bench.sent[0], Failure.TIMED_OUT)
    bench.timeline.advance(29)
    assert len(bench.sent) == 1
    bench.timeline.advance(1)
    assert len(bench.sent) == 2
    assert bench.told == [("carrier", False, "timed out")]
