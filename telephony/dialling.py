"""Turns a target into the INVITEs that reach it: a phone's contacts at once, a number's trunks one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from telephony.causes import Cause
from telephony.errors import NoTrunkFor
from telephony.outbound_leg import Attempt
from telephony.ports import CallFailed, NumberTarget, SeatTarget, ShortCodeTarget, Target
from telephony.sip import Contact, Credentials, Hop, SipEndpoint
from telephony.trunks import OutboundRoute, Trunk, TrunkKind, choose_outbound
from vocabulary.phone_number import PhoneNumber

TRY_NEXT_ROUTE = frozenset({Cause.TRUNK_FAILED, Cause.TIMED_OUT, Cause.NO_ROUTE, Cause.NOT_REGISTERED})
"""Causes that say something about the line, not about the called party."""


@dataclass(frozen=True, slots=True)
class DialRound:
    """INVITEs that go out together; the next round only follows if the line failed.

    Attributes:
        attempts: at least one.
        dialled: for the record, masked if it is a subscriber's number.
        number, account, trunk: of the leg.
    """

    attempts: tuple[Attempt, ...]
    dialled: str
    number: PhoneNumber | None = None
    account: str | None = None
    trunk: str | None = None


def static_seat(account: str) -> Hop | None:
    """The address of a phone that never registers, written ``host:port`` where an account's name would stand.

    Only settings can name one: a colon is allowed in no account's name.
    """
    host, _, port = account.rpartition(":")
    return Hop(host, int(port)) if host and port.isdigit() else None


class Dialling:
    """Where targets are reached just now.

    Args:
        endpoint: knows the registered contacts.
        trunks: lines to the outside.
    """

    def __init__(self, endpoint: SipEndpoint, trunks: tuple[Trunk, ...]) -> None:
        self._endpoint = endpoint
        self._trunks = trunks

    def reachable(self, account: str) -> bool:
        """Whether the phone could be rung."""
        return static_seat(account) is not None or bool(self._endpoint.contacts(account))

    def rounds(self, target: Target, *, caller_id: str, in_use: Mapping[str, int]) -> list[DialRound]:
        """What to send for a target, best first.

        Raises:
            CallFailed: NOT_REGISTERED or NO_ROUTE; the reasons are its cause.
        """
        if isinstance(target, SeatTarget):
            attempts = self._phone_attempts(target.account, caller_id)
            return [DialRound(attempts, target.account, account=target.account)]
        called = target.number if isinstance(target, NumberTarget) else target.digits
        try:
            routes = choose_outbound(called, self._trunks, caller_id=caller_id, in_use=in_use)
        except NoTrunkFor as refused:
            raise CallFailed(Cause.NO_ROUTE, Cause.NO_ROUTE.sip_status) from refused
        usable = [route for route in routes if route.account is None or self.reachable(route.account)]
        if not usable:
            raise CallFailed(Cause.NOT_REGISTERED, Cause.NOT_REGISTERED.sip_status)
        return [self._round(route, target) for route in usable]

    def _phone_attempts(self, account: str, caller: str) -> tuple[Attempt, ...]:
        if fixed := static_seat(account):
            return (Attempt(f"sip:seat@{fixed.host}:{fixed.port}", fixed, caller),)
        contacts: tuple[Contact, ...] = self._endpoint.contacts(account)
        if not contacts:
            raise CallFailed(Cause.NOT_REGISTERED, Cause.NOT_REGISTERED.sip_status)
        return tuple(Attempt(contact.uri, contact.flow, caller) for contact in contacts)

    def _round(self, route: OutboundRoute, target: NumberTarget | ShortCodeTarget) -> DialRound:
        number = target.number if isinstance(target, NumberTarget) else None
        dialled = number.masked if number else route.user
        trunk = route.trunk
        if route.account is not None:
            attempts = self._phone_attempts(route.account, route.caller)
            return DialRound(attempts, dialled, number, route.account, trunk.name)
        attempt = Attempt(
            target=f"sip:{route.user}@{trunk.host}:{trunk.port}",
            hop=Hop(trunk.host, trunk.port, trunk.transport),
            caller=route.caller,
            caller_host=trunk.host if trunk.kind is TrunkKind.REGISTER else "",
            asserted_identity=f"sip:{route.caller}@{trunk.host}",
            credentials=Credentials(trunk.username, trunk.password, realm=trunk.realm) if trunk.username else None,
        )
        return DialRound((attempt,), dialled, number, None, trunk.name)
