"""Due actions of row-clock workflows, judged by the workflow's clock and by the database's.

The clock of Temporal's machine may be wrong, and anybody who reaches Temporal can ask for an action at any time. The
database's clock is read with the row, so the comparison costs no round trip.
"""

from datetime import datetime, timedelta
from typing import Final

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from schemas.case.procedures import ActionInput

AHEAD_MAX: Final = timedelta(seconds=60)
"""how far the workflow's clock may be ahead of the database's"""
LOOK_AGAIN_MAX: Final = timedelta(minutes=15)
"""The longest pause before the next attempt, because the row may change meanwhile."""
TOO_EARLY: Final = "AskedTooEarly"


def time_of_action(asked: ActionInput, now: datetime) -> datetime:
    """Return the time by which the action is judged: the workflow's, but at most a minute after the database's."""
    return min(asked.at, now + AHEAD_MAX)


def refuse_before(due_at: datetime, now: datetime) -> None:
    """Refuse an action that is due more than a minute from now, by the database's clock.

    The error has the type `AskedTooEarly`. Temporal tries again when the action is due, or sooner.
    """
    if now + AHEAD_MAX < due_at:
        raise _too_early(due_at, now)


def refuse_if_early(asked: ActionInput, due_at: datetime, now: datetime) -> None:
    """Refuse an action that is due by the workflow's clock and not yet by the database's.

    The error has the type `AskedTooEarly`. Temporal tries again when the action is due, or sooner.
    """
    if time_of_action(asked, now) < due_at <= asked.at:
        raise _too_early(due_at, now)


def _too_early(due_at: datetime, now: datetime) -> ApplicationError:
    return ApplicationError(
        f"the action is due {due_at - now} from now, by the clock of the database",
        type=TOO_EARLY,
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=min(due_at - now, LOOK_AGAIN_MAX),
    )
