"""One seat (坐席) and the states of its day; the whole table of what may follow what stands here.

A seat is a SIP account at which one member of staff sits. RINGING is the reservation: from the moment a round took
the seat until the phone is answered, refused or the lease ends. Nobody but a round may reserve, so a seat that is not
FREE is never offered a call, except to the gas-leak lane, which may take WRAP_UP and BREAK too (domain spec §10.1).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from seats.errors import SeatMoveRefused


class SeatState(Enum):
    """Where a seat stands; the value is stored, the sentence is shown."""

    OFFLINE = "offline"
    FREE = "free"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    BREAK = "break"

    @property
    def sentence(self) -> str:
        """Shown to people, in Chinese."""
        return _STATE_SENTENCES[self]


_STATE_SENTENCES = {
    SeatState.OFFLINE: "未签入",
    SeatState.FREE: "空闲",
    SeatState.RINGING: "振铃",
    SeatState.TALKING: "通话",
    SeatState.WRAP_UP: "话后整理",
    SeatState.BREAK: "小休",
}


class SeatEvent(Enum):
    """What may happen to a seat."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    TAKE_BREAK = "take_break"
    BECOME_FREE = "become_free"  # back from break, or wrap-up ended early by the staff
    RESERVE = "reserve"
    ANSWER = "answer"
    WITHDRAW = "withdraw"  # the caller left while the phone rang, or the lease ran out
    WITHDRAW_TO_BREAK = "withdraw_to_break"
    WITHDRAW_TO_WRAP_UP = "withdraw_to_wrap_up"
    REFUSE = "refuse"
    MISS = "miss"  # rang to the end and nobody answered
    LOSE_PHONE = "lose_phone"  # the account has no registered contact
    END = "end"
    WRAP_UP_OVER = "wrap_up_over"


TRANSITIONS: dict[tuple[SeatState, SeatEvent], SeatState] = {
    (SeatState.OFFLINE, SeatEvent.SIGN_IN): SeatState.FREE,
    (SeatState.FREE, SeatEvent.TAKE_BREAK): SeatState.BREAK,
    (SeatState.FREE, SeatEvent.SIGN_OUT): SeatState.OFFLINE,
    (SeatState.FREE, SeatEvent.RESERVE): SeatState.RINGING,
    (SeatState.BREAK, SeatEvent.BECOME_FREE): SeatState.FREE,
    (SeatState.BREAK, SeatEvent.SIGN_OUT): SeatState.OFFLINE,
    (SeatState.BREAK, SeatEvent.TAKE_BREAK): SeatState.BREAK,  # another reason
    (SeatState.BREAK, SeatEvent.RESERVE): SeatState.RINGING,  # gas-leak lane only, seats.routing
    (SeatState.WRAP_UP, SeatEvent.WRAP_UP_OVER): SeatState.FREE,
    (SeatState.WRAP_UP, SeatEvent.BECOME_FREE): SeatState.FREE,
    (SeatState.WRAP_UP, SeatEvent.TAKE_BREAK): SeatState.BREAK,
    (SeatState.WRAP_UP, SeatEvent.SIGN_OUT): SeatState.OFFLINE,
    (SeatState.WRAP_UP, SeatEvent.RESERVE): SeatState.RINGING,  # gas-leak lane only, seats.routing
    (SeatState.RINGING, SeatEvent.ANSWER): SeatState.TALKING,
    (SeatState.RINGING, SeatEvent.WITHDRAW): SeatState.FREE,
    (SeatState.RINGING, SeatEvent.WITHDRAW_TO_BREAK): SeatState.BREAK,
    (SeatState.RINGING, SeatEvent.WITHDRAW_TO_WRAP_UP): SeatState.WRAP_UP,
    (SeatState.RINGING, SeatEvent.REFUSE): SeatState.FREE,
    (SeatState.RINGING, SeatEvent.MISS): SeatState.BREAK,
    (SeatState.RINGING, SeatEvent.LOSE_PHONE): SeatState.OFFLINE,
    (SeatState.TALKING, SeatEvent.END): SeatState.WRAP_UP,
}
"""Anything not listed is refused. Sign-out and break asked for while RINGING or TALKING wait until the call is over."""

