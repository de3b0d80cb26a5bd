"""Taking the complaints of a sheet: each in a transaction of its own, so that what was taken stays taken."""

from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from activities.context import Context
from activities.intake import Taken, take_complaint
from domain.errors import AckNoConflict, RuleBroken
from domain.intake.complaint_row import Note, fault_of
from domain.intake.complaint_rows import RejectedRow, RowComplaint, SheetReading
from schemas.intake import ComplaintReceipt
from schemas.outbox.case import FollowUp

RENUMBERED_SUFFIX = "-renumbered"


@dataclass(frozen=True)
class TakenComplaint:
    """A complaint that is in the database, and the rows it came from."""

    made: RowComplaint
    receipt: ComplaintReceipt
    repeated: bool
    """it was there before: this file, or part of it, was imported earlier"""


@dataclass
class ImportOutcome:
    """What became of every row. `rows` = used + rejected + blank + waiting."""

    reading: SheetReading
    taken: list[TakenComplaint] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    """what is odd about rows that were taken; of a dry run, that would be"""
    waiting_rows: int = 0
    """rows of complaints that were not reached because the import had to stop"""
    stopped: str = ""
    """why it had to stop; empty when it did not"""

    @property
    def used_rows(self) -> int:
        """Rows whose complaint is in the database."""
        return sum(len(taken.made.row_nos) for taken in self.taken)

    @property
    def new(self) -> list[TakenComplaint]:
        """Complaints that were not there before."""
        return [taken for taken in self.taken if not taken.repeated]

    @property
    def faulty(self) -> list[RejectedRow]:
        """Rejected rows in which a complaint may be lost."""
        return [row for row in self.rejected if not row.harmless]

    def check(self) -> None:
        """Every row is accounted for."""
        told = self.used_rows + len(self.rejected) + self.reading.blank + self.waiting_rows
        assert self.reading.rows == told, f"{self.reading.rows} rows, {told} accounted for"


def not_taken(reading: SheetReading) -> ImportOutcome:
    """The outcome of a dry run: what would be used waits."""
    outcome = ImportOutcome(reading, rejected=list(reading.rejected), notes=list(reading.notes))
    outcome.waiting_rows = reading.used
    outcome.check()
    return outcome


async def take_all(
    ctx: Context,
    reading: SheetReading,
    *,
    taken_by: str,
    follow: Callable[[FollowUp], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportOutcome:
    """Take every complaint of the sheet, in its order.

    A complaint that breaks a rule is rejected with its rows; with the database away the import stops, says so in the
    outcome, and may simply be run again. `follow` is given what the workflows must be told, `progress` the number of
    complaints done.
    """
    outcome = ImportOutcome(reading, rejected=list(reading.rejected))
    notes = _notes_by_row(reading)
    for done, made in enumerate(reading.complaints, start=1):
        try:
            taken = await _take(ctx, made, taken_by, outcome)
        except (RuleBroken, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            outcome.rejected += [RejectedRow(row_no, (fault_of(error),)) for row_no in made.row_nos]
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # TimeoutError is an OSError. Nothing of this complaint was written: its transaction did not commit.
            outcome.stopped = f"the database went away: {str(error) or type(error).__name__}"
            outcome.waiting_rows = sum(len(left.row_nos) for left in reading.complaints[done - 1 :])
            break
        else:
            outcome.taken.append(TakenComplaint(made, taken.receipt, taken.repeated))
            outcome.notes += [note for row_no in made.row_nos for note in notes.get(row_no, ())]
            if taken.follow_up:
                follow(taken.follow_up)
        progress(done)
    outcome.rejected.sort(key=lambda row: row.row_no)
    outcome.notes.sort(key=lambda note: note.row_no)
    outcome.check()
    return outcome


def _notes_by_row(reading: SheetReading) -> dict[int, list[Note]]:
    notes: dict[int, list[Note]] = {}
    for note in reading.notes:
        notes.setdefault(note.row_no, []).append(note)
    return notes


async def _take(ctx: Context, made: RowComplaint, taken_by: str, outcome: ImportOutcome) -> Taken:
    """Take one complaint; where its number is registered with other content, under a number of its own.

    That is how rows that were rejected come back once they are put right: their complaint's number is taken by the
    rows that were right at once. A transfer that is known joins its case, so nothing is asked twice.
    """
    try:
        return await take_complaint(ctx, made.complaint, idempotency_key=made.idempotency_key, taken_by=taken_by)
    except AckNoConflict:
        renumbered = made.complaint.model_copy(update={"ack_no": None})
        key = made.idempotency_key + RENUMBERED_SUFFIX
        taken = await take_complaint(ctx, renumbered, idempotency_key=key, taken_by=taken_by)
        message = f"the number was registered with other content before: this complaint is {taken.receipt.ack_no}"
        outcome.notes.append(Note(made.row_nos[0], "ack_no", message))
        return taken
