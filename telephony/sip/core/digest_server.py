"""The server's side of digest: nonces that need no table until they are used, nonce counts, verdicts."""

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from telephony.sip.core.credentials import Credentials
from telephony.sip.core.digest import ALGORITHMS, Challenge, account_hash, digest_hash, digest_response, read_digest
from telephony.sip.core.message import Request


class ProofState(Enum):
    """What became of a request's proof."""

    MISSING = "missing"  # no proof for our realm: challenge
    STALE = "stale"  # the password is right, the nonce is too old or its count was used: challenge, stale=true
    WRONG = "wrong"  # unknown account or wrong password, indistinguishable to the peer: challenge
    BROKEN = "broken"  # parameters missing or contradictory: 400
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict, and whose it is.

    Attributes:
        account: the name claimed; "" if none was.
        why: for the log.
    """

    state: ProofState
    account: str = ""
    why: str = ""


class DigestServer:
    """Challenges and verifies (RFC 7616 §3.3 to §3.5).

    A nonce is ``time.number.hmac``. A used nonce is remembered with its highest count; when the bounded table
    forgets one, every nonce as old or older counts as stale, so that none can be replayed.

    Args:
        realm: ours.
        secret: key of the nonces; fresh at each start.
        accounts: account name → secret, None for an unknown one.
        algorithms: in the order of the challenges; RFC 8760 wants the strongest first.
        nonce_life_s: seconds before a nonce is stale.
        max_used: nonces remembered.
    """

    def __init__(
        self,
        realm: str,
        secret: bytes,
        accounts: Callable[[str], Credentials | None],
        *,
        algorithms: tuple[str, ...] = ALGORITHMS,
        nonce_life_s: float = 300.0,
        max_used: int = 20_000,
    ) -> None:
        self.realm = realm
        self._secret = secret
        self._accounts = accounts
        self._algorithms = algorithms
        self._nonce_life_s = nonce_life_s
        self._max_used = max_used
        self._issued = 0
        self._oldest_number = 0
        self._used: OrderedDict[str, int] = OrderedDict()

    def challenge(self, now_s: float, *, stale: bool = False, md5_only: bool = False) -> list[tuple[str, str]]:
        """WWW-Authenticate headers, one for each algorithm, all with one fresh nonce.

        Args:
            md5_only: for a phone that gives up at a challenge it does not know; ignored if MD5 is not configured.
        """
        self._issued += 1
        stem = f"{int(now_s):x}.{self._issued:x}"
        nonce = f"{stem}.{self._seal(stem)}"
        return [
            ("WWW-Authenticate", str(Challenge(self.realm, nonce, algorithm, "auth", None, stale)))
            for algorithm in (("MD5",) if md5_only and "MD5" in self._algorithms else self._algorithms)
        ]

    def verify(self, request: Request, now_s: float) -> Proof:
        """Judge the request's Authorization for our realm. Costs the same for known and unknown names."""
        proofs = [read_digest(value) for value in request.fields.get("Authorization", ())]
        params = next((found for found in proofs if found and found.get("realm") == self.realm), None)
        if params is None:
            return Proof(ProofState.MISSING)
        account = params.get("username", "")
        algorithm = params.get("algorithm", "MD5").upper()
        qop = params.get("qop", "")
        if not all(params.get(name) for name in ("username", "nonce", "uri", "response")):
            return Proof(ProofState.BROKEN, account, "a digest parameter is missing")
        if algorithm not in self._algorithms or qop not in ("", "auth"):
            return Proof(ProofState.BROKEN, account, "algorithm or qop was not offered")
        if qop and not (params.get("cnonce") and _is_count(params.get("nc", ""))):
            return Proof(ProofState.BROKEN, account, "nc or cnonce is missing")
        if not self._password_right(account, algorithm, request.method, params):
            return Proof(ProofState.WRONG, account, "unknown account or wrong password")
        count = int(params["nc"], 16) if qop else 1
        if not self._fresh(params["nonce"], count, now_s):
            return Proof(ProofState.STALE, account, "the nonce is old or its count was used")
        return Proof(ProofState.RIGHT, account)

    def _password_right(self, account: str, algorithm: str, method: str, params: dict[str, str]) -> bool:
        credentials = self._accounts(account)
        ha1 = account_hash(credentials, self.realm, algorithm) if credentials is not None else None
        expected = digest_response(
            algorithm,
            ha1 if ha1 is not None else digest_hash(algorithm, f"{account}:{self.realm}:{self._secret.hex()}"),
            method,
            params["uri"],
            params["nonce"],
            qop=params.get("qop", ""),
            nc=params.get("nc", ""),
            cnonce=params.get("cnonce", ""),
        )
        same = hmac.compare_digest(expected.encode(), params["response"].lower().encode("utf-8", "replace"))
        return same and ha1 is not None

    def _fresh(self, nonce: str, count: int, now_s: float) -> bool:
        stem, _, seal = nonce.rpartition(".")
        if not hmac.compare_digest(self._seal(stem).encode(), seal.encode("utf-8", "replace")):
            return False
        issued_s, _, number = stem.partition(".")
        if now_s - int(issued_s, 16) > self._nonce_life_s or int(number, 16) <= self._oldest_number:
            return False
        if count <= self._used.get(nonce, 0):
            return False
        self._used[nonce] = count
        self._used.move_to_end(nonce)
        while len(self._used) > self._max_used:
            forgotten, _ = self._used.popitem(last=False)
            self._oldest_number = max(self._oldest_number, int(forgotten.split(".")[1], 16))
        return True

    def _seal(self, stem: str) -> str:
        return hmac.digest(self._secret, stem.encode("utf-8", "replace"), "sha256")[:12].hex()


def _is_count(text: str) -> bool:
    return len(text) == 8 and all(character in "0123456789abcdefABCDEF" for character in text)
