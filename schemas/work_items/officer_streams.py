"""Events of an officer's stream: what it carries of work items, cases, drafts, deadlines, and of who looks at what."""

from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, UtcDatetime
from schemas.case.intake import DraftEnd, DraftSource
from schemas.enums import Person, TaskKind, TaskState
from schemas.events import EventKind
from schemas.tasks import Subject, TaskCause

SUBJECTS_MAX: Final = 20
"""cases and work items that an officer looks at in one session"""
_TOPICS_MAX: Final = 50
_TOPIC: Final = r"(queue|drafts|breaches|case:[0-9]{14})"
TOPICS_PATTERN: Final = rf"^{_TOPIC}(,{_TOPIC}){{0,{_TOPICS_MAX - 1}}}$"
POSITION_PATTERN: Final = r"^[0-9a-f]{8,16}\.[0-9a-f]{8}\.[0-9]{1,18}$"

Looked = Annotated[str, StringConstraints(pattern=r"^(case:[0-9]{14}|task:[1-9][0-9]{0,17})$")]
"""a case by any of its numbers, or a work item by its id"""


class StreamTopic(StrEnum):
    """Subjects of an officer's stream."""

    QUEUE = "queue"
    """work items that the officer sees, their counts, their leases and snoozes, who looks at them, and new notices"""
    DRAFTS = "drafts"
    """drafts that the officer gets or gives away, and missed calls that wait"""
    BREACHES = "breaches"
    """stages that pass their target"""
    CASE = "case"
    """one case: its log grows, a deadline of it passes, an officer looks at it"""


class ResetCause(StrEnum):
    """Why a stream does not go on where the caller's position is."""

    NEW = "new"
    """the caller named no position"""
    UNKNOWN = "unknown"
    """the position is of another process, or of the time before its start"""
    GAP = "gap"
    """more has happened since then than is kept"""
    RIGHTS = "rights"
    """the caller has other rights since then"""


class StreamEnd(StrEnum):
    """Why the engine ends a stream."""

    SLOW = "slow"
    """the caller does not read fast enough"""
    SESSION = "session"
    """the session or token is over"""
    RIGHTS = "rights"
    """the caller has other roles or districts"""
    STOPPING = "stopping"
    """the process stops"""


class DeadlineKind(StrEnum):
    """Deadlines whose passing is told. The engine logs the first ones, and time alone brings the last ones."""

    LEVEL_REACHED = "level_reached"
    """a hold request without an answer reached an escalation level"""
    DUTY_OVERDUE = "duty_overdue"
    """the supervising officer is told that a duty is not done"""
    HOLD_WARNED = "hold_warned"
    """a hold is about to lapse"""
    HOLD_LAPSED = "hold_lapsed"
    RESTORATION_OVERDUE = "restoration_overdue"
    GRIEVANCE_OVERDUE = "grievance_overdue"
    TASK_UNOWNED = "task_unowned"
    """a work item has no owner for longer than the policy says"""
    LEASE_ENDED = "lease_ended"
    """a work item has no owner any more"""
    SNOOZE_ENDED = "snooze_ended"
    TASK_DUE = "task_due"
    """the time of what a work item is about is over, such as the 24 hours for the report to the magistrate"""
    BREACH = "breach"
    """a stage that waits passed its target"""


class TaskLine(FrozenModel):
    """A work item as a list shows it. The whole item is read from the list of work items."""

    task_id: int
    state: TaskState
    kind: TaskKind
    cause: TaskCause
    case_ack_no: str | None
    subject: Subject
    institution: str | None
    """code of the bank that it is about"""
    district: str | None
    """key of the district of its case; None while it is not valued"""
    persons: tuple[Person, ...]
    """groups of the victims of its case that the policy puts first"""
    version: int
    """a verb on the item names the version that the caller saw"""
    owner: str | None
    owned_since: UtcDatetime | None
    lease_ends_at: UtcDatetime | None
    snoozed_until: UtcDatetime | None
    due_at: UtcDatetime | None
    """end of the duty, the step, the level or the hold that it is about"""
    in_play_paise: int | None
    rank_paise: int | None
    """order by worth, the largest first; None while it is not valued, which comes before all"""
    opened_at: UtcDatetime
    closed_at: UtcDatetime | None


class KindTotal(FrozenModel):
    """Open work items of one kind that the officer sees."""

    kind: TaskKind
    open: int
    owned: int
    snoozed: int
    in_play_paise: int
    """sum over its items; items about the same money count it again"""


class QueueTotals(FrozenModel):
    """Counts of the open work items that the officer sees."""

    kinds: tuple[KindTotal, ...]
    mine: int
    """those that the officer has"""


