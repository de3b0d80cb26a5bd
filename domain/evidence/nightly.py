"""When a nightly run is due, and which lists of its anchors are kept."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final

from domain.policy.figures import NightlyRules
from schemas.nightly_runs import NightlyRun, NightlyWork, RunOutcome
from schemas.text import IST

_LIST: Final = re.compile(r"anchor-([0-9]{4}-[0-9]{2})(-[0-9]{2})-([0-9]{1,18})\.txt\.gz", re.ASCII)


def list_name(day: date, run_id: int) -> str:
    """Return the name of the file with the list of an anchor."""
    return f"anchor-{day}-{run_id}.txt.gz"


def lists_to_delete(rules: NightlyRules, names: Iterable[str], newest_clean: int) -> list[str]:
    """Return which of these files are lists that are not needed any more.

    The list of the newest clean run is kept, those of the newest days, and the first of each month. Days without a list
    do not count, so a month without runs deletes nothing more. Files with other names are never deleted.
    """
    lists = sorted(
        (found[1], found[2], int(found[3]), name) for name in names if (found := _LIST.fullmatch(name)) is not None
    )
    days = sorted({(month, day) for month, day, *_ in lists})[-rules.keep_anchor_days :]
    firsts = {month: name for month, _, _, name in reversed(lists)}
    kept = {*firsts.values(), *(name for _, _, run_id, name in lists if run_id == newest_clean)}
    return [name for month, day, _, name in lists if (month, day) not in days and name not in kept]


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
