"""Who is let in when the machine fills up: one pure decision, with its reason (design §6.12)."""

from dataclasses import dataclass

from telephony.causes import Cause
from telephony.ports import Admission

NARROW_AT = 0.9
"""Share of the capacity from which a new caller hears only the announcement with the gas-leak key."""
RETRY_AFTER_S = 10
"""Told to registered phones only: RFC 3261 §21.5.4 would make a trunk stop sending leak calls too."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the machine carries at this moment.

    Attributes:
        calls: live calls, this one not counted.
        capacity: calls this machine is set to carry at once; at least 1.
        stopping: the server takes no new calls.
    """

    calls: int
    capacity: int
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class AdmissionDecision:
    """Whether a new call enters.

    Attributes:
        admission: how it is served; None when it is refused.
        cause: why it is refused; None when it is served.
        retry_after_s: for the Retry-After header of a refusal; None for no header.
        reason: for the log.
    """

    admission: Admission | None
    cause: Cause | None
    retry_after_s: int | None
    reason: str


def admit(load: Load, *, from_trunk: bool) -> AdmissionDecision:
    """Decide on one new inbound call; the first matching rule wins.

    Args:
        load: before this call.
        from_trunk: it came by a trunk, so that a Retry-After would close the trunk.
    """
    retry_after_s = None if from_trunk else RETRY_AFTER_S
    if load.stopping:
        return AdmissionDecision(None, Cause.SHUT_DOWN, retry_after_s, "the server is stopping")
    if load.calls >= load.capacity:
        reason = f"{load.calls} of {load.capacity} calls"
        return AdmissionDecision(None, Cause.OVERLOADED, retry_after_s, reason)
    if load.calls >= NARROW_AT * load.capacity:
        return AdmissionDecision(Admission.NARROW, None, None, f"{load.calls} of {load.capacity} calls: narrow")
    return AdmissionDecision(Admission.FULL, None, None, f"{load.calls} of {load.capacity} calls")
