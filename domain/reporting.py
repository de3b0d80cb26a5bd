"""Rules for the work items that each police role can act on. Pure. Desk, supervisors and auditors read all."""

from collections.abc import Mapping
from typing import Final

from domain.grievances import DECIDES
from domain.restoration.procedure import RULES
from schemas.base import FrozenModel
from schemas.enums import Role, TaskKind
from schemas.restoration.restorations import RestorationVerb
from schemas.restoration_enums import DocumentKind, GrievanceLevel, Step, StepOutcome
from schemas.tasks import TaskCause

_KINDS: Final[Mapping[Role, frozenset[TaskKind]]] = {
    Role.IO: frozenset({TaskKind.DUTY, TaskKind.SMALL_HOLD, TaskKind.HOLD_LAPSES}),
    Role.DY_SP: frozenset({TaskKind.SMALL_HOLD}),
    Role.SP: frozenset({TaskKind.SMALL_HOLD}),
    Role.DISTRICT_GRO: frozenset(),
    Role.STATE_GRO: frozenset(),
}
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
    """Work items that a role can act on."""

    kinds: frozenset[TaskKind]
    """kinds of work items, in any case"""
    steps: frozenset[Step]
    """steps of restorations whose work items the role can act on"""
    level: GrievanceLevel | None
    """tasks about grievances there"""
    causes: frozenset[TaskCause] = frozenset()
    """tasks that were opened for one of these"""
    documents: frozenset[DocumentKind] = frozenset()
    """tasks about documents of these kinds that wait"""


def acts_of(role: Role) -> Acts | None:
    """Return what this role can act on; None for roles that read every work item."""
    if role not in _KINDS:
        return None
    steps = frozenset(
        step
        for verb, rule in RULES.items()
        if role in rule.roles and (rule.outcome in _TAKE_A_STEP_ON or verb in _TOWARDS_ITS_END)
        for step in rule.steps
    )
    level = next((level for level, decides in DECIDES.items() if decides is role), None)
    causes, documents = _CAUSES.get(role, frozenset()), _DOCUMENTS.get(role, frozenset())
    return Acts(kinds=_KINDS[role], steps=steps, level=level, causes=causes, documents=documents)
