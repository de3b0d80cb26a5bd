"""Owners of work items, filters and verbs, and notices that items wait."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, Note, Paise, Reason, Storable, UtcDatetime, WrittenOut
from schemas.enums import Person, TaskKind
from schemas.events import EventKind
from schemas.notifications import NoticeMedium, NoticeReason, NoticeSetting, WaitingItem
from schemas.officers.officers import OfficerId
from schemas.text import Code, Line

BULK_MAX: Final = 200
"""work items of one bulk verb"""
FILTER_PLACES: Final = 20
"""saved filters of one officer"""
AGE_MAX_SECONDS: Final = 400 * 86_400


class TaskSort(StrEnum):
    """Order of a list of work items."""

    AGE = "age"
    """the oldest first"""
    WORTH = "worth"
    """the most money that can still be caught first; what the policy adds for a victim counts as money"""


class TaskFilter(FrozenModel):
    """A filter for open work items. What is not given is not filtered."""

    kinds: Annotated[tuple[TaskKind, ...], Field(max_length=len(TaskKind))] = ()
    bank: Code | None = None
    district: Line | None = None
    team: Line | None = None
    """what its members have, and what has no owner in its districts"""
    persons: Annotated[tuple[Person, ...], Field(max_length=len(Person))] = ()
    """a victim of the case is one of these"""
    older_than_seconds: Annotated[int, Field(ge=0, le=AGE_MAX_SECONDS)] | None = None
    sum_from_paise: Paise | None = None
    """at least so much can still be caught"""
    owner: OfficerId | None = None
    owned: bool | None = None
    """whether an officer has it"""
    snoozed: bool | None = None


class WithVersion(FrozenModel):
    """Body of a verb on one work item, with the version that the caller saw."""

    version: Annotated[int, Field(ge=0, lt=2**63)]


class PassOn(WithVersion):
    """Give a work item to another officer, with a note."""

    to: OfficerId
    note: Note


class TakeOver(WithVersion):
    """Take a work item from the officer who has it. The officer reads the reason."""

    reason: Note


class SnoozeTerms(FrozenModel):
    """Until when a work item sleeps. An event of this kind in its case wakes it before."""

    until: Annotated[UtcDatetime, WrittenOut]
    for_event: EventKind | None = None


class Snooze(SnoozeTerms, WithVersion):
    """Let a work item sleep; it then has no owner."""


class TaskRef(WithVersion):
    """One work item of a bulk verb."""

    task_id: Annotated[int, Field(ge=1, lt=2**63)]


class Chosen(FrozenModel):
    """Work items of a bulk verb: a list, or those that a filter finds, up to the limit.

    The first are those with the most money that can still be caught. An item that is done or refused can match the
    filter again, so `after` leads on: it is `next` of the outcome before.
    """

    tasks: Annotated[tuple[TaskRef, ...], Field(min_length=1, max_length=BULK_MAX)] | None = None
    filter: TaskFilter | None = None
    after: Annotated[str, Field(max_length=200)] | None = None
    most: Annotated[int, Field(ge=1, le=BULK_MAX)] = BULK_MAX
    """how many of a filter at once"""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.tasks is None) == (self.filter is None):
            raise ValueError("give either tasks or filter")
        if self.tasks is not None and self.after is not None:
            raise ValueError("after goes with filter")
        return self


class ChosenToPassOn(Chosen):
    """Give several work items to another officer."""

    to: OfficerId
    note: Note


class ChosenToSnooze(Chosen, SnoozeTerms):
    """Let several work items sleep."""


class ChosenToClose(Chosen):
    """Close several work items."""

    reason: Reason


class TaskOutcome(FrozenModel):
    """Outcome of a bulk verb for one work item."""

    task_id: int
    done: bool
    code: str = ""
    """code of the error, if it is not done"""
    params: Mapping[str, object] = Field(default_factory=dict)
    """parameters of the error"""
    says: str = ""
    """the error as a text"""
    case_ack_no: str | None = None
    """case of an item of a filter that was refused"""
    version: int | None = None
    """version of an item whose owner or sleep was changed; null for one that was so already"""


class BulkOutcome(FrozenModel):
    """Outcome of a bulk verb for each work item. With `more` there are further items: send it again with `next`."""

    items: tuple[TaskOutcome, ...]
    more: bool
    next: str | None
    """`after` of the next call"""


class KindCount(FrozenModel):
    """Open work items of one kind."""

    kind: TaskKind
    open: int
    owned: int
    snoozed: int
    oldest_at: UtcDatetime
    in_play_paise: int
    """sum over its items; items about the same money count it again"""


class OwnerCount(FrozenModel):
    """Open work items that one officer has."""

    owner: str
    open: int
    oldest_since: UtcDatetime
    """when the officer got the one that they have for the longest time"""


class TaskCounts(FrozenModel):
    """Counts of open work items."""

    kinds: tuple[KindCount, ...]
    owners: tuple[OwnerCount, ...]


class NamedFilter(FrozenModel):
    """A filter to save, and its name."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), Storable]
    filter: TaskFilter


