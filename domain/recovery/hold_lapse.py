"""Times of a hold: notice to the holder, warnings, and lapse. Pure.

A hold without an order lapses after 90 days (SOP of 2 January 2026). Money that joins a hold later has its own notice,
warnings and lapse.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from schemas.base import FrozenModel, UtcDatetime
from schemas.case.procedures import DueAction, HoldPolicy
from schemas.recovery.holds import HoldAction


class Part(FrozenModel):
    """Part of a hop held since one time and not covered by an order, in paise, with its complaint."""

    hop_no: int
    ack_no: str
    held_at: UtcDatetime
    free_paise: int
    excess: bool = False
    """in no bucket: a bank reports it on hold although it was reported gone before"""


class Appealed(FrozenModel):
    """Appeals of the holder since the hold began, while a verified restoration of its money is open."""

    filed_at: UtcDatetime
    """time of the first"""
    ended_at: UtcDatetime | None
    """time at which the last one ended; None while one is undecided"""


class HoldClocks(FrozenModel):
    """State of a hold for its clocks."""

    policy: HoldPolicy
    newest_at: UtcDatetime
    """time of the newest money on hold"""
    told_to: UtcDatetime | None
    """the holder was notified of money up to this time"""
    tried_to: UtcDatetime | None
    late_to: UtcDatetime | None
    reachable: bool
    """whether the holder, or the bank for the holder, can be written to"""
    officer: bool
    """whether an officer is assigned to the case"""
    officer_told: bool
    lapses_from: UtcDatetime | None
    warned_to: UtcDatetime | None
    parts: tuple[Part, ...]
    """parts that can lapse, because no order retains them"""
    excess_paise: int
    """held above the traceable amount and not yet ordered to be released"""
    appeal: Appealed | None = None
    """appeal that a restoration of its money waits for, or waited for"""
    confirm_by: UtcDatetime | None = None
    """when the hold ends unless a complainant is confirmed; None if one is, or an officer took a complaint"""


class Warning(FrozenModel):
    """Warning that is due: what lapses at that time, and in how many days of the law."""

    lapses_at: UtcDatetime
    days: int
    parts: tuple[Part, ...]


def dues(hold: HoldClocks) -> tuple[DueAction, ...]:
    """Return the automatic actions for a hold, in order of time."""
    found = _notices(hold)
    if hold.excess_paise:
        found.append(DueAction(what=HoldAction.RELEASE_EXCESS, at=hold.newest_at))
    for lapses_at in by_end(hold):
        found += [DueAction(what=f"{HoldAction.WARN}_{days}", at=at) for days, at in _warnings(hold, lapses_at)]
        found.append(DueAction(what=HoldAction.LAPSE, at=lapses_at))
    return tuple(sorted(found, key=lambda due: due.at))


def _notices(hold: HoldClocks) -> list[DueAction]:
    newest = hold.newest_at
    if not _until(hold.told_to, newest):
        if hold.reachable or not _until(hold.tried_to, newest):
            return [DueAction(what=HoldAction.TELL_HOLDER, at=newest)]
        if not _until(hold.late_to, newest):
            return [
                DueAction(
                    what=HoldAction.TELL_LATE, at=newest + timedelta(seconds=hold.policy.tell_holder_within_seconds)
                )
            ]
    elif hold.officer and not hold.officer_told:
        return [DueAction(what=HoldAction.TELL_OFFICER, at=newest)]
    return []


def _until(done: datetime | None, newest: datetime) -> bool:
    return done is not None and done >= newest


def by_end(hold: HoldClocks) -> Mapping[datetime, list[Part]]:
    """Return the parts that can lapse, by their time of lapse."""
    lasts = timedelta(seconds=hold.policy.lapse_after_seconds)
    found: dict[datetime, list[Part]] = defaultdict(list)
    for part in hold.parts:
        lapses_at = part.held_at + lasts
        lapses_at = max(lapses_at, hold.lapses_from) if hold.lapses_from else lapses_at
        found[_unless_confirmed(hold, part, _after_appeal(hold, lapses_at))].append(part)
    return found


def _unless_confirmed(hold: HoldClocks, part: Part, lapses_at: datetime) -> datetime:
    """Return the time of lapse, earlier if only unconfirmed complaints of the public page ask for the hold."""
    return lapses_at if hold.confirm_by is None else min(lapses_at, max(hold.confirm_by, part.held_at))


def _after_appeal(hold: HoldClocks, lapses_at: datetime) -> datetime:
    """Return the time of lapse, later if an appeal that was filed before keeps a restoration waiting.

    The holder decides when to appeal, so an appeal costs the victim no time. It keeps the hold only up to the policy's
    end.
    """
    appeal = hold.appeal
    if appeal is None or appeal.filed_at >= lapses_at:
        return lapses_at
    latest = lapses_at + timedelta(seconds=hold.policy.appeal_keeps_seconds)
    if appeal.ended_at is None:
        return latest
    return max(lapses_at, min(appeal.ended_at + timedelta(seconds=hold.policy.after_appeal_seconds), latest))


def lapsed(hold: HoldClocks, at: datetime) -> list[Part]:
    """Return the parts that have lapsed by now."""
    return [part for lapses_at, parts in by_end(hold).items() if lapses_at <= at for part in parts]


def warnings(hold: HoldClocks, at: datetime) -> list[Warning]:
    """Return the warnings due now; of several that fall together after a downtime, only the current one."""
    found = []
    for lapses_at, parts in sorted(by_end(hold).items()):
        past = [days for days, due_at in _warnings(hold, lapses_at) if due_at <= at]
        if past and lapses_at > at:
            found.append(Warning(lapses_at=lapses_at, days=min(past), parts=tuple(parts)))
    return found


def warned_to(hold: HoldClocks, at: datetime) -> datetime | None:
    """Return the time of the last warning due by now, which covers all before it."""
    past = [due_at for lapses_at in by_end(hold) for _, due_at in _warnings(hold, lapses_at) if due_at <= at]
    return max(past, default=hold.warned_to)


def _warnings(hold: HoldClocks, lapses_at: datetime) -> list[tuple[int, datetime]]:
    if hold.confirm_by is not None:
        # The desk has a work item instead: a warning speaks of days.
        return []
    times = (lapses_at - timedelta(seconds=before) for before in hold.policy.warn_before_seconds)
    return [
        (days, at)
        for days, at in zip(hold.policy.warn_days, times, strict=True)
        if hold.warned_to is None or at > hold.warned_to
    ]


def not_kept(parts: Sequence[Part], kept_paise: int | None) -> tuple[Part, ...]:
    """Return the parts that a court order does not retain, the oldest first; None means it retains all."""
    if kept_paise is None:
        return ()
    oldest = sorted(parts, key=lambda part: (part.held_at, part.hop_no))
    free_paise = max(0, sum(part.free_paise for part in oldest) - kept_paise)
    before = accumulate((part.free_paise for part in oldest), initial=0)
    cut = [
        part.model_copy(update={"free_paise": min(part.free_paise, free_paise - gone)})
        for part, gone in zip(oldest, before, strict=False)
    ]
    return tuple(part for part in cut if part.free_paise > 0)
