"""The seats room's classes onto their tables; rows that several processes change carry a version."""

from seats.missed_calls import MissedCall
from seats.queue import QueueEntry
from seats.ratings import CallRating
from seats.rescue_desk import RescueCall
from seats.reservation import Reservation
from seats.seat import Seat
from seats.seat_log import SeatLogLine
from store.tables import seats as tables
from store.tables.metadata import mapper_registry


def map_classes() -> None:
    """Join classes and tables; once in a process."""
    for mapped, table in (
        (Seat, tables.seat_table),
        (QueueEntry, tables.queue_entry_table),
        (MissedCall, tables.missed_call_table),
        (RescueCall, tables.rescue_call_table),
    ):
        mapper_registry.map_imperatively(mapped, table, version_id_col=table.c.version)
    mapper_registry.map_imperatively(Reservation, tables.reservation_table)
    mapper_registry.map_imperatively(SeatLogLine, tables.seat_event_table)
    mapper_registry.map_imperatively(CallRating, tables.call_rating_table)
