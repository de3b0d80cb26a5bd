"""Holds: when they lapse, what is above the loss, and who releases.

Times of a hold: notice to the holder, warnings, and lapse. Pure. A hold without an order lapses after 90 days (SOP of 2
January 2026). Money that joins a hold later has its own notice, warnings and lapse.

Acts on a hold that one officer may not do, because of what the officer did before. Pure. The acts check it themselves.
An officer who reads the file is told before an act is refused.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate
from typing import Final, Self

from domain.errors import MayNot, NotNow, SameEyes
from domain.errors.recovery import (
    DeciderTold,
    HearerProposed,
    OfficerNotOfCase,
    ReleaseNeedsSecondOfficer,
    VictimIsHeard,
)
from domain.officers.officers import DECIDES, in_words
from domain.recovery.grievances import GrievanceAtLevel, check_officer
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Role
from schemas.identifiers import is_same_person, person_of
from schemas.officers.officers import Acting
from schemas.procedures import DueAction, HoldPolicy
from schemas.recovery.grievances import GrievanceVerb
from schemas.recovery.holds import BarredAct, HoldAct, HoldAction
from schemas.recovery.orders import ReleaseProposal, ReleaseStage


class Part(FrozenModel):
    """Part of a hop held since one time and not covered by an order, in paise, with its complaint."""

    hop_no: int
    ack_no: str
    held_at: UtcDatetime
    """when we learned of it"""
    begun_at: UtcDatetime | None = None
    """when it began by the bank's own date, if that is earlier"""
    free_paise: int
    excess: bool = False
    """in no bucket: a bank reports it on hold although it was reported gone before"""

    def at_factor(self, factor: float) -> Self:
        """Return the part by a clock that runs so much faster than that of the bank."""
        if self.begun_at is None:
            return self
        return self.model_copy(update={"begun_at": self.held_at - (self.held_at - self.begun_at) / factor})


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
    account_doubted: bool = False
    """whether the bank named another account, and no officer has decided whose money is on hold"""
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
    actions = _notices(hold)
    if hold.excess_paise:
        actions.append(DueAction(what=HoldAction.RELEASE_EXCESS, at=hold.newest_at))
    for lapses_at in by_end(hold):
        actions += [DueAction(what=f"{HoldAction.WARN}_{days}", at=at) for days, at in _warnings(hold, lapses_at)]
        actions.append(DueAction(what=HoldAction.LAPSE, at=lapses_at))
    return tuple(sorted(actions, key=lambda due: due.at))


def _notices(hold: HoldClocks) -> list[DueAction]:
    newest = hold.newest_at
    if not _until(hold.told_to, newest):
        if not hold.account_doubted and (hold.reachable or not _until(hold.tried_to, newest)):
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
    warned = timedelta(seconds=max(hold.policy.warn_before_seconds, default=0))
    parts_by_end: dict[datetime, list[Part]] = defaultdict(list)
    for part in hold.parts:
        # A date that a bank sends late or wrongly must leave the time of the first warning.
        lapses_at = max((part.begun_at or part.held_at) + lasts, part.held_at + warned)
        lapses_at = max(lapses_at, hold.lapses_from) if hold.lapses_from else lapses_at
        parts_by_end[_unless_confirmed(hold, part, _after_appeal(hold, lapses_at))].append(part)
    return parts_by_end


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
    due_now = []
    for lapses_at, parts in sorted(by_end(hold).items()):
        past = [days for days, due_at in _warnings(hold, lapses_at) if due_at <= at]
        if past and lapses_at > at:
            due_now.append(Warning(lapses_at=lapses_at, days=min(past), parts=tuple(parts)))
    return due_now


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


class HeldLine(FrozenModel):
    """Latest line in which a bank holds more of a hop than can be traced, in paise."""

    hop_no: int
    claimed_paise: int
    taken_paise: int
    """part applied from this or an earlier line"""
    let_go_paise: int
    """part of the hop's excess already ordered to be released"""
    case_held_paise: int
    """amount that the case had on hold in the account when the line came, including its own part"""
    by_person: bool
    """whether an officer has checked it and decided that the excess is released"""


class Account(FrozenModel):
    """Totals of all cases on the account, in paise."""

    taken_paise: int
    """put on hold by banks' lines, including money restored or released since"""
    in_play_paise: int
    """requested and not answered, so it may already be on hold"""
    let_go_paise: int
    """excess ordered to be released"""


class Excess(FrozenModel):
    """Excess of a hop above the traceable amount, not yet ordered to be released, in paise."""

    hop_no: int
    excess_paise: int


def excess(lines: Sequence[HeldLine], account: Account) -> list[Excess]:
    """Return the excess to release by hop, never more than any reading of the bank's lines allows."""
    by_hop = {line.hop_no: _of_its_own(line) for line in lines if not _may_be_a_total(line, lines)}
    totals = [line for line in lines if line.hop_no not in by_hop]
    if totals and not any(paise > 0 for paise in by_hop.values()):
        most = max(totals, key=lambda line: line.claimed_paise)
        theirs = account.taken_paise + account.in_play_paise + account.let_go_paise
        by_hop[most.hop_no] = most.claimed_paise - theirs
    return [Excess(hop_no=hop_no, excess_paise=paise) for hop_no, paise in sorted(by_hop.items()) if paise > 0]


def _of_its_own(line: HeldLine) -> int:
    return line.claimed_paise - line.taken_paise - line.let_go_paise


