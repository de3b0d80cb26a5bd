"""One database for the tests of this room, one after the other."""

from tests.kept_database import database, database_dsn

__all__ = ["database", "database_dsn"]
