"""What travels between the procedures beside the case (restoration, hold, grievance, order, duties) and their hands.

Ids, enumerations, amounts and times only. What a procedure was promised stands on its row and travels with it, so that
a change of policy alters nothing that is under way.
"""

from enum import StrEnum

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ProcedureKind
from schemas.restoration_enums import AllocationRule, GrievanceLevel, Route, Step


class ProcedureStart(FrozenModel):
    """What every procedure's workflow starts with, and continues as new with: whose clocks it keeps."""

    workflow_id: str
    kind: ProcedureKind
    subject: str
    case_no: str


class StepClock(FrozenModel):
    """The waits of a step, already divided by the clock factor."""

    due_seconds: float
    remind_before_seconds: float
    escalate_after_seconds: float


class RestorationPolicy(FrozenModel):
    """What a restoration was promised when it began."""

    version: str
    no_court_below_paise: int
    many_victims_min: int
    allocation: AllocationRule
    bond_for: tuple[Route, ...]
    steps: dict[Step, StepClock]


class HoldPolicy(FrozenModel):
    """What a hold was promised when it began."""

    version: str
    lapse_after_seconds: float
    warn_before_seconds: tuple[float, ...]
    warn_days: tuple[int, ...]
    """the same in days of the law, for people"""
    tell_holder_within_seconds: float
    micro_below_paise: int


class GrievancePolicy(FrozenModel):
    """What a grievance was promised when it began."""

    version: str
    level_seconds: dict[GrievanceLevel, float]


class OrderRung(StrEnum):
    """The ladder that silence on an order climbs, lowest first."""

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
    """What an order was promised when it was made."""

    version: str
    due_seconds: float
    rungs: dict[OrderRung, float]
    try_again_seconds: float
    cancel_rungs: dict[OrderRung, float] = Field(default_factory=dict)
    """the ladder of its cancellation; none of an order that was made before there was one"""
    supervisor_again_seconds: float | None = None
    supervisor_times: int = 1
    """how often the supervisor is told"""


class Due(FrozenModel):
    """Something that a procedure does by itself at a time, unless a person is quicker."""

    what: str
    at: UtcDatetime


class Look(FrozenModel):
    """How a procedure's row stands: what to wait for next. `over` ends the workflow."""

    over: bool
    at: str = ""
    """the step, the level, the state: what `run` branches on"""
    dues: tuple[Due, ...] = ()
    """in order of time"""


class ProcedureOrder(FrozenModel):
    """What a hand of a procedure is asked to do."""

    subject: str
    case_no: str
    what: str = ""
    at: UtcDatetime
    """the workflow's clock"""
