"""Read a whole file of complaints; its content decides the format, not its name."""

from pathlib import Path

from adapters import workbooks
from domain.case.complaint_rows import SheetReading, SheetRow, read_sheet
from domain.spreadsheets import FileRefused
from workers.importer import csv_text

MAX_FILE_BYTES = 50 * 1024 * 1024


def read_file(path: Path, sheet_name: str | None = None) -> tuple[SheetReading, list[SheetRow]]:
    """Read a CSV file or XLSX workbook; return the meaning of its rows, and the rows themselves.

    Raises `FileRefused` with the reason if the whole file cannot be used.
    """
    rows = rows_in(content_of(path), sheet_name)
    return read_sheet(rows), rows


def content_of(path: Path) -> bytes:
    """Return the file's bytes. Raises `FileRefused` if it cannot be read, is empty or too large."""
    try:
        if path.is_dir():
            raise FileRefused("is a folder")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise FileRefused(error.strerror or str(error)) from error
    if len(data) > MAX_FILE_BYTES:
        raise FileRefused(f"larger than {MAX_FILE_BYTES // 1024**2} MB: split the file")
    if not data.strip():
        raise FileRefused("is empty")
    return data


def rows_in(data: bytes, sheet_name: str | None = None) -> list[SheetRow]:
    """Return the rows of a CSV file or XLSX workbook, recognised by its content. Raises `FileRefused`."""
    if data.startswith(workbooks.ZIP_MAGIC):
        return workbooks.rows_of(data, sheet_name)
    if data.startswith(workbooks.OLD_EXCEL_MAGIC):
        raise FileRefused("is an old .xls or a password-protected workbook: save it as plain .xlsx or .csv")
    if sheet_name is not None:
        raise FileRefused("has no sheets, because it is not an XLSX workbook")
    return csv_text.rows_of(csv_text.decode(data))
