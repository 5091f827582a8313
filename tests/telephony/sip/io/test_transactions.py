import pytest

from telephony.sip.core.actions import Failure
from telephony.sip.core.address import Hop
from telephony.sip.core.message import Request, Response, make_response, parse_message
from telephony.sip.core.timers import SipTimers
from telephony.sip.io.transactions import TransactionTable, cancelled_key, server_key
from tests.fakes.sip_hotline import ack_of, request
from tests.fakes.sip_network import Timeline

pytestmark = pytest.mark.unit

HOP = Hop("10.0.0.2", 5060)


def parsed(text: str) -> Request:
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message


class User:
    def __init__(self) -> None:
        self.heard: list[int | Failure] = []

    def response(self, request: Request, response: Response) -> None:
        self.heard.append(response.status)

    def failed(self, request: Request, failure: Failure) -> None:
        self.heard.append(failure)


class Bench:
    def __init__(self) -> None:
        self.timeline = Timeline()
        self.sent: list[Request | Response] = []
        self.acks: list[Request] = []
        self.table = TransactionTable(
            SipTimers(), self.timeline, lambda message, hop, failed: self.sent.append(message), self.acks.append
        )


def test_an_ack_matches_its_invite_and_a_cancel_means_it() -> None:
    invite = parsed(request())
    assert server_key(parsed(ack_of(request(), "t", refused=True))) == server_key(invite)
    cancel = parsed(request("CANCEL"))
    assert server_key(cancel) != server_key(invite)
    assert cancelled_key(cancel) == server_key(invite)


def test_the_same_branch_from_another_host_is_another_transaction() -> None:
    assert server_key(parsed(request(branch="x"))) != server_key(parsed(request(branch="x", host="10.0.0.7")))


def test_a_server_transaction_lives_from_request_to_timer_and_leaves_nothing() -> None:
    bench = Bench()
    options = parsed(request("OPTIONS"))
    bench.table.open_server(options, server_key(options), HOP)
    assert bench.table.merged_with(parsed(request("OPTIONS", branch="other")), ("other",))
    bench.table.respond(options, make_response(options, 200))
    assert (bench.table.servers, bench.table.running_timers) == (1, 1)
    bench.timeline.advance(32.1)
    assert (bench.table.servers, bench.table.running_timers, bench.timeline.waiting) == (0, 0, 0)
    assert not bench.table.merged_with(parsed(request("OPTIONS", branch="other")), ("other",))
    bench.table.respond(options, make_response(options, 200))  # too late, and harmless
    assert len(bench.sent) == 1


def test_a_client_transaction_tells_its_user_once() -> None:
    bench, user = Bench(), User()
    options = parsed(request("OPTIONS"))
    bench.table.open_client(options, HOP, user)
    ok = make_response(options, 200)
    running = bench.table.client(ok)
    assert running is not None
    bench.table.response_came(running, ok)
    bench.table.response_came(running, ok)
    assert user.heard == [200]
    bench.timeline.advance(6)
    assert (bench.table.clients, bench.timeline.waiting) == (0, 0)


def test_silence_is_told_and_counted() -> None:
    bench, user = Bench(), User()
    bench.table.open_client(parsed(request("BYE", to_tag="t")), HOP, user)
    bench.timeline.advance(33)
    assert user.heard == [Failure.TIMED_OUT]
    assert bench.table.counters.retransmitted == len(bench.sent) - 1 == 10


def test_clearing_stops_every_timer() -> None:
    bench = Bench()
    for number in range(5):
        bench.table.open_client(parsed(request("OPTIONS", branch=f"b{number}")), HOP, None)
    bench.table.clear()
    assert (bench.table.clients, bench.timeline.waiting) == (0, 0)