class LogPlace(FrozenModel):
    """An event of a case, without what it states."""

    seq: int
    kind: EventKind


class CaseChange(FrozenModel):
    """The log of a case grew."""

    case_ack_no: str
    newest: tuple[LogPlace, ...]
    """the last events of the log, at most twenty, the oldest first; read it again if they do not follow on yours. At
    the beginning of a stream there are none, and the version of the event is the last event of the log."""


class Looker(FrozenModel):
    """An officer who looks at something now."""

    officer_id: str
    since: UtcDatetime


class Presence(FrozenModel):
    """All who look at a case or a work item now."""

    subject: Looked
    officers: tuple[Looker, ...]


class DraftChange(FrozenModel):
    """A draft that got another owner, or ended. It shows nothing of the call."""

    draft_id: UUID
    source: DraftSource
    owner: str | None
    """id of the officer who has it; None for a missed call that waits"""
    calls: int
    ended_as: DraftEnd | None


class NoticesWritten(FrozenModel):
    """The officer is told of more work items: read the list of notices again."""

    at: UtcDatetime


class DeadlinePassed(FrozenModel):
    """A deadline that passed, or a level that was reached."""

    kind: DeadlineKind
    at: UtcDatetime
    case_ack_no: str | None = None
    task_id: int | None = None
    about: str = ""
    """the level, the duty, the step, the stage, or the cause of the work item"""
    institution: str | None = None


class StreamOpening(FrozenModel):
    """First event of each stream."""

    server_time: UtcDatetime
    topics: tuple[str, ...]
    """as asked for, each case by its own number"""
    resumed: bool
    """whether the stream goes on at the caller's position; else a reset comes next"""
    clock_seconds: float
    """a clock event comes at least so often"""
    presence_seconds: float
    """for so long one call of presence counts"""


class ServerClock(FrozenModel):
    """The server's time, for the clocks of pages."""

    server_time: UtcDatetime


class _Event(FrozenModel):
    id: str
    """what the event is about; with the kind it names the thing that the caller keeps"""
    version: int
    """the newer event about the same thing has the larger version"""


class OpeningEvent(_Event):
    """The stream begins."""

    kind: Literal["opening"] = "opening"
    data: StreamOpening


class ResetEvent(_Event):
    """Something may have been missed: read every list and case of the topics again."""

    kind: Literal["reset"] = "reset"
    data: ResetCause


class TaskEvent(_Event):
    """A work item as it is now. Without data the caller does not see it any more."""

    kind: Literal["task"] = "task"
    data: TaskLine | None


class CountsEvent(_Event):
    """Counts of work items, at most once a second."""

    kind: Literal["counts"] = "counts"
    data: QueueTotals


class CaseEvent(_Event):
    """A case whose log grew."""

    kind: Literal["case"] = "case"
    data: CaseChange


class PresenceEvent(_Event):
    """Who looks at a case or a work item."""

    kind: Literal["presence"] = "presence"
    data: Presence


class DraftEvent(_Event):
    """A draft of the officer, or a missed call."""

    kind: Literal["draft"] = "draft"
    data: DraftChange


class NoticeEvent(_Event):
    """The officer has new notices."""

    kind: Literal["notice"] = "notice"
    data: NoticesWritten


class DeadlineEvent(_Event):
    """A deadline passed."""

    kind: Literal["deadline"] = "deadline"
    data: DeadlinePassed


class ClockEvent(_Event):
    """The server's time. It has no position."""

    kind: Literal["clock"] = "clock"
    data: ServerClock


class EndEvent(_Event):
    """The engine ends the stream."""

    kind: Literal["end"] = "end"
    data: StreamEnd


StreamEvent = Annotated[
    OpeningEvent
    | ResetEvent
    | TaskEvent
    | CountsEvent
    | CaseEvent
    | PresenceEvent
    | DraftEvent
    | NoticeEvent
    | DeadlineEvent
    | ClockEvent
    | EndEvent,
    Field(discriminator="kind"),
]


class StreamPage(FrozenModel):
    """The events with which a stream would begin now, for a caller who accepts no stream."""

    items: tuple[StreamEvent, ...]
    next: str
    """position after these events: a stream with it as `Last-Event-ID` goes on there"""


class LooksAt(FrozenModel):
    """Everything that an officer looks at now in one session. Without a call in time it counts as nothing."""

    subjects: Annotated[tuple[Looked, ...], Field(max_length=SUBJECTS_MAX)]


class PresenceNoted(FrozenModel):
    """Until when a call of presence counts."""

    until: UtcDatetime
