import pytest

from telephony.sip import Hop, MediaDirection, MessageMalformed, Provisional, Request, Response, make_offer
from telephony.sip.core.message import make_response, parse_message
from telephony.sip.core.reliable import ReliableReceiver, read_rack, read_rseq, wants_reliable
from tests.fakes.sip_hotline import LOCAL, REMOTE, SERVER, TRUNK, Line, Notes, ack_of, request

pytestmark = pytest.mark.unit

ANSWER = make_offer(LOCAL)
REQUIRES = "Require: 100rel"


def read(*headers: str) -> Request:
    message = parse_message(request(headers=headers).encode())
    assert isinstance(message, Request)
    return message


def test_only_who_requires_it_or_is_offered_it_gets_reliable_responses() -> None:
    assert wants_reliable(read(REQUIRES), offered=False)
    assert not wants_reliable(read("Supported: 100rel"), offered=False)
    assert wants_reliable(read("Supported: timer, 100rel"), offered=True)
    assert not wants_reliable(read(), offered=True)


@pytest.mark.parametrize("value", ["", "1", "1 2", "a 2 INVITE", "1 b INVITE", "99999999999 1 INVITE"])
def test_a_rack_that_names_nothing_is_malformed(value: str) -> None:
    with pytest.raises(MessageMalformed):
        read_rack(read(f"RAck: {value}"))


@pytest.mark.parametrize(
    ("headers", "number"),
    [
        ([("Require", "100rel"), ("RSeq", "7")], 7),
        ([("RSeq", "7")], None),
        ([("Require", "100rel")], None),
        ([("Require", "100rel"), ("RSeq", "0")], None),
        ([("Require", "100rel"), ("RSeq", "x")], None),
    ],
)
def test_a_reliable_response_has_both_headers(headers: list[tuple[str, str]], number: int | None) -> None:
    assert read_rseq(make_response(read(), 180, headers=headers)) == number


def test_a_fork_takes_each_number_once_and_in_order() -> None:
    receiver = ReliableReceiver()
    assert [receiver.takes(number) for number in (17, 17, 19, 18, 19)] == [True, False, False, True, True]


# -- a carrier calls us and requires 100rel ----------------------------------------------------------------------


def prack(line: Line, response: Response, *, number: int = 2, body: str = "", wrong: int = 0) -> None:
    rack = f"RAck: {int(response.get('RSeq') or 0) + wrong} 1 INVITE"
    line.trunk_sends(request("PRACK", number=number, to_tag=response.to_tag, headers=(rack,), body=body))


async def test_ringing_is_repeated_until_its_prack(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(180)
    line.advance(3.6)
    assert line.trunk.statuses == [100, 180, 180, 180, 180]
    ringing = line.trunk.last_response()
    assert (ringing.get("Require"), int(ringing.get("RSeq") or 0) > 0) == ("100rel", True)
    prack(line, ringing, wrong=1)
    assert line.trunk.statuses[-1] == 481
    prack(line, ringing, number=3)
    assert line.trunk.last_response().cseq.method == "PRACK"
    assert line.trunk.statuses[-1] == 200
    count = len(line.trunk.statuses)
    line.advance(30)
    assert len(line.trunk.statuses) == count


async def test_a_call_whose_ringing_is_never_acknowledged_is_given_up_with_504(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(180)
    line.advance(32.2)
    assert line.trunk.statuses[-1] == 504
    assert line.notes.events == ["cancelled"]
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag, refused=True))
    line.advance(40)
    assert line.quiet()


