import pytest

from telephony.sip.core.actions import Deliver, Failed, Failure, Finished, Send, StartTimer, StopTimer
from telephony.sip.core.invite_server_transaction import InviteServerTransaction, State
from telephony.sip.core.message import Request, make_response, parse_message
from telephony.sip.core.timers import SipTimers, Timer
from tests.fakes.sip_hotline import ack_of, request

pytestmark = pytest.mark.unit


def parsed(text: str) -> Request:
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message


INVITE = parsed(request())
ACK = parsed(ack_of(request(), "t"))


def transaction(*, reliable: bool = False) -> InviteServerTransaction:
    return InviteServerTransaction(INVITE, SipTimers(), reliable=reliable)


def test_a_repeated_invite_before_any_response_is_absorbed() -> None:
    assert transaction().receive(INVITE) == []


def test_a_repeated_invite_hears_the_last_provisional_response_again() -> None:
    machine = transaction()
    ringing = make_response(INVITE, 180, to_tag="t")
    assert machine.respond(ringing) == [Send(ringing)]
    assert machine.receive(INVITE) == [Send(ringing)]


def test_a_refusal_on_udp_is_repeated_until_its_ack_and_then_forgotten_after_timer_i() -> None:
    machine = transaction()
    busy = make_response(INVITE, 486, to_tag="t")
    assert machine.respond(busy) == [Send(busy), StartTimer(Timer.H, 32.0), StartTimer(Timer.G, 0.5)]
    waits = []
    for _ in range(5):
        send, again = machine.expired(Timer.G)
        assert send == Send(busy)
        assert isinstance(again, StartTimer)
        waits.append(again.after_s)
    assert waits == [1.0, 2.0, 4.0, 4.0, 4.0]
    assert machine.receive(ACK) == [StopTimer(Timer.G), StopTimer(Timer.H), StartTimer(Timer.I, 5.0)]
    assert machine.receive(ACK) == []
    assert machine.expired(Timer.I) == [Finished()]


def test_a_refusal_on_tcp_is_sent_once_and_ends_with_its_ack() -> None:
    machine = transaction(reliable=True)
    busy = make_response(INVITE, 486, to_tag="t")
    assert machine.respond(busy) == [Send(busy), StartTimer(Timer.H, 32.0)]
    assert machine.receive(ACK) == [StopTimer(Timer.G), StopTimer(Timer.H), Finished()]


def test_a_refusal_that_nobody_acknowledges_is_reported_after_timer_h() -> None:
    machine = transaction()
    machine.respond(make_response(INVITE, 486, to_tag="t"))
    assert machine.expired(Timer.H) == [Failed(Failure.TIMED_OUT), Finished()]


def test_after_a_2xx_the_transaction_absorbs_invites_and_hands_up_acks_until_timer_l() -> None:
    machine = transaction()
    ok = make_response(INVITE, 200, to_tag="t")
    assert machine.respond(ok) == [Send(ok), StartTimer(Timer.L, 32.0)]
    assert machine.receive(INVITE) == []
    assert machine.receive(ACK) == [Deliver(ACK)]
    assert machine.respond(ok) == [Send(ok)]  # re-sent by the UAS
    assert machine.expired(Timer.L) == [Finished()]
    assert machine.state is State.TERMINATED


def test_a_second_final_response_is_ignored() -> None:
    machine = transaction()
    machine.respond(make_response(INVITE, 487, to_tag="t"))
    assert machine.respond(make_response(INVITE, 200, to_tag="t")) == []
    accepted = transaction()
    accepted.respond(make_response(INVITE, 200, to_tag="t"))
    assert accepted.respond(make_response(INVITE, 487, to_tag="t")) == []


def test_a_transport_error_is_told_once() -> None:
    machine = transaction()
    machine.respond(make_response(INVITE, 180, to_tag="t"))
    assert machine.transport_failed() == [Failed(Failure.TRANSPORT), Finished()]
    assert machine.transport_failed() == []


def test_a_timer_of_another_state_does_nothing() -> None:
    machine = transaction()
    assert [machine.expired(timer) for timer in Timer] == [[] for _ in Timer]
