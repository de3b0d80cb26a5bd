"""The record of a shift as a table, for CSV and for spreadsheet programs."""

from collections.abc import Iterator
from typing import Final

from documents.spreadsheet import Table, Value
from schemas.work_items.shift_handovers import ShiftHandover

HEADER: Final = ("officer", "state", "task_id", "kind", "ack_no", "to_officer", "in_play_paise", "deadline_at")


def handover_table(found: ShiftHandover) -> Table:
    """Return a row for each work item and each half-done call of a shift."""
    return Table(title="handover", header=HEADER, rows=tuple(_rows(found)))


def _rows(found: ShiftHandover) -> Iterator[tuple[Value, ...]]:
    for one in found.officers:
        for item in one.items:
            due = item.deadline_at.isoformat() if item.deadline_at else None
            about = (item.task_id, item.kind.value, item.ack_no)
            yield (one.officer_id, item.state.value, *about, item.to_officer, item.in_play_paise, due)
        for draft in one.drafts:
            yield (one.officer_id, "draft", None, "call", draft.ack_no, None, None, None)
