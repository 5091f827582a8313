from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.core.errors import NoCommonCodec, SdpMalformed
from telephony.sip.core.offer_answer import (
    Codec,
    LocalMedia,
    MediaDirection,
    answer_offer,
    make_offer,
    read_answer,
)
from telephony.sip.core.sdp import parse_sdp

pytestmark = pytest.mark.unit

OURS = LocalMedia("10.0.0.1", 4000, 7)
THEIRS = LocalMedia("10.0.0.2", 6000, 8)
HEAD = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"


def offered(lines: str) -> str:
    return HEAD + "".join(f"{line.strip()}\r\n" for line in lines.strip().splitlines())


def test_an_offer_and_its_answer_mean_the_same_to_both_sides() -> None:
    offer = make_offer(THEIRS)
    answer = answer_offer(offer, OURS)
    back = read_answer(offer, answer.sdp)
    assert (answer.agreement.remote_host, answer.agreement.remote_port) == ("10.0.0.2", 6000)
    assert (back.remote_host, back.remote_port) == ("10.0.0.1", 4000)
    assert back.codec is answer.agreement.codec is Codec.PCMA
    assert answer.agreement.event_pt_out == back.event_pt_in == 101
    assert answer.agreement.direction is back.direction is MediaDirection.SENDRECV
    assert not back.on_hold


def test_a_law_goes_first_even_if_the_offer_prefers_mu_law() -> None:
    answer = answer_offer(offered("m=audio 6000 RTP/AVP 0 8"), OURS)
    assert answer.agreement.codec is Codec.PCMA
    assert answer.agreement.event_pt_out is None
    assert "telephone-event" not in answer.sdp


def test_a_mu_law_phone_is_answered_in_mu_law() -> None:
    answer = answer_offer(offered("m=audio 6000 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000"), OURS)
    assert answer.agreement.codec is Codec.PCMU
    assert (answer.agreement.event_pt_in, answer.agreement.event_pt_out) == (96, 96)
    assert "m=audio 4000 RTP/AVP 0 96" in answer.sdp


def test_a_dynamic_payload_type_for_a_law_is_taken_over() -> None:
    answer = answer_offer(offered("m=audio 6000 RTP/AVP 98\na=rtpmap:98 PCMA/8000/1"), OURS)
    assert answer.agreement.payload_type_out == 98


def test_telephone_events_may_differ_each_way() -> None:
    offer = make_offer(LocalMedia("10.0.0.1", 4000, 7, event_pt=101))
    answer = offered("m=audio 6000 RTP/AVP 8 96\na=rtpmap:96 telephone-event/8000")
    agreement = read_answer(offer, answer)
    assert (agreement.event_pt_out, agreement.event_pt_in) == (96, 101)


def test_video_and_fax_are_declined_in_their_places() -> None:
    answer = answer_offer(
        offered("m=video 9000 RTP/AVP 99\nm=audio 6000 RTP/AVP 8\nm=image 9002 udptl t38\nm=audio 9004 RTP/AVP 0"), OURS
    )
    assert [(media.kind, media.port) for media in parse_sdp(answer.sdp).media] == [
        ("video", 0),
        ("audio", 4000),
        ("image", 0),
        ("audio", 0),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        "m=audio 6000 RTP/AVP 18 9",
        "m=audio 0 RTP/AVP 8",
        "m=audio 6000 RTP/SAVP 8",
        "m=image 9002 udptl t38",
        "m=audio 6000 RTP/AVP 96\na=rtpmap:96 PCMA/16000",
        "",
    ],
)
def test_an_offer_without_our_codecs_is_refused_with_488(lines: str) -> None:
    with pytest.raises(NoCommonCodec) as caught:
        answer_offer(offered(lines), OURS)
    assert caught.value.status == 488


@pytest.mark.parametrize(
    ("lines", "answered", "direction"),
    [
        ("a=sendonly", "recvonly", MediaDirection.RECVONLY),
        ("a=inactive", "inactive", MediaDirection.INACTIVE),
        ("c=IN IP4 0.0.0.0", "recvonly", MediaDirection.RECVONLY),
        ("a=recvonly", "sendonly", MediaDirection.SENDONLY),
        ("a=sendrecv", "sendrecv", MediaDirection.SENDRECV),
    ],
)
def test_hold_in_its_three_forms(lines: str, answered: str, direction: MediaDirection) -> None:
    answer = answer_offer(offered(f"m=audio 6000 RTP/AVP 8\n{lines}"), OURS)
    assert f"a={answered}\r\n" in answer.sdp
    assert answer.agreement.direction is direction
    assert answer.agreement.on_hold == (answered in ("recvonly", "inactive"))


def test_our_own_hold_is_offered_and_answered() -> None:
    offer = make_offer(OURS, MediaDirection.SENDONLY)
    answer = answer_offer(offer, THEIRS)
    assert read_answer(offer, answer.sdp).direction is MediaDirection.SENDONLY
    assert (
        answer_offer(make_offer(THEIRS), OURS, MediaDirection.SENDONLY).agreement.direction is MediaDirection.SENDONLY
    )


def test_the_offerers_packet_length_is_kept() -> None:
    answer = answer_offer(offered("m=audio 6000 RTP/AVP 8\na=ptime:30"), OURS)
    assert answer.agreement.ptime_ms == 30
    assert "a=ptime:30" in answer.sdp
    assert answer_offer(offered("m=audio 6000 RTP/AVP 8"), OURS).agreement.ptime_ms == 20


def test_a_refused_stream_in_the_answer_is_no_agreement() -> None:
    with pytest.raises(NoCommonCodec):
        read_answer(make_offer(OURS), offered("m=audio 0 RTP/AVP 8"))
    with pytest.raises(NoCommonCodec):
        read_answer(make_offer(OURS), offered("m=audio 6000 RTP/AVP 18"))


def test_a_new_description_has_a_higher_version_of_the_same_session() -> None:
    assert "o=- 7 2 IN IP4 10.0.0.1" in make_offer(OURS.next_version())


def test_rtcp_may_have_a_port_of_its_own() -> None:
    assert answer_offer(offered("m=audio 6000 RTP/AVP 8\na=rtcp:7000"), OURS).agreement.remote_rtcp_port == 7000
    assert answer_offer(offered("m=audio 6000 RTP/AVP 8"), OURS).agreement.remote_rtcp_port == 6001


_LINES = st.lists(
    st.sampled_from(
        [
            "m=audio 6000 RTP/AVP 8 0 96",
            "m=video 1 RTP/AVP 99",
            "m=audio 0 RTP/AVP 0",
            "a=rtpmap:96 telephone-event/8000",
            "a=rtpmap:0 PCMU/8000",
            "a=sendonly",
            "a=inactive",
            "a=ptime:40",
            "c=IN IP4 0.0.0.0",
            "c=IN IP6 2001:db8::1",
        ]
    )
)


@given(_LINES)
def test_every_answer_has_a_section_for_each_offered_one_and_can_be_read(lines: list[str]) -> None:
    offer = HEAD + "".join(f"{line}\r\n" for line in lines)
    with suppress(NoCommonCodec, SdpMalformed):
        answer = answer_offer(offer, OURS)
        asked, given_back = parse_sdp(offer).media, parse_sdp(answer.sdp).media
        assert [media.kind for media in asked] == [media.kind for media in given_back]
        assert sum(media.port != 0 for media in given_back) == 1
