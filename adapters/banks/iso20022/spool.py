"""Files of messages: one folder per bank below the spool.

We write `out/` and the bank empties it; the bank writes `in/` and we empty it. A processed file moves to `done/` or,
with the reason beside it, to `refused/`. Nothing is deleted here.
"""

import asyncio
import errno
import os
import re
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self
from uuid import UUID, uuid4

from adapters.banks.iso20022.document import BODY_MAX_BYTES, InvalidMessage
from adapters.banks.iso20022.encode import encode_hold_request, encode_reminder
from adapters.banks.iso20022.orders import encode_cancellation, encode_order
from adapters.banks.iso20022.values import case_id, message_id, reminder_id
from adapters.banks.protocol import (
    BankMisconfigured,
    BankRefused,
    BankUnreachable,
    Delivery,
    HoldTicket,
    IsoWay,
    OrderTicket,
    transcribed,
)
from adapters.clock import wall_clock
from adapters.transcript import Sending, Transcript
from schemas.enums import ChannelKind
from schemas.recovery.orders import BankOrder, cancellation_id

OUT, IN, DONE, REFUSED = "out", "in", "done", "refused"
FILE_SUFFIX: Final = ".xml"
DOCUMENT_SUFFIX: Final = ".pdf"
"""suffix of the document of an order; the file has the name of its message"""
REASON_SUFFIX: Final = ".reason.txt"
CANNOT_BE_WRITTEN: Final = "ISO-INVALID"
"""refusal code of a ticket that these messages cannot carry"""
NAMES_SCANNED_MAX: Final = 10_000
"""names read in one bank's `in/` per scan, so that a flooded folder does not delay the other banks"""
WRITERS: Final = 4
STEM_MAX_BYTES: Final = 200

