"""SeatsError
├── SeatUnknown       no seat has this account
├── SeatMoveRefused   the seat's state does not allow the move; carries both and a Chinese sentence
├── EntryUnknown      this call does not wait here
└── OfferLapsed       the offer's lease ran out, or somebody else ended it
"""

from vocabulary.errors import NuanxianError


class SeatsError(NuanxianError):
    """The root of what the seats room raises."""


class SeatUnknown(SeatsError):
    """No seat has this account.

    Args:
        account: SIP account as given.
    """

    def __init__(self, account: str) -> None:
        super().__init__(f"no seat has the account {account}")
        self.account = account


class SeatMoveRefused(SeatsError):
    """The seat's state does not allow what was asked.

    Args:
        state, event: values of SeatState and SeatEvent.
        sentence: for people, in Chinese.
    """

    def __init__(self, state: str, event: str, sentence: str) -> None:
        super().__init__(f"a seat that is {state} cannot {event}")
        self.state = state
        self.event = event
        self.sentence = sentence


class EntryUnknown(SeatsError):
    """This call does not wait here (any more)."""


class OfferLapsed(SeatsError):
    """The offer is no longer this caller's: its lease ran out, or somebody else ended it."""
