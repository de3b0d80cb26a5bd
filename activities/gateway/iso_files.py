"""Watcher that takes banks' ISO 20022 files from `in/`, and moves them to `done/` or `refused/`."""

import asyncio
import logging
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from activities.context import Context
from activities.gateway.iso import MessageRefused, MessageTaken, take_message
from adapters.banks.iso20022.spool import Sighting, Spool, read_file
from db.rate_limits import kept_alive, try_to_lock, wait_to_lock
from db.recovery.order_views import WATCH_LOCK
from schemas.case.case_workflow import FollowUp

log = logging.getLogger(__name__)

FILES_A_ROUND: Final = 50
"""per bank, so that a bank that sends thousands of files does not delay the others"""
SET_ASIDE_SECONDS: Final = 10.0
"""wait before retrying a file that could not be taken or moved, as with a full disk or no database"""


@dataclass(frozen=True)
class Outcome:
    """Result of one file. `path` is its new place, or None if another process moved it."""

    path: Path | None
    taken: MessageTaken | None
    reason: str = ""
    """reason of a refusal"""


@dataclass(frozen=True)
class SpoolWatcher:
    """Watches every bank's `in/`. Only one of several workers takes files at a time."""

    ctx: Context
    spool: Spool
    notify: Callable[[FollowUp | None], None]
    """notifies the case's workflow"""
    _seen: dict[Path, Sighting] = field(default_factory=dict)
    _set_aside: dict[Path, float] = field(default_factory=dict)

    async def check_once(self) -> list[Outcome]:
        """Take every file that is unchanged since the last check; return the result of each.

        A new or changed file may still be incomplete.
        """
        ready = await self._complete_files()
        if not ready:
            return []
        async with self.ctx.pool.acquire() as connection:
            if not await try_to_lock(connection, WATCH_LOCK):
                return []
            async with kept_alive(connection):
                outcomes = [await self._take(seen) for seen in ready]
        return [outcome for outcome in outcomes if outcome is not None]

    async def _complete_files(self) -> list[Sighting]:
        """Return the files of every bank that can be taken now, the oldest first."""
        codes = {institution.code for institution in self.ctx.directory.current}
        waiting = await asyncio.to_thread(self._waiting, codes)
        complete: list[Sighting] = []
        for of_bank in waiting:
            complete += [seen for seen in of_bank if self._is_ready(seen)][:FILES_A_ROUND]
        self._seen.clear()
        self._seen.update({seen.path: seen for of_bank in waiting for seen in of_bank})
        for path in set(self._set_aside) - set(self._seen):
            del self._set_aside[path]
        return sorted(complete, key=lambda seen: (seen.modified_at_ns, seen.path.name))

    def _is_ready(self, seen: Sighting) -> bool:
        return self._seen.get(seen.path) == seen and self._set_aside.get(seen.path, 0.0) <= time.monotonic()

    def _waiting(self, codes: Set[str]) -> list[list[Sighting]]:
        """Return the files in each `in/` of these banks; blocks on disk access."""
        by_bank = []
        for code in sorted(self.spool.banks() & codes):
            try:
                by_bank.append(self.spool.waiting(code))
            except OSError as error:
                # One bank's unreadable folder must not delay the answers of other banks.
                log.warning("the spool of %s cannot be read: %s", code, error.strerror)
        return by_bank

    async def _take(self, seen: Sighting) -> Outcome | None:
        try:
            outcome = await take_file(self.ctx, self.spool, seen.bank_code, seen.path)
        except FileNotFoundError:
            return None
        except Exception as error:
            # A faulty file must not stop the others. The log has no error text, because it may repeat the file's
            # content.
            self._set_aside[seen.path] = time.monotonic() + SET_ASIDE_SECONDS
            log.warning("a file of %s is retried later: %s", seen.bank_code, type(error).__name__)
            return None
        if outcome.taken is None:
            log.warning("a file of %s was refused: %s", seen.bank_code, outcome.reason)
        else:
            self.notify(outcome.taken.follow_up)
            log.info("a file of %s: %s", seen.bank_code, outcome.taken.said)
        return outcome


class SpoolBusy(Exception):
    """Another process has been taking files for too long."""


async def take_file_exclusively(
    ctx: Context, spool: Spool | None, bank_code: str, path: Path, *, patience_seconds: float
) -> Outcome:
    """Take one file as `take_file` does, while no other process takes files.

    Raises `SpoolBusy`, the errors of `take_file`, and FileNotFoundError if another process has moved the file
    meanwhile.
    """
    async with ctx.pool.acquire() as connection:
        if not await wait_to_lock(connection, WATCH_LOCK, patience_seconds):
            raise SpoolBusy(SpoolBusy.__doc__)
        async with kept_alive(connection):
            return await take_file(ctx, spool, bank_code, path)


async def take_file(ctx: Context, spool: Spool | None, bank_code: str, path: Path) -> Outcome:
    """Take one file as a statement of that bank; a file in the bank's `in/` is moved out of it.

    Raises the errors of the disk and the database. Taking the same file again gives the same answer.
    """
    body = await asyncio.to_thread(read_file, path)
    try:
        taken = await take_message(ctx, bank_code, body)
    except MessageRefused as refusal:
        place = await _moved(spool, bank_code, path, refused=str(refusal))
        return Outcome(place, None, str(refusal))
    return Outcome(await _moved(spool, bank_code, path, remark="\n".join(taken.doubts)), taken)


async def _moved(
    spool: Spool | None, bank_code: str, path: Path, *, refused: str = "", remark: str = ""
) -> Path | None:
    if spool is None or not spool.holds(bank_code, path):
        return path
    if refused:
        return await asyncio.to_thread(spool.set_refused, bank_code, path, refused)
    return await asyncio.to_thread(spool.set_done, bank_code, path, remark)
