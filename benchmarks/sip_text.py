"""SIP as a load generator needs it, from templates and by splitting; it shares nothing with the server's parser."""

import hashlib
import math
import re
from dataclasses import dataclass, field

TONE_OF = {"caller": 500, "seat": 1000}
"""Hertz; both divide 8 000, so that one frame of 160 samples holds whole periods and may repeat."""


@dataclass(slots=True)
class Message:
    """One parsed message; header names in lower case, compact forms expanded."""

    start: str
    headers: dict[str, list[str]]
    body: str

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """Of the request, or of the CSeq of a response."""
        return self.one("cseq").split()[1] if self.status else self.start.split(" ", 1)[0]

    def one(self, name: str) -> str:
        """The first value of a header, "" if absent."""
        return self.headers.get(name, [""])[0]

    @property
    def contact(self) -> str:
        """The URI of Contact."""
        found = re.search(r"<([^>]+)>", self.one("contact"))
        return found.group(1) if found else self.one("contact").split(";")[0]

    @property
    def rtp(self) -> tuple[str, int] | None:
        """Address of the audio stream in the body."""
        host = re.search(r"^c=IN IP4 ([\d.]+)", self.body, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        return (host.group(1), int(port.group(1))) if host and port else None


_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "c": "content-type",
    "l": "content-length",
}


def parse(data: bytes) -> Message | None:
    """A message, or None for anything else."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    if "SIP/2.0" not in start:
        return None
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.setdefault(_COMPACT.get(name, name), []).append(value.strip())
    return Message(start, headers, body)


def description(host: str, port: int, *, codec: tuple[int, str] = (8, "PCMA")) -> str:
    """An offer or answer: one codec (payload type and name) and telephone events."""
    payload_type, name = codec
    return (
        f"v=0\r\no=bench 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {payload_type} 101\r\na=rtpmap:{payload_type} {name}/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )


@dataclass(slots=True)
class Dialog:
    """What requests of one dialog repeat.

    Attributes:
        me: ``host:port`` of our SIP socket.
        route_set: from Record-Route.
    """

    target: str
    me: str
    call_id: str
    from_value: str
    to_value: str
    cseq: int = 1
    route_set: list[str] = field(default_factory=list)

    def request(self, method: str, branch: str, *, body: str = "", cseq: int | None = None, extra: str = "") -> bytes:
        """A request of this dialog."""
        user = self.from_value.split("sip:", 1)[1].split("@", 1)[0]
        content = "Content-Type: application/sdp\r\n" if body else ""
        routes = "".join(f"Route: {route}\r\n" for route in self.route_set)
        return (
            f"{method} {self.target} SIP/2.0\r\nVia: SIP/2.0/UDP {self.me};rport;branch={branch}\r\n{routes}"
            f"Max-Forwards: 70\r\nFrom: {self.from_value}\r\nTo: {self.to_value}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: {cseq or self.cseq} {method}\r\nContact: <sip:{user}@{self.me}>\r\nUser-Agent: nuanxian-bench\r\n"
            f"{extra}{content}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def response(request: Message, status: str, *, tag: str, contact: str = "", body: str = "") -> bytes:
    """A response to a request."""
    vias = "".join(f"Via: {via}\r\n" for via in request.headers.get("via", []))
    routes = "".join(f"Record-Route: {route}\r\n" for route in request.headers.get("record-route", []))
    to = request.one("to")
    to = to if "tag=" in to else f"{to};tag={tag}"
    content = "Content-Type: application/sdp\r\n" if body else ""
    contact_line = f"Contact: <{contact}>\r\n" if contact else ""
    return (
        f"SIP/2.0 {status}\r\n{vias}{routes}From: {request.one('from')}\r\nTo: {to}\r\n"
        f"Call-ID: {request.one('call-id')}\r\nCSeq: {request.one('cseq')}\r\n{contact_line}{content}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def digest(challenge: str, *, username: str, password: str, method: str, uri: str) -> str:
    """The value of Authorization for a challenge (RFC 7616; SHA-256 or MD5, qop auth)."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    name = fields.get("algorithm", "MD5")
    algorithm = hashlib.sha256 if name.upper().startswith("SHA-256") else hashlib.md5

    def hashed(text: str) -> str:
        return algorithm(text.encode()).hexdigest()

    ha1 = hashed(f"{username}:{fields['realm']}:{password}")
    ha2 = hashed(f"{method}:{uri}")
    answer = hashed(f"{ha1}:{fields['nonce']}:00000001:be9c:auth:{ha2}")
    opaque = f', opaque="{fields["opaque"]}"' if "opaque" in fields else ""
    return (
        f'Digest username="{username}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", '
        f'response="{answer}", algorithm={name}, qop=auth, nc=00000001, cnonce="be9c"{opaque}'
    )


def alaw_tone(hertz: int) -> bytes:
    """One 20 ms frame of a tone at about -12 dBm0, A-law (ITU-T G.711)."""
    return bytes(_alaw(int(8000 * math.sin(2 * math.pi * hertz * n / 8000))) for n in range(160))


def _alaw(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample), 32635)
    if magnitude >= 256:
        exponent = max(1, magnitude.bit_length() - 8)
        value = (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)
    else:
        value = magnitude >> 4
    return (value | sign) ^ 0x55
