"""Read files of outsiders, each in a process of its own (`adapters.form_file_process`), and few at once.

A file can fill, stop or end only the process that reads it. That process has no environment of ours, so no secret.
"""

import asyncio
import csv
import io
import json
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from domain.errors.banks import UploadReaderDied, UploadReadersTaken, UploadTooLarge
from domain.spreadsheet_cells import CellFault, text_of

log = logging.getLogger("goldenhour.form_files")

READERS_AT_ONCE: Final = 2
READ_SECONDS: Final = 5.0
"""A reader that has not ended after this time is killed. A good file takes 0.2 s."""
PLACE_SECONDS: Final = 5.0
"""how long a file waits for a place"""
_ROOT: Final = Path(__file__).resolve().parents[1]


def _command() -> list[str]:
    return [sys.executable, "-B", "-m", "adapters.form_file_process"]


class UploadReaders:
    """The readers of one process. A bank has one place at most, so that none takes all."""

    def __init__(self, started: Callable[[Process], None] = lambda _: None) -> None:
        self._started = started
        self._reading: set[str] = set()
        self._changed = asyncio.Condition()

    async def read(self, bank: str, content_type: str, body: bytes) -> str | None:
        """Return the one file in a posted form as CSV text, or None for another body.

        A workbook becomes CSV with numbers and times as a person would type them. A file that is neither is an empty
        text. Raises `UploadTooLarge`, `UploadReaderDied` or `UploadReadersTaken`.
        """
        if not content_type.lower().startswith("multipart/form-data"):
            return None
        async with self._place(bank):
            answer = await self._answer(content_type.encode("latin-1", "replace") + b"\n" + body)
        if answer.get("too_large"):
            raise UploadTooLarge
        if "rows" not in answer:
            return answer.get("text")
        try:
            return _as_csv(answer["rows"])
        except CellFault:
            return ""

    @asynccontextmanager
    async def _place(self, bank: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PLACE_SECONDS), self._changed:
                await self._changed.wait_for(lambda: bank not in self._reading and len(self._reading) < READERS_AT_ONCE)
                self._reading.add(bank)
        except TimeoutError as error:
            raise UploadReadersTaken from error
        try:
            yield
        finally:
            self._reading.discard(bank)
            async with self._changed:
                self._changed.notify_all()

    async def _answer(self, form: bytes) -> dict[str, Any]:
        """Return what a new process reads in the form. Raises `UploadReaderDied` if it has not answered in time."""
        paths = {"PYTHONPATH": str(_ROOT)} | ({"PYTHONPYCACHEPREFIX": sys.pycache_prefix} if sys.pycache_prefix else {})
        process = await asyncio.create_subprocess_exec(*_command(), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=paths)
        self._started(process)
        try:
            async with asyncio.timeout(READ_SECONDS):
                output, _ = await process.communicate(form)
        except TimeoutError as error:
            raise self._died("in time") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise self._died(f"with exit code {process.returncode}")
        answer: dict[str, Any] = json.loads(output)
        return answer

    @staticmethod
    def _died(how: str) -> UploadReaderDied:
        error = UploadReaderDied()
        log.warning("the reader of an uploaded file ended %s: %s", how, error.code)
        return error


def _as_csv(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([_typed(cell) for cell in row] for row in rows)
    return text.getvalue()


def _typed(cell: Any) -> str:
    return f"{datetime.fromisoformat(cell['at']):%d-%m-%Y %H:%M:%S}" if isinstance(cell, dict) else text_of(cell)
