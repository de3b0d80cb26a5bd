"""Outcome of the import of a money-trail workbook: the result for every row."""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.workbook.reading import RejectedTrailRow, TrailReading
from domain.workbook.row import TrailNote, TrailRow
from schemas.base import Flag


class Fate(StrEnum):
    """The result for a row that was used."""

    OPENED = "opened"
    """a victim's transfer that is in the case now"""
    APPLIED = "applied"
    DISCREPANCY = "discrepancy"
    REVIEW = "review"
    """the row moves no money, and a person reads it"""
    KNOWN = "known"
    """the row was stated before"""


@dataclass(frozen=True)
class UsedRow:
    """A row that is in the case, and its result."""

    row: TrailRow
    fate: Fate
    discrepancy: str = ""
    claimed_paise: int = 0
    applied_paise: int = 0


@dataclass
class TrailOutcome:
    """The result for every row. Rows = used + rejected + blank + waiting."""

    reading: TrailReading
    case_no: str | None = None
    opened: bool = False
    """whether this workbook opened the case"""
    used: list[UsedRow] = field(default_factory=list)
    rejected: list[RejectedTrailRow] = field(default_factory=list)
    notes: list[TrailNote] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    """flags of the complaints made from the victim's transfers"""
    waiting: list[TrailRow] = field(default_factory=list)
    """rows that were not reached; in a dry run, all rows that would be used"""
    stopped: str = ""
    """the reason for an early stop; empty without one"""

    @property
    def faulty(self) -> list[RejectedTrailRow]:
        """Return the rejected rows in which money may be lost."""
        return [row for row in self.rejected if not row.harmless]

    def count(self, fate: Fate) -> int:
        """Return how many used rows had this result."""
        return sum(1 for used in self.used if used.fate is fate)

    def check(self) -> None:
        """Assert that every row is accounted for."""
        told = len(self.used) + len(self.rejected) + self.reading.blank + len(self.waiting)
        assert self.reading.rows == told, f"{self.reading.rows} rows, {told} accounted for"


def not_taken(reading: TrailReading) -> TrailOutcome:
    """Return the outcome of a dry run, in which the usable rows are waiting."""
    outcome = TrailOutcome(reading, rejected=list(reading.rejected), notes=list(reading.notes))
    outcome.waiting = [*reading.transfers, *reading.said]
    outcome.check()
    return outcome
