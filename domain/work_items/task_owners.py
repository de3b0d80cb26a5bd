"""Rules for the owners of work items: who may do what with an item, by who has it now. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from domain.errors.cases import SnoozeOutOfBounds, SnoozeWithoutCase, TaskChanged, TaskIsYours, TaskNotOwned, TaskOwned
from domain.policy.work_items import WorkItemRules
from schemas.enums import Role
from schemas.work_items.task_owners import SnoozeTerms, TaskStanding

DISPOSERS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""roles that may pass on, release or snooze what another officer has, or no officer"""


def check_claim(standing: TaskStanding, officer_id: str, version: int) -> None:
    """Check that an officer may have an item that no officer has. Raises `TaskOwned` and `TaskChanged`.

    The owner may claim it again, which renews the lease.
    """
    if standing.owner == officer_id:
        return
    check_close(standing, officer_id, version)


def check_close(standing: TaskStanding, officer_id: str, version: int | None) -> None:
    """Check that no other officer has the item, which has this version. Raises `TaskOwned` and `TaskChanged`."""
    if standing.owner not in {None, officer_id}:
        raise _owned(standing)
    if version is not None:
        _check_version(standing, version)


def check_disposal(standing: TaskStanding, officer_id: str, roles: Collection[Role], version: int) -> None:
    """Check that an officer may pass on or snooze an item: its owner, and a supervisor also without an owner.

    Raises `TaskOwned`, `TaskNotOwned` and `TaskChanged`.
    """
    if standing.owner != officer_id and not DISPOSERS.intersection(roles):
        raise TaskNotOwned(standing.task_id) if standing.owner is None else _owned(standing)
    _check_version(standing, version)


def check_release(standing: TaskStanding, officer_id: str, roles: Collection[Role], version: int) -> None:
    """Check that an officer may release an item. Raises `TaskOwned`, `TaskNotOwned` and `TaskChanged`."""
    if standing.owner is None:
        raise TaskNotOwned(standing.task_id)
    check_disposal(standing, officer_id, roles, version)


def check_take_over(standing: TaskStanding, officer_id: str, version: int) -> None:
    """Check that an officer may take an item from its owner. Raises `TaskNotOwned`, `TaskIsYours` and `TaskChanged`."""
    if standing.owner is None:
        raise TaskNotOwned(standing.task_id)
    if standing.owner == officer_id:
        raise TaskIsYours(standing.task_id, _lease_end(standing))
    _check_version(standing, version)


def check_snooze(
    standing: TaskStanding, terms: SnoozeTerms, rules: WorkItemRules, now: datetime, *, has_case: bool
) -> None:
    """Check until when an item sleeps. Raises `SnoozeOutOfBounds` and `SnoozeWithoutCase`."""
    latest = now + timedelta(seconds=rules.snooze_max_seconds)
    if not now < terms.until <= latest:
        raise SnoozeOutOfBounds(latest)
    if terms.for_event is not None and not has_case:
        raise SnoozeWithoutCase(standing.task_id)


def _check_version(standing: TaskStanding, version: int) -> None:
    if standing.version != version:
        raise TaskChanged(standing.task_id, standing.version)


def _owned(standing: TaskStanding) -> TaskOwned:
    assert standing.owner is not None, "an officer has it"
    return TaskOwned(standing.task_id, standing.owner, _lease_end(standing))


def _lease_end(standing: TaskStanding) -> datetime:
    assert standing.lease_ends_at is not None, "an owner has a lease"
    return standing.lease_ends_at
