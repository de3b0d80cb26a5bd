"""Files of messages: a folder a bank below the spool, with what goes to the bank and what comes from it.

`out/` is ours to write and the bank's to empty, `in/` the other way round; what was taken from `in/` stands in `done/`
or, with the reason beside it, in `refused/`. Nothing is deleted here.
"""

import asyncio
import errno
import os
import re
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self
from uuid import UUID, uuid4

from adapters.banks.iso20022.document import BODY_MAX_BYTES
from adapters.banks.iso20022.encode import encode_chaser, encode_hold_request
from adapters.banks.iso20022.errors import InvalidMessage
from adapters.banks.iso20022.orders import encode_cancellation, encode_order
from adapters.banks.iso20022.values import case_id, chaser_id, message_id
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
from adapters.transcript import Sending, Transcript
from schemas.enums import ChannelKind
from schemas.orders.orders import BankOrder, cancellation_id

OUT, IN, DONE, REFUSED = "out", "in", "done", "refused"
FILE_SUFFIX: Final = ".xml"
PAPER_SUFFIX: Final = ".pdf"
"""of the paper that goes with an order, which has its message's name"""
REASON_SUFFIX: Final = ".reason.txt"
CANNOT_BE_WRITTEN: Final = "ISO-INVALID"
"""the refusal code of a ticket that these messages cannot carry"""
NAMES_SCANNED_MAX: Final = 10_000
"""of one bank's `in/` in one look: a folder that is flooded must not hold up the others"""
WRITERS: Final = 4
STEM_MAX_BYTES: Final = 200

