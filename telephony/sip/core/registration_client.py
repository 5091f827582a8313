"""Our own registration at a trunk: kept up, proved by digest, given up on stop (RFC 3261 §10.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from telephony.sip.core.credentials import Credentials
from telephony.sip.core.dialog_usage import prove
from telephony.sip.core.digest import DigestClient, read_challenges
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.headers import parse_name_addr
from telephony.sip.core.message import Request, Response
from telephony.sip.core.uri import Uri

_RETRY_S = 30.0
_RETRY_LONGEST_S = 300.0


class RegistrationState(Enum):
    """Where we stand with the trunk's registrar."""

    UNREGISTERED = "unregistered"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next.

    Attributes:
        send: the REGISTER to send now, without Via; None for nothing.
        again_s: call ``begin()`` in so many seconds; None to leave the running timer.
        changed: tell the owner ``state`` and ``detail``.
    """

    send: Request | None = None
    again_s: float | None = None
    changed: bool = False
    detail: str = ""


class RegistrationClient:
    """One address of record at one registrar.

    Args:
        domain: host of the address of record and of the request URI.
        credentials: user name and password.
        contact: our Contact value.
        product: User-Agent.
        expires_s: lifetime we ask for.
        new_token: fresh random text.
    """

    def __init__(
        self,
        domain: str,
        credentials: Credentials,
        contact: str,
        product: str,
        expires_s: int,
        new_token: Callable[[], str],
    ) -> None:
        self.state = RegistrationState.UNREGISTERED
        self._domain = domain
        self._contact = contact
        self._product = product
        self._expires_s = expires_s
        self._address = Uri("sip", credentials.username, domain)
        self._digest = DigestClient(credentials, new_token())
        self._call_id = new_token()
        self._from_tag = new_token()
        self._number = 0
        self._proved: set[int] = set()
        self._failures = 0
        self._leaving = False

    def begin(self) -> Step:
        """Register, or refresh."""
        return Step(send=self._request(self._expires_s))

    def leave(self) -> Step:
        """Unregister, if registered."""
        self._leaving = True
        return Step(send=self._request(0)) if self.state is RegistrationState.REGISTERED else Step()

    def response(self, request: Request, response: Response) -> Step:
        """A response to our REGISTER."""
        if response.status < 200:
            return Step()
        if response.status < 300:
            return self._accepted(response)
        if response.status in (401, 407):
            name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
            challenges = read_challenges(response.fields.get(name, []))
            before = request.cseq.number in self._proved
            if self._digest.challenged(response.status, challenges, answered_before=before):
                self._number += 1
                self._proved = {self._number}
                return Step(send=prove(request, self._number, self._digest))
        wish = response.get("Min-Expires") or ""
        if response.status == 423 and wish.isascii() and wish.isdigit() and int(wish[:9]) > self._expires_s:
            self._expires_s = int(wish[:9])
            return self.begin()
        return self._refused(f"{response.status} {response.reason}")

    def failed(self, why: str) -> Step:
        """No final response came."""
        return self._refused(why)

    def _accepted(self, response: Response) -> Step:
        self._failures = 0
        if self._leaving:
            self.state = RegistrationState.UNREGISTERED
            return Step(changed=True, detail="unregistered")
        life_s = self._granted_s(response)
        changed = self.state is not RegistrationState.REGISTERED
        self.state = RegistrationState.REGISTERED
        return Step(again_s=max(life_s * 0.8 if life_s > 60 else life_s * 0.5, 1.0), changed=changed, detail="200 OK")

    def _refused(self, why: str) -> Step:
        self._failures += 1
        was = self.state
        self.state = RegistrationState.UNREGISTERED
        if self._leaving:
            return Step()
        again_s = min(_RETRY_S * 2 ** min(self._failures - 1, 5), _RETRY_LONGEST_S)
        first = was is RegistrationState.REGISTERED or self._failures == 1
        return Step(again_s=again_s, changed=first, detail=why)

    def _granted_s(self, response: Response) -> int:
        ours = self._contact.partition("<")[2].partition(">")[0].partition(";")[0]
        for value in response.get_list("Contact"):
            try:
                address = parse_name_addr(value)
            except MessageMalformed:
                continue
            life = address.params.get("expires", "")
            if address.uri_text.partition(";")[0] == ours and life.isascii() and life.isdigit():
                return int(life[:9])
        life = response.get("Expires") or ""
        return int(life[:9]) if life.isascii() and life.isdigit() else self._expires_s

    def _request(self, expires_s: int) -> Request:
        self._number += 1
        uri = str(Uri("sip", "", self._domain))
        fields = {
            "Max-Forwards": ["70"],
            "From": [f"<{self._address}>;tag={self._from_tag}"],
            "To": [f"<{self._address}>"],
            "Call-ID": [self._call_id],
            "CSeq": [f"{self._number} REGISTER"],
            "Contact": [self._contact],
            "Expires": [str(expires_s)],
            "User-Agent": [self._product],
        }
        proof = self._digest.proof("REGISTER", uri)
        if proof is not None:
            fields[proof[0]] = [proof[1]]
        return Request("REGISTER", uri, fields)
