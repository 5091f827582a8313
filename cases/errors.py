"""CasesError
├── MoveRefused          the case may not make this move now; carries state, move, reason (Chinese) and rule
├── CaseNotFound         no case under this number, call or command
├── IdentityWithheld     the asker may not know who reported
└── MasterDataRefused    a master-data file breaks its rule; carries the entry

A refused input is vocabulary.errors.InvalidValue and a lost race vocabulary.errors.ConcurrentChange, as everywhere.
"""

from vocabulary.errors import NuanxianError


class CasesError(NuanxianError):
    """The root of what cases refuse."""


class MoveRefused(CasesError):
    """The case may not make this move now.

    Args:
        state, move: their codes, e.g. ``ACCEPTED``, ``sign``.
        reason: a Chinese sentence that can be shown to the person who tried.
        rule: the section of the domain rules or article of the management rules that forbids it, e.g. ``§2.2``.
        missing: names of the fields that are wanted, if that is what was wrong.
    """

    def __init__(self, state: str, move: str, reason: str, rule: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason}(依据{rule})")
        self.state = state
        self.move = move
        self.reason = reason
        self.rule = rule
        self.missing = missing


class CaseNotFound(CasesError):
    """No such case, or none that the asker may know of."""


class IdentityWithheld(CasesError):
    """A reporter's identity is shown only to those who ask the reporter afterwards (domain rules §8)."""


class MasterDataRefused(CasesError):
    """A master-data file breaks its rule; the message names file and entry."""
