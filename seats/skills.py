"""Which seat may take which call: skills by name, for now without levels."""

from collections.abc import Set


def may_take(seat_skills: Set[str], wanted: str | None) -> bool:
    """Whether a seat with these skills may take a call that wants one; a call that wants none goes to anybody."""
    return wanted is None or wanted in seat_skills
