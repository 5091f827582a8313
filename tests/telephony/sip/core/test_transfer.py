import pytest

from telephony.sip import Hop, InviteEvents, MessageMalformed, Request, TransferWish, make_offer
from telephony.sip.core.message import make_response, parse_message
from telephony.sip.core.transfer import read_refer
from tests.fakes.sip_hotline import LOCAL, SERVER, Line, Notes, ack_of, request

pytestmark = pytest.mark.unit

REFER_TO = "Refer-To: <sip:6002@10.0.0.1>"
PHONE = "10.0.0.3"


class Seat:
    """A registered phone that we rang and that has answered."""

    def __init__(self, line: Line, notes: InviteEvents | None = None) -> None:
        self.line = line
        self.notes = Notes()
        self.number = 0
        line.phone.answer = self._answer
        self.call = line.endpoint.invite(
            "sip:6001@10.0.0.3", caller="96556", events=notes or self.notes, sdp=make_offer(LOCAL),
            hop=Hop(PHONE, 5060), account="6001",
        )  # fmt: skip
        line.advance()

    def _answer(self, message: object) -> None:
        if isinstance(message, Request) and message.method == "INVITE":
            contact = [("Contact", "<sip:6001@10.0.0.3>")]
            self.line.phone.send(make_response(message, 200, to_tag="seat", headers=contact), SERVER)
        elif isinstance(message, Request) and message.method == "NOTIFY":
            self.line.phone.send(make_response(message, 200), SERVER)

    def refer(self, *headers: str, method: str = "REFER") -> int:
        """Its status; 0 while it waits."""
        self.number += 1
        tag = self.line.phone.last_request().from_tag
        self.line.phone_sends(
            request(
                method, number=self.number, host=PHONE, call_id=self.call.call_id, from_tag="seat", to_tag=tag,
                headers=headers,
            )
        )  # fmt: skip
        return next(reversed(self.line.phone.statuses), 0)

    @property
    def notified(self) -> list[tuple[str, str | None]]:
        return [
            (message.body.decode().strip(), message.get("Subscription-State"))
            for message in self.line.phone.heard
            if isinstance(message, Request) and message.method == "NOTIFY"
        ]


def read(*headers: str) -> Request:
    message = parse_message(request("REFER", headers=headers).encode())
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize("headers", [(), (REFER_TO, REFER_TO), ("Refer-To: <sip:a b@h>",), ("Refer-To: <>",)])
def test_a_refer_names_exactly_one_target(headers: tuple[str, ...]) -> None:
    with pytest.raises(MessageMalformed):
        read_refer(read(*headers))


def test_an_attended_transfer_names_the_dialog_it_replaces() -> None:
    refer = read("Refer-To: <sip:6002@h?Replaces=c%40h%3Bto-tag%3Da%3Bfrom-tag%3Db>", "Referred-By: <sip:6001@h>")
    assert read_refer(refer) == TransferWish("sip:6002@h", "c@h;to-tag=a;from-tag=b", "<sip:6001@h>")


async def test_a_seats_blind_transfer_is_told_accepted_and_reported_to_its_end(line: Line) -> None:
    seat = Seat(line)
    assert "REFER" in (line.phone.last_request().get("Allow") or line.phone.heard[0].get("Allow") or "")
    seat.refer(REFER_TO, "Referred-By: <sip:6001@10.0.0.1>")
    assert seat.notes.events[-1] == TransferWish("sip:6002@10.0.0.1", None, "<sip:6001@10.0.0.1>")
    transfer = seat.notes.transfers[0]
    transfer.accept()
    transfer.tell(180)
    transfer.tell(200)
    transfer.tell(486)  # too late
    line.advance()
    assert line.phone.statuses[-1] == 202
    assert seat.notified == [
        ("SIP/2.0 100 Trying", "active;expires=180"),
        ("SIP/2.0 180 Ringing", "active;expires=180"),
        ("SIP/2.0 200 OK", "terminated;reason=noresource"),
    ]
    last = line.phone.last_request()
    assert (last.get("Event"), last.get("Content-Type")) == ("refer", "message/sipfrag;version=2.0")
    assert line.phone.methods.count("NOTIFY") == 3
    seat.call.bye()


async def test_the_second_transfer_of_a_call_is_named_in_its_reports(line: Line) -> None:
    seat = Seat(line)
    for _ in range(2):
        seat.refer(REFER_TO)
        seat.notes.transfers[-1].accept()
        seat.notes.transfers[-1].tell(486, "Busy Here")
        line.advance()
    assert line.phone.last_request().get("Event") == "refer;id=2"


async def test_a_transfer_that_the_owner_knows_nothing_about_is_declined(line: Line) -> None:
    assert Seat(line, InviteEvents()).refer(REFER_TO) == 603


async def test_an_owner_that_raises_declines_with_500(line: Line) -> None:
    class Broken(InviteEvents):
        def transfer_asked(self, transfer: object) -> None:
            raise RuntimeError("owner")

    assert Seat(line, Broken()).refer(REFER_TO) == 500


async def test_what_cannot_be_a_transfer_is_refused_by_name(line: Line) -> None:
    seat = Seat(line)
    assert seat.refer() == 400
    assert seat.refer("Refer-To: <mailto:a@b>") == 416
    seat.refer(REFER_TO)
    assert seat.refer(REFER_TO) == 491
    seat.notes.transfers[0].reject(403, "not this number")
    line.advance()
    assert line.phone.statuses[-1] == 403
    assert seat.notified == []


async def test_a_phone_that_wants_no_reports_gets_none(line: Line) -> None:
    seat = Seat(line)
    seat.refer(REFER_TO, "Refer-Sub: false")
    seat.notes.transfers[0].accept()
    seat.notes.transfers[0].tell(200)
    line.advance()
    assert (line.phone.last_response().status, line.phone.last_response().get("Refer-Sub")) == (202, "false")
    assert seat.notified == []


async def test_a_report_answered_481_ends_the_reports_and_not_the_call(line: Line) -> None:
    seat = Seat(line)
    seat.refer(REFER_TO)
    line.phone.answer = None
    seat.notes.transfers[0].accept()
    line.advance()
    line.phone.send(make_response(line.phone.last_request(), 481), SERVER)
    line.advance()
    seat.notes.transfers[0].tell(200)
    line.advance()
    assert len(seat.notified) == 1
    assert seat.call.answered


async def test_a_call_that_ends_answers_the_open_refer_and_reports_no_more(line: Line) -> None:
    seat = Seat(line)
    seat.refer(REFER_TO)
    seat.call.bye()
    line.advance()
    assert 487 in line.phone.statuses
    seat.notes.transfers[0].accept()
    line.advance()
    assert seat.notified == []


async def test_a_carrier_cannot_send_us_elsewhere(answering_line: Line) -> None:
    line = answering_line
    line.trunk_sends(request())
    tag = line.trunk.last_response().to_tag
    line.trunk_sends(ack_of(request(), tag))
    line.trunk_sends(request("REFER", number=2, to_tag=tag, headers=(REFER_TO,)))
    refusal = line.trunk.last_response()
    assert (refusal.status, "REFER" in (refusal.get("Allow") or "")) == (405, False)
