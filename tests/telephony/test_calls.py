"""Inbound calls from the door to the record: who is let in, who serves them, how each way of ending is told."""

import logging

import pytest

from telephony.causes import Cause
from telephony.ports import Admission, Call, Direction, LegState, RecordingFile
from tests.fakes.sip_line import FakeInvite
from tests.telephony.conftest import GREETING, Hotline

pytestmark = pytest.mark.unit


async def test_a_call_is_answered_greeted_and_recorded_in_the_books(hotline: Hotline) -> None:
    hotline.answer(then=lambda call: call.first_leg.play(GREETING))
    invite = hotline.ring()
    await hotline.settled()
    (call,) = hotline.served
    leg = call.first_leg
    assert invite.said == ["200"]
    assert hotline.worker.plays[leg.id][1] == ["greeting"]
    assert (leg.trunk, leg.dialled, leg.account, leg.direction) == ("unicom", "96556", None, Direction.INBOUND)
    assert leg.number is not None
    assert leg.number.e164 == "+8613800001234"
    assert hotline.journal.open[call.id].ended_at is None
    hotline.clock.advance(7)
    invite.hang_up()
    await hotline.settled()
    (record,) = hotline.journal.records
    assert (record.cause, record.purpose, record.admission) == (Cause.NORMAL, "inbound", Admission.FULL)
    assert (record.ended_at - record.setup_at).total_seconds() == 7  # type: ignore[operator]
    assert record.answered_at == record.setup_at
    assert len(record.number_key) == 64
    (leg_record,) = record.legs
    assert (leg_record.packets_received, leg_record.packets_sent, leg_record.packets_lost) == (100, 90, 1)
    assert hotline.calls.live_calls == 0


async def test_the_answer_describes_our_media_and_the_worker_is_told_where_the_caller_is(hotline: Hotline) -> None:
    hotline.answer()
    invite = hotline.ring()
    await hotline.settled()
    assert "c=IN IP4 192.0.2.1" in str(invite.accepted_sdp)
    command = hotline.worker.configured[hotline.served[0].first_leg.id]
    assert (command.remote_host, command.remote_port, command.codec) == ("198.51.100.9", 40000, "pcma")
    assert (command.send, command.receive, command.rtp_timeout_s) == (True, True, 30.0)


async def test_an_unknown_number_is_refused_with_404_and_the_reason_stands_in_header_and_record(
    hotline: Hotline,
) -> None:
    invite = hotline.ring(dialled="96557")
    await hotline.settled()
    assert invite.said == ["404"]
    assert invite.warning == "no row of the dial plan matches"
    assert invite.q850 == 1
    (record,) = hotline.journal.records
    assert (record.cause, record.reason) == (Cause.NOT_FOUND, "no row of the dial plan matches")
    assert record.legs[0].sip_status == 404


