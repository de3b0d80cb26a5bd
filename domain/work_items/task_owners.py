"""Owners of work items: who may act on an item, and who is told of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from domain.errors.case import (
    SnoozeOutOfBounds,
    SnoozeWithoutCase,
    TaskAboutOfficer,
    TaskChanged,
    TaskIsYours,
    TaskNotOwned,
    TaskOwned,
)
from domain.errors.officers import NoticeWithoutContact
from domain.officers.officers import DECIDES, on_shift
from domain.policy.notices import NoticeRules
from domain.policy.work_items import WorkItemRules
from schemas.base import FrozenModel
from schemas.enums import Role, TaskKind
from schemas.identifiers import is_same_person
from schemas.notifications import NoticeHours, NoticeMedium, NoticeSetting
from schemas.privacy.personal_data import Within
from schemas.restoration_enums import DocumentKind, GrievanceLevel, Step
from schemas.tasks import TaskCause, TaskStanding, TeamHours
from schemas.work_items.task_owners import SnoozeTerms

DISPOSERS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""roles that may pass on, release or snooze what another officer has, or no officer"""


def check_claim(standing: TaskStanding, officer_id: str, version: int) -> None:
    """Check that an officer may have an item that no officer has. Raises `TaskOwned` and `TaskChanged`.

    The owner may claim it again, which renews the lease.
    """
    if standing.owner == officer_id:
        return
    check_close(standing, officer_id, version)


def check_not_about(task_id: int, officer_id: str, caused_by: str | None) -> None:
    """Check that an item is not about an act of this officer, `caused_by`. Raises `TaskAboutOfficer`."""
    if is_same_person(caused_by, officer_id):
        raise TaskAboutOfficer(task_id, officer_id)


def check_close(standing: TaskStanding, officer_id: str, version: int | None, *, caused_by: str | None = None) -> None:
    """Check that an officer may close an item: no other officer has it, and it is about another's act.

    Raises `TaskAboutOfficer`, `TaskOwned` and `TaskChanged`.
    """
    check_not_about(standing.task_id, officer_id, caused_by)
    if standing.owner not in {None, officer_id}:
        raise _owned(standing)
    if version is not None:
        _check_version(standing, version)


def check_disposal(standing: TaskStanding, officer_id: str, roles: Collection[Role], version: int) -> None:
    """Check that an officer may pass on or snooze an item: its owner, and a supervisor also without an owner.

    Raises `TaskOwned`, `TaskNotOwned` and `TaskChanged`.
    """
    if standing.owner != officer_id and not DISPOSERS.intersection(roles):
        raise TaskNotOwned(standing.task_id) if standing.owner is None else _owned(standing)
    _check_version(standing, version)


def check_release(standing: TaskStanding, officer_id: str, roles: Collection[Role], version: int) -> None:
    """Check that an officer may release an item. Raises `TaskOwned`, `TaskNotOwned` and `TaskChanged`."""
    if standing.owner is None:
        raise TaskNotOwned(standing.task_id)
    check_disposal(standing, officer_id, roles, version)


def check_take_over(standing: TaskStanding, officer_id: str, version: int) -> None:
    """Check that an officer may take an item from its owner. Raises `TaskNotOwned`, `TaskIsYours` and `TaskChanged`."""
    if standing.owner is None:
        raise TaskNotOwned(standing.task_id)
    if standing.owner == officer_id:
        raise TaskIsYours(standing.task_id, _lease_end(standing))
    _check_version(standing, version)


def check_snooze(
    standing: TaskStanding, terms: SnoozeTerms, rules: WorkItemRules, now: datetime, *, has_case: bool
) -> None:
    """Check until when an item sleeps. Raises `SnoozeOutOfBounds` and `SnoozeWithoutCase`."""
    latest = now + timedelta(seconds=rules.snooze_max_seconds)
    if not now < terms.until <= latest:
        raise SnoozeOutOfBounds(latest)
    if terms.for_event is not None and not has_case:
        raise SnoozeWithoutCase(standing.task_id)


def _check_version(standing: TaskStanding, version: int) -> None:
    if standing.version != version:
        raise TaskChanged(standing.task_id, standing.version)


def _owned(standing: TaskStanding) -> TaskOwned:
    assert standing.owner is not None, "an officer has it"
    return TaskOwned(standing.task_id, standing.owner, _lease_end(standing))


def _lease_end(standing: TaskStanding) -> datetime:
    assert standing.lease_ends_at is not None, "an owner has a lease"
    return standing.lease_ends_at


NOT_TOLD: Final = NoticeSetting(media=())
"""the setting of an officer whose roles have none"""
DAY: Final = timedelta(days=1)


class MessageStanding(FrozenModel):
    """Messages to one officer over one medium, and the notices that wait for the next."""

    officer_id: str
    medium: NoticeMedium
    is_urgent: bool
    """whether no other officer could be told"""
    is_under_way: bool
    """whether a message waits to be sent"""
    last_at: datetime | None
    in_a_day: int


def default_setting(roles: Collection[Role], rules: NoticeRules) -> NoticeSetting:
    """Return the setting of the policy for an officer with these roles."""
    return next((setting for role, setting in rules.defaults.items() if role in roles), NOT_TOLD)


def is_told_at(setting: NoticeSetting, teams: Iterable[TeamHours], at: datetime, *, is_absent: bool) -> bool:
    """Return whether an officer with this setting is told of work items at this time."""
    if is_absent or not setting.media:
        return False
    return setting.hours is NoticeHours.ALWAYS or on_shift(teams, at)


def is_due(setting: NoticeSetting, standing: MessageStanding, rules: NoticeRules, now: datetime) -> bool:
    """Return whether the notices that wait become a message now."""
    if standing.is_under_way:
        return False
    if standing.medium is NoticeMedium.SMS and standing.in_a_day >= rules.sms_a_day_max:
        return False
    gap = timedelta(seconds=setting.gap_seconds)
    return standing.is_urgent or standing.last_at is None or now >= standing.last_at + gap


def check_contacts(
    setting: NoticeSetting, *, has_mobile: bool, has_email: bool, has_webhook: bool, officer_id: str
) -> None:
    """Check that an officer can be told over the media of a setting. Raises `NoticeWithoutContact`."""
    known = {NoticeMedium.SMS: has_mobile, NoticeMedium.EMAIL: has_email, NoticeMedium.WEBHOOK: has_webhook}
    missing = tuple(medium.value for medium in setting.media if not known.get(medium, True))
    if missing:
        raise NoticeWithoutContact(officer_id, missing)


def rounded_down(paise: int) -> int:
    """Return a sum with its first digit alone, so that a message does not state it."""
    rupees = paise // 100
    place: int = 10 ** max(0, len(str(rupees)) - 1)
    return rupees // place * place * 100


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
_HEARD: Final = frozenset({Step.HOLDER_NOTICE, Step.COURT_ORDER, Step.LOK_ADALAT_AWARD, Step.DISTRIBUTION})
_STEPS: Final[Mapping[Role, frozenset[Step]]] = {
    Role.IO: _HEARD | {Step.APPLICATION, Step.VERIFICATION, Step.APPROVAL, Step.BOND},
    Role.DY_SP: _HEARD | {Step.APPROVAL},
    Role.SP: frozenset({Step.APPROVAL}),
}
"""Steps with a verb of the role that ends the step, or that brings it nearer to its end.

To prepare and to waive a notice end no step alone: a Superintendent approves after one, and every holder must waive for
the other. `tests/domain/recovery/test_procedure.py` compares the table with the rules of the procedure.
"""


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
        steps=_all_of(_STEPS, roles),
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
