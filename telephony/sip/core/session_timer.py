"""Session timers (RFC 4028): how often an answered call proves that it lives, and who proves it."""

from dataclasses import dataclass
from enum import Enum

from telephony.sip.core.actions import StartTimer, StopTimer
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.headers import parse_params
from telephony.sip.core.message import Message, Request, Response
from telephony.sip.core.timers import Timer

LEAST_MIN_SE_S = 90
"""RFC 4028 §4: no Min-SE is below this."""
_LONGEST_S = 86_400
_LEAST_GRANTED_S = 4
"""A peer that grants less than Min-SE breaks RFC 4028 §5, and is taken at its word within reason."""
_TRIES = 2  # of a request that met 422

Headers = list[tuple[str, str]]


class Refresher(Enum):
    """Who refreshes, named by its role in the request that set the session up or refreshed it last."""

    UAC = "uac"
    UAS = "uas"


@dataclass(frozen=True, slots=True)
class SessionTimerRules:
    """What we ask for and what we accept.

    Attributes:
        interval_s: seconds after which a session that nobody refreshed is over; 0 asks for none, but still grants
            a peer's wish. 1 800 is what RFC 4028 §4 recommends.
        min_se_s: the shortest interval that we accept, at least 90 s (RFC 4028 §4).
    """

    interval_s: int = 1800
    min_se_s: int = LEAST_MIN_SE_S

    def __post_init__(self) -> None:
        if self.min_se_s < LEAST_MIN_SE_S or (self.interval_s and self.interval_s < self.min_se_s):
            raise ValueError("a session interval is at least Min-SE, and Min-SE at least 90 s (RFC 4028 §4)")


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """One ``Session-Expires`` header."""

    interval_s: int
    refresher: Refresher | None = None


def read_session_expires(message: Message) -> SessionExpires | None:
    """The header's value; None without it.

    Raises:
        MessageMalformed: it holds no number of seconds.
    """
    value = message.get("Session-Expires")
    if value is None:
        return None
    seconds, _, rest = value.partition(";")
    named = parse_params(rest).get("refresher", "").lower()
    refresher = next((each for each in Refresher if each.value == named), None)
    return SessionExpires(_seconds(seconds, "Session-Expires"), refresher)


def read_min_se(message: Message) -> int:
    """Seconds of Min-SE; 90 without it (RFC 4028 §5).

    Raises:
        MessageMalformed: it holds no number of seconds.
    """
    value = message.get("Min-SE")
    return LEAST_MIN_SE_S if value is None else max(LEAST_MIN_SE_S, _seconds(value.partition(";")[0], "Min-SE"))


def interval_refusal(request: Request, rules: SessionTimerRules) -> Headers | None:
    """The headers of a 422, if the peer could have asked for more and asked for less than we accept (RFC 4028 §9).

    Raises:
        MessageMalformed: Session-Expires or Min-SE holds no number of seconds.
    """
    asked = read_session_expires(request)
    read_min_se(request)
    if asked is None or asked.interval_s >= rules.min_se_s or not _knows_timers(request):
        return None
    return [("Min-SE", str(rules.min_se_s))]


