import pytest

from telephony.sip import DialogEnd, EndedBy, Hop, MessageMalformed, Request, SessionTimerRules, make_offer
from telephony.sip.core.actions import StartTimer
from telephony.sip.core.message import make_response, parse_message
from telephony.sip.core.session_timer import SessionTimer, interval_refusal, read_min_se, read_session_expires
from telephony.sip.core.timers import Timer
from tests.fakes.sip_hotline import LOCAL, SERVER, TRUNK, Line, Notes, ack_of, request

pytestmark = pytest.mark.unit

KNOWS = "Supported: timer"
UPDATES = "Allow: INVITE, ACK, BYE, UPDATE"


def read(*headers: str) -> Request:
    message = parse_message(request(headers=headers).encode())
    assert isinstance(message, Request)
    return message


# RFC 4028 §9, table 2: what the caller knows and asks for, and what the callee decides
@pytest.mark.parametrize(
    ("headers", "granted", "required", "we_refresh"),
    [
        ((), None, None, False),
        (("Session-Expires: 1200",), "1200;refresher=uas", None, True),  # a proxy asked
        ((KNOWS,), "1800;refresher=uas", "timer", True),
        ((KNOWS, "Session-Expires: 1200"), "1200;refresher=uas", "timer", True),
        ((KNOWS, "Session-Expires: 1200;refresher=uac"), "1200;refresher=uac", "timer", False),
        ((KNOWS, "x: 1200;refresher=uas"), "1200;refresher=uas", "timer", True),
        (("Require: timer", "Session-Expires: 90 ; refresher=UAC"), "90;refresher=uac", "timer", False),
        ((KNOWS, "Session-Expires: 7200"), "1800;refresher=uas", "timer", True),
        ((KNOWS, "Session-Expires: 7200", "Min-SE: 3600"), "3600;refresher=uas", "timer", True),
        ((KNOWS, "Min-SE: 3600"), "3600;refresher=uas", "timer", True),
    ],
)
def test_the_callee_decides_by_the_table_of_the_rfc(
    headers: tuple[str, ...], granted: str | None, required: str | None, we_refresh: bool
) -> None:
    timer = SessionTimer(SessionTimerRules())
    answer = dict(timer.agree(read(*headers)))
    assert (answer.get("Session-Expires"), answer.get("Require")) == (granted, required)
    assert timer.we_refresh is we_refresh


def test_without_a_wish_of_ours_only_the_peers_is_granted() -> None:
    timer = SessionTimer(SessionTimerRules(interval_s=0))
    assert timer.wish() == []
    assert timer.agree(read(KNOWS)) == []
    assert dict(timer.agree(read(KNOWS, "Session-Expires: 600")))["Session-Expires"] == "600;refresher=uas"


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ((KNOWS, "Session-Expires: 89"), True),
        ((KNOWS, "Session-Expires: 90"), False),
        (("Session-Expires: 30",), False),  # a proxy asked, and the caller could not react (RFC 4028 §9)
        ((KNOWS,), False),
    ],
)
def test_too_short_a_session_is_refused_to_whoever_can_ask_again(headers: tuple[str, ...], refused: bool) -> None:
    expected = [("Min-SE", "90")] if refused else None
    assert interval_refusal(read(*headers), SessionTimerRules()) == expected


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "99999999999"])
def test_an_interval_that_is_no_number_is_malformed(value: str) -> None:
    with pytest.raises(MessageMalformed):
        read_session_expires(read(f"Session-Expires: {value}"))
    with pytest.raises(MessageMalformed):
        read_min_se(read(f"Min-SE: {value}"))


def test_rules_below_the_rfcs_least_are_a_mistake() -> None:
    for interval_s, min_se_s in ((1800, 89), (60, 90)):
        with pytest.raises(ValueError, match="90 s"):
            SessionTimerRules(interval_s, min_se_s)


def test_whoever_refreshes_does_so_at_half_time_and_the_other_ends_before_the_interval_is_over() -> None:
    timer = SessionTimer(SessionTimerRules())
    timer.agree(read(KNOWS, "Session-Expires: 1800;refresher=uas"))
    assert timer.start() == [StartTimer(Timer.SESSION_REFRESH, 900), StartTimer(Timer.SESSION_EXPIRES, 1768)]
    timer.agree(read(KNOWS, "Session-Expires: 90;refresher=uac"))
    assert timer.start()[1] == StartTimer(Timer.SESSION_EXPIRES, 60)


