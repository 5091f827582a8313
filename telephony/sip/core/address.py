"""Where messages come from and go to."""

from dataclasses import dataclass
from typing import NamedTuple


class Hop(NamedTuple):
    """A next hop or a source.

    Attributes:
        host: IP literal, or a name that the endpoint resolves when sending.
        port: 1 to 65535.
        transport: "udp" or "tcp".
    """

    host: str
    port: int
    transport: str = "udp"


@dataclass(frozen=True, slots=True)
class Contact:
    """One registered contact of an account.

    Attributes:
        uri: the request URI to ring it by.
        flow: where its REGISTER came from, which is where requests to it go (it may sit behind a NAT).
        expires_at_s: monotonic seconds.
        user_agent: of the REGISTER, for people.
        q: preference 0 to 1.
    """

    uri: str
    flow: Hop
    expires_at_s: float
    user_agent: str = ""
    q: float = 1.0
