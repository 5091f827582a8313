"""The schema's history: one set of revisions for SQLite and PostgreSQL.

``upgrade(url)`` runs at each start. A change of tables gets a revision by
``python -m store.migrations.make "what changes"``.
"""

from store.migrations.runner import SchemaRefused, downgrade, upgrade

__all__ = ["SchemaRefused", "downgrade", "upgrade"]
