"""SDP offer and answer for one audio stream: PCMA, PCMU and telephone-event (RFC 3264, 8866, 4733)."""

from dataclasses import dataclass, replace
from enum import Enum


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


def make_offer(local: LocalMedia, direction: MediaDirection = MediaDirection.SENDRECV) -> str:
    """The SDP text of an offer with our codecs in our order."""
    raise NotImplementedError


def answer_offer(offer: str, local: LocalMedia, direction: MediaDirection = MediaDirection.SENDRECV) -> Answer:
    """Answer the first audio stream that we speak; every other stream gets port 0 (video, T.38 image).

    Args:
        offer: the peer's SDP.
        local: our end.
        direction: the most we want; the answer is what both allow.

    Raises:
        SdpMalformed: 400.
        NoCommonCodec: 488.
    """
    raise NotImplementedError


def read_answer(offer: str, answer: str) -> MediaAgreement:
    """What the peer's answer to our offer means.

    Raises:
        SdpMalformed: the answer breaks the grammar.
        NoCommonCodec: the stream was refused (port 0) or nothing of our offer is in it.
    """
    raise NotImplementedError
