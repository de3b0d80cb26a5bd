"""The process that reads one form with a file of an outsider: it limits itself, reads, writes JSON, and ends.

Standard input has a line with the content type of the form, and then its body. Standard output gets one of:

* `{}`: the form has no file;
* `{"text": …}`: the file is a text; an empty one if it is neither UTF-8 nor a readable workbook;
* `{"rows": …}`: the rows of a workbook, where `{"at": …}` is a time;
* `{"too_large": true}`: the workbook is beyond a limit.

A reader that a file ends has written nothing. No module of models is imported, because that takes longer than to read.
"""

import json
import os
import resource
import sys
from datetime import datetime
from email import message_from_bytes
from email.policy import HTTP
from typing import Any, Final

from adapters.workbook_cells import ZIP_MAGIC, GridLimits, GridRefused, GridTooLarge, chosen, grid_of, opened

MEMORY_MAX_BYTES: Final = 192 * 1024 * 1024
CPU_SECONDS: Final = 4
NICENESS: Final = 10
INBOX_LIMITS: Final = GridLimits(unpacked_bytes=2 * 1024 * 1024, rows=501, columns=20)


def main() -> None:
    """Read standard input under the limits, and write what it has."""
    _limit()
    content_type, _, body = sys.stdin.buffer.read().partition(b"\n")
    json.dump(_read(content_type, body), sys.stdout, default=_other_cell)


def _limit() -> None:
    """Bound memory and processor time, write no file, and let other processes go first."""
    os.nice(NICENESS)
    limits = {resource.RLIMIT_AS: MEMORY_MAX_BYTES, resource.RLIMIT_CPU: CPU_SECONDS}
    limits |= {resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _read(content_type: bytes, body: bytes) -> dict[str, Any]:
    form = message_from_bytes(b"Content-Type: " + content_type + b"\r\n\r\n" + body, policy=HTTP)
    for part in form.walk():
        content = part.get_payload(decode=True)
        if part.get_filename() is not None and isinstance(content, bytes):
            return _rows_in(content) if content.startswith(ZIP_MAGIC) else {"text": _text_in(content)}
    return {}


def _text_in(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def _rows_in(content: bytes) -> dict[str, Any]:
    try:
        with opened(content, INBOX_LIMITS) as workbook:
            return {"rows": grid_of(chosen(workbook, None), INBOX_LIMITS)}
    except GridTooLarge:
        return {"too_large": True}
    except GridRefused:
        return {"text": ""}


def _other_cell(cell: object) -> dict[str, str] | str:
    return {"at": cell.isoformat()} if isinstance(cell, datetime) else str(cell)


if __name__ == "__main__":
    main()
