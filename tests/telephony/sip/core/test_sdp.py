from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.core.errors import SdpMalformed
from telephony.sip.core.sdp import parse_sdp
from tests.fakes.sip_hotline import OFFER

pytestmark = pytest.mark.unit


def test_a_section_overrides_what_the_session_says() -> None:
    text = (
        "v=0\no=- 1 1 IN IP4 1.1.1.1\ns=-\nc=IN IP4 1.1.1.1\nt=0 0\na=sendonly\n"
        "m=audio 4000/2 RTP/AVP 8 96\na=rtpmap:96 Telephone-Event/8000/1\na=ptime:30\na=rtcp:5001 IN IP4 1.1.1.1\n"
        "m=video 5000 RTP/AVP 99\nc=IN IP6 2001:db8::1/127\na=inactive\n"
    )
    audio, video = parse_sdp(text).media
    assert (audio.host, audio.port, audio.direction, audio.ptime_ms, audio.rtcp_port) == (
        "1.1.1.1",
        4000,
        "sendonly",
        30,
        5001,
    )
    assert audio.payload_type_of("telephone-event", 8000) == 96
    assert (video.host, video.direction) == ("2001:db8::1", "inactive")


@pytest.mark.parametrize("value", ["0", "4", "201", "x", "", "99999999999999999"])
def test_an_unreasonable_ptime_is_ignored(value: str) -> None:
    assert parse_sdp(OFFER.replace("a=ptime:20", f"a=ptime:{value}")).media[0].ptime_ms is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "v=1\n",
        "v=0\nrubbish",
        "v=0\nm=audio",
        "v=0\nm=audio x RTP/AVP 0",
        "v=0\nm=audio 70000 RTP/AVP 0",
        "v=0\nc=IN IP4",
        "v=0\nc=IN IP5 x",
        "v=0\n" + "m=audio 1 RTP/AVP 0\n" * 30,
        "v=0\n" + "a=x\n" * 600,
    ],
)
def test_what_is_no_description_is_refused(text: str) -> None:
    with pytest.raises(SdpMalformed):
        parse_sdp(text)


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    with suppress(SdpMalformed):
        parse_sdp("v=0\n" + text)