_CODE: Final = re.compile(r"[A-Z0-9_]{2,20}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file in a bank's `in/` as it looked at one moment: equal looks mean that nobody is writing it."""

    bank_code: str
    path: Path
    modified_at_ns: int
    size_bytes: int
    inode: int


class Spool:
    """The folder of all banks' files. Its methods block on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, bank_code: str, place: str) -> Path:
        """A bank's folder for what goes out, comes in, is done or refused. Raises ValueError for no bank's code."""
        if not _CODE.fullmatch(bank_code):
            raise ValueError("a bank's code names its folder, and this is none")
        return self._folder / bank_code / place

    def put(self, bank_code: str, name: str, body: bytes) -> bytes:
        """Write a file for a bank, whole or not at all; one of that name stays as it is. Raises OSError.

        Returns what the bank finds there.
        """
        folder = self.of(bank_code, OUT)
        # Never the spool itself: where it is gone (a share that is not mounted), nobody would fetch what is written.
        for missing in (folder.parent, folder, self.of(bank_code, IN)):
            missing.mkdir(exist_ok=True)
        path = folder / name
        if path.exists():
            body = path.read_bytes()
        else:
            _write_whole(path, body)
        # Also for a file that is there: the attempt that wrote it may have ended before this.
        _to_disk(folder)
        return body

    def banks(self) -> set[str]:
        """The codes of the banks that have a folder. Raises OSError where the spool is not there."""
        return {path.name for path in self._folder.iterdir() if _CODE.fullmatch(path.name)}

    def waiting(self, bank_code: str) -> list[Sighting]:
        """The messages in a bank's `in/`, the oldest first. Raises OSError where the folder is there and not readable.

        Names that begin with a dot or do not end in .xml are files still being written, or none of ours; links and
        whatever else is no file are left alone.
        """
        folder = self.of(bank_code, IN)
        found: list[Sighting] = []
        try:
            entries = os.scandir(folder)
        except FileNotFoundError:
            return []
        with entries:
            for number, entry in enumerate(entries):
                if number >= NAMES_SCANNED_MAX:
                    break
                if (seen := _sighted(bank_code, entry)) is not None:
                    found.append(seen)
        return sorted(found, key=lambda seen: (seen.modified_at_ns, seen.path.name))

    def holds(self, bank_code: str, path: Path) -> bool:
        """Whether a file lies in the bank's `in/`."""
        return path.resolve().parent == self.of(bank_code, IN).resolve()

    def set_done(self, bank_code: str, path: Path, remark: str = "") -> Path | None:
        """Move a file that was taken to `done/`, with a remark beside it where there is one; see `set_refused`."""
        return _move(path, self.of(bank_code, DONE), remark)

    def set_refused(self, bank_code: str, path: Path, reason: str) -> Path | None:
        """Move a file to `refused/` and write the reason beside it; return where it is. Raises OSError.

        None: somebody else has moved it already.
        """
        return _move(path, self.of(bank_code, REFUSED), reason)


def read_file(path: Path) -> bytes:
    """The bytes of a message, or one more than a message may have. Raises OSError; follows no link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no file")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            return opened.read(BODY_MAX_BYTES + 1)
    finally:
        os.close(descriptor)


class SpoolAdapter:
    """Files in the spool as a `BankAdapter`: a bank has a request as soon as its file stands in the bank's `out/`."""

    def __init__(self, spool: Spool, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`clock`: UTC now."""
        self._spool = spool
        self._clock = clock
        # A disk that hangs must not take the threads in which everything else is done.
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

        BankRefused stands for a ticket that these messages cannot carry: a person must look at it.
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
        """Write the camt.056 of an order, its paper before it; see `OrderTaker`. The same order twice is one file."""
        order, name = ticket.order, message_id(ticket.order.order_id)
        try:
            body = encode_order(
                bank.code, order, created_at=order.ordered_at, bic=bank.bic, with_header=bank.business_header
            )
        except InvalidMessage as error:
            raise BankRefused(bank.code, CANNOT_BE_WRITTEN, str(error)) from error
        with transcribed(ChannelKind.ISO20022) as transcript:
            if ticket.paper_pdf:
                await self._put(bank, f"{name}{PAPER_SUFFIX}", ticket.paper_pdf, timeout_seconds, transcript)
            await self._put(bank, f"{name}{FILE_SUFFIX}", body, timeout_seconds, transcript)
            return Delivery(case_id(order.ack_no, order.order_id), transcript.exchanges)

    async def send_cancellation(self, bank: IsoWay, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """Write the camt.056 that takes an order back; see `CancellationTaker`. Twice is one file."""
        identity = cancellation_id(order.order_id)
        try:
            body = encode_cancellation(bank.code, order, bic=bank.bic, with_header=bank.business_header)
        except InvalidMessage as error:
            raise BankRefused(bank.code, CANNOT_BE_WRITTEN, str(error)) from error
        with transcribed(ChannelKind.ISO20022) as transcript:
            await self._put(bank, f"{message_id(identity)}{FILE_SUFFIX}", body, timeout_seconds, transcript)
            return Delivery(case_id(order.ack_no, identity), transcript.exchanges)

    async def send_chaser(
        self, bank: IsoWay, request_id: UUID, references: Sequence[str], *, asked_at: datetime, timeout_seconds: float
    ) -> None:
        """Write the pacs.028 that asks what became of a request; one for each `asked_at`. Raises as above."""
        try:
            body = encode_chaser(
                bank.code,
                request_id,
                references,
                created_at=asked_at,
                bic=bank.bic,
                with_header=bank.business_header,
            )
        except InvalidMessage as error:
            raise BankRefused(bank.code, CANNOT_BE_WRITTEN, str(error)) from error
        unkept = Transcript(ChannelKind.ISO20022)
        await self._put(bank, f"{chaser_id(request_id, asked_at)}{FILE_SUFFIX}", body, timeout_seconds, unkept)

    async def _put(self, bank: IsoWay, name: str, body: bytes, timeout_seconds: float, transcript: Transcript) -> None:
        work = asyncio.get_running_loop().run_in_executor
        noted = transcript.sends(Sending(f"FILE {bank.code}/{OUT}/{name}", (), body))
        try:
            async with asyncio.timeout(timeout_seconds):
                noted.body = await work(self._threads, self._spool.put, bank.code, name, body)
        except TimeoutError:
            raise BankUnreachable(bank.code, f"the spool did not take it within {timeout_seconds:g} s") from None
        except OSError as error:
            # The text of an OSError has the path in it.
            raise BankUnreachable(
                bank.code, f"the spool: {errno.errorcode.get(error.errno or 0, 'OSError')}"
            ) from error
        except ValueError as error:
            raise BankMisconfigured(bank.code, str(error)) from error


def _write_whole(path: Path, body: bytes) -> None:
    """Write beside `path` under a name that nobody takes up, then give it its name."""
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
    """Have the names in `folder` outlive a power cut."""
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
    """Move `path` into `folder` under a name that is free there; the remark is there before the file is."""
    folder.mkdir(parents=True, exist_ok=True)
    # A name as long as the disk allows leaves no room for what is added to it.
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
