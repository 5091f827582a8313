"""Digest access authentication for SIP: what both sides compute (RFC 7616, RFC 8760, RFC 3261 §22)."""

import hashlib
from dataclasses import dataclass

from telephony.sip.core.credentials import Credentials
from telephony.sip.core.headers import split_outside_quotes

ALGORITHMS = ("SHA-256", "MD5")
"""What this side computes, strongest first (RFC 8760 §2.1 and §3)."""


def digest_hash(algorithm: str, text: str) -> str:
    """Hexadecimal hash of the text in UTF-8; MD5 only where the peer knows nothing better."""
    data = text.encode("utf-8", "surrogateescape")
    if algorithm == "SHA-256":
        return hashlib.sha256(data).hexdigest()
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def account_hash(credentials: Credentials, realm: str, algorithm: str) -> str | None:
    """H(username:realm:password); None if only the other algorithm's hash is kept."""
    if credentials.password is not None:
        return digest_hash(algorithm, f"{credentials.username}:{realm}:{credentials.password}")
    return credentials.ha1.get(algorithm)


def digest_response(
    algorithm: str, ha1: str, method: str, uri: str, nonce: str, *, qop: str = "", nc: str = "", cnonce: str = ""
) -> str:
    """The ``response`` value; without qop that of RFC 2069 (old phones)."""
    ha2 = digest_hash(algorithm, f"{method}:{uri}")
    middle = f"{nonce}:{nc}:{cnonce}:{qop}" if qop else nonce
    return digest_hash(algorithm, f"{ha1}:{middle}:{ha2}")


def read_digest(value: str) -> dict[str, str] | None:
    """Parameters of a ``Digest …`` header value, names in lower case; None for another scheme or broken text."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    params: dict[str, str] = {}
    for part in split_outside_quotes(rest):
        name, equals, text = part.partition("=")
        if not equals:
            return None
        text = text.strip()
        if len(text) > 1 and text[0] == '"' and text[-1] == '"':
            text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        params[name.strip().lower()] = text
    return params


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate value.

    Attributes:
        qop: "auth", or "" with a peer of RFC 2069.
        stale: the last answer was right but its nonce too old.
    """

    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str | None = None
    stale: bool = False

    def __str__(self) -> str:
        opaque = f', opaque="{_escaped(self.opaque)}"' if self.opaque is not None else ""
        qop = f', qop="{self.qop}"' if self.qop else ""
        return (
            f'Digest realm="{_escaped(self.realm)}", nonce="{self.nonce}", algorithm={self.algorithm}'
            + qop
            + opaque
            + (", stale=true" if self.stale else "")
        )


def read_challenges(values: list[str]) -> list[Challenge]:
    """The challenges that this side can answer, in the server's order of preference (RFC 8760 §2.4)."""
    found = []
    for value in values:
        params = read_digest(value)
        if params is None or not params.get("nonce"):
            continue
        algorithm = params.get("algorithm", "MD5").upper()
        offered = [option.strip().lower() for option in params.get("qop", "").split(",") if option.strip()]
        if algorithm not in ALGORITHMS or (offered and "auth" not in offered):
            continue
        found.append(
            Challenge(
                params.get("realm", ""),
                params["nonce"],
                algorithm,
                "auth" if offered else "",
                params.get("opaque"),
                params.get("stale", "").lower() == "true",
            )
        )
    return found


class DigestClient:
    """Answers challenges with one set of credentials and counts the nonce's uses.

    Args:
        credentials: used only for their own realm, if they name one.
        cnonce: client nonce; fresh random text.
    """

    def __init__(self, credentials: Credentials, cnonce: str) -> None:
        self.credentials = credentials
        self._cnonce = cnonce
        self._challenge: Challenge | None = None
        self._header = ""
        self._uses = 0

    def challenged(self, status: int, challenges: list[Challenge], *, answered_before: bool) -> bool:
        """Take up a 401 or 407; False if it cannot or must not be answered.

        Args:
            answered_before: whether the refused request carried a proof already: then only a stale nonce is reason
                enough to try again, since the password was wrong otherwise.
        """
        for challenge in challenges:
            if self.credentials.realm and challenge.realm != self.credentials.realm:
                continue
            if account_hash(self.credentials, challenge.realm, challenge.algorithm) is None:
                continue
            if answered_before and not challenge.stale:
                return False
            self._challenge = challenge
            self._header = "Proxy-Authorization" if status == 407 else "Authorization"
            self._uses = 0
            return True
        return False

    def proof(self, method: str, uri: str) -> tuple[str, str] | None:
        """The header to add to the next request; None before any challenge."""
        challenge = self._challenge
        if challenge is None:
            return None
        ha1 = account_hash(self.credentials, challenge.realm, challenge.algorithm)
        assert ha1 is not None
        self._uses += 1
        nc = f"{self._uses:08x}"
        response = digest_response(
            challenge.algorithm, ha1, method, uri, challenge.nonce, qop=challenge.qop, nc=nc, cnonce=self._cnonce
        )
        text = (
            f'Digest username="{_escaped(self.credentials.username)}", realm="{_escaped(challenge.realm)}", '
            f'nonce="{challenge.nonce}", uri="{uri}", response="{response}", algorithm={challenge.algorithm}'
        )
        if challenge.qop:
            text += f', qop={challenge.qop}, nc={nc}, cnonce="{self._cnonce}"'
        if challenge.opaque is not None:
            text += f', opaque="{_escaped(challenge.opaque)}"'
        return self._header, text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