class SavedFilter(NamedFilter):
    """A saved filter of an officer."""

    place: int
    """from 1 to 20"""


class SavedFilters(FrozenModel):
    """Saved filters of an officer, by place."""

    items: tuple[SavedFilter, ...]


WEBHOOK_URL_MAX_CHARS: Final = 500


class MediumStanding(FrozenModel):
    """How the messages over one medium stand."""

    medium: NoticeMedium
    waiting: int
    """notices that the next message states"""
    sent_in_a_day: int
    last_sent_at: UtcDatetime | None
    failure: str
    """why the newest message is not sent; empty without a failure"""


class OfficerNotices(FrozenModel):
    """How an officer is told, and what became of the messages."""

    officer_id: str
    setting: NoticeSetting
    is_default: bool
    """whether it is the setting of the policy for the officer's roles"""
    webhook: bool
    """whether the officer has a webhook"""
    changed_at: UtcDatetime | None
    changed_by: str | None
    media: tuple[MediumStanding, ...]


class NewWebhook(FrozenModel):
    """Address to which an officer's notices are posted."""

    url: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=WEBHOOK_URL_MAX_CHARS), Storable, Field(repr=False)
    ]


class WebhookSecret(FrozenModel):
    """Secret with which posts to a webhook are signed (Standard Webhooks). It is shown once."""

    secret: Annotated[str, Field(repr=False)]


class TaskNotice(FrozenModel):
    """A notice of a work item to an officer."""

    task_id: int
    kind: TaskKind
    ack_no: str | None
    """of the case; None for an item about no case"""
    version: int
    """version of the item at which the officer was told"""
    reason: NoticeReason
    written_at: UtcDatetime
    media: tuple[NoticeMedium, ...]
    sent_at: UtcDatetime | None
    """when the first message with it was sent"""
    holds: bool
    """whether the item is as it was then; what an officer has claimed or closed since is not sent any more"""


class TaskNoticePage(FrozenModel):
    """Notices to an officer, the newest first."""

    items: tuple[TaskNotice, ...]
    next: str | None
    unseen: int
    """notices that hold and that the officer has not seen, up to a thousand"""


class NoticesSeen(FrozenModel):
    """Until when an officer has seen the notices: `written_at` of the newest one that was shown."""

    until: Annotated[UtcDatetime, WrittenOut]


class WorkItemsWaiting(FrozenModel):
    """Body of a post to an officer's webhook."""

    type: Literal["work_items.waiting"] = "work_items.waiting"
    timestamp: UtcDatetime
    message_id: UUID
    count: int
    """items that wait, with those that are not listed"""
    items: tuple[WaitingItem, ...]
    link: str
    """where the officer finds them; empty if no address is set"""
