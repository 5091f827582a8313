import pytest

from telephony.sip.core.address import Hop
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.message import Request, parse_message
from telephony.sip.core.registrar import RegisterReply, Registrar
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit

FLOW = Hop("10.0.0.3", 5060)
A = "Contact: <sip:6001@10.0.0.3:5060>"
B = "Contact: <sip:6001@10.0.0.4:5060>"


class Desk:
    def __init__(self, **limits: int) -> None:
        self.registrar = Registrar(**limits)
        self.now_s = 0.0
        self.number = 0

    def register(
        self, *headers: str, number: int | None = None, call_id: str = "r", flow: Hop = FLOW, account: str = "6001"
    ) -> RegisterReply:
        self.number = number if number is not None else self.number + 1
        text = request("REGISTER", number=self.number, call_id=call_id, contact=False, headers=headers)
        message = parse_message(text.encode())
        assert isinstance(message, Request)
        return self.registrar.register(account, message, flow, self.now_s)

    def uris(self) -> list[str]:
        return [contact.uri for contact in self.registrar.contacts("6001", self.now_s)]


def test_two_contacts_are_both_kept_and_listed() -> None:
    desk = Desk()
    assert desk.register(A, "Expires: 60").changed
    reply = desk.register(B, "Expires: 60", call_id="other")
    assert reply.status == 200
    assert len(reply.headers) == 2
    assert set(desk.uris()) == {"sip:6001@10.0.0.3:5060", "sip:6001@10.0.0.4:5060"}


def test_a_refresh_is_no_change_but_another_flow_is() -> None:
    desk = Desk()
    desk.register(A)
    assert not desk.register(A).changed
    assert desk.register(A, flow=Hop("10.0.0.3", 6060)).changed


def test_a_contact_runs_out() -> None:
    desk = Desk()
    desk.register(A, "Expires: 60")
    desk.now_s = 59
    assert len(desk.uris()) == 1
    assert desk.registrar.next_expiry_s() == 60
    desk.now_s = 60
    assert desk.uris() == []
    assert desk.registrar.expire(desk.now_s) == ["6001"]
    assert desk.registrar.next_expiry_s() is None
    assert desk.register(A).changed


def test_the_contacts_own_expiry_goes_before_the_header() -> None:
    desk = Desk()
    desk.register(A + ";expires=120", "Expires: 60")
    assert desk.registrar.contacts("6001", 0)[0].expires_at_s == 120


def test_one_contact_is_unregistered_and_the_other_stays() -> None:
    desk = Desk()
    desk.register(A)
    desk.register(B, call_id="other")
    assert desk.register(A + ";expires=0").changed
    assert desk.uris() == ["sip:6001@10.0.0.4:5060"]


def test_a_star_unregisters_all() -> None:
    desk = Desk()
    desk.register(A)
    desk.register(B)
    assert desk.register("Contact: *", "Expires: 0").changed
    assert desk.uris() == []


@pytest.mark.parametrize("headers", [("Contact: *",), ("Contact: *", "Expires: 60"), ("Contact: *", A, "Expires: 0")])
def test_a_star_needs_expiry_0_and_no_company(headers: tuple[str, ...]) -> None:
    with pytest.raises(MessageMalformed):
        Desk().register(*headers)


def test_without_contact_the_bindings_are_listed() -> None:
    desk = Desk()
    desk.register(A, "Expires: 60")
    desk.now_s = 10
    reply = desk.register()
    assert reply.headers == (("Contact", "<sip:6001@10.0.0.3:5060>;expires=50"),)


def test_too_short_a_life_is_refused_with_423_and_too_long_a_one_is_cut() -> None:
    desk = Desk(min_expires_s=30, max_expires_s=100)
    assert desk.register(A, "Expires: 5") == RegisterReply(
        423, (("Min-Expires", "30"),), why="the lifetime is too short"
    )
    desk.register(A, "Expires: 99999999999")
    assert desk.registrar.contacts("6001", 0)[0].expires_at_s == 100


def test_a_late_register_is_refused_and_another_call_id_is_not() -> None:
    desk = Desk()
    desk.register(A, number=5)
    assert desk.register(A, number=4).status == 500
    assert desk.register("Contact: *", "Expires: 0", number=5).status == 500
    assert desk.register(A, number=1, call_id="rebooted").status == 200


def test_one_bad_contact_leaves_all_as_it_was() -> None:
    desk = Desk()
    desk.register(A)
    with pytest.raises(MessageMalformed):
        desk.register(B, "Contact: <tel:1>")
    with pytest.raises(MessageMalformed):
        desk.register(B + ";expires=x")
    assert desk.uris() == ["sip:6001@10.0.0.3:5060"]


def test_tables_are_bounded() -> None:
    desk = Desk(max_contacts=1, max_accounts=1)
    desk.register(A)
    assert desk.register(B).status == 403
    assert desk.register(A, account="6002").status == 503
    assert desk.registrar.accounts() == ("6001",)


def test_the_preferred_contact_comes_first() -> None:
    desk = Desk()
    desk.register(A + ";q=0.2", B + ";q=0.9")
    assert desk.uris()[0] == "sip:6001@10.0.0.4:5060"
    assert desk.registrar.remove("6001")
    assert not desk.registrar.remove("6001")


def test_contacts_go_with_the_connection_they_came_by() -> None:
    desk = Desk()
    broken, other = Hop("10.0.0.3", 40000, "tcp"), Hop("10.0.0.4", 40000, "tcp")
    desk.register(A, flow=broken)
    desk.register(B, flow=other)
    desk.register(A, flow=broken, account="6002")
    assert desk.registrar.drop_flow(broken) == ["6001", "6002"]
    assert desk.uris() == ["sip:6001@10.0.0.4:5060"]
    assert desk.registrar.drop_flow(broken) == []
