"""Who may call: trunks by their address, everybody else by digest; a stranger's call is logged with every reason."""

import logging
from collections.abc import Callable

from telephony.errors import TrunkNotMatched
from telephony.sip import (
    AddressPolicy,
    Credentials,
    Hop,
    NeedsDigest,
    Request,
    TrustedAddress,
    Verdict,
    WrongPasswordLimiter,
)
from telephony.trunks import ArrivingCall, Trunk, TrunkKind, match_inbound

log = logging.getLogger(__name__)


class TrunkPolicy(AddressPolicy):
    """The policy of one installation.

    Args:
        trunks: those of kind ADDRESS and REGISTER are trusted by address and, if set, source port.
        accounts: account name → secret.
        limiter: see WrongPasswordLimiter.
    """

    def __init__(
        self,
        trunks: tuple[Trunk, ...],
        accounts: Callable[[str], Credentials | None],
        limiter: WrongPasswordLimiter,
    ) -> None:
        super().__init__(trusted_addresses(trunks), accounts, limiter)
        self._trunks = trunks

    def judge(self, request: Request, source: Hop) -> Verdict:
        """See AccessPolicy."""
        verdict = super().judge(request, source)
        if isinstance(verdict, NeedsDigest) and request.method == "INVITE" and request.get("Authorization") is None:
            try:
                match_inbound(ArrivingCall(source.host, source.port, ""), self._trunks)
            except TrunkNotMatched as refused:
                log.info("call from no known trunk is challenged", extra={"reasons": refused.reasons})
        return verdict


def trusted_addresses(trunks: tuple[Trunk, ...]) -> list[TrustedAddress]:
    """Every address that some trunk is known by, in the order of their priority."""
    return [
        TrustedAddress(trunk.name, network, port)
        for trunk in sorted(trunks, key=lambda each: each.priority)
        if trunk.kind is not TrunkKind.SIM
        for network in trunk.networks
        for port in (trunk.source_ports or (None,))
    ]
