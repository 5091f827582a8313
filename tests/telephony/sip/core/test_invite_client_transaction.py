import pytest

from telephony.sip.core.actions import Deliver, Failed, Failure, Finished, Send, StartTimer, StopTimer
from telephony.sip.core.invite_client_transaction import InviteClientTransaction, ack_to_refusal
from telephony.sip.core.message import Request, make_response, parse_message
from telephony.sip.core.timers import SipTimers, Timer
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit

_parsed = parse_message(request(headers=("Route: <sip:10.0.0.9;lr>",)).encode())
assert isinstance(_parsed, Request)
INVITE: Request = _parsed
RINGING = make_response(INVITE, 180, to_tag="t")
OK = make_response(INVITE, 200, to_tag="t")
BUSY = make_response(INVITE, 486, to_tag="t")


def transaction(*, reliable: bool = False) -> InviteClientTransaction:
    return InviteClientTransaction(INVITE, SipTimers(), reliable=reliable)


def test_on_udp_the_invite_is_repeated_with_doubling_waits_until_a_response_comes() -> None:
    machine = transaction()
    assert machine.start() == [Send(INVITE), StartTimer(Timer.B, 32.0), StartTimer(Timer.A, 0.5)]
    assert machine.expired(Timer.A) == [Send(INVITE), StartTimer(Timer.A, 1.0)]
    assert machine.expired(Timer.A) == [Send(INVITE), StartTimer(Timer.A, 2.0)]
    assert machine.receive(RINGING) == [StopTimer(Timer.B), StopTimer(Timer.A), Deliver(RINGING)]
    assert machine.expired(Timer.A) == []
    assert machine.receive(RINGING) == [Deliver(RINGING)]


def test_silence_is_reported_after_timer_b() -> None:
    machine = transaction()
    machine.start()
    assert machine.expired(Timer.B) == [Failed(Failure.TIMED_OUT), Finished()]


def test_each_refusal_is_acknowledged_and_told_only_once() -> None:
    machine = transaction()
    machine.start()
    actions = machine.receive(BUSY)
    sent = [action.message for action in actions if isinstance(action, Send)]
    assert [message.method for message in sent if isinstance(message, Request)] == ["ACK"]
    assert Deliver(BUSY) in actions
    assert actions[-1] == StartTimer(Timer.D, 32.0)
    assert machine.receive(BUSY) == [Send(sent[0])]
    assert machine.receive(OK) == []
    assert machine.expired(Timer.D) == [Finished()]


def test_the_ack_to_a_refusal_has_the_branch_route_and_number_of_the_invite_and_the_to_of_the_response() -> None:
    ack = ack_to_refusal(INVITE, BUSY)
    assert ack.via.branch == INVITE.via.branch
    assert ack.to_tag == "t"
    assert ack.cseq == (1, "ACK")
    assert ack.get("Route") == "<sip:10.0.0.9;lr>"


def test_on_tcp_a_refusal_ends_it_at_once() -> None:
    machine = transaction(reliable=True)
    assert machine.start() == [Send(INVITE), StartTimer(Timer.B, 32.0)]
    assert machine.receive(BUSY)[-2:] == [Deliver(BUSY), Finished()]


def test_every_2xx_is_delivered_for_64_t1_because_forks_and_repetitions_need_an_ack() -> None:
    machine = transaction()
    machine.start()
    assert machine.receive(OK)[-2:] == [Deliver(OK), StartTimer(Timer.M, 32.0)]
    assert machine.receive(OK) == [Deliver(OK)]
    assert machine.receive(BUSY) == []
    assert machine.expired(Timer.M) == [Finished()]


def test_a_transport_error_is_told_only_before_the_final_response() -> None:
    machine = transaction()
    machine.start()
    assert machine.transport_failed() == [Failed(Failure.TRANSPORT), Finished()]
    assert machine.transport_failed() == []
    refused = transaction()
    refused.start()
    refused.receive(BUSY)
    assert refused.transport_failed() == [Finished()]


def test_an_abandoned_invite_ends_unless_it_was_answered() -> None:
    machine = transaction()
    machine.start()
    machine.receive(RINGING)
    assert machine.abandon() == [Finished()]
    accepted = transaction()
    accepted.start()
    accepted.receive(OK)
    assert accepted.abandon() == []