def _may_be_a_total(line: HeldLine, lines: Sequence[HeldLine]) -> bool:
    """Return whether a line may state the total hold on the account.

    An amount below the case's hold there is no total. The same amount for two transfers may be one.
    """
    if Counter(other.claimed_paise for other in lines)[line.claimed_paise] > 1:
        return True
    return not line.by_person and line.claimed_paise >= line.case_held_paise


class SmallHold(FrozenModel):
    """Money on hold at an account, and other known money there, in paise."""

    held_paise: int
    elsewhere_paise: int
    """on hold there in other cases"""
    balance_paise: int | None
    """latest balance from the bank, including money on hold; None if the bank gave none"""


def is_small(hold: SmallHold, below_paise: int, business_from_paise: int) -> bool:
    """Return whether a small hold may stop a business.

    An account that received money of other victims is not a business account, nor is one without other money. An
    account with an unknown balance may be one.
    """
    if hold.held_paise >= below_paise or hold.elsewhere_paise:
        return False
    return hold.balance_paise is None or hold.balance_paise - hold.held_paise >= business_from_paise


SMALL_HOLD_DECIDERS: Final = frozenset({Role.IO, Role.DY_SP, Role.SP})


def answers_for(roles: AbstractSet[Role], subject: str, investigates: str | None) -> bool:
    """Return whether an officer answers for the holds of a case: `investigates` is its IO, or None without one.

    `roles` are those of the officer's roles that decide. An IO answers for the cases assigned to that IO. Above the IO,
    everybody but the case's IO does.
    """
    is_io = investigates is not None and is_same_person(subject, investigates)
    return Role.IO in roles if is_io else bool(roles - {Role.IO})


def check_decider(roles: AbstractSet[Role], subject: str, investigates: str | None, tellers: Collection[str]) -> None:
    """Check that an officer may decide about a hold. Raises `MayNot` or `SameEyes`.

    `roles` are those of the officer's roles that decide. `tellers` are the persons who filed, reported or told a thing
    about the hold.
    """
    if not answers_for(roles, subject, investigates):
        raise OfficerNotOfCase(in_words(roles))
    if person_of(subject) in tellers:
        raise DeciderTold(subject)


def stage_of(hear_until: datetime, *, needs_second: bool, at: datetime) -> ReleaseStage:
    """Return what a proposed release waits for."""
    if at < hear_until:
        return ReleaseStage.VICTIM_IS_HEARD
    return ReleaseStage.SECOND_OFFICER if needs_second else ReleaseStage.CONFIRMATION


def check_confirming(proposal: ReleaseProposal, by: str, tellers: Collection[str], at: datetime) -> None:
    """Check that an officer may confirm a proposed release. Raises `NotNow` or `SameEyes`."""
    if at < proposal.hear_until:
        raise VictimIsHeard(proposal.hear_until)
    if proposal.needs_second and is_same_person(by, proposal.proposed_by):
        raise ReleaseNeedsSecondOfficer(by)
    if person_of(by) in tellers:
        raise DeciderTold(by)


_HEARERS: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN, Role.IO})


class HoldAsked(FrozenModel):
    """A hold as these rules need it."""

    investigates: str | None
    """IO of the case"""
    tellers: frozenset[str]
    """persons who filed, reported or told a thing about the hold"""
    waits_for_small: bool
    """whether it is a small-value hold that waits for its decision"""
    grievance: GrievanceAtLevel | None
    """open appeal"""
    proposal: ReleaseProposal | None
    """release that waits"""


def barred(officer: Acting, hold: HoldAsked) -> tuple[BarredAct, ...]:
    """Return the acts on a hold that the officer's roles do, and that another officer has to do."""
    acts = []
    for act, check in _checks(officer, hold):
        try:
            with suppress(NotNow):
                check()
        except (MayNot, SameEyes) as why:
            acts.append(BarredAct(act=act, code=why.code))
    return tuple(acts)


def _checks(officer: Acting, hold: HoldAsked) -> Iterator[tuple[HoldAct, Callable[[], None]]]:
    appeal, proposal = hold.grievance, hold.proposal
    decides = DECIDES.get(appeal.level) if appeal else None
    if appeal is not None and decides in officer.roles:
        verb = GrievanceVerb.DECIDE
        yield HoldAct.DECIDE, partial(check_officer, verb, officer.roles, officer.actor, appeal)
        yield HoldAct.DECIDE, _decider(officer, hold, frozenset({decides}))
    if hold.waits_for_small and officer.roles & SMALL_HOLD_DECIDERS:
        yield HoldAct.DECIDE_SMALL, _decider(officer, hold, SMALL_HOLD_DECIDERS)
    if proposal is not None:
        if officer.roles & _HEARERS:
            yield HoldAct.HEAR, partial(_check_hearing, officer, proposal)
        yield HoldAct.CONFIRM, partial(check_confirming, proposal, officer.actor, hold.tellers, proposal.hear_until)


def _decider(officer: Acting, hold: HoldAsked, deciders: frozenset[Role]) -> Callable[[], None]:
    roles = officer.roles & deciders
    return partial(check_decider, roles, officer.subject, hold.investigates, hold.tellers)


def _check_hearing(officer: Acting, proposal: ReleaseProposal) -> None:
    if is_same_person(officer.actor, proposal.proposed_by):
        raise HearerProposed(officer.actor)
