"""Who may do what with a work item, by who has it now."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import BusinessError, NotNow
from domain.errors.case import (
    CallBackTooFar,
    SnoozeOutOfBounds,
    SnoozeWithoutCase,
    TaskChanged,
    TaskIsYours,
    TaskNotOwned,
    TaskOwned,
)
from domain.policy.model import load_policy
from domain.work_items import task_owners
from schemas.enums import Role
from schemas.events import EventKind
from schemas.tasks import TaskStanding
from schemas.work_items.task_owners import SnoozeTerms
from tests.each import each

NOW = datetime(2026, 11, 28, 2, tzinfo=UTC)
LEASE_ENDS_AT = NOW + timedelta(minutes=30)
DESK, CHIEF = frozenset({Role.DESK}), frozenset({Role.DESK, Role.SUPERVISOR})


def of(owner: str | None, version: int = 3) -> TaskStanding:
    return TaskStanding(
        task_id=7,
        version=version,
        owner=owner,
        lease_ends_at=LEASE_ENDS_AT if owner else None,
        snoozed_until=None,
    )


def claim(standing: TaskStanding, version: int) -> None:
    task_owners.check_claim(standing, "me", version)


def dispose(standing: TaskStanding, version: int) -> None:
    task_owners.check_disposal(standing, "me", DESK, version)


def dispose_as_chief(standing: TaskStanding, version: int) -> None:
    task_owners.check_disposal(standing, "me", CHIEF, version)


def release_as_chief(standing: TaskStanding, version: int) -> None:
    task_owners.check_release(standing, "me", CHIEF, version)


def take_over(standing: TaskStanding, version: int) -> None:
    task_owners.check_take_over(standing, "me", version)


def close(standing: TaskStanding, version: int) -> None:
    task_owners.check_close(standing, "me", version)


@each(
    ("check", "owner", "version", "refusal"),
    [
        (claim, None, 3, None),
        (claim, None, 2, TaskChanged),
        (claim, "other", 3, TaskOwned),
        (claim, "me", 0, None),
        (dispose, None, 3, TaskNotOwned),
        (dispose, "other", 3, TaskOwned),
        (dispose, "me", 3, None),
        (dispose, "me", 2, TaskChanged),
        (dispose_as_chief, None, 3, None),
        (dispose_as_chief, "other", 3, None),
        (dispose_as_chief, "other", 2, TaskChanged),
        (release_as_chief, "other", 3, None),
        (release_as_chief, None, 3, TaskNotOwned),
        (take_over, "other", 3, None),
        (take_over, "other", 2, TaskChanged),
        (take_over, None, 3, TaskNotOwned),
        (take_over, "me", 3, TaskIsYours),
        (close, None, 3, None),
        (close, "me", 3, None),
        (close, "me", 2, TaskChanged),
        (close, "other", 3, TaskOwned),
    ],
)
def test_who_may_do_what(
    check: Callable[[TaskStanding, int], None], owner: str | None, version: int, refusal: type[BusinessError] | None
) -> None:
    if refusal is None:
        check(of(owner), version)
        return
    with pytest.raises(refusal) as raised:
        check(of(owner), version)
    if isinstance(raised.value, TaskOwned):
        assert (raised.value.owner, raised.value.until) == (owner, LEASE_ENDS_AT), "the refusal says who has it"
    if isinstance(raised.value, TaskIsYours):
        assert str(raised.value).startswith("You have task 7 already"), "the text names no other officer"


def test_a_time_that_is_too_far_is_refused_alike_for_a_snooze_and_a_call_back() -> None:
    assert SnoozeOutOfBounds.__bases__ == CallBackTooFar.__bases__ == (NotNow,)


@each(
    ("minutes", "event", "has_case", "refusal"),
    [
        (0, None, True, SnoozeOutOfBounds),
        (1, None, False, None),
        (24 * 60, EventKind.ANSWER_RECEIVED, True, None),
        (24 * 60 + 1, None, True, SnoozeOutOfBounds),
        (1, EventKind.ANSWER_RECEIVED, False, SnoozeWithoutCase),
    ],
)
def test_until_when_an_item_sleeps(
    minutes: int, event: EventKind | None, has_case: bool, refusal: type[BusinessError] | None
) -> None:
    terms, rules = SnoozeTerms(until=NOW + timedelta(minutes=minutes), for_event=event), load_policy().work_items
    with pytest.raises(refusal) if refusal else nullcontext():
        task_owners.check_snooze(of("me"), terms, rules, NOW, has_case=has_case)
