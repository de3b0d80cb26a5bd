"""Frozen policies of cases and procedures, and data for the row-clock workflows, their activities, and the due list.

Restoration, grievance and order are row-clock workflows; hold and duties stand in the due list.

Ids, enumerations, amounts and times only. The frozen policy stands on the row and is sent with it, so that a policy
change alters nothing in progress.
"""

from enum import StrEnum
from typing import Final

from pydantic import ConfigDict, Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import AnswerClass, EscalationLevel, ProcedureKind
from schemas.restoration_enums import AllocationRule, GrievanceLevel, Route, Step


class ProcedureStart(FrozenModel):
    """Input of every row-clock workflow, also when it continues as new."""

    workflow_id: str
    kind: ProcedureKind
    subject: str
    case_no: str


class Payload(FrozenModel):
    """Payload of a case workflow. A process of a newer build may add fields, and these are left out here."""

    model_config = ConfigDict(extra="ignore")


class LevelWait(Payload):
    """Escalation level, and the delay after the one before it, already divided by the clock factor."""

    level: EscalationLevel
    after_seconds: float


class PriorityRules(Payload):
    """Limits for the priority of a request, by the age of the money and its amount."""

    fresh_seconds: float
    warm_seconds: float
    large_paise: int


class CasePolicy(Payload):
    """Frozen policy of a running case; `version` names its policy file."""

    version: str
    ladders: dict[AnswerClass, tuple[LevelWait, ...]]
    call_timeout_seconds: float
    """limit for one call to a bank in real time; no clock factor makes a bank's server faster"""
    retry_initial_seconds: float
    retry_max_seconds: float
    retry_for_seconds: float
    priority: PriorityRules


IN_DUE_LIST: Final = (ProcedureKind.HOLD, ProcedureKind.DUTIES)
"""the procedures without a workflow: the due list has their next times"""


class StepClock(FrozenModel):
    """Time limits of a step, already divided by the clock factor."""

    due_seconds: float
    remind_before_seconds: float
    escalate_after_seconds: float


class RestorationPolicy(FrozenModel):
    """Policy of a restoration, frozen at its start."""

    version: str
    no_court_below_paise: int
    many_victims_min: int
    allocation: AllocationRule
    bond_for: tuple[Route, ...]
    steps: dict[Step, StepClock]


class HoldPolicy(FrozenModel):
    """Policy of a hold, frozen at its start."""

    version: str
    lapse_after_seconds: float
    warn_before_seconds: tuple[float, ...]
    warn_days: tuple[int, ...]
    """the same warnings in the law's days, for people"""
    tell_holder_within_seconds: float
    small_below_paise: int
    appeal_keeps_seconds: float = 0
    """longest time past its end for which an appeal keeps it; 0 for a hold that began before this field"""
    after_appeal_seconds: float = 0


class GrievancePolicy(FrozenModel):
    """Policy of a grievance, frozen at its start."""

    version: str
    level_seconds: dict[GrievanceLevel, float]


class OrderEscalationLevel(StrEnum):
    """Escalation levels for an order without an answer, lowest first."""

    REMINDER = "reminder"
    NODAL_OFFICER = "nodal_officer"
    DESK_TASK = "desk_task"
    SUPERVISOR = "supervisor"


class OrderAction(StrEnum):
    """Something that an order's workflow does by itself beside its escalation."""

    TRY_AGAIN = "try_again"
    """put before the bank an order, or its cancellation, that could not be sent"""


class OrderStage(StrEnum):
    """Where an order stands that is not sent yet, or that is cancelled."""

    WAITS = "waits"
    """the bank has to say first that it does an earlier order no more"""
    TO_TELL = "to_tell"
    """it is cancelled, and the bank does not know yet"""
    TOLD = "told"
    """it is cancelled, and the bank knows; it has not said that it does the order no more"""


class OrderPolicy(FrozenModel):
    """Policy of an order, frozen when it was made."""

    version: str
    due_seconds: float
    levels: dict[OrderEscalationLevel, float]
    try_again_seconds: float
    cancel_levels: dict[OrderEscalationLevel, float] = Field(default_factory=dict)
    """levels for its cancellation; empty for an order older than this field"""
    supervisor_again_seconds: float | None = None
    supervisor_times: int = 1
    """number of notifications to the supervisor"""


class DueAction(FrozenModel):
    """Action that a workflow takes at a time, unless an officer acts first."""

    what: str
    at: UtcDatetime


class RowState(FrozenModel):
    """State of a procedure's row, which gives its next waits. `over` ends its workflow or its due times."""

    over: bool
    at: str = ""
    """step, level or state, on which `run` branches"""
    dues: tuple[DueAction, ...] = ()
    """in order of time"""


class ActionInput(FrozenModel):
    """Input of an activity of a row-clock workflow."""

    subject: str
    case_no: str
    what: str = ""
    at: UtcDatetime
    """time of the workflow's clock"""
