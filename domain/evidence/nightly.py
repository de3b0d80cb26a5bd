"""When a nightly run is due."""

from datetime import datetime, time, timedelta

from domain.policy.nightly import NightlyRules
from schemas.evidence import NightlyRun, NightlyWork, RunOutcome
from schemas.text import IST


def newest_slot(at: time, now: datetime) -> datetime:
    """Return the newest moment, not later than `now`, at which the clock in IST showed `at`."""
    local = now.astimezone(IST)
    today = datetime.combine(local.date(), at, tzinfo=IST)
    return today if today <= local else today - timedelta(days=1)


def is_due(rules: NightlyRules, work: NightlyWork, newest: NightlyRun | None, now: datetime) -> bool:
    """Return whether a run begins now, given the newest one. The newest one has ended."""
    slot = newest_slot(rules.at(work), now)
    if now - slot >= timedelta(seconds=rules.window_seconds):
        return False
    if newest is None or newest.started_at < slot:
        return True
    # A violation stays one until a person has looked. An error may be over soon.
    came_to_its_end = newest.outcome in {RunOutcome.CLEAN, RunOutcome.BROKEN}
    since = newest.ended_at or newest.started_at
    return not came_to_its_end and now >= since + timedelta(seconds=rules.again_after_seconds)
