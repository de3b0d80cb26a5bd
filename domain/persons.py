"""Persons behind the names of actors. Two officers are told apart by the person, whatever their roles."""

from typing import Final

_OFFICER: Final = "officer:"


def person_of(actor: str) -> str:
    """Return the person behind an actor of the case log, or behind the subject of a token, as PostgreSQL does."""
    return actor.removeprefix(_OFFICER).lower()


def is_same_person(one: str, other: str) -> bool:
    """Return whether two names are of one person."""
    return person_of(one) == person_of(other)