_WITHDRAWN_TO = {
    SeatState.FREE: SeatEvent.WITHDRAW,
    SeatState.BREAK: SeatEvent.WITHDRAW_TO_BREAK,
    SeatState.WRAP_UP: SeatEvent.WITHDRAW_TO_WRAP_UP,
}


class BreakReason(Enum):
    """Why a seat is on break."""

    REST = "小休"
    MISSED_CALL = "振铃未接"
    TRAINING = "培训"
    MEETING = "班会"
    MEAL = "用餐"


class Wish(Enum):
    """What the staff asked for during a call, done as soon as it is over."""

    NONE = "none"
    BREAK = "break"
    SIGN_OUT = "sign_out"


@dataclass(eq=False)
class Seat:
    """One seat and who sits there.

    Attributes:
        account: SIP account; the seat's identity.
        staff_number: 工号, digits, said to the caller.
        staff_name: for colleagues' screens; "" if unknown.
        skills: what it may take; empty takes calls without a skill only.
        since: when the present state began, aware UTC.
        free_since: when it last came to be FREE: who has been free longest is served first.
        until: when the present state ends by itself: RINGING and TALKING the lease, WRAP_UP its end; else None.
        reason: why it is on break or offline; "" otherwise.
        wish: break or sign-out asked for during a call.
        taken_from: the state from which RESERVE took it, to which a withdrawn offer returns it.
        entry_id: the queue entry it serves; None unless RINGING or TALKING.
        missed_in_a_row: offers missed since the last answered one.
        version: counts changes; a round reserves only the version it saw.
    """

    account: str
    staff_number: str
    staff_name: str = ""
    skills: frozenset[str] = frozenset()
    state: SeatState = SeatState.OFFLINE
    since: datetime | None = None
    free_since: datetime | None = None
    until: datetime | None = None
    reason: str = ""
    wish: Wish = Wish.NONE
    taken_from: SeatState = SeatState.FREE
    entry_id: str | None = None
    missed_in_a_row: int = 0
    version: int = 0

    def sign_in(self, *, at: datetime, staff_number: str | None = None, staff_name: str | None = None) -> None:
        """Begin work; the seat is free at once. A seat that works already only takes the new person's number."""
        self.staff_number = staff_number or self.staff_number
        self.staff_name = self.staff_name if staff_name is None else staff_name
        self.wish = Wish.NONE
        if self.state is SeatState.OFFLINE:
            self.missed_in_a_row = 0
            self._move(SeatEvent.SIGN_IN, at)

    def sign_out(self, reason: str, *, at: datetime) -> None:
        """End work, or say that it ends after the call under way."""
        if self.state is SeatState.OFFLINE:
            return
        if self._is_on_a_call:
            self.wish = Wish.SIGN_OUT
            return
        self._move(SeatEvent.SIGN_OUT, at)
        self.reason = reason

    def take_break(self, reason: str, *, at: datetime) -> None:
        """Go on break, or say so for after the call under way.

        Raises:
            SeatMoveRefused: not signed in.
        """
        if self._is_on_a_call:
            self.wish = Wish.BREAK
            return
        self._move(SeatEvent.TAKE_BREAK, at)
        self.reason = reason

    def become_free(self, *, at: datetime) -> None:
        """Come back from break or end wrap-up early; during a call it only cancels a wish.

        Raises:
            SeatMoveRefused: not signed in.
        """
        if self._is_on_a_call or self.state is SeatState.FREE:
            self.wish = Wish.NONE
            return
        self._move(SeatEvent.BECOME_FREE, at)

    def reserve(self, entry_id: str, *, at: datetime, until: datetime) -> None:
        """A round gives this seat to a waiting call; it rings now.

        Raises:
            SeatMoveRefused: it is not free, on break or wrapping up.
        """
        before = self.state
        self._move(SeatEvent.RESERVE, at)
        self.taken_from, self.entry_id, self.until = before, entry_id, until

    def answer(self, *, at: datetime, until: datetime) -> None:
        """The phone was answered; ``until`` is the lease that the serving process renews."""
        entry_id = self.entry_id
        self._move(SeatEvent.ANSWER, at)
        self.entry_id, self.until, self.missed_in_a_row = entry_id, until, 0

    def withdraw(self, *, at: datetime, wrap_up: timedelta) -> None:
        """The offer is taken back; the seat returns to what it did before, keeping its turn (wrap-up begins anew)."""
        free_since, before = self.free_since, self.taken_from
        self._move(_WITHDRAWN_TO[before], at)
        if before is SeatState.WRAP_UP:
            self.until = at + wrap_up
        elif before is SeatState.FREE:
            self.free_since = free_since or at
        self._grant_wish(at)

    def refuse(self, *, at: datetime) -> None:
        """The staff refused or was busy at the phone: free, but last in turn."""
        self._move(SeatEvent.REFUSE, at)
        self._grant_wish(at)

    def miss(self, *, at: datetime, break_after_missed: bool) -> None:
        """Nobody answered: on break with the reason, so that no further caller waits for an empty chair."""
        missed = self.missed_in_a_row + 1
        self._move(SeatEvent.MISS, at)
        self.missed_in_a_row = missed
        self.reason = BreakReason.MISSED_CALL.value
        if self.wish is Wish.SIGN_OUT:
            self._grant_wish(at)
        elif not break_after_missed:
            self._move(SeatEvent.BECOME_FREE, at)
        self.wish = Wish.NONE

    def lose_phone(self, *, at: datetime) -> None:
        """The account has no registered contact: signed out with the reason."""
        self._move(SeatEvent.LOSE_PHONE, at)
        self.reason, self.wish = "话机未注册", Wish.NONE

    def end(self, *, at: datetime, wrap_up: timedelta) -> None:
        """The call is over; wrap-up begins, or what the staff asked for meanwhile."""
        self._move(SeatEvent.END, at)
        self.until = at + wrap_up
        if self.wish is Wish.NONE and not wrap_up:
            self._move(SeatEvent.WRAP_UP_OVER, at)
        self._grant_wish(at)

    def time_out(self, *, at: datetime, wrap_up: timedelta) -> bool:
        """Do what follows when ``until`` has passed; whether anything did.

        A lease that ran out means that the process which held the call died: the seat frees itself.
        """
        if self.until is None or self.until > at:
            return False
        match self.state:
            case SeatState.RINGING:
                self.withdraw(at=at, wrap_up=wrap_up)
            case SeatState.TALKING:
                self.end(at=at, wrap_up=wrap_up)
            case SeatState.WRAP_UP:
                self._move(SeatEvent.WRAP_UP_OVER, at)
            case _:
                self.until = None
        return True

    @property
    def _is_on_a_call(self) -> bool:
        return self.state in {SeatState.RINGING, SeatState.TALKING}

    def _grant_wish(self, at: datetime) -> None:
        wish, self.wish = self.wish, Wish.NONE
        if wish is Wish.SIGN_OUT:
            self._move(SeatEvent.SIGN_OUT, at)
            self.reason = "通话后签出"
        elif wish is Wish.BREAK:
            self._move(SeatEvent.TAKE_BREAK, at)
            self.reason = BreakReason.REST.value

    def _move(self, event: SeatEvent, at: datetime) -> None:
        after = TRANSITIONS.get((self.state, event))
        if after is None:
            sentence = f"坐席当前为“{self.state.sentence}”,不能进行此操作"
            raise SeatMoveRefused(self.state.value, event.value, sentence)
        self.state, self.since, self.until = after, at, None
        if after is SeatState.FREE:
            self.free_since = at
        if after is not SeatState.RINGING:
            self.entry_id = None
            # A break interrupted by the leak lane goes on with the same reason when the offer is taken back.
            self.reason = self.reason if event is SeatEvent.WITHDRAW_TO_BREAK else ""
