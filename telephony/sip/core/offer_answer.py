"""SDP offer and answer for one audio stream: PCMA, PCMU and telephone-event (RFC 3264, 8866, 4733)."""

from dataclasses import dataclass, replace
from enum import Enum

from telephony.sip.core.errors import NoCommonCodec
from telephony.sip.core.sdp import MediaSection, parse_sdp


class Codec(Enum):
    """The static payload type is the value (RFC 3551 table 4)."""

    PCMU = 0
    PCMA = 8


class MediaDirection(Enum):
    """Seen from this side: what we may do."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our end of the stream.

    Attributes:
        host: address written into ``c=``.
        port: RTP port.
        session_id: the number in ``o=``; the same for the whole dialog.
        version: grows with every new description (RFC 3264 §8).
        codecs: in the order of our preference.
        event_pt: payload type we offer for telephone-event; in an answer the offerer's is taken over.
        ptime_ms: packet length we ask for.
    """

    host: str
    port: int
    session_id: int
    version: int = 1
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)
    event_pt: int = 101
    ptime_ms: int = 20

    def next_version(self) -> "LocalMedia":
        """The same end, for the next description."""
        return replace(self, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class MediaAgreement:
    """What both sides agreed on for the audio stream.

    Attributes:
        remote_host: where to send RTP; "0.0.0.0" or "" when the peer gave none (hold of RFC 2543).
        remote_port: where to send RTP.
        codec: both ways.
        payload_type_out: in the packets we send (the peer's number).
        payload_type_in: in the packets we receive (our number).
        event_pt_out: telephone-event in the packets we send; None if the peer cannot hear it.
        event_pt_in: telephone-event in the packets we receive; None if it will not come.
        ptime_ms: length of the packets we send.
        direction: what we may do.
        remote_rtcp_port: from ``a=rtcp`` (RFC 3605), else the RTP port + 1.
    """

    remote_host: str
    remote_port: int
    codec: Codec
    payload_type_out: int
    payload_type_in: int
    event_pt_out: int | None
    event_pt_in: int | None
    ptime_ms: int
    direction: MediaDirection
    remote_rtcp_port: int = 0

    @property
    def on_hold(self) -> bool:
        """Whether the peer has put us on hold (sendonly, inactive or 0.0.0.0): no RTP time-out meanwhile."""
        return self.direction in (MediaDirection.RECVONLY, MediaDirection.INACTIVE)


@dataclass(frozen=True, slots=True)
class Answer:
    """Our answer to an offer: the text to send and what it means."""

    sdp: str
    agreement: MediaAgreement


_NAMES = {Codec.PCMU: "PCMU", Codec.PCMA: "PCMA"}
_MAY_SEND = frozenset({MediaDirection.SENDRECV, MediaDirection.SENDONLY})
_MAY_RECEIVE = frozenset({MediaDirection.SENDRECV, MediaDirection.RECVONLY})


def make_offer(local: LocalMedia, direction: MediaDirection = MediaDirection.SENDRECV) -> str:
    """The SDP text of an offer with our codecs in our order."""
    formats = [(codec.value, codec) for codec in local.codecs]
    return _head(local) + _audio(local, "RTP/AVP", formats, local.event_pt, direction)


def answer_offer(offer: str, local: LocalMedia, direction: MediaDirection = MediaDirection.SENDRECV) -> Answer:
    """Answer the first audio stream that we speak; every other stream gets port 0 (video, T.38 image).

    The codec is the first of ours, in our order, that the offer holds (RFC 3264 §6.1 lets the answerer choose).

    Args:
        offer: the peer's SDP.
        local: our end.
        direction: the most we want; the answer is what both allow.

    Raises:
        SdpMalformed: 400.
        NoCommonCodec: 488.
    """
    description = parse_sdp(offer)
    sections = []
    agreement: MediaAgreement | None = None
    for media in description.media:
        found = _choose(media, local.codecs) if agreement is None else None
        if found is None:
            sections.append(_declined(media))
            continue
        payload_type, codec = found
        ours = _both(_reversed(_direction(media)), direction)
        event_pt = media.payload_type_of("telephone-event", 8000)
        agreement = _agreement(media, codec, payload_type, payload_type, event_pt, event_pt, ours)
        sections.append(_audio(local, media.protocol, [found], event_pt, ours, media.ptime_ms))
    if agreement is None:
        raise NoCommonCodec("the offer holds neither PCMA nor PCMU audio over RTP/AVP")
    return Answer(_head(local) + "".join(sections), agreement)


def read_answer(offer: str, answer: str) -> MediaAgreement:
    """What the peer's answer to our offer means.

    Raises:
        SdpMalformed: the answer breaks the grammar.
        NoCommonCodec: the stream was refused (port 0) or nothing of our offer is in it.
    """
    asked = parse_sdp(offer).media
    given = parse_sdp(answer).media
    for ours, theirs in zip(asked, given, strict=False):
        if ours.kind != "audio":
            continue
        found = _choose(theirs, tuple(codec for _, codec in _codecs(ours)))
        if found is None:
            break
        payload_type_out, codec = found
        payload_type_in = next(number for number, offered in _codecs(ours) if offered is codec)
        event_in = ours.payload_type_of("telephone-event", 8000)
        event_out = theirs.payload_type_of("telephone-event", 8000)
        if event_in is None or event_out is None:
            event_in = event_out = None
        direction = _both(_direction(ours), _reversed(_direction(theirs)))
        return _agreement(theirs, codec, payload_type_out, payload_type_in, event_out, event_in, direction)
    raise NoCommonCodec("the answer refuses the audio stream or names no codec of the offer")


def _choose(media: MediaSection, wanted: tuple[Codec, ...]) -> tuple[int, Codec] | None:
    """Payload type and codec of the first wanted one that the section holds; None if it is not for us."""
    if media.kind != "audio" or media.port == 0 or media.protocol not in ("RTP/AVP", "RTP/AVPF"):
        return None
    offered = _codecs(media)
    for codec in wanted:
        for payload_type, found in offered:
            if found is codec:
                return payload_type, codec
    return None


def _codecs(media: MediaSection) -> list[tuple[int, Codec]]:
    found = []
    for payload_type in media.payload_types:
        name, rate_hz = media.codec_of(payload_type)
        if rate_hz == 8000 and name in ("PCMA", "PCMU"):
            found.append((payload_type, Codec[name]))
    return found


def _agreement(
    media: MediaSection,
    codec: Codec,
    payload_type_out: int,
    payload_type_in: int,
    event_out: int | None,
    event_in: int | None,
    direction: MediaDirection,
) -> MediaAgreement:
    host = media.host
    return MediaAgreement(
        remote_host=host,
        remote_port=media.port,
        codec=codec,
        payload_type_out=payload_type_out,
        payload_type_in=payload_type_in,
        event_pt_out=event_out,
        event_pt_in=event_in,
        ptime_ms=media.ptime_ms or 20,
        direction=direction,
        remote_rtcp_port=media.rtcp_port or media.port + 1,
    )


def _direction(media: MediaSection) -> MediaDirection:
    """The writer's own view; the address 0.0.0.0 is a hold of RFC 2543 (RFC 3264 §8.4)."""
    direction = MediaDirection(media.direction)
    if media.host in ("0.0.0.0", "::", ""):  # noqa: S104 an address in SDP, nothing is bound
        return MediaDirection.SENDONLY if direction in _MAY_SEND else MediaDirection.INACTIVE
    return direction


def _reversed(direction: MediaDirection) -> MediaDirection:
    match direction:
        case MediaDirection.SENDONLY:
            return MediaDirection.RECVONLY
        case MediaDirection.RECVONLY:
            return MediaDirection.SENDONLY
        case _:
            return direction


def _both(a: MediaDirection, b: MediaDirection) -> MediaDirection:
    send = a in _MAY_SEND and b in _MAY_SEND
    receive = a in _MAY_RECEIVE and b in _MAY_RECEIVE
    if send:
        return MediaDirection.SENDRECV if receive else MediaDirection.SENDONLY
    return MediaDirection.RECVONLY if receive else MediaDirection.INACTIVE


def _head(local: LocalMedia) -> str:
    family = "IP6" if ":" in local.host else "IP4"
    return (
        f"v=0\r\no=- {local.session_id} {local.version} IN {family} {local.host}\r\ns=-\r\n"
        f"c=IN {family} {local.host}\r\nt=0 0\r\n"
    )


def _audio(
    local: LocalMedia,
    protocol: str,
    formats: list[tuple[int, Codec]],
    event_pt: int | None,
    direction: MediaDirection,
    ptime_ms: int | None = None,
) -> str:
    numbers = [str(number) for number, _ in formats] + ([str(event_pt)] if event_pt is not None else [])
    lines = [f"m=audio {local.port} {protocol} {' '.join(numbers)}"]
    lines += [f"a=rtpmap:{number} {_NAMES[codec]}/8000" for number, codec in formats]
    if event_pt is not None:
        lines += [f"a=rtpmap:{event_pt} telephone-event/8000", f"a=fmtp:{event_pt} 0-15"]
    lines += [f"a=ptime:{ptime_ms or local.ptime_ms}", f"a={direction.value}"]
    return "\r\n".join(lines) + "\r\n"


def _declined(media: MediaSection) -> str:
    return f"m={media.kind} 0 {media.protocol} {' '.join(media.formats) or '0'}\r\n"