class SessionTimer:
    """What both sides of one dialog have agreed on; counts nothing itself, but says which timers to start.

    Attributes:
        interval_s: of the agreement; None while there is none.
        we_refresh: whether it is our turn to refresh.
    """

    def __init__(self, rules: SessionTimerRules) -> None:
        self.interval_s: int | None = None
        self.we_refresh = False
        self._wanted_s = rules.interval_s
        self._min_se_s = rules.min_se_s
        self._refusals = 0

    def wish(self) -> Headers:
        """Headers for an INVITE or UPDATE of ours, first or refreshing (RFC 4028 §7.1, §7.4)."""
        wanted_s = self.interval_s or self._wanted_s
        if not wanted_s:
            return []
        wanted_s = max(wanted_s, self._min_se_s)
        refresher = ""
        if self.interval_s is not None:  # the roles stay as they are
            refresher = f";refresher={(Refresher.UAC if self.we_refresh else Refresher.UAS).value}"
        headers = [("Session-Expires", f"{wanted_s}{refresher}")]
        if self._min_se_s > LEAST_MIN_SE_S:
            headers.append(("Min-SE", str(self._min_se_s)))
        return headers

    def agree(self, request: Request) -> Headers:
        """Settle the terms of the peer's INVITE or UPDATE that we accept; headers for the 2xx (RFC 4028 §9, table 2).

        A peer that never heard of timers gets none, unless a proxy on the way asked: then we refresh.
        """
        asked, least_s, knows = _terms(request)
        if asked is None and (not knows or not self._wanted_s):
            self.interval_s = None
            return []
        longest_s = asked.interval_s if asked is not None else self._wanted_s
        interval_s = min(longest_s, self._wanted_s or longest_s)
        self._refusals = 0
        refresher = self._refresher(asked, knows=knows)
        self.interval_s = max(interval_s, least_s, self._min_se_s)
        self.we_refresh = refresher is Refresher.UAS
        headers = [("Session-Expires", f"{self.interval_s};refresher={refresher.value}")]
        if knows:
            headers.append(("Require", "timer"))
        return headers

    def agreed(self, response: Response) -> None:
        """Take the terms of the 2xx to our INVITE or UPDATE; without the header there are none (RFC 4028 §7.2)."""
        self._refusals = 0
        try:
            given = read_session_expires(response)
        except MessageMalformed:
            given = None
        if given is None or given.interval_s <= 0:
            self.interval_s = None
            return
        self.interval_s = max(given.interval_s, _LEAST_GRANTED_S)
        self.we_refresh = given.refresher is not Refresher.UAS

    def refused(self, response: Response) -> bool:
        """A 422 came: ask for what it says; False if that has been tried or makes no sense (RFC 4028 §7.3)."""
        try:
            least_s = read_min_se(response)
        except MessageMalformed:
            return False
        self._refusals += 1
        if response.get("Min-SE") is None or least_s > _LONGEST_S or self._refusals > _TRIES:
            return False
        self._min_se_s = max(self._min_se_s, least_s)
        if self.interval_s is not None:
            self.interval_s = max(self.interval_s, least_s)
        return True

    def start(self) -> list[StartTimer | StopTimer]:
        """The session has just been set up or refreshed (RFC 4028 §10)."""
        if self.interval_s is None:
            return stop_session()
        refresh: StartTimer | StopTimer = StopTimer(Timer.SESSION_REFRESH)
        if self.we_refresh:
            refresh = StartTimer(Timer.SESSION_REFRESH, self.interval_s / 2)
        return [refresh, StartTimer(Timer.SESSION_EXPIRES, self.interval_s - min(32, self.interval_s / 3))]

    def again(self) -> list[StartTimer | StopTimer]:
        """A refresh of ours was refused: try again a little later, as long as the session lives."""
        if self.interval_s is None or not self.we_refresh:
            return []
        return [StartTimer(Timer.SESSION_REFRESH, self.interval_s / 12)]

    def _refresher(self, asked: SessionExpires | None, *, knows: bool) -> Refresher:
        if not knows:
            return Refresher.UAS
        if asked is not None and asked.refresher is not None:
            return asked.refresher
        if self.interval_s is not None and not self.we_refresh:
            return Refresher.UAC
        return Refresher.UAS  # who refreshes is the first to notice that the other one is gone


def stop_session() -> list[StartTimer | StopTimer]:
    """Forget both timers."""
    return [StopTimer(Timer.SESSION_REFRESH), StopTimer(Timer.SESSION_EXPIRES)]


def _terms(request: Request) -> tuple[SessionExpires | None, int, bool]:
    """Session-Expires, Min-SE and whether the sender supports timers; what cannot be read counts as absent."""
    knows = _knows_timers(request)
    try:
        return read_session_expires(request), read_min_se(request), knows
    except MessageMalformed:
        return None, LEAST_MIN_SE_S, knows


def _knows_timers(message: Message) -> bool:
    return "timer" in message.tokens("Supported") or "timer" in message.tokens("Require")


def _seconds(text: str, name: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 10:
        raise MessageMalformed(f"{name} is no number of seconds")
    return int(text)
