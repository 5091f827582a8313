"""SIP: the front door for ``telephony/calls.py`` and the composition root."""

from telephony.sip.core.address import Contact, Hop
from telephony.sip.core.credentials import Credentials
from telephony.sip.core.errors import MessageMalformed, NoCommonCodec, PortInUse, SdpMalformed, SipError, WrongState
from telephony.sip.core.events import (
    DialogEnd,
    EndedBy,
    InviteEvents,
    InviteFailed,
    Provisional,
    ReinviteResult,
    RemoteOffer,
    Transfer,
    TransferWish,
)
from telephony.sip.core.message import Request, Response
from telephony.sip.core.offer_answer import (
    Answer,
    Codec,
    LocalMedia,
    MediaAgreement,
    MediaDirection,
    answer_offer,
    make_offer,
    read_answer,
)
from telephony.sip.core.session_timer import SessionTimerRules
from telephony.sip.core.timers import SipTimers
from telephony.sip.io.driver import SipEndpoint, SipHandlers
from telephony.sip.io.incoming import IncomingInvite
from telephony.sip.io.invites import InviteDialog
from telephony.sip.io.outgoing import OutgoingInvite
from telephony.sip.io.policy import (
    AccessPolicy,
    AddressPolicy,
    Dropped,
    NeedsDigest,
    Refused,
    Trusted,
    TrustedAddress,
    Verdict,
    WrongPasswordLimiter,
)
from telephony.sip.io.settings import SipSettings, TrunkRegistration
from telephony.sip.io.stats import SipStats

__all__ = [
    "AccessPolicy",
    "AddressPolicy",
    "Answer",
    "Codec",
    "Contact",
    "Credentials",
    "DialogEnd",
    "Dropped",
    "EndedBy",
    "Hop",
    "IncomingInvite",
    "InviteDialog",
    "InviteEvents",
    "InviteFailed",
    "LocalMedia",
    "MediaAgreement",
    "MediaDirection",
    "MessageMalformed",
    "NeedsDigest",
    "NoCommonCodec",
    "OutgoingInvite",
    "PortInUse",
    "Provisional",
    "Refused",
    "ReinviteResult",
    "RemoteOffer",
    "Request",
    "Response",
    "SdpMalformed",
    "SessionTimerRules",
    "SipEndpoint",
    "SipError",
    "SipHandlers",
    "SipSettings",
    "SipStats",
    "SipTimers",
    "Transfer",
    "TransferWish",
    "TrunkRegistration",
    "Trusted",
    "TrustedAddress",
    "Verdict",
    "WrongPasswordLimiter",
    "WrongState",
    "answer_offer",
    "make_offer",
    "read_answer",
]
