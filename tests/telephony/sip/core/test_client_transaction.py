import pytest

from telephony.sip.core.actions import Deliver, Failed, Failure, Finished, Send, StartTimer, StopTimer
from telephony.sip.core.client_transaction import ClientTransaction
from telephony.sip.core.message import Request, make_response, parse_message
from telephony.sip.core.timers import SipTimers, Timer
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit

_parsed = parse_message(request("BYE").encode())
assert isinstance(_parsed, Request)
BYE: Request = _parsed
OK = make_response(BYE, 200)
TRYING = make_response(BYE, 100)


def transaction(*, reliable: bool = False) -> ClientTransaction:
    return ClientTransaction(BYE, SipTimers(), reliable=reliable)


def test_on_udp_the_request_is_repeated_with_growing_waits_up_to_t2() -> None:
    machine = transaction()
    assert machine.start() == [Send(BYE), StartTimer(Timer.F, 32.0), StartTimer(Timer.E, 0.5)]
    waits = [machine.expired(Timer.E)[1] for _ in range(5)]
    assert waits == [StartTimer(Timer.E, wait_s) for wait_s in (1.0, 2.0, 4.0, 4.0, 4.0)]


def test_after_a_provisional_response_it_is_repeated_every_t2() -> None:
    machine = transaction()
    machine.start()
    assert machine.receive(TRYING) == [Deliver(TRYING)]
    assert machine.expired(Timer.E) == [Send(BYE), StartTimer(Timer.E, 4.0)]


def test_a_final_response_is_delivered_once_and_its_repetitions_are_absorbed_for_t4() -> None:
    machine = transaction()
    machine.start()
    stop_e, stop_f, deliver, wait = machine.receive(OK)
    assert (stop_e, stop_f, deliver) == (StopTimer(Timer.E), StopTimer(Timer.F), Deliver(OK))
    assert wait == StartTimer(Timer.K, 5.0)
    assert machine.receive(OK) == []
    assert machine.expired(Timer.K) == [Finished()]


def test_on_tcp_nothing_is_repeated_and_the_response_ends_it() -> None:
    machine = transaction(reliable=True)
    assert machine.start() == [Send(BYE), StartTimer(Timer.F, 32.0)]
    assert machine.receive(OK) == [Deliver(OK), Finished()]


def test_silence_is_reported_after_timer_f() -> None:
    machine = transaction()
    machine.start()
    assert machine.expired(Timer.F) == [Failed(Failure.TIMED_OUT), Finished()]
    assert machine.receive(OK) == []


def test_a_transport_error_is_reported_unless_the_answer_is_known() -> None:
    machine = transaction()
    machine.start()
    assert machine.transport_failed() == [Failed(Failure.TRANSPORT), Finished()]
    answered = transaction()
    answered.start()
    answered.receive(OK)
    assert answered.transport_failed() == [Finished()]
