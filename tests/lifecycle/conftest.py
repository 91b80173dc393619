"""A city on a real database, and the API over a small one, for the life of rules."""

from tests.api.conftest import admin, connection, town
from tests.triage.conftest import city

__all__ = ["admin", "city", "connection", "town"]
