"""Rules about officers: who is the same person, and by which role a person may act. Pure."""

import re
from collections.abc import Collection
from typing import Final

from domain.errors import RoleNotAllowed
from schemas.enums import Role
from schemas.officers import folded

_KIND: Final = re.compile(r"^[a-z]+:")


def person_of(actor: str) -> str:
    """Return the person in a name of the case log: `officer:Ravi` and `ravi` are one person."""
    return folded(_KIND.sub("", actor))


def same_person(one: str | None, other: str) -> bool:
    """Return whether two names of the case log, or officers' ids, are one person.

    None is the same person as no other.
    """
    return one is not None and person_of(one) == person_of(other)


def check_roles(roles: Collection[Role], allowed: Collection[Role]) -> None:
    """Check that one of an officer's roles is among the allowed ones. Raises `RoleNotAllowed`."""
    if allowed_by(roles, allowed) is None:
        raise RoleNotAllowed(in_words(roles), tuple(role for role in Role if role in allowed))


def allowed_by(roles: Collection[Role], allowed: Collection[Role]) -> Role | None:
    """Return the role by which an officer may act, or None."""
    return next((role for role in Role if role in roles and role in allowed), None)


def in_words(roles: Collection[Role]) -> str:
    """Return the roles in their order, for a message."""
    return ", ".join(role for role in Role if role in roles) or "none"
