"""Timers are data: which there are, and how long each runs."""

from dataclasses import dataclass
from enum import Enum


class Timer(Enum):
    """RFC 3261 table 4, RFC 6026 (L, M) and those of the transaction user."""

    A = "INVITE retransmit, UDP"
    B = "INVITE client transaction time-out"
    C = "an INVITE of ours that rings for ever"
    D = "wait for response retransmissions, INVITE client"
    E = "non-INVITE retransmit, UDP"
    F = "non-INVITE client transaction time-out"
    G = "INVITE response retransmit, UDP"
    H = "wait for the ACK"
    I = "wait for ACK retransmissions"  # noqa: E741 the RFC's name
    J = "wait for non-INVITE request retransmissions"
    K = "wait for response retransmissions, non-INVITE"
    L = "wait for accepted INVITE request retransmissions"
    M = "wait for retransmissions of the 2xx to an INVITE"
    ACCEPT_RESEND = "re-send the 2xx until its ACK comes (RFC 3261 §13.3.1.4)"
    ACCEPT_GIVE_UP = "end the dialog whose 2xx was never acknowledged (RFC 3261 §13.3.1.4)"
    CANCEL_GIVE_UP = "no final response to a cancelled INVITE (RFC 3261 §9.1)"
    PROGRESS_AGAIN = "repeat the provisional response (RFC 3261 §13.3.1.1)"
    GLARE = "try the re-INVITE again after 491 (RFC 3261 §14.1)"
    SESSION_REFRESH = "refresh the session (RFC 4028 §10)"
    SESSION_EXPIRES = "end the session that nobody refreshed (RFC 4028 §10)"
    RELIABLE_RESEND = "re-send the reliable provisional response until its PRACK comes (RFC 3262 §3)"
    RELIABLE_GIVE_UP = "refuse the call whose reliable provisional response was never acknowledged (RFC 3262 §3)"


@dataclass(frozen=True, slots=True)
class SipTimers:
    """Lengths in seconds (RFC 3261 §17.1.1.1 and table 4).

    Attributes:
        t1_s: round-trip estimate.
        t2_s: longest interval between retransmissions of a non-INVITE request or an INVITE's response.
        t4_s: longest time a message stays in the network.
        d_s: wait for response retransmissions on UDP; 0 on reliable transports.
    """

    t1_s: float = 0.5
    t2_s: float = 4.0
    t4_s: float = 5.0
    d_s: float = 32.0

    @property
    def give_up_s(self) -> float:
        """64·T1, the length of timers B, F, H, J, L and M."""
        return 64 * self.t1_s