async def test_a_users_number_that_a_seat_may_not_dial_is_masked_in_log_and_record(
    hotline: Hotline, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        invite = hotline.ring(dialled="13800001234", account="8001", trunk=None)
        await hotline.settled()
    assert invite.said == ["404"]
    refused = [record for record in caplog.records if record.message == "call refused"]
    assert [record.dialled for record in refused] == ["138****1234"]  # type: ignore[attr-defined]
    (written,) = hotline.journal.records
    assert (written.dialled, written.legs[0].dialled) == ("138****1234", "138****1234")


async def test_a_call_from_no_known_trunk_is_refused_naming_each_trunk(hotline: Hotline) -> None:
    invite = hotline.ring(trunk=None, source=FakeInvite().source._replace(host="192.0.2.66"))
    await hotline.settled()
    assert invite.said == ["403"]
    assert invite.warning is not None
    assert all(name in invite.warning for name in ("unicom", "telecom", "sim"))
    assert hotline.causes == [Cause.TRUNK_NOT_MATCHED]


async def test_a_number_that_a_known_trunk_does_not_bring_is_not_found(hotline: Hotline) -> None:
    source = FakeInvite().source._replace(host="198.51.100.7")
    invite = hotline.ring(dialled="1000", trunk="telecom", source=source)
    await hotline.settled()
    assert invite.said == ["404"]
    assert hotline.causes == [Cause.NOT_FOUND]


async def test_a_phones_own_call_goes_to_the_account_handler_and_a_trunk_cannot_dial_its_codes(
    hotline: Hotline,
) -> None:
    hotline.answer()
    hotline.ring(dialled="*11", account="8001", trunk=None, caller="8001")
    refused = hotline.ring(dialled="*11")
    await hotline.settled()
    (call,) = hotline.served
    assert (call.purpose, call.first_leg.account, call.first_leg.number) == ("account", "8001", None)
    assert refused.said == ["404"]


async def test_a_softphone_on_the_simulated_line_is_a_caller_from_outside(hotline: Hotline) -> None:
    hotline.answer()
    hotline.ring(account="softphone", trunk=None, caller="softphone")
    await hotline.settled()
    leg = hotline.served[0].first_leg
    assert hotline.served[0].purpose == "inbound"
    assert leg.trunk == "sim"
    assert leg.number is not None
    assert leg.number.e164 == "+8613900000001"


async def test_an_offer_without_our_codecs_is_refused_with_488(hotline: Hotline) -> None:
    hotline.answer()
    sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n"
    invite = hotline.ring(sdp=sdp)
    await hotline.settled()
    assert invite.said == ["488"]
    assert hotline.served == []
    assert hotline.causes == [Cause.NO_COMMON_CODEC]


async def test_a_malformed_description_is_refused_with_400(hotline: Hotline) -> None:
    hotline.answer()
    invite = hotline.ring(sdp="this is no description")
    await hotline.settled()
    assert invite.said == ["400"]
    assert hotline.causes == [Cause.MALFORMED]


@pytest.mark.parametrize("fault", ["away", "refuses"])
async def test_without_media_the_call_is_refused_with_503(hotline: Hotline, fault: str) -> None:
    setattr(hotline.worker, fault, True if fault == "away" else "no free port")
    hotline.answer()
    invite = hotline.ring()
    await hotline.settled()
    assert invite.said == ["503"]
    assert hotline.causes == [Cause.MEDIA_LOST]


async def test_a_handler_that_fails_ends_its_call_with_500_and_no_other(
    hotline: Hotline, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(call: Call) -> None:
        raise ZeroDivisionError

    hotline.answer()
    good = hotline.ring()
    await hotline.settled()
    hotline.serve(broken)
    with caplog.at_level(logging.ERROR):
        bad = hotline.ring()
        await hotline.settled()
    assert bad.said == ["500"]
    assert good.said == ["200"]
    assert hotline.causes == [Cause.SERVER_ERROR]
    assert hotline.calls.counters.handler_failures == 1
    assert "the handler of a call failed" in caplog.text


async def test_when_the_handler_returns_the_caller_is_let_go(hotline: Hotline) -> None:
    async def short(call: Call) -> None:
        await call.first_leg.answer()

    hotline.serve(short)
    invite = hotline.ring()
    await hotline.settled()
    assert invite.said == ["200", "BYE"]
    assert hotline.causes == [Cause.NORMAL]


async def test_a_handler_that_never_answers_lets_the_caller_go_with_480(hotline: Hotline) -> None:
    async def deaf(call: Call) -> None:
        return

    hotline.serve(deaf)
    assert await _said_at_the_end(hotline) == ["480"]


async def _said_at_the_end(hotline: Hotline) -> list[str]:
    invite = hotline.ring()
    await hotline.settled()
    return invite.said


async def test_a_caller_who_gives_up_while_it_rings_is_recorded_as_such(hotline: Hotline) -> None:
    async def ringing(call: Call) -> None:
        await call.first_leg.ring()
        await call.first_leg.ended()

    hotline.serve(ringing)
    invite = hotline.ring()
    await hotline.settled()
    assert hotline.served[0].first_leg.state is LegState.RINGING
    invite.cancel()
    await hotline.settled()
    assert invite.said == ["180"]
    (record,) = hotline.journal.records
    assert (record.cause, record.answered_at) == (Cause.CANCELLED, None)
    assert record.rang_at is not None


async def test_a_caller_who_gives_up_while_the_port_is_opened_reaches_nobody(hotline: Hotline) -> None:
    hotline.answer()
    invite = hotline.ring()
    invite.cancel()
    await hotline.settled()
    assert hotline.served == []
    assert invite.said == []
    assert hotline.causes == [Cause.CANCELLED]
    assert ("close" in [told[0] for told in hotline.worker.told]) == any(
        told[0] == "open" for told in hotline.worker.told
    )


@pytest.mark.parametrize(("verb", "cause"), [("fall_silent", Cause.RTP_TIMED_OUT), ("die", Cause.MEDIA_LOST)])
async def test_silence_and_a_dead_media_worker_end_the_call_with_their_cause(
    hotline: Hotline, verb: str, cause: Cause
) -> None:
    hotline.answer()
    invite = hotline.ring()
    await hotline.settled()
    leg = hotline.served[0].first_leg
    hotline.worker.fall_silent(leg.id) if verb == "fall_silent" else hotline.worker.die()
    await hotline.settled()
    assert invite.said == ["200", "BYE"]
    assert invite.q850 == cause.q850
    assert hotline.causes == [cause]


async def test_from_ninety_percent_on_calls_are_narrow_and_at_the_brim_refused(small_hotline: Hotline) -> None:
    small_hotline.answer()
    for _ in range(2):
        small_hotline.ring()
    refused = small_hotline.ring()
    phone = small_hotline.ring(dialled="*11", account="8001", trunk=None)
    await small_hotline.settled()
    assert [call.admission for call in small_hotline.served] == [Admission.FULL, Admission.FULL]
    assert (refused.said, refused.headers) == (["503"], ())
    assert (phone.said, phone.headers) == (["503"], (("Retry-After", "10"),))
    assert small_hotline.calls.counters.refused_overload == 2


async def test_the_tenth_of_ten_calls_is_served_narrowly(hotline: Hotline) -> None:
    hotline.answer()
    for _ in range(10):
        hotline.ring()
    await hotline.settled()
    assert [call.admission for call in hotline.served] == [Admission.FULL] * 9 + [Admission.NARROW]


async def test_a_recording_is_noted_at_once_and_handed_over_when_the_caller_has_gone(hotline: Hotline) -> None:
    async def record(call: Call) -> None:
        await call.record(call.first_leg)

    hotline.answer(then=record)
    invite = hotline.ring()
    await hotline.settled()
    (began,) = hotline.journal.recordings
    assert (began.call, began.leg) == (hotline.served[0].id, hotline.served[0].first_leg.id)
    invite.hang_up()
    await hotline.settled()
    (file,) = hotline.files
    assert (file.recording, file.call, file.duration_s, file.complete) == (began.recording, began.call, 4.0, True)
    assert file.started_at == began.started_at


async def test_a_recording_that_could_not_be_kept_is_an_error_and_no_file(
    hotline: Hotline, caplog: pytest.LogCaptureFixture
) -> None:
    async def record(call: Call) -> None:
        recording = await call.record(call.first_leg)
        hotline.worker.recording_over(recording, lost="disk full")

    hotline.answer(then=record)
    hotline.ring()
    await hotline.settled()
    assert hotline.files == []
    assert "recording failed" in caplog.text


async def test_a_file_of_a_former_run_is_handed_over_apart(hotline: Hotline) -> None:
    left: list[RecordingFile] = []

    async def found(file: RecordingFile) -> None:
        left.append(file)

    hotline.calls.on_recording_left_behind(found)
    hotline.worker.recordings["old"] = ""
    hotline.worker.recording_over("old", complete=False)
    await hotline.settled()
    assert hotline.files == []
    assert [(file.recording, file.complete, file.call) for file in left] == [("old", False, "")]


async def test_a_stopping_server_ends_its_calls_writes_their_records_and_takes_no_more(hotline: Hotline) -> None:
    hotline.answer()
    invite = hotline.ring()
    await hotline.settled()
    await hotline.calls.stop()
    assert invite.said == ["200", "BYE"]
    assert hotline.causes == [Cause.SHUT_DOWN]
    assert hotline.ring().said == ["503"]


async def test_phones_that_come_and_go_are_told(hotline: Hotline) -> None:
    told: list[tuple[str, bool]] = []
    hotline.calls.on_registration(lambda account, there: told.append((account, there)))
    hotline.endpoint.register("8001", "10.0.0.5")
    hotline.calls.registration_changed("8001", hotline.endpoint.contacts("8001"))
    hotline.calls.registration_changed("8001", ())
    assert told == [("8001", True), ("8001", False)]
    assert hotline.calls.registered("8001")
    assert not hotline.calls.registered("8002")


async def test_a_trunk_that_refuses_our_registration_is_an_error(
    hotline: Hotline, caplog: pytest.LogCaptureFixture
) -> None:
    hotline.calls.trunk_registration_changed("telecom", False, "403 Forbidden")
    assert caplog.records[-1].levelname == "ERROR"
