"""Persons behind the names of actors. Two officers are told apart by the person, whatever their roles."""

import re
from typing import Final

# The rows of a workbook are named after the officer who imports it. A bank, a script or a victim is no officer.
_OFFICER: Final = re.compile(r"^(officer|import):")


def person_of(actor: str) -> str:
    """Return the person behind an actor of the case log, or behind an officer's id, as PostgreSQL does."""
    return _OFFICER.sub("", actor).strip(" ").lower()


def is_importer(actor: str) -> bool:
    """Return whether an actor imports a workbook, and does not act as an officer."""
    return actor.startswith("import:")


def is_same_person(one: str | None, other: str) -> bool:
    """Return whether two names are of one person. None is the same person as no other."""
    return one is not None and person_of(one) == person_of(other)
