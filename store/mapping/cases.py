"""Cases, persons and reporters as SQLAlchemy sees them; the classes know nothing of it."""

from sqlalchemy.orm import relationship

from cases.case import Case
from cases.case_records import CaseCall, CaseEvent, Timer
from cases.person import Person, Reporter
from store.tables import cases as tables
from store.tables.metadata import mapper_registry


def map_classes() -> None:
    """Map the room's aggregates; the case sets its own version, the database checks it."""
    mapper_registry.map_imperatively(Person, tables.persons)
    mapper_registry.map_imperatively(Reporter, tables.reporters)
    mapper_registry.map_imperatively(CaseEvent, tables.case_events)
    mapper_registry.map_imperatively(CaseCall, tables.case_calls)
    mapper_registry.map_imperatively(Timer, tables.case_timers)
    mapper_registry.map_imperatively(
        Case,
        tables.cases,
        version_id_col=tables.cases.c.version,
        version_id_generator=False,
        properties={
            "events": relationship(CaseEvent, order_by=tables.case_events.c.sequence, lazy="selectin"),
            "calls": relationship(CaseCall, order_by=tables.case_calls.c.at, lazy="selectin"),
            "timers": relationship(Timer, order_by=tables.case_timers.c.timer_id, lazy="selectin"),
        },
    )