def test_a_refused_interval_is_asked_for_once_more_and_nonsense_is_not() -> None:
    timer = SessionTimer(SessionTimerRules())
    invite = read()
    assert timer.refused(make_response(invite, 422, headers=[("Min-SE", "3600")]))
    assert timer.wish() == [("Session-Expires", "3600"), ("Min-SE", "3600")]
    assert not timer.refused(make_response(invite, 422))
    assert not timer.refused(make_response(invite, 422, headers=[("Min-SE", "9999999")]))
    assert not timer.refused(make_response(invite, 422, headers=[("Min-SE", "x")]))


# -- a carrier calls us ------------------------------------------------------------------------------------------


def call_in(line: Line, *headers: str) -> str:
    """A call in progress; our tag."""
    invite = request(headers=headers)
    line.trunk_sends(invite)
    tag = line.trunk.last_response().to_tag
    line.trunk_sends(ack_of(invite, tag))
    return tag


async def test_a_carrier_that_requires_timers_is_served_not_refused(answering_line: Line) -> None:
    line = answering_line
    call_in(line, "Require: timer", "Supported: timer", "Session-Expires: 1800;refresher=uac")
    ok = line.trunk.last_response()
    assert (ok.status, ok.get("Require"), ok.get("Session-Expires")) == (200, "timer", "1800;refresher=uac")


async def test_too_short_a_call_is_answered_422_before_anybody_hears_of_it(answering_line: Line) -> None:
    line = answering_line
    line.trunk_sends(request(headers=(KNOWS, "Session-Expires: 60")))
    refusal = line.trunk.last_response()
    assert (refusal.status, refusal.get("Min-SE")) == (422, "90")
    assert line.owner.invites == []
    line.trunk_sends(request(number=2, branch="b", headers=(KNOWS, "Session-Expires: x")))
    assert line.trunk.statuses[-1] == 400


async def test_we_refresh_by_update_and_the_call_lives_on(answering_line: Line) -> None:
    line = answering_line
    call_in(line, KNOWS, UPDATES, "Session-Expires: 100;refresher=uas")
    line.trunk.answer = lambda message: (
        line.trunk.send(make_response(message, 200, headers=[("Session-Expires", "100;refresher=uac")]), SERVER)
        if isinstance(message, Request)
        else None
    )
    line.advance(480)
    assert line.trunk.methods == ["UPDATE"] * 9
    update = line.trunk.last_request()
    assert update.get("Session-Expires") == "100;refresher=uac"
    assert update.get("Contact") is not None
    assert update.body == b""
    assert line.invite.answered
    assert line.notes.names == ["acked"]


async def test_a_peer_without_update_is_refreshed_by_a_reinvite_that_changes_nothing(answering_line: Line) -> None:
    line = answering_line
    call_in(line, KNOWS, "Session-Expires: 100;refresher=uas")
    ours = line.trunk.last_response().sdp
    line.advance(51)
    refresh = line.trunk.last_request()
    assert (refresh.method, refresh.sdp) == ("INVITE", ours)
    contact = [("Contact", "<sip:x@10.0.0.2>"), ("Session-Expires", "100;refresher=uac")]
    line.trunk.send(make_response(refresh, 200, headers=contact), SERVER)
    line.advance()
    assert line.trunk.methods[-1] == "ACK"
    assert line.notes.names == ["acked"]  # the owner never notices


async def test_an_update_that_meets_405_is_followed_by_a_reinvite(answering_line: Line) -> None:
    line = answering_line
    call_in(line, KNOWS, UPDATES, "Session-Expires: 100;refresher=uas")
    line.advance(50.2)
    line.trunk.send(make_response(line.trunk.last_request(), 405), SERVER)
    line.advance()
    assert line.trunk.methods == ["UPDATE", "INVITE"]


async def test_a_refresh_that_meets_422_asks_for_more(answering_line: Line) -> None:
    line = answering_line
    call_in(line, KNOWS, UPDATES, "Session-Expires: 100;refresher=uas")
    line.advance(51)
    first = line.trunk.last_request()
    line.trunk.send(make_response(first, 422, headers=[("Min-SE", "400")]), SERVER)
    line.advance()
    again = line.trunk.last_request()
    assert (again.get("Session-Expires"), again.get("Min-SE")) == ("400;refresher=uac", "400")
    assert again.cseq.number == first.cseq.number + 1


