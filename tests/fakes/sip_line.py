"""Signalling in memory: INVITEs that a test sends in, and those that the program sends out."""

from dataclasses import dataclass, field
from typing import Any

from telephony.sip import (
    Contact,
    DialogEnd,
    EndedBy,
    Hop,
    InviteEvents,
    InviteFailed,
    LocalMedia,
    MediaDirection,
    Provisional,
    ReinviteResult,
    answer_offer,
    make_offer,
)

CARRIER = Hop("203.0.113.5", 5060)
PHONE = LocalMedia("198.51.100.9", 40000, session_id=7)
"""The far party's end of every call."""


def phone_offer(direction: MediaDirection = MediaDirection.SENDRECV) -> str:
    return make_offer(PHONE, direction)


class FakeInvite:
    """One INVITE that came in; takes what IncomingInvite takes. ``said`` lists it as texts such as ``180``."""

    def __init__(
        self,
        dialled: str = "96556",
        *,
        caller: str = "13800001234",
        account: str | None = None,
        trunk: str | None = "unicom",
        sdp: str | None = "offer",
        source: Hop = CARRIER,
    ) -> None:
        self.dialled = dialled
        self.caller = caller
        self.caller_name = ""
        self.account = account
        self.trunk = trunk
        self.sdp = phone_offer() if sdp == "offer" else sdp
        self.source = source
        self.call_id = f"call-{id(self):x}"
        self.events = InviteEvents()
        self.said: list[str] = []
        self.warning: str | None = None
        self.q850: int | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.accepted_sdp: str | None = None
        self.gave_up = False
        self.reinvites: list[str] = []
        self.reinvite_status = 200

    def progress(self, status: int = 180, sdp: str | None = None) -> None:
        self.said.append(f"{status} sdp" if sdp else str(status))

    def accept(self, sdp: str) -> bool:
        if self.gave_up:
            return False
        self.said.append("200")
        self.accepted_sdp = sdp
        return True

    def reject(
        self,
        status: int,
        reason: str = "",
        *,
        q850: int | None = None,
        warning: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.said.append(str(status))
        self.q850, self.warning, self.headers = q850, warning, headers

    def bye(self, *, q850: int = 16, text: str = "") -> None:
        self.said.append("BYE")
        self.q850 = q850
        self.events.ended(DialogEnd(EndedBy.LOCAL))

    async def reinvite(self, sdp: str) -> ReinviteResult:
        self.reinvites.append(sdp)
        if self.reinvite_status != 200:
            return ReinviteResult(self.reinvite_status, "Not Acceptable Here")
        return ReinviteResult(200, "OK", answer_offer(sdp, PHONE).sdp)

    # what the caller does

    def cancel(self) -> None:
        self.gave_up = True
        self.events.cancelled("the caller gave up")

    def hang_up(self, q850: int | None = None) -> None:
        self.events.ended(DialogEnd(EndedBy.PEER, q850))


@dataclass
class FakeOffer:
    """A re-INVITE that came in; ``said`` holds the answer's SDP or the refusal's status."""

    sdp: str | None
    said: list[Any] = field(default_factory=list)

    def accept(self, sdp: str) -> None:
        self.said.append(sdp)

    def reject(self, status: int = 488, reason: str = "", warning: str | None = None) -> None:
        self.said.append(status)


@dataclass(eq=False)
class FakeOutgoing:
    """One INVITE that went out; takes what OutgoingInvite takes."""

    target: str
    caller: str
    events: InviteEvents
    sdp: str | None
    hop: Hop | None
    more: dict[str, Any]
    said: list[str] = field(default_factory=list)
    q850: int | None = None

    def cancel(self, *, q850: int = 16, text: str = "") -> None:
        self.said.append("CANCEL")

    def bye(self, *, q850: int = 16, text: str = "") -> None:
        self.said.append("BYE")
        self.q850 = q850
        self.events.ended(DialogEnd(EndedBy.LOCAL))

    async def reinvite(self, sdp: str) -> ReinviteResult:
        self.said.append("INVITE")
        return ReinviteResult(200, "OK", answer_offer(sdp, PHONE).sdp)

    # what the called party does

    def rings(self, status: int = 180, *, early_media: bool = False) -> None:
        assert self.sdp
        sdp = answer_offer(self.sdp, PHONE).sdp if early_media else None
        self.events.provisional(Provisional("fork", status, "Ringing", sdp))

    def answers(self, sdp: str | None = "answer") -> None:
        assert self.sdp
        self.events.answered(answer_offer(self.sdp, PHONE).sdp if sdp == "answer" else sdp, "fork")

    def refuses(self, status: int, q850: int | None = None) -> None:
        self.events.failed(InviteFailed(status, "No", q850))

    def hang_up(self) -> None:
        self.events.ended(DialogEnd(EndedBy.PEER))


class FakeEndpoint:
    """Sends nothing; ``sent`` lists the INVITEs. ``registered`` is the registrar."""

    def __init__(self) -> None:
        self.sent: list[FakeOutgoing] = []
        self.registered: dict[str, tuple[Contact, ...]] = {}

    def invite(
        self,
        target: str,
        *,
        caller: str,
        events: InviteEvents,
        sdp: str | None,
        hop: Hop | None = None,
        **more: Any,
    ) -> FakeOutgoing:
        outgoing = FakeOutgoing(target, caller, events, sdp, hop, more)
        self.sent.append(outgoing)
        return outgoing

    def contacts(self, account: str) -> tuple[Contact, ...]:
        return self.registered.get(account, ())

    def register(self, account: str, *hosts: str) -> None:
        """Give an account its contacts."""
        self.registered[account] = tuple(
            Contact(f"sip:{account}@{host}:5062", Hop(host, 5062), expires_at_s=9e9) for host in hosts
        )
