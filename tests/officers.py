"""Officers of tests, who are people in the database."""

from collections.abc import Iterable

from activities.officers.enrolment import import_officers
from db.pool import Pool
from schemas.enums import Role
from schemas.officers import OfficerEntry


async def enrol(pool: Pool, names: Iterable[str], roles: Iterable[Role] = tuple(Role)) -> None:
    """Write officers who have these roles, all by default. A token names the one in which the officer comes."""
    having = tuple(roles)
    entries = [OfficerEntry(officer_id=name, name=f"Officer {name}", roles=having) for name in names]
    await import_officers(pool, entries, "command:test")
