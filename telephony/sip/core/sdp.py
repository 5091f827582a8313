"""Session descriptions, read as far as a telephone needs them (RFC 8866)."""

from dataclasses import dataclass, field

from telephony.sip.core.errors import SdpMalformed

_STATIC = {0: ("PCMU", 8000), 3: ("GSM", 8000), 4: ("G723", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000),
           18: ("G729", 8000)}  # fmt: skip
_DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_MAX_MEDIA = 20
_MAX_LINES = 500


@dataclass(eq=False, slots=True)
class MediaSection:
    """One ``m=`` section.

    Attributes:
        kind: audio, video, image …
        port: 0 means declined.
        protocol: RTP/AVP, RTP/SAVP, udptl …
        formats: as written.
        host: of ``c=``, the section's own or the session's; "" without one.
        direction: sendrecv, sendonly, recvonly or inactive, as its writer sees it.
        rtpmap: payload type → (name in capitals, rate in Hz).
        ptime_ms: None if not written or out of reason.
        rtcp_port: of ``a=rtcp``; 0 without one.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    host: str = ""
    direction: str = "sendrecv"
    rtpmap: dict[int, tuple[str, int]] = field(default_factory=dict)
    ptime_ms: int | None = None
    rtcp_port: int = 0

    @property
    def payload_types(self) -> list[int]:
        """Formats that are payload types, in the order of preference."""
        return [int(text) for text in self.formats if text.isascii() and text.isdigit() and len(text) <= 3]

    def codec_of(self, payload_type: int) -> tuple[str, int]:
        """Name in capitals and rate in Hz; ("", 0) for a dynamic type without rtpmap."""
        return self.rtpmap.get(payload_type) or _STATIC.get(payload_type, ("", 0))

    def payload_type_of(self, name: str, rate_hz: int) -> int | None:
        """The first offered payload type of that codec."""
        wanted = (name.upper(), rate_hz)
        return next((number for number in self.payload_types if self.codec_of(number) == wanted), None)


@dataclass(eq=False, slots=True)
class SessionDescription:
    """A whole description."""

    media: list[MediaSection] = field(default_factory=list)


def parse_sdp(text: str) -> SessionDescription:
    """Read a description.

    Raises:
        SdpMalformed: not SDP, or a line that a telephone depends on cannot be read.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > _MAX_LINES:
        raise SdpMalformed("a session description of more than 500 lines")
    if not lines[0].startswith("v=0"):
        raise SdpMalformed("a session description that does not begin with v=0")
    session = SessionDescription()
    session_host, session_direction = "", "sendrecv"
    section: MediaSection | None = None
    for line in lines[1:]:
        if not line:
            continue
        if line[1:2] != "=":
            raise SdpMalformed("a line without =")
        kind, value = line[0], line[2:].strip()
        if kind == "m":
            if len(session.media) >= _MAX_MEDIA:
                raise SdpMalformed("too many media sections")
            section = _media(value, session_host, session_direction)
            session.media.append(section)
        elif kind == "c":
            if section is None:
                session_host = _host(value)
            else:
                section.host = _host(value)
        elif kind == "a":
            if section is not None:
                _attribute(section, value)
            elif value in _DIRECTIONS:
                session_direction = value
    return session


def _media(value: str, host: str, direction: str) -> MediaSection:
    parts = value.split()
    if len(parts) < 3:
        raise SdpMalformed("m= without kind, port and protocol")
    port = parts[1].partition("/")[0]
    if not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        raise SdpMalformed("m= with a port that is none")
    return MediaSection(parts[0].lower(), int(port), parts[2], tuple(parts[3:]), host, direction)


def _host(value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[0] != "IN" or parts[1] not in ("IP4", "IP6"):
        raise SdpMalformed("c= is not IN IP4 or IN IP6 with an address")
    return parts[2].partition("/")[0]


def _attribute(section: MediaSection, value: str) -> None:
    name, _, text = value.partition(":")
    if name in _DIRECTIONS:
        section.direction = name
    elif name == "rtpmap":
        number, _, encoding = text.strip().partition(" ")
        codec, _, rate = encoding.strip().partition("/")
        rate = rate.partition("/")[0].strip()
        if number.isascii() and number.isdigit() and len(number) <= 3 and rate.isascii() and rate.isdigit():
            section.rtpmap[int(number)] = (codec.strip().upper(), int(rate[:9]))
    elif name == "ptime":
        text = text.strip()
        if text.isascii() and text.isdigit() and 5 <= int(text[:4]) <= 200:
            section.ptime_ms = int(text)
    elif name == "rtcp":
        port = text.strip().partition(" ")[0]
        if port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536:
            section.rtcp_port = int(port)
