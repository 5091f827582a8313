"""Calls, legs, bridges and trunks. The trade enters by ``ports``; the composition root builds a ``Switchboard``."""
