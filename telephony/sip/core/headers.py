"""The structured headers of RFC 3261 §20: Via, name-addr, CSeq, comma lists; read only when somebody asks."""

from dataclasses import dataclass
from typing import NamedTuple

from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.uri import Uri, bracketed, parse_uri, split_host_port

_NAMES = (
    "Via From To Call-ID CSeq Contact Max-Forwards Route Record-Route Content-Length Content-Type Allow Supported "
    "Require Proxy-Require Unsupported Authorization Proxy-Authorization WWW-Authenticate Proxy-Authenticate Expires "
    "Min-Expires User-Agent Server Reason Warning Retry-After P-Asserted-Identity P-Preferred-Identity Privacy Accept "
    "Accept-Encoding Accept-Language Date Subject Organization Timestamp Session-Expires Min-SE RSeq RAck Event "
    "Refer-To Referred-By Replaces Diversion Path Service-Route MIME-Version Content-Disposition Content-Encoding "
    "Allow-Events Alert-Info Call-Info Error-Info In-Reply-To Priority Reply-To Remote-Party-ID History-Info"
)
_KNOWN = _NAMES.split()
_COMPACT = {
    "v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length", "c": "Content-Type",
    "k": "Supported", "e": "Content-Encoding", "s": "Subject", "o": "Event", "r": "Refer-To", "b": "Referred-By",
    "u": "Allow-Events", "x": "Session-Expires",
}  # fmt: skip
_CANONICAL = {name: name for name in _KNOWN} | {name.lower(): name for name in _KNOWN} | _COMPACT
_CANONICAL |= {name.upper(): full for name, full in _COMPACT.items()}


def canonical_name(name: str) -> str:
    """The one spelling of a header's name; unknown names get Title-Case."""
    known = _CANONICAL.get(name)
    if known is not None:
        return known
    return _CANONICAL.get(name.lower()) or "-".join(part.capitalize() for part in name.split("-"))


class CSeq(NamedTuple):
    """RFC 3261 §20.16."""

    number: int
    method: str


def parse_cseq(text: str) -> CSeq:
    """Read ``4711 INVITE``.

    Raises:
        MessageMalformed: not a number below 2³¹ and a method.
    """
    parts = text.split()
    if len(parts) != 2 or not (parts[0].isascii() and parts[0].isdigit()) or len(parts[0]) > 10:
        raise MessageMalformed("CSeq is not a number and a method")
    number = int(parts[0])
    if number >= 2**31:
        raise MessageMalformed("CSeq is 2^31 or more")
    return CSeq(number, parts[1])


@dataclass(frozen=True, slots=True)
class Via:
    """One hop of the response's way back (RFC 3261 §20.42, RFC 3581)."""

    transport: str
    host: str
    port: int | None
    params: dict[str, str]

    @property
    def branch(self) -> str:
        """The transaction's identifier; "" if the peer is older than RFC 3261."""
        return self.params.get("branch", "")

    @property
    def sent_by(self) -> str:
        """``host:port`` with the default port written out."""
        return f"{self.host}:{self.port or 5060}"


def parse_via(text: str) -> Via:
    """Read one Via value.

    Raises:
        MessageMalformed: not ``SIP/2.0/transport host``.
    """
    protocol, _, rest = text.strip().partition(" ")
    if protocol[:8].upper() != "SIP/2.0/":
        name, version, transport, rest = _spaced_protocol(text)
        if name.upper() != "SIP" or version != "2.0":
            raise MessageMalformed("Via is not SIP/2.0")
    else:
        transport = protocol[8:]
    sent_by, _, tail = rest.strip().partition(";")
    if not transport or not sent_by.strip():
        raise MessageMalformed("Via without transport or sent-by")
    host, port = split_host_port(sent_by.strip())
    return Via(transport.upper(), host, port, parse_params(tail))


def _spaced_protocol(text: str) -> tuple[str, str, str, str]:
    parts = [part.strip() for part in text.split("/", 2)]
    if len(parts) != 3:
        raise MessageMalformed("Via is not SIP/2.0")
    transport, _, rest = parts[2].partition(" ")
    return parts[0], parts[1], transport, rest


def parse_params(text: str) -> dict[str, str]:
    """``a=1;b;c="x;y"`` as a dict; names in lower case, quotes removed."""
    params: dict[str, str] = {}
    parts = text.split(";") if '"' not in text else split_outside_quotes(text, ";")
    for part in parts:
        name, _, value = part.partition("=")
        if name := name.strip().lower():
            params[name] = value.strip().strip('"')
    return params


@dataclass(frozen=True, slots=True)
class NameAddr:
    """A From, To, Contact, Route … value: display name, URI text and header parameters."""

    display: str
    uri_text: str
    params: dict[str, str]

    @property
    def uri(self) -> Uri:
        """The URI, parsed.

        Raises:
            MessageMalformed: it is none.
        """
        return parse_uri(self.uri_text)

    @property
    def tag(self) -> str:
        """The ``tag`` parameter; "" without one."""
        return self.params.get("tag", "")


def parse_name_addr(text: str) -> NameAddr:
    """Read ``"Display" <uri>;params`` or the short form ``uri;params``.

    Raises:
        MessageMalformed: an open quote or bracket.
    """
    text = text.strip()
    display = ""
    rest = text
    if text.startswith('"'):
        end = _closing_quote(text)
        display = text[1:end].replace('\\"', '"').replace("\\\\", "\\")
        rest = text[end + 1 :].lstrip()
    before, bracket, after = rest.partition("<")
    if not bracket:
        uri_text, _, params = rest.partition(";")
        if not uri_text.strip():
            raise MessageMalformed("an address without a URI")
        return NameAddr(display, uri_text.strip(), parse_params(params))
    uri_text, closed, params = after.partition(">")
    if not closed:
        raise MessageMalformed("an address whose angle bracket is never closed")
    return NameAddr(display or before.strip(), uri_text.strip(), parse_params(params.lstrip(" \t;")))


def _closing_quote(text: str) -> int:
    index = 1
    while index < len(text):
        if text[index] == "\\":
            index += 2
            continue
        if text[index] == '"':
            return index
        index += 1
    raise MessageMalformed("a quoted name that is never closed")


def split_outside_quotes(text: str, separator: str = ",") -> list[str]:
    """Split at the separator, but not inside quotes or angle brackets; empty parts are left out."""
    parts: list[str] = []
    start = 0
    quoted = False
    depth = 0
    index = 0
    while index < len(text):
        character = text[index]
        if quoted:
            if character == "\\":
                index += 1
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character == "<":
            depth += 1
        elif character == ">":
            depth = max(0, depth - 1)
        elif character == separator and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
        index += 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def header_tag(value: str) -> str:
    """The ``tag`` of a From or To value, without parsing the rest; "" without one."""
    tail = value[value.rfind(">") + 1 :] if ">" in value else value.partition(";")[2]
    for part in tail.split(";"):
        name, _, tag = part.partition("=")
        if name.strip().lower() == "tag":
            return tag.strip()
    return ""


def quoted_name(display: str) -> str:
    """A display name as it is written before ``<uri>``, with a blank after it; "" for none."""
    if not display:
        return ""
    safe = display.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
    return f'"{safe}" '


def host_port(host: str, port: int) -> str:
    """``host:port`` as Via and Contact want it."""
    return f"{bracketed(host)}:{port}"
