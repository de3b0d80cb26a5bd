"""Who may do what: the one table. A route names its action, never a role (docs/security.md shows the same table)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from schemas.enums import Role


class Action(StrEnum):
    """What an officer can ask of the engine."""

    TAKE_COMPLAINT = "take_complaint"
    READ_CASE = "read_case"
    """one case by a number the caller has: state, buckets, times; no account and no name"""
    READ_TRAIL = "read_trail"
    """everything else that can be read: lists, accounts, answers, the log"""
    CHANGE_HOP = "change_hop"
    CHANGE_REQUEST = "change_request"
    CLOSE_TASK = "close_task"
    SETTLE_CONTRADICTION = "settle_contradiction"
    TAKE_FROM_HELD = "take_from_held"
    """agree to a settlement that another officer proposed and that takes money out of `held`"""


_DESK: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})

ALLOWED: Final[Mapping[Action, frozenset[Role]]] = {
    Action.TAKE_COMPLAINT: _DESK | {Role.INTAKE},
    Action.READ_CASE: frozenset(Role),
    Action.READ_TRAIL: _DESK | {Role.AUDITOR},
    Action.CHANGE_HOP: _DESK,
    Action.CHANGE_REQUEST: _DESK,
    Action.CLOSE_TASK: _DESK,
    Action.SETTLE_CONTRADICTION: _DESK,
    Action.TAKE_FROM_HELD: frozenset({Role.SUPERVISOR, Role.ADMIN}),
}
