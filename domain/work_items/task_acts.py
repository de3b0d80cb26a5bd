"""Rules for the work items that each police role can act on. Pure. Desk, supervisors and auditors read all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from domain.recovery.grievances import DECIDES
from domain.recovery.procedure import RULES
from schemas.base import FrozenModel
from schemas.enums import Role, TaskKind
from schemas.privacy.jurisdiction import Within
from schemas.recovery.restorations import RestorationVerb
from schemas.restoration_enums import DocumentKind, GrievanceLevel, Step, StepOutcome
from schemas.tasks import TaskCause

T = TypeVar("T")

_KINDS: Final[Mapping[Role, frozenset[TaskKind]]] = {
    Role.IO: frozenset({TaskKind.DUTY, TaskKind.SMALL_HOLD, TaskKind.HOLD_LAPSES}),
    Role.DY_SP: frozenset({TaskKind.SMALL_HOLD}),
    Role.SP: frozenset({TaskKind.SMALL_HOLD}),
    Role.DISTRICT_GRO: frozenset(),
    Role.STATE_GRO: frozenset(),
}
_READ_ALL: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR})
OWNERS: Final = frozenset(_KINDS) | _READ_ALL - {Role.AUDITOR}
"""roles of officers who can have a work item"""
_COURT, _ACCOUNT = TaskCause.COURT_ORDER_TO_CONFIRM, TaskCause.CREDIT_ACCOUNT_TO_CONFIRM
_WITHDRAWN: Final = TaskCause.COURT_ORDER_WITHDRAWAL_TO_CONFIRM
_PAPER, _RELEASE = TaskCause.COURT_ORDER_LACKS_DOCUMENT, TaskCause.RELEASE_TO_CONFIRM
_CAUSES: Final[Mapping[Role, frozenset[TaskCause]]] = {
    Role.IO: frozenset({_COURT, _WITHDRAWN, _PAPER, _RELEASE}),
    Role.DY_SP: frozenset({_COURT, _WITHDRAWN, _ACCOUNT, _RELEASE}),
    Role.SP: frozenset({_COURT, _WITHDRAWN, _ACCOUNT, _RELEASE}),
    Role.DISTRICT_GRO: frozenset({_RELEASE}),
    Role.STATE_GRO: frozenset({_RELEASE}),
}
# The Superintendent alone approves that an attachment is applied for.
_DOCUMENTS: Final[Mapping[Role, frozenset[DocumentKind]]] = {Role.SP: frozenset({DocumentKind.NOTICE_107})}
_TAKE_A_STEP_ON: Final = frozenset({StepOutcome.DONE, StepOutcome.SKIPPED})
# Neither verb ends a step alone: a Superintendent approves after one, and every holder must waive for the other.
_TOWARDS_ITS_END: Final = frozenset({RestorationVerb.PREPARE, RestorationVerb.WAIVE_NOTICE})


class Acts(FrozenModel):
    """Work items that an officer's roles can act on."""

    kinds: frozenset[TaskKind]
    """kinds of work items, in any case"""
    steps: frozenset[Step]
    """steps of restorations whose work items the officer can act on"""
    levels: frozenset[GrievanceLevel]
    """tasks about grievances at one of these"""
    causes: frozenset[TaskCause] = frozenset()
    """tasks that were opened for one of these"""
    documents: frozenset[DocumentKind] = frozenset()
    """tasks about documents of these kinds that wait"""


@dataclass(frozen=True, slots=True)
class Actable:
    """The facts of a work item that decide who can act on it."""

    kind: TaskKind
    cause: TaskCause
    documents: frozenset[DocumentKind]
    """those that wait, of an item about waiting documents"""
    step: Step | None
    """the step of its restoration now"""
    level: GrievanceLevel | None
    """the level of its grievance now"""


class Taker(FrozenModel):
    """An officer who has a work item or gets one, with what the officer can act on."""

    officer_id: str
    roles: frozenset[Role]
    acts: Acts | None
    """None for every work item"""
    within: Within | None
    """None for every case"""

    @property
    def actor(self) -> str:
        """Return the officer's name in the case log."""
        return f"officer:{self.officer_id}"


def acts_of(roles: Collection[Role]) -> Acts | None:
    """Return what these roles can act on; None if one of them reads every work item."""
    if _READ_ALL.intersection(roles):
        return None
    return Acts(
        kinds=_all_of(_KINDS, roles),
        steps=frozenset(
            step
            for verb, rule in RULES.items()
            if rule.roles.intersection(roles) and (rule.outcome in _TAKE_A_STEP_ON or verb in _TOWARDS_ITS_END)
            for step in rule.steps
        ),
        levels=frozenset(level for level, decides in DECIDES.items() if decides in roles),
        causes=_all_of(_CAUSES, roles),
        documents=_all_of(_DOCUMENTS, roles),
    )


def can_act(acts: Acts | None, item: Actable) -> bool:
    """Return whether roles can act on a work item. `db.work_items.task_filters` says the same in SQL."""
    return (
        acts is None
        or item.kind in acts.kinds
        or item.cause in acts.causes
        or not acts.documents.isdisjoint(item.documents)
        or item.step in acts.steps
        or item.level in acts.levels
    )


def _all_of(table: Mapping[Role, frozenset[T]], roles: Collection[Role]) -> frozenset[T]:
    return frozenset[T]().union(*(table.get(role, frozenset()) for role in roles))
