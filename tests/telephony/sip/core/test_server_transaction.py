import pytest

from telephony.sip.core.actions import Failed, Failure, Finished, Send, StartTimer
from telephony.sip.core.message import Request, make_response, parse_message
from telephony.sip.core.server_transaction import ServerTransaction
from telephony.sip.core.timers import SipTimers, Timer
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit

_parsed = parse_message(request("OPTIONS").encode())
assert isinstance(_parsed, Request)
OPTIONS: Request = _parsed
OK = make_response(OPTIONS, 200, to_tag="t")


def transaction(*, reliable: bool = False) -> ServerTransaction:
    return ServerTransaction(OPTIONS, SipTimers(), reliable=reliable)


def test_a_repeated_request_is_absorbed_until_there_is_a_response() -> None:
    machine = transaction()
    assert machine.receive(OPTIONS) == []
    trying = make_response(OPTIONS, 100)
    assert machine.respond(trying) == [Send(trying)]
    assert machine.receive(OPTIONS) == [Send(trying)]


def test_a_repeated_request_hears_the_same_final_response_for_64_t1_on_udp() -> None:
    machine = transaction()
    assert machine.respond(OK) == [Send(OK), StartTimer(Timer.J, 32.0)]
    assert machine.receive(OPTIONS) == [Send(OK)]
    assert machine.respond(make_response(OPTIONS, 500)) == []
    assert machine.expired(Timer.J) == [Finished()]
    assert machine.receive(OPTIONS) == []
    assert machine.expired(Timer.J) == []


def test_on_tcp_it_ends_with_the_response() -> None:
    assert transaction(reliable=True).respond(OK) == [Send(OK), Finished()]


def test_a_transport_error_is_told_once() -> None:
    machine = transaction()
    assert machine.transport_failed() == [Failed(Failure.TRANSPORT), Finished()]
    assert machine.transport_failed() == []
