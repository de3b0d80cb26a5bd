"""Restoration part of the policy file: every wait and threshold, each with its source."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel, Paise
from schemas.enums import Language
from schemas.procedures import (
    GrievancePolicy,
    HoldPolicy,
    OrderEscalationLevel,
    OrderPolicy,
    RestorationPolicy,
    StepClock,
)
from schemas.restoration_enums import AllocationRule, DutyKind, GrievanceLevel, Route, Step

Source = Annotated[str, Field(min_length=1, max_length=600)]
Section = Annotated[str, Field(min_length=1, max_length=64)]
Sections = Annotated[tuple[Section, ...], Field(min_length=1, max_length=20)]
LongSeconds = Annotated[float, Field(gt=0, le=4 * 366 * 86_400)]


class StepRule(FrozenModel):
    """Time limit of a step, its reminder and its escalation."""

    due_seconds: LongSeconds
    remind_before_seconds: LongSeconds
    escalate_after_seconds: LongSeconds
    source: Source

    @model_validator(mode="after")
    def _reminds_within(self) -> Self:
        if self.remind_before_seconds >= self.due_seconds:
            raise ValueError("remind_before_seconds must be less than due_seconds")
        return self


class RestorationRules(FrozenModel):
    """Route, allocation and steps of a restoration."""

    no_court_below_paise: Paise
    many_victims_min: Annotated[int, Field(ge=2, le=100_000)]
    allocation: AllocationRule
    bond_for: tuple[Route, ...]
    """routes that require an indemnity bond"""
    credit_account_objection_seconds: LongSeconds
    """time in which the victim can object to another account to be credited; no approval before"""
    waiver_contradiction_seconds: LongSeconds
    """time in which an account holder can contradict a recorded waiver of the time to object"""
    source: Source
    steps: dict[Step, StepRule]

    @model_validator(mode="after")
    def _none_is_missing(self) -> Self:
        missing = [step.value for step in Step if step not in self.steps]
        if missing:
            raise ValueError(f"restoration.steps lacks {', '.join(missing)}")
        return self

    def promised(self, version: str, clock_factor: float) -> RestorationPolicy:
        """Return the frozen policy of a restoration that begins now, every wait divided by `clock_factor`."""
        return RestorationPolicy(
            version=version,
            no_court_below_paise=self.no_court_below_paise,
            many_victims_min=self.many_victims_min,
            allocation=self.allocation,
            bond_for=self.bond_for,
            steps={
                step: StepClock(
                    due_seconds=rule.due_seconds / clock_factor,
                    remind_before_seconds=rule.remind_before_seconds / clock_factor,
                    escalate_after_seconds=rule.escalate_after_seconds / clock_factor,
                )
                for step, rule in self.steps.items()
            },
        )


class HoldRules(FrozenModel):
    """Time limits of a hold, and messages to its holder."""

    lapse_after_seconds: LongSeconds
    warn_before_seconds: Annotated[tuple[LongSeconds, ...], Field(min_length=1, max_length=20)]
    tell_holder_within_seconds: LongSeconds
    small_below_paise: Paise
    other_business_from_paise: Paise
    """other money on the account from which it counts as having other business"""
    appeal_keeps_seconds: LongSeconds
    """longest time past its end for which an undecided appeal keeps a hold, if a restoration of its money waits"""
    after_appeal_seconds: LongSeconds
    """time that the restoration has after such an appeal has ended"""
    source: Source

    @model_validator(mode="after")
    def _warns_in_order(self) -> Self:
        if list(self.warn_before_seconds) != sorted(self.warn_before_seconds, reverse=True):
            raise ValueError("warn_before_seconds must fall")
        if self.warn_before_seconds[0] >= self.lapse_after_seconds:
            raise ValueError("the first warning must come within the life of the hold")
        return self

    def promised(self, version: str, clock_factor: float) -> HoldPolicy:
        """Return the frozen policy of a hold that begins now."""
        return HoldPolicy(
            version=version,
            lapse_after_seconds=self.lapse_after_seconds / clock_factor,
            warn_before_seconds=tuple(before / clock_factor for before in self.warn_before_seconds),
            warn_days=tuple(round(before / 86_400) for before in self.warn_before_seconds),
            tell_holder_within_seconds=self.tell_holder_within_seconds / clock_factor,
            small_below_paise=self.small_below_paise,
            appeal_keeps_seconds=self.appeal_keeps_seconds / clock_factor,
            after_appeal_seconds=self.after_appeal_seconds / clock_factor,
        )


class AutomaticReleaseRules(FrozenModel):
    """Limits on what the engine releases by itself; above them a release waits for a supervisor."""

    window_seconds: LongSeconds
    releases_max: Annotated[int, Field(ge=1, lt=2**31)]
    """releases within the window"""
    paise_max: Paise
    """their sum within the window"""
    continued_valid_seconds: LongSeconds
    """time for which the supervisor's decision holds for a release that waited"""
    source: Source

    def window(self, clock_factor: float) -> timedelta:
        """Return the time within which releases are counted.

        Simulated months pass in minutes, and their releases with them. So the window is as short as every other wait.
        """
        return timedelta(seconds=self.window_seconds / clock_factor)

    def continued_valid(self, clock_factor: float) -> timedelta:
        """Return the time for which the supervisor's decision holds, at least a minute."""
        return max(timedelta(seconds=self.continued_valid_seconds / clock_factor), timedelta(minutes=1))


