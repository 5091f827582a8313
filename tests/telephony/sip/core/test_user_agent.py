import pytest

from telephony.sip.core.message import Request, parse_message
from telephony.sip.core.user_agent import ALLOW, refuse_method
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("method", "status"), [("MESSAGE", 405), ("REGISTER", 405), ("PRACK", 405), ("DANCE", 501)])
def test_a_known_method_that_is_not_served_here_is_405_and_an_unknown_one_501(method: str, status: int) -> None:
    message = parse_message(request(method).encode())
    assert isinstance(message, Request)
    refusal = refuse_method(message, method)
    assert (refusal.status, refusal.get("Allow")) == (status, ALLOW)
