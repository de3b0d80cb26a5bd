"""Reading of a roster of officers: a CSV file with one officer per row."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from domain.spreadsheets import FileRefused
from schemas.officers.officers import OfficerEntry
from workers.importer.complaint_import import decode

FILE_MAX_BYTES: Final = 5 * 1024 * 1024
OFFICERS_MAX: Final = 10_000
FAULTS_SHOWN: Final = 20
LISTS: Final = frozenset({"roles", "districts"})
"""columns with several values, divided by `;`"""
COLUMNS: Final = tuple(OfficerEntry.model_fields)


def read_officers(file: Path) -> list[OfficerEntry]:
    """Return the officers of a file. Raises `FileRefused`: a line for each fault, never with a value of the file."""
    try:
        with file.open("rb") as opened:
            data = opened.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise FileRefused(f"{file}: {error.strerror}") from error
    if len(data) > FILE_MAX_BYTES:
        raise FileRefused(f"{file}: larger than {FILE_MAX_BYTES // 1024**2} MB")
    rows = csv.DictReader(StringIO(decode(data), newline=""), restkey="", strict=True)
    try:
        found, faults = _read(rows)
    except csv.Error as error:
        raise FileRefused(f"{file}: after line {rows.line_num}: {error}") from error
    if faults:
        told = [f"{file}: {fault}" for fault in faults[:FAULTS_SHOWN]]
        raise FileRefused("\n".join([*told, f"{len(faults)} faults in all; nothing was imported"]))
    return found


def _read(rows: "csv.DictReader[str]") -> tuple[list[OfficerEntry], list[str]]:
    faults = list(_faults_of_head(rows.fieldnames or ()))
    found: dict[str, OfficerEntry] = {}
    for row in () if faults else rows:
        if len(found) >= OFFICERS_MAX:
            faults.append(f"more than {OFFICERS_MAX:,} officers: split the file")
            break
        if not any(value for value in row.values()):
            continue
        try:
            entry = OfficerEntry.model_validate(_cells(row))
        except ValidationError as error:
            mistakes = error.errors(include_input=False, include_url=False)
            faults += [f"line {rows.line_num}: {mistake['loc'][0]}: {mistake['msg']}" for mistake in mistakes]
            continue
        if entry.officer_id in found:
            faults.append(f"line {rows.line_num}: officer_id: stands in an earlier line too")
        found[entry.officer_id] = entry
    return list(found.values()), faults


def _faults_of_head(names: Sequence[str]) -> Iterator[str]:
    known = [name.strip().lower() for name in names]
    for name in ("officer_id", "name"):
        if name not in known:
            yield f"line 1: the column {name} is missing"
    for place, name in enumerate(known, 1):
        if name not in COLUMNS:
            yield f"line 1: column {place} is none of {', '.join(COLUMNS)}"
        elif known.index(name) != place - 1:
            yield f"line 1: the column {name} stands twice"


def _cells(row: Mapping[str, str | list[str] | None]) -> dict[str, object]:
    """Return the cells that are not empty, by column. A cell beyond the last column has no name."""
    cells: dict[str, object] = {}
    for name, value in row.items():
        column = name.strip().lower()
        if not isinstance(value, str):
            if value:
                cells["beyond the last column"] = ""
        elif column in LISTS:
            cells[column] = [part.strip() for part in value.split(";") if part.strip()]
        elif value.strip():
            cells[column] = value.strip()
    return cells
