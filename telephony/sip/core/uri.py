"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966), read leniently and compared by what routing needs."""

from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, unquote

from telephony.sip.core.errors import MessageMalformed

_USER_SAFE = "-_.!~*'()&=+$,;?/"


@dataclass(frozen=True, slots=True)
class Uri:
    """One URI.

    Attributes:
        scheme: lower case: ``sip``, ``sips`` or ``tel``; others are kept for the 416 answer.
        user: unescaped; "" if there is none. For ``tel`` the number.
        host: lower case, IPv6 without brackets; "" for ``tel``.
        port: None if not written.
        params: URI parameters, names in lower case, value "" for a flag.
    """

    scheme: str
    user: str
    host: str
    port: int | None = None
    params: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def transport(self) -> str:
        """``udp`` or ``tcp``, as the URI asks for."""
        return self.params.get("transport", "udp").lower()

    @property
    def loose(self) -> bool:
        """Whether it carries ``lr`` (RFC 3261 §19.1.1)."""
        return "lr" in self.params

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}" + _params_text(self.params)
        # bytes that are no UTF-8 stand as surrogates since the message was read: they leave as they came
        user = f"{quote(self.user, safe=_USER_SAFE, errors='surrogateescape')}@" if self.user else ""
        return f"{self.scheme}:{user}{bracketed(self.host)}{f':{self.port}' if self.port else ''}" + _params_text(
            self.params
        )


def bracketed(host: str) -> str:
    """IPv6 literals in brackets, as URIs and Via want them."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def split_host_port(text: str) -> tuple[str, int | None]:
    """``host``, ``host:port``, ``[v6]:port`` taken apart; host in lower case, v6 without brackets.

    Raises:
        MessageMalformed: no host, or a port that is none.
    """
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise MessageMalformed("an IPv6 address without its closing bracket")
        port = rest[1:]
    else:
        host, _, port = text.partition(":")
    host = host.strip().lower()
    if not host or any(character in host for character in " \t<>\"'@;,"):
        raise MessageMalformed("a URI or Via without a usable host")
    port = port.strip()
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise MessageMalformed("a port that is no number from 1 to 65535")
    return host, int(port)


@lru_cache(maxsize=4096)
def parse_uri(text: str) -> Uri:
    """Read one URI (without angle brackets).

    Raises:
        MessageMalformed: no scheme, no host, a wrong port, or a character that would break a request line.
    """
    if any(character in text for character in ' \t\r\n<>"'):
        raise MessageMalformed("a URI with a blank, a quote or an angle bracket in it")
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or not scheme.isascii() or not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        raise MessageMalformed("a URI without a scheme")
    if scheme not in ("sip", "sips"):
        number, _, params = rest.partition(";")
        return Uri(scheme, number.strip(), "", None, _read_params(params))
    userinfo, at, hostpart = rest.rpartition("@")
    if not at:
        hostpart = rest
    hostpart = hostpart.partition("?")[0]
    address, _, params = hostpart.partition(";")
    host, port = split_host_port(address)
    user = userinfo.partition(":")[0].partition(";")[0]
    return Uri(scheme, unquote(user), host, port, _read_params(params))


def _read_params(text: str) -> dict[str, str]:
    if not text:
        return {}
    params: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name := name.strip().lower():
            params[name] = value.strip()
    return params


def _params_text(params: dict[str, str]) -> str:
    return "".join(f";{name}={value}" if value else f";{name}" for name, value in params.items())