async def test_the_answer_waits_for_the_prack_of_the_early_answer_and_is_not_repeated(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(183, ANSWER)
    line.advance()
    early = line.trunk.last_response()
    assert early.sdp == ANSWER
    assert line.invite.accept(ANSWER)
    line.advance()
    assert 200 not in line.trunk.statuses
    prack(line, early)
    ok = line.trunk.last_response()
    assert (ok.status, ok.cseq.method, ok.sdp) == (200, "INVITE", None)
    line.trunk_sends(ack_of(request(), ok.to_tag))
    assert line.notes.events == ["acked"]


async def test_ringing_without_a_description_does_not_hold_up_the_answer(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(180)
    line.invite.accept(ANSWER)
    line.advance()
    assert line.trunk.statuses == [100, 180, 200]
    assert line.trunk.last_response().sdp == ANSWER
    line.trunk_sends(ack_of(request(), line.trunk.last_response().to_tag))
    prack(line, next(r for r in line.trunk.heard if isinstance(r, Response) and r.status == 180))
    assert line.trunk.statuses[-1] == 200  # a PRACK that comes late is welcome (RFC 3262 §3)


async def test_one_response_waits_for_the_prack_of_the_other(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(180)
    line.invite.progress(183, ANSWER)
    line.advance()
    assert line.trunk.statuses == [100, 180]
    ringing = line.trunk.last_response()
    prack(line, ringing)
    early = line.trunk.last_response()
    assert (early.status, int(early.get("RSeq") or 0)) == (183, int(ringing.get("RSeq") or 0) + 1)


async def test_a_cancel_before_the_prack_ends_the_call_whose_answer_waited(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(183, ANSWER)
    line.invite.accept(ANSWER)
    line.trunk_sends(request("CANCEL"))
    assert line.trunk.statuses[-1] == 487
    assert line.notes.events == ["cancelled"]


async def test_an_answer_that_waits_for_a_prack_can_be_taken_back(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(183, ANSWER)
    line.invite.accept(ANSWER)
    line.invite.bye()
    line.advance()
    assert line.trunk.statuses[-1] == 480
    assert line.notes.names == ["DialogEnd"]


async def test_ringing_goes_on_with_a_new_number_each_minute(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(180)
    line.advance()
    first = line.trunk.last_response()
    prack(line, first)
    line.advance(60)
    again = line.trunk.last_response()
    assert (again.status, int(again.get("RSeq") or 0)) == (180, int(first.get("RSeq") or 0) + 1)


async def test_a_call_without_an_offer_gets_ours_in_the_183_and_answers_in_the_prack(line: Line) -> None:
    bare = request(headers=(REQUIRES,), body="")
    line.trunk_sends(bare)
    line.invite.progress(180)  # would have to bring the offer
    line.advance()
    assert line.trunk.statuses == [100]
    line.invite.progress(183, ANSWER)
    line.advance()
    prack(line, line.trunk.last_response(), body=make_offer(REMOTE))
    assert line.notes.events == ["acked with answer"]
    line.invite.accept(ANSWER)
    line.advance()
    assert line.trunk.last_response().sdp is None


async def test_a_further_offer_in_the_prack_or_an_update_is_answered_there(line: Line) -> None:
    line.trunk_sends(request(headers=(REQUIRES,)))
    line.invite.progress(183, ANSWER)
    line.advance()
    early = line.trunk.last_response()
    hold = make_offer(REMOTE.next_version(), MediaDirection.SENDONLY)
    prack(line, early, body=hold)
    ok = line.trunk.last_response()
    assert (ok.status, "a=recvonly" in (ok.sdp or "")) == (200, True)
    line.trunk_sends(request("UPDATE", number=3, to_tag=early.to_tag, body=make_offer(REMOTE)))
    ok = line.trunk.last_response()
    assert (ok.status, ok.cseq.method, "a=sendrecv" in (ok.sdp or "")) == (200, "UPDATE", True)
    assert line.notes.events == ["offered", "offered"]


async def test_a_trunk_that_only_supports_it_is_served_by_setting() -> None:
    for trunks, reliable in ((frozenset[str](), False), (frozenset({"carrier"}), True)):
        line = Line(reliable_trunks=trunks)
        await line.endpoint.start()
        line.trunk_sends(request(headers=("Supported: 100rel",)))
        line.invite.progress(180)
        line.advance()
        assert (line.trunk.last_response().get("RSeq") is not None) is reliable


# -- we call a carrier -------------------------------------------------------------------------------------------


def call_out(line: Line, sdp: str | None = ANSWER) -> tuple[Notes, object]:
    notes = Notes()
    call = line.endpoint.invite(
        f"sip:1@{TRUNK}", caller="96556", events=notes, sdp=sdp, hop=Hop(TRUNK, 5060), trunk="carrier"
    )
    line.advance()
    return notes, call


def rings(line: Line, rseq: int, *, status: int = 180, tag: str = "far", body: str = "") -> None:
    invite = next(m for m in reversed(line.trunk.heard) if isinstance(m, Request) and m.method == "INVITE")
    headers = [("Require", "100rel"), ("RSeq", str(rseq)), ("Contact", f"<sip:far@{TRUNK}>")]
    if body:
        headers.append(("Content-Type", "application/sdp"))
    line.trunk.send(make_response(invite, status, to_tag=tag, headers=headers, body=body.encode()), SERVER)
    line.advance()


async def test_each_reliable_response_is_acknowledged_once_and_in_order(line: Line) -> None:
    notes, _ = call_out(line)
    line.trunk.answer = lambda message: (
        line.trunk.send(make_response(message, 200), SERVER)
        if isinstance(message, Request) and message.method == "PRACK"
        else None
    )
    for number in (5, 5, 7, 6):
        rings(line, number)
    pracks = [m for m in line.trunk.heard if isinstance(m, Request) and m.method == "PRACK"]
    assert [m.get("RAck") for m in pracks] == ["5 1 INVITE", "6 1 INVITE"]
    assert [m.cseq.number for m in pracks] == [2, 3]
    assert pracks[0].uri == f"sip:far@{TRUNK}"
    assert notes.names == ["Provisional", "Provisional"]


async def test_forks_are_acknowledged_each_in_its_own_dialog(line: Line) -> None:
    call_out(line)
    rings(line, 5, tag="one")
    rings(line, 9, tag="two")
    pracks = [m for m in line.trunk.heard if isinstance(m, Request) and m.method == "PRACK"]
    assert [(m.to_tag, m.get("RAck")) for m in pracks] == [("one", "5 1 INVITE"), ("two", "9 1 INVITE")]


async def test_an_offer_in_the_183_is_answered_in_the_prack_and_the_200_needs_only_an_ack(line: Line) -> None:
    notes, call = call_out(line, sdp=None)
    rings(line, 5, status=183, body=make_offer(REMOTE))
    assert "PRACK" not in line.trunk.methods
    early = notes.events[-1]
    assert isinstance(early, Provisional)
    assert early.offers
    call.ack(ANSWER)  # type: ignore[attr-defined]
    line.advance()
    acknowledged = line.trunk.last_request()
    assert (acknowledged.method, acknowledged.sdp, acknowledged.get("RAck")) == ("PRACK", ANSWER, "5 1 INVITE")
    invite = next(m for m in line.trunk.heard if isinstance(m, Request) and m.method == "INVITE")
    contact = [("Contact", f"<sip:far@{TRUNK}>")]
    line.trunk.send(make_response(invite, 200, to_tag="far", headers=contact), SERVER)
    line.advance()
    assert (line.trunk.last_request().method, line.trunk.last_request().body) == ("ACK", b"")
    assert notes.names == ["Provisional", "answered"]


async def test_a_carrier_that_requires_the_extension_is_called_again_with_it(line: Line) -> None:
    call_out(line)
    first = line.trunk.last_request()
    assert first.get("Supported") == "timer"
    line.trunk.send(make_response(first, 421, to_tag="x", headers=[("Require", "100rel")]), SERVER)
    line.advance()
    again = line.trunk.last_request()
    assert (again.method, again.get("Supported"), again.cseq.number) == ("INVITE", "timer, 100rel", 2)


async def test_a_carrier_that_requires_what_we_lack_is_not_called_again(line: Line) -> None:
    notes, _ = call_out(line)
    line.trunk.send(make_response(line.trunk.last_request(), 421, headers=[("Require", "precondition")]), SERVER)
    line.advance()
    assert line.trunk.methods == ["INVITE", "ACK"]
    assert notes.names == ["InviteFailed"]


async def test_the_extension_is_offered_to_the_trunks_that_are_set_so() -> None:
    line = Line(reliable_trunks=frozenset({"carrier"}))
    await line.endpoint.start()
    call_out(line)
    assert line.trunk.last_request().get("Supported") == "timer, 100rel"


async def test_a_prack_that_nobody_answers_does_not_end_the_call(line: Line) -> None:
    notes, call = call_out(line)
    rings(line, 5)
    invite = next(m for m in line.trunk.heard if isinstance(m, Request) and m.method == "INVITE")
    contact = [("Contact", f"<sip:far@{TRUNK}>")]
    line.trunk.send(make_response(invite, 200, to_tag="far", headers=contact), SERVER)
    line.advance(40)
    assert notes.names == ["Provisional", "answered"]
    call.bye()  # type: ignore[attr-defined]


async def test_a_ringing_fork_may_move_by_update_but_not_change_its_media(line: Line) -> None:
    call_out(line)
    rings(line, 5)
    ours = line.trunk.last_request().from_tag
    call_id = line.trunk.last_request().call_id
    told = {"call_id": call_id, "from_tag": "far", "to_tag": ours}
    line.trunk_sends(request("UPDATE", number=1, branch="u1", **told))  # type: ignore[arg-type]
    assert line.trunk.statuses[-1] == 200
    line.trunk_sends(request("UPDATE", number=2, branch="u2", body=ANSWER, **told))  # type: ignore[arg-type]
    assert line.trunk.statuses[-1] == 488
    line.trunk_sends(request("UPDATE", number=1, branch="u3", **told))  # type: ignore[arg-type]
    assert line.trunk.statuses[-1] == 500