class GrievanceRules(FrozenModel):
    """Time limits of the levels of a grievance, and of access to it."""

    level_seconds: dict[GrievanceLevel, LongSeconds]
    code_valid_seconds: LongSeconds
    """lifetime of the one-time code for an appeal, in real time"""
    code_by_bank_valid_seconds: LongSeconds
    """lifetime of a code that the bank passes on, if we have no contact of its customer"""
    code_tries: Annotated[int, Field(ge=1, le=20)]
    """tries of one code from one address"""
    code_tries_in_all: Annotated[int, Field(ge=1, le=1_000)]
    """tries of one code from all addresses together"""
    visit_seconds: LongSeconds
    """time for which a code gives access, from the last page view"""
    visit_max_seconds: LongSeconds
    """longest access in total, whatever the number of page views"""
    filed_max: Annotated[int, Field(ge=1, le=100)]
    """most grievances about one hold, including withdrawn ones"""
    contact_settles_seconds: LongSeconds
    """time from which a code to a contact that an officer entered suffices to withdraw on the appeal page"""
    source: Source

    @model_validator(mode="after")
    def _none_is_missing(self) -> Self:
        missing = [level.value for level in GrievanceLevel if level not in self.level_seconds]
        if missing:
            raise ValueError(f"grievance.level_seconds lacks {', '.join(missing)}")
        return self

    def promised(self, version: str, clock_factor: float) -> GrievancePolicy:
        """Return the frozen policy of a grievance that begins now."""
        return GrievancePolicy(
            version=version,
            level_seconds={level: seconds / clock_factor for level, seconds in self.level_seconds.items()},
        )


class OrderRule(FrozenModel):
    """Time limit of a bank for an order, and the escalation of a missing response."""

    due_seconds: LongSeconds
    reminder_after_seconds: LongSeconds
    nodal_officer_after_seconds: LongSeconds
    desk_task_after_seconds: LongSeconds
    supervisor_after_seconds: LongSeconds
    try_again_seconds: LongSeconds
    """time after which an order that could not be sent is tried again"""
    supervisor_again_after_seconds: LongSeconds
    supervisor_times: Annotated[int, Field(ge=1, le=100)]
    """number of notifications to the supervisor about an order that is not carried out"""
    cancelled_desk_task_after_seconds: LongSeconds
    """time after which the desk calls a bank that has not acknowledged a cancellation"""
    cancelled_supervisor_after_seconds: LongSeconds
    source: Source

    def promised(self, version: str, clock_factor: float) -> OrderPolicy:
        """Return the frozen policy of an order that is made now; each level counts from the one before."""
        return OrderPolicy(
            version=version,
            due_seconds=self.due_seconds / clock_factor,
            levels={
                OrderEscalationLevel.REMINDER: self.reminder_after_seconds / clock_factor,
                OrderEscalationLevel.NODAL_OFFICER: self.nodal_officer_after_seconds / clock_factor,
                OrderEscalationLevel.DESK_TASK: self.desk_task_after_seconds / clock_factor,
                OrderEscalationLevel.SUPERVISOR: self.supervisor_after_seconds / clock_factor,
            },
            try_again_seconds=self.try_again_seconds / clock_factor,
            cancel_levels={
                OrderEscalationLevel.DESK_TASK: self.cancelled_desk_task_after_seconds / clock_factor,
                OrderEscalationLevel.SUPERVISOR: self.cancelled_supervisor_after_seconds / clock_factor,
            },
            supervisor_again_seconds=self.supervisor_again_after_seconds / clock_factor,
            supervisor_times=self.supervisor_times,
        )


class DutyRule(FrozenModel):
    """Time limit of a report that the law requires."""

    due_seconds: LongSeconds
    remind_before_seconds: LongSeconds
    escalate_after_seconds: LongSeconds
    source: Source

    @model_validator(mode="after")
    def _reminds_within(self) -> Self:
        if self.remind_before_seconds >= self.due_seconds:
            raise ValueError("remind_before_seconds must be less than due_seconds")
        return self


class FirRules(FrozenModel):
    """Amount from which an e-Zero FIR is requested automatically, and its sections of law."""

    e_zero_from_paise: Paise
    sections: Sections
    source: Source


class RetryRules(FrozenModel):
    """Retries of a failed delivery, with doubling waits; real time."""

    call_timeout_seconds: Annotated[float, Field(gt=0, le=300)]
    first_wait_seconds: Annotated[float, Field(gt=0, le=86_400)]
    max_wait_seconds: Annotated[float, Field(gt=0, le=86_400)]
    attempts: Annotated[int, Field(ge=1, le=1_000)]
    source: Source

    def wait_seconds(self, attempts: int) -> float:
        """Return the wait after so many failed attempts."""
        return min(self.first_wait_seconds * 2.0 ** min(attempts - 1, 30), self.max_wait_seconds)


class MessageRules(FrozenModel):
    """Messages to victims and account holders."""

    holder_languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=2)]
    """languages of messages to a holder, in this order, because the holder's own is unknown"""
    trying: RetryRules
    source: Source


class DocumentSections(FrozenModel):
    """Sections of law for documents."""

    lien_notice: Sections
    magistrate_report: Sections
    follow_up: Sections
    notice_94: Sections
    notice_106: Sections
    notice_107: Sections
    restoration_order: Sections
    source: Source


class DocumentRules(FrozenModel):
    """Rules for issuing documents."""

    service_seconds: LongSeconds
    """time assumed for the service of a notice"""
    lien_corrected_after_seconds: LongSeconds
    """shortest time after which a lien notice with too large an amount is replaced"""
    sections: DocumentSections
    source: Source


class PoliceRules(FrozenModel):
    """Legal duties of the police."""

    fir: FirRules
    asking: RetryRules
    """retries of requests to the register; after these attempts an officer is notified and attempts continue"""
    duties: dict[DutyKind, DutyRule]

    @model_validator(mode="after")
    def _none_is_missing(self) -> Self:
        missing = [kind.value for kind in DutyKind if kind not in self.duties]
        if missing:
            raise ValueError(f"police.duties lacks {', '.join(missing)}")
        return self
