"""Import the complaints of a sheet, each in a separate transaction, so that completed ones stay."""

from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from activities.case.intake import Taken, take_complaint
from activities.context import Context
from domain.case.complaint_row import Note, fault_of
from domain.case.complaint_rows import RejectedRow, RowComplaint, SheetReading
from domain.errors import AckNoConflict, RuleBroken
from schemas.case.case_workflow import FollowUp
from schemas.case.intake import ComplaintReceipt

RENUMBERED_SUFFIX = "-renumbered"


@dataclass(frozen=True)
class TakenComplaint:
    """A stored complaint and the rows it came from."""

    made: RowComplaint
    receipt: ComplaintReceipt
    repeated: bool
    """whether it was stored before, because this file or part of it was imported earlier"""


@dataclass
class ImportOutcome:
    """Result of every row. `rows` = used + rejected + blank + waiting."""

    reading: SheetReading
    taken: list[TakenComplaint] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    """irregularities of imported rows; in a dry run, of rows that would be imported"""
    waiting_rows: int = 0
    """rows of complaints that were not reached because the import stopped"""
    stopped: str = ""
    """why the import stopped; empty if it did not"""

    @property
    def used_rows(self) -> int:
        """Number of rows whose complaint is in the database."""
        return sum(len(taken.made.row_nos) for taken in self.taken)

    @property
    def new(self) -> list[TakenComplaint]:
        """Complaints that were not stored before."""
        return [taken for taken in self.taken if not taken.repeated]

    @property
    def faulty(self) -> list[RejectedRow]:
        """Rejected rows that may mean a lost complaint."""
        return [row for row in self.rejected if not row.harmless]

    def check(self) -> None:
        """Assert that every row is counted exactly once."""
        counted = self.used_rows + len(self.rejected) + self.reading.blank + self.waiting_rows
        assert self.reading.rows == counted, f"{self.reading.rows} rows, {counted} accounted for"


def not_taken(reading: SheetReading) -> ImportOutcome:
    """Return the outcome of a dry run: usable rows count as waiting."""
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
    """Import every complaint of the sheet, in order.

    A complaint that breaks a rule is rejected with its rows. If the database becomes unavailable, the import stops,
    reports it in the outcome, and may be run again. `follow` gets the workflow notifications, `progress` the number of
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
            # TimeoutError is an OSError. Nothing of this complaint was written, because its transaction did not commit.
            outcome.stopped = f"the database became unavailable: {str(error) or type(error).__name__}"
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
    """Import one complaint; if its number is registered with other content, use a new number.

    This happens when rejected rows are corrected and imported: the rows accepted first have the complaint's number. A
    known transfer joins its case, so no bank gets a request twice.
    """
    try:
        return await take_complaint(ctx, made.complaint, idempotency_key=made.idempotency_key, taken_by=taken_by)
    except AckNoConflict:
        renumbered = made.complaint.model_copy(update={"ack_no": None})
        key = made.idempotency_key + RENUMBERED_SUFFIX
        taken = await take_complaint(ctx, renumbered, idempotency_key=key, taken_by=taken_by)
        message = f"the number is registered with other content; this complaint got {taken.receipt.ack_no}"
        outcome.notes.append(Note(made.row_nos[0], "ack_no", message))
        return taken
