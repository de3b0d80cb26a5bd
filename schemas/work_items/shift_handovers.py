"""Records of the ends of shifts: what a team did, and what it left to the next."""

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.enums import TaskKind
from schemas.text import Line

HANDOVER_NOTE_MAX_CHARS: Final = 2_000


class HandoverState(StrEnum):
    """State of a work item in the record of a shift."""

    CLOSED = "closed"
    """the officer closed it in the shift"""
    PASSED_ON = "passed_on"
    """the officer gave it to another one in the shift"""
    SNOOZED = "snoozed"
    """it sleeps, and the officer let it sleep"""
    OPEN = "open"
    """the officer has it at the end; what becomes of it is decided within seconds"""
    KEPT = "kept"
    """the officer has acted in its case since the end, or works on in another team"""
    RETURNED = "returned"
    """it went back to the list of those without an owner"""
    GIVEN = "given"
    """the engine gave it to an officer on shift"""


class ShiftLine(FrozenModel):
    """A shift of a team that has ended."""

    shift_id: int
    team: str
    starts_at: UtcDatetime
    ends_at: UtcDatetime
    officers: int
    open_items: int
    """items that an officer of the team had at its end"""
    open_paise: int
    """what could still be caught of them; items about the same money count it again"""


class ShiftPage(FrozenModel):
    """Shifts that have ended, the newest first."""

    items: tuple[ShiftLine, ...]
    next: str | None


class HandoverItem(FrozenModel):
    """A work item in the record of a shift."""

    task_id: int
    kind: TaskKind
    state: HandoverState
    ack_no: str | None
    to_officer: str | None
    in_play_paise: int
    deadline_at: UtcDatetime | None


class HandoverDraft(FrozenModel):
    """A call that was half done at the end of a shift, without anything of what was told."""

    draft_id: UUID
    made_at: UtcDatetime
    saved_at: UtcDatetime
    ack_no: str | None
    """number of its complaint, if the banks are asked"""


class OfficerHandover(FrozenModel):
    """Record of one officer in a shift: what was done, and what was left."""

    officer_id: str
    acts: dict[str, int]
    """how often the officer did what, by kind of event of the case log; `call` is a call that was taken"""
    items: tuple[HandoverItem, ...]
    drafts: tuple[HandoverDraft, ...]
    note: Annotated[str, Field(repr=False)]
    """what the officer adds; empty without a note"""
    noted_at: UtcDatetime | None


class ShiftHandover(FrozenModel):
    """The record of a shift. What the reader may not read of cases is left out."""

    shift_id: int
    team: str
    starts_at: UtcDatetime
    ends_at: UtcDatetime
    written_at: UtcDatetime
    officers: tuple[OfficerHandover, ...]


class OwnShift(FrozenModel):
    """A shift of the reader that has no record yet, with the reader's note for it."""

    team: str
    starts_at: UtcDatetime
    ends_at: UtcDatetime
    note: Annotated[str, Field(repr=False)]
    """empty without a note"""
    noted_at: UtcDatetime | None


class OwnShifts(FrozenModel):
    """Shifts of the reader that run, or have ended and have no record yet."""

    items: tuple[OwnShift, ...]


class HandoverNote(FrozenModel):
    """Note of an officer to the record of the own shift, in place of an earlier one."""

    note: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=3, max_length=HANDOVER_NOTE_MAX_CHARS),
        Storable,
        Field(repr=False),
    ]


class EarlyNote(HandoverNote):
    """Note of an officer for a shift that has no record yet, in place of an earlier one."""

    team: Line
    ends_at: UtcDatetime
    """the shift's end, as the list of own shifts has it"""
