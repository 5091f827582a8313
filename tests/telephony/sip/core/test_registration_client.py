from itertools import count

import pytest

from telephony.sip.core.credentials import Credentials
from telephony.sip.core.message import Request, make_response
from telephony.sip.core.registration_client import RegistrationClient, RegistrationState, Step

pytestmark = pytest.mark.unit

CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"')


class Trunk:
    def __init__(self) -> None:
        tokens = count()
        self.client = RegistrationClient(
            "carrier.example",
            Credentials("hotline", "pw"),
            "<sip:hotline@10.0.0.1:5060>",
            "Nuanxian",
            300,
            lambda: f"t{next(tokens)}",
        )

    def answer(self, request: Request | None, status: int, *headers: tuple[str, str]) -> Step:
        assert request is not None
        request.fields["Via"] = ["SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"]
        return self.client.response(request, make_response(request, status, headers=headers))


def test_a_challenge_is_answered_and_the_registration_is_refreshed_before_it_runs_out() -> None:
    trunk = Trunk()
    first = trunk.client.begin().send
    assert first is not None
    assert (first.uri, first.get("Expires")) == ("sip:carrier.example", "300")
    second = trunk.answer(first, 401, CHALLENGE).send
    assert second is not None
    assert second.cseq.number == 2
    assert 'username="hotline"' in (second.get("Authorization") or "")
    done = trunk.answer(second, 200, ("Contact", "<sip:hotline@10.0.0.1:5060>;expires=100"))
    assert done == Step(again_s=80.0, changed=True, detail="200 OK")
    assert trunk.client.state is RegistrationState.REGISTERED
    refresh = trunk.client.begin().send
    assert refresh is not None
    assert "nc=00000002" in (refresh.get("Authorization") or "")
    assert not trunk.answer(refresh, 200).changed


def test_a_wrong_password_is_told_once_and_tried_again_later_and_later() -> None:
    trunk = Trunk()
    second = trunk.answer(trunk.client.begin().send, 401, CHALLENGE).send
    step = trunk.answer(second, 401, CHALLENGE)
    assert (step.changed, step.again_s, step.send) == (True, 30.0, None)
    waits = [trunk.client.failed("timed out").again_s for _ in range(5)]
    assert waits == [60.0, 120.0, 240.0, 300.0, 300.0]
    assert not trunk.client.failed("timed out").changed


def test_a_longer_life_is_asked_for_when_the_trunk_wants_one() -> None:
    trunk = Trunk()
    step = trunk.answer(trunk.client.begin().send, 423, ("Min-Expires", "1800"))
    assert step.send is not None
    assert step.send.get("Expires") == "1800"


def test_a_lost_registration_is_told() -> None:
    trunk = Trunk()
    trunk.answer(trunk.client.begin().send, 200)
    step = trunk.client.failed("timed out")
    assert step.changed
    assert trunk.client.state is RegistrationState.UNREGISTERED


def test_leaving_unregisters_and_never_comes_back() -> None:
    trunk = Trunk()
    assert trunk.client.leave() == Step()
    trunk = Trunk()
    trunk.answer(trunk.client.begin().send, 200)
    leave = trunk.client.leave().send
    assert leave is not None
    assert leave.get("Expires") == "0"
    step = trunk.answer(leave, 200)
    assert (step.changed, step.again_s) == (True, None)
