"""Notices to officers that work items wait for them, and how each officer wants to be told."""

from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Paise, Storable, UtcDatetime, WrittenOut
from schemas.enums import Language, TaskKind

GAP_MIN_SECONDS: Final = 60
GAP_MAX_SECONDS: Final = 86_400
WEBHOOK_URL_MAX_CHARS: Final = 500


class NoticeReason(StrEnum):
    """Why an officer is told of a work item."""

    OPEN = "open"
    """no officer has it, and the officer can act on it"""
    PASSED_ON = "passed_on"
    """another officer, or the end of a shift, gave it to the officer"""
    LEASE_ENDS = "lease_ends"
    """the officer has it, and the lease ends soon"""
    DEADLINE = "deadline"
    """its deadline is near: the officer has it, or can act on it and no officer has it"""
    UNHEARD = "unheard"
    """no officer on shift could be told of it, so the lead of the team or a supervisor is"""


class NoticeMedium(StrEnum):
    """Medium of a notice."""

    STREAM = "stream"
    """the list of notices alone, which a screen shows"""
    SMS = "sms"
    EMAIL = "email"
    WEBHOOK = "webhook"


SENT_MEDIA: Final = frozenset(NoticeMedium) - {NoticeMedium.STREAM}
"""media of which messages are sent"""


class NoticeHours(StrEnum):
    """When an officer is told. None is told on a day of absence."""

    ON_SHIFT = "on_shift"
    """while a team of the officer works; an officer without a team has no shifts, and is on shift at any hour"""
    ALWAYS = "always"


class NoticeSetting(FrozenModel):
    """How an officer is told of work items.

    Items that the officer has or gets are told whatever their kind and sum.
    """

    kinds: Annotated[tuple[TaskKind, ...], Field(max_length=len(TaskKind))] = ()
    """none: every kind that the officer can act on"""
    sum_from_paise: Paise | None = None
    """only items where at least so much can still be caught; None: any"""
    hours: NoticeHours = NoticeHours.ON_SHIFT
    media: Annotated[tuple[NoticeMedium, ...], Field(max_length=len(NoticeMedium))] = (NoticeMedium.STREAM,)
    """none: the officer is told of nothing"""
    gap_seconds: Annotated[int, Field(ge=GAP_MIN_SECONDS, le=GAP_MAX_SECONDS)] = 900
    """least time between two messages over one medium; what comes meanwhile is one message"""
    language: Language = Language.EN
    """of every message to the officer; a webhook has no texts"""


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


class WaitingItem(FrozenModel):
    """A work item as a message states it: without names, accounts and exact sums."""

    task_id: int
    kind: TaskKind
    reason: NoticeReason
    ack_no: str | None
    at_least_paise: int
    """what can still be caught, rounded down; 0 in a marked case"""
    opened_at: UtcDatetime
    deadline_at: UtcDatetime | None


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