async def test_a_peer_that_stops_refreshing_is_rung_off(answering_line: Line) -> None:
    line = answering_line
    tag = call_in(line, KNOWS, UPDATES, "Session-Expires: 100;refresher=uac")
    for number in (2, 3):
        line.advance(50)
        refresh = ("Supported: timer", "Session-Expires: 100;refresher=uac")
        line.trunk_sends(request("UPDATE", number=number, to_tag=tag, headers=refresh))
        ok = line.trunk.last_response()
        assert (ok.status, ok.get("Session-Expires")) == (200, "100;refresher=uac")
    line.advance(66)
    assert line.invite.answered
    line.advance(2)
    bye = line.trunk.last_request()
    assert bye.method == "BYE"
    assert "cause=102" in (bye.get("Reason") or "")
    end = line.notes.events[-1]
    assert isinstance(end, DialogEnd)
    assert end.by is EndedBy.PEER_LOST
    line.advance(100)
    assert line.quiet()


async def test_a_refresh_that_meets_silence_ends_the_call(answering_line: Line) -> None:
    line = answering_line
    call_in(line, KNOWS, UPDATES, "Session-Expires: 1000;refresher=uas")
    line.advance(540)
    assert line.trunk.methods[-1] == "BYE"
    assert line.notes.names[-1] == "DialogEnd"
    line.advance(100)
    assert line.quiet()


async def test_a_refused_refresh_is_tried_again_until_the_session_is_over(answering_line: Line) -> None:
    line = answering_line
    call_in(line, KNOWS, UPDATES, "Session-Expires: 120;refresher=uas")
    line.trunk.answer = lambda message: (
        line.trunk.send(make_response(message, 500), SERVER)
        if isinstance(message, Request) and message.method == "UPDATE"
        else None
    )
    line.advance(89)
    assert line.trunk.methods[:3] == ["UPDATE", "UPDATE", "UPDATE"]
    assert line.trunk.methods[-1] == "BYE"


async def test_a_peer_that_never_heard_of_timers_talks_as_long_as_it_likes(answering_line: Line) -> None:
    line = answering_line
    call_in(line)
    line.advance(20_000)
    assert line.invite.answered
    assert line.trunk.methods == []


# -- we call a carrier -------------------------------------------------------------------------------------------


def call_out(line: Line) -> Notes:
    notes = Notes()
    line.endpoint.invite(f"sip:1@{TRUNK}", caller="96556", events=notes, sdp=make_offer(LOCAL), hop=Hop(TRUNK, 5060))
    line.advance()
    return notes


async def test_our_call_asks_for_a_timer_and_refreshes_when_told_to(line: Line) -> None:
    notes = call_out(line)
    invite = line.trunk.last_request()
    assert (invite.get("Supported"), invite.get("Session-Expires")) == ("timer", "1800")
    headers = [("Contact", f"<sip:far@{TRUNK}>"), ("Session-Expires", "600;refresher=uac"), ("Allow", "UPDATE, BYE")]
    line.trunk.send(make_response(invite, 200, to_tag="far", headers=headers), SERVER)
    line.advance(301)
    update = line.trunk.last_request()
    assert (update.method, update.get("Session-Expires")) == ("UPDATE", "600;refresher=uac")
    assert update.uri == f"sip:far@{TRUNK}"
    assert notes.names == ["answered"]


async def test_our_call_that_meets_422_is_tried_again_with_what_the_carrier_wants(line: Line) -> None:
    notes = call_out(line)
    first = line.trunk.last_request()
    line.trunk.send(make_response(first, 422, to_tag="x", headers=[("Min-SE", "3600")]), SERVER)
    line.advance()
    again = line.trunk.last_request()
    assert again.cseq.number == first.cseq.number + 1
    assert (again.get("Session-Expires"), again.get("Min-SE")) == ("3600", "3600")
    assert again.to_tag == ""
    for _ in range(3):
        line.trunk.send(make_response(line.trunk.last_request(), 422, to_tag="x", headers=[("Min-SE", "3600")]), SERVER)
        line.advance()
    assert line.trunk.methods.count("INVITE") == 3
    assert notes.names == ["InviteFailed"]


async def test_a_callee_that_promised_to_refresh_and_does_not_is_rung_off(line: Line) -> None:
    notes = call_out(line)
    headers = [("Contact", f"<sip:far@{TRUNK}>"), ("Session-Expires", "600;refresher=uas")]
    line.trunk.send(make_response(line.trunk.last_request(), 200, to_tag="far", headers=headers), SERVER)
    line.advance(569)
    assert line.trunk.methods[-1] == "BYE"
    assert notes.names == ["answered", "DialogEnd"]
