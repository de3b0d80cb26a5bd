"""Read a money-trail workbook, recognised by its sheets."""

from pathlib import Path

from adapters import workbooks
from domain.workbook.columns import is_trail
from domain.workbook.reading import MAX_TRAIL_ROWS, TrailReading, read_trails
from workers.importer.reading import content_of


def read_trail_file(path: Path, ack_no: str | None = None) -> tuple[TrailReading, ...] | None:
    """Read a money-trail workbook, of one number if `ack_no` is given; return None for any other file.

    Raises `FileRefused` with the reason.
    """
    data = content_of(path)
    if not data.startswith(workbooks.ZIP_MAGIC) or not is_trail(workbooks.names_of(data)):
        return None
    return read_trails(workbooks.sheets_of(data, MAX_TRAIL_ROWS), ack_no)
