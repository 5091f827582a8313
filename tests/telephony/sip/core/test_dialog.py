import pytest

from telephony.sip.core.dialog import Dialog, DialogState
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.message import Request, make_response, parse_message
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit

ROUTES = ("Record-Route: <sip:p1;lr>", "Record-Route: <sip:p2;lr>")


def parsed(text: str) -> Request:
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message


def callee(*headers: str) -> Dialog:
    return Dialog.as_callee(parsed(request(number=7, headers=headers)), "ours", "<sip:us@10.0.0.1>", "Nuanxian")


def caller(*headers: tuple[str, str]) -> Dialog:
    invite = parsed(request(number=7))
    response = make_response(invite, 200, to_tag="far", headers=headers)
    return Dialog.as_caller(invite, response, "<sip:us@10.0.0.1>")


def test_the_callees_requests_go_the_way_the_invite_came() -> None:
    bye = callee(*ROUTES).request("BYE")
    assert bye.uri == "sip:13800001234@10.0.0.2:5060"
    assert bye.get_list("Route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert (bye.from_tag, bye.to_tag, bye.cseq.number) == ("ours", "their-tag", 1)
    assert bye.get("User-Agent") == "Nuanxian"


def test_the_callers_route_set_is_the_responses_reversed() -> None:
    dialog = caller(("Contact", "<sip:far@h>"), ("Record-Route", "<sip:p1;lr>, <sip:p2;lr>"))
    assert dialog.route_set == ["<sip:p2;lr>", "<sip:p1;lr>"]
    bye = dialog.request("BYE")
    assert (bye.uri, bye.cseq.number, bye.to_tag) == ("sip:far@h", 8, "far")
    assert dialog.next_hop().host == "p2"


def test_a_strict_router_takes_the_request_uri_and_the_target_goes_last() -> None:
    dialog = callee("Record-Route: <sip:old-proxy>, <sip:p2;lr>")
    bye = dialog.request("BYE")
    assert bye.uri == "sip:old-proxy"
    assert bye.get_list("Route") == ["<sip:p2;lr>", "<sip:13800001234@10.0.0.2:5060>"]


def test_the_number_of_the_peers_requests_may_stand_but_not_fall() -> None:
    dialog = callee()
    assert dialog.in_order(parsed(request("INFO", number=9)))
    assert dialog.in_order(parsed(request("INFO", number=9)))
    assert not dialog.in_order(parsed(request("INFO", number=8)))


def test_a_new_contact_moves_the_target_and_a_broken_one_does_not() -> None:
    dialog = callee()
    dialog.refresh_target(parsed(request(contact=False, headers=("Contact: <sip:new@h:5070>",))))
    assert dialog.remote_target == "sip:new@h:5070"
    dialog.refresh_target(parsed(request(contact=False, headers=("Contact: <mailto:x@y>",))))
    dialog.refresh_target(parsed(request(contact=False)))
    assert dialog.remote_target == "sip:new@h:5070"


def test_the_2xx_confirms_and_its_route_set_replaces_the_early_one() -> None:
    dialog = caller(("Contact", "<sip:early@h>"))
    ok = make_response(
        parsed(request(number=7)), 200, to_tag="far", headers=[("Contact", "<sip:b@h>"), ("Record-Route", "<sip:p;lr>")]
    )
    dialog.confirm(ok)
    assert dialog.state is DialogState.CONFIRMED
    assert (dialog.remote_target, dialog.route_set) == ("sip:b@h", ["<sip:p;lr>"])


def test_the_ack_has_the_number_and_the_proof_of_its_invite_and_is_the_same_when_repeated() -> None:
    dialog = caller(("Contact", "<sip:far@h>"))
    invite = parsed(request(number=7, headers=("Proxy-Authorization: Digest x=1",)))
    ack = dialog.ack(invite)
    assert ack.cseq == (7, "ACK")
    assert ack.get("Proxy-Authorization") == "Digest x=1"
    assert dialog.ack(invite) is ack
    assert dialog.local_seq == 7


def test_an_invite_without_usable_contact_makes_no_dialog() -> None:
    for headers in ((), ("Contact: <tel:110>",)):
        with pytest.raises(MessageMalformed):
            Dialog.as_callee(parsed(request(contact=False, headers=headers)), "t", "<sip:us@h>")


def test_a_contact_with_a_blank_inside_makes_no_dialog() -> None:
    """It would stand in the request line of our BYE."""
    with pytest.raises(MessageMalformed, match="blank"):
        Dialog.as_callee(parsed(request(contact=False, headers=("Contact: <sip:a b@10.0.0.2>",))), "ours", "<sip:us@h>")
