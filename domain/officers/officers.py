"""Rules about officers: by which role a person may act. Pure."""

from collections.abc import Collection

from domain.errors import RoleNotAllowed
from schemas.enums import Role


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