_CODE: Final = re.compile(r"[A-Z0-9_]{2,20}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file in a bank's `in/` at one moment. Two equal sightings mean that it is no longer being written."""

    bank_code: str
    path: Path
    modified_at_ns: int
    size_bytes: int
    inode: int


class Spool:
    """Folder of the files of all banks. Its methods block on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, bank_code: str, place: str) -> Path:
        """Return a bank's folder OUT, IN, DONE or REFUSED. Raises ValueError for an invalid bank code."""
        if not _CODE.fullmatch(bank_code):
            raise ValueError("this is not a bank code, so it cannot name a folder")
        return self._folder / bank_code / place

    def put(self, bank_code: str, name: str, body: bytes) -> bytes:
        """Write a file for a bank completely or not at all, and return the content of the file.

        An existing file of that name is not changed. Raises OSError.
        """
        folder = self.of(bank_code, OUT)
        # The spool itself is never created: if it is missing (a share that is not mounted), the file would reach no
        # bank.
        for missing in (folder.parent, folder, self.of(bank_code, IN)):
            missing.mkdir(exist_ok=True)
        path = folder / name
        if path.exists():
            body = path.read_bytes()
        else:
            _write_whole(path, body)
        # An existing file is synced too, because the attempt that wrote it may have ended before the sync.
        _to_disk(folder)
        return body

    def banks(self) -> set[str]:
        """Return the codes of the banks that have a folder. Raises OSError if the spool is missing."""
        return {path.name for path in self._folder.iterdir() if _CODE.fullmatch(path.name)}

    def waiting(self, bank_code: str) -> list[Sighting]:
        """Return the messages in a bank's `in/`, the oldest first.

        Names that start with a dot or do not end in .xml are skipped: they are still being written or are not messages.
        Links and other non-files are skipped too. Raises OSError if the folder exists and is not readable.
        """
        folder = self.of(bank_code, IN)
        sightings: list[Sighting] = []
        try:
            entries = os.scandir(folder)
        except FileNotFoundError:
            return []
        with entries:
            for number, entry in enumerate(entries):
                if number >= NAMES_SCANNED_MAX:
                    break
                if (seen := _sighted(bank_code, entry)) is not None:
                    sightings.append(seen)
        return sorted(sightings, key=lambda seen: (seen.modified_at_ns, seen.path.name))

    def holds(self, bank_code: str, path: Path) -> bool:
        """Return whether a file lies in the bank's `in/`."""
        return path.resolve().parent == self.of(bank_code, IN).resolve()

    def set_done(self, bank_code: str, path: Path, remark: str = "") -> Path | None:
        """Move a processed file to `done/`, with the remark, if any, beside it; see `set_refused`."""
        return _move(path, self.of(bank_code, DONE), remark)

    def set_refused(self, bank_code: str, path: Path, reason: str) -> Path | None:
        """Move a file to `refused/`, write the reason beside it, and return its new path.

        Returns None if the file is already gone. Raises OSError.
        """
        return _move(path, self.of(bank_code, REFUSED), reason)


def read_file(path: Path) -> bytes:
    """Return the bytes of a message, at most one more than allowed. Raises OSError; follows no link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            return opened.read(BODY_MAX_BYTES + 1)
    finally:
        os.close(descriptor)


class SpoolAdapter:
    """Files in the spool as a `BankAdapter`.

    A bank has a request as soon as its file stands in the bank's `out/`.
    """

    def __init__(self, spool: Spool, clock: Callable[[], datetime] = wall_clock) -> None:
        """Use `clock` for UTC now."""
        self._spool = spool
        self._clock = clock
        # Own threads, so that a disk that hangs does not block the default threads.
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="spool")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Start no further write."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send_hold_request(self, bank: IsoWay, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Write the camt.056 of `ticket`; see `BankAdapter.send_hold_request`. The same ticket twice is one file.

        A ticket that these messages cannot carry raises BankRefused, so that an officer looks at it.
        """
        try:
            body = encode_hold_request(
                bank.code,
                ticket,
                created_at=ticket.requested_at or self._clock(),
                bic=bank.bic,
                with_header=bank.business_header,
            )
            job_id = case_id(ticket.ack_no, ticket.request_id)
        except InvalidMessage as error:
            raise BankRefused(bank.code, CANNOT_BE_WRITTEN, str(error)) from error
        with transcribed(ChannelKind.ISO20022) as transcript:
            await self._put(bank, f"{message_id(ticket.request_id)}{FILE_SUFFIX}", body, timeout_seconds, transcript)
            return Delivery(job_id, transcript.exchanges)

    async def send_order(self, bank: IsoWay, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        """Write the document of an order, then its camt.056; see `OrderTaker`. The same order twice is one file."""
        order, name = ticket.order, message_id(ticket.order.order_id)
        try:
            body = encode_order(
                bank.code, order, created_at=order.ordered_at, bic=bank.bic, with_header=bank.business_header
            )
        except InvalidMessage as error:
            raise BankRefused(bank.code, CANNOT_BE_WRITTEN, str(error)) from error
        with transcribed(ChannelKind.ISO20022) as transcript:
            if ticket.document_pdf:
                await self._put(bank, f"{name}{DOCUMENT_SUFFIX}", ticket.document_pdf, timeout_seconds, transcript)
            await self._put(bank, f"{name}{FILE_SUFFIX}", body, timeout_seconds, transcript)
            return Delivery(case_id(order.ack_no, order.order_id), transcript.exchanges)

    async def send_cancellation(self, bank: IsoWay, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """Write the camt.056 that cancels an order; see `CancellationTaker`. The same one twice is one file."""
        identity = cancellation_id(order.order_id)
        try:
            body = encode_cancellation(bank.code, order, bic=bank.bic, with_header=bank.business_header)
        except InvalidMessage as error:
            raise BankRefused(bank.code, CANNOT_BE_WRITTEN, str(error)) from error
        with transcribed(ChannelKind.ISO20022) as transcript:
            await self._put(bank, f"{message_id(identity)}{FILE_SUFFIX}", body, timeout_seconds, transcript)
            return Delivery(case_id(order.ack_no, identity), transcript.exchanges)

    async def send_reminder(
        self, bank: IsoWay, request_id: UUID, references: Sequence[str], *, asked_at: datetime, timeout_seconds: float
    ) -> None:
        """Write the pacs.028 that reminds of a request, one for each `asked_at`. Raises like `send_hold_request`."""
        try:
            body = encode_reminder(
                bank.code,
                request_id,
                references,
                created_at=asked_at,
                bic=bank.bic,
                with_header=bank.business_header,
            )
        except InvalidMessage as error:
            raise BankRefused(bank.code, CANNOT_BE_WRITTEN, str(error)) from error
        unrecorded = Transcript(ChannelKind.ISO20022)
        await self._put(bank, f"{reminder_id(request_id, asked_at)}{FILE_SUFFIX}", body, timeout_seconds, unrecorded)

    async def _put(self, bank: IsoWay, name: str, body: bytes, timeout_seconds: float, transcript: Transcript) -> None:
        work = asyncio.get_running_loop().run_in_executor
        noted = transcript.sends(Sending(f"FILE {bank.code}/{OUT}/{name}", (), body))
        try:
            async with asyncio.timeout(timeout_seconds):
                noted.body = await work(self._threads, self._spool.put, bank.code, name, body)
        except TimeoutError:
            raise BankUnreachable(bank.code, f"the spool did not store the file within {timeout_seconds:g} s") from None
        except OSError as error:
            # The text of an OSError holds the path.
            raise BankUnreachable(
                bank.code, f"the spool: {errno.errorcode.get(error.errno or 0, 'OSError')}"
            ) from error
        except ValueError as error:
            raise BankMisconfigured(bank.code, str(error)) from error


def _write_whole(path: Path, body: bytes) -> None:
    """Write a temporary file beside `path`, which no reader picks up, then rename it."""
    beside = path.with_name(f".{uuid4().hex}.tmp")
    try:
        with beside.open("xb") as opened:
            opened.write(body)
            opened.flush()
            os.fsync(opened.fileno())
        beside.rename(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _to_disk(folder: Path) -> None:
    """Sync `folder`, so that its names survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sighted(bank_code: str, entry: "os.DirEntry[str]") -> Sighting | None:
    if entry.name.startswith(".") or not entry.name.lower().endswith(FILE_SUFFIX):
        return None
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        seen = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Sighting(bank_code, Path(entry.path), seen.st_mtime_ns, seen.st_size, seen.st_ino)


def _move(path: Path, folder: Path, remark: str) -> Path | None:
    """Move `path` into `folder` under a free name and return the new path. The remark is written first."""
    folder.mkdir(parents=True, exist_ok=True)
    # A name as long as the disk allows leaves no room for a suffix.
    stem = os.fsdecode(os.fsencode(path.stem)[:STEM_MAX_BYTES])
    target = folder / f"{stem}{path.suffix}"
    number = 1
    while target.exists() or _remark_of(target).exists():
        number += 1
        target = folder / f"{stem}.{number}{path.suffix}"
    if remark:
        _write_whole(_remark_of(target), f"{remark}\n".encode())
    try:
        path.rename(target)
    except FileNotFoundError:
        if remark:
            _remark_of(target).unlink()
        return None
    _to_disk(folder)
    return target


def _remark_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{REASON_SUFFIX}")
