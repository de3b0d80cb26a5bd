"""Faults of banks, in replies and in what they post.

Faults of single banks: failing connections, and posts that the police must refuse. Off unless set. `Knobs` are the
mistakes of a whole world and change the *content* of messages. These faults belong to one bank each and change mostly
their *delivery*. A bank does not lose its answer through them: a correct post follows each faulty one.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from simulator.banks.messages import BankMessage, Sealed
from simulator.clock import chance, stream
from simulator.net.http_client import Answer, HttpClient, HttpClientError
from simulator.wires.i4c import paise, rupees
from simulator.world.bank_model import OK, RowKind

Rate = Annotated[float, Field(ge=0, le=1)]
WrittenRow = dict[str, object]
Kind = TypeVar("Kind", bound=StrEnum)

HUGE_REPLY_BYTES: Final = 8 << 20
HUGE_POST_BYTES: Final = 6 << 20
"""more than the police accept. With a much larger body, the connection is cut before the refusal is read"""
PIECE_BYTES: Final = 7
"""bytes that a slow connection sends at once"""
TIME_FORM: Final = "%Y-%m-%d %H:%M:%S"


class Reply(StrEnum):
    """Fault of a reply to a request at the bank's endpoint."""

    HALF_OPEN = "half_open"
    """the connection is accepted and the request read, but no reply is sent; no ticket is opened"""
    TORN = "torn_reply"
    """the ticket is opened, and the connection is cut in the middle of the reply"""
    SLOW = "slow_reply"
    """the ticket is opened, but the reply is late"""
    DRIPPED = "dripped_reply"
    """the reply comes a few bytes at a time"""
    HUGE = "huge_reply"
    """the reply is very long"""
    CHARSET = "odd_charset_reply"
    """the reply is in UTF-16"""


class FaultyPost(StrEnum):
    """A faulty post that the police must refuse or ignore, before the correct post comes."""

    SIGNATURE = "bad_signature"
    """signed with another bank's key; if the bank does not sign, encrypted with another key"""
    CLOCK = "skewed_signature"
    """signed twenty minutes before it is sent; on the I4C wire, which has no signing time, simply sent twice"""
    REPLAYED = "replayed_post"
    """the same bytes as an accepted post, sent again after it"""
    HUGE = "huge_post"
    CHARSET = "odd_charset_post"
    """the envelope's content is in UTF-16, whatever the header says"""
    CUT = "cut_post"
    """the connection is cut in the middle of the body"""
    DRIPPED = "dripped_post"
    """the correct post, a few bytes at a time"""


class Faults(BaseModel):
    """Faults of one bank.

    Rates are per request (its endpoint) or per post (its answers); the first in order applies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    half_open: Rate = 0.0
    torn_reply: Rate = 0.0
    slow_reply: Rate = 0.0
    dripped_reply: Rate = 0.0
    huge_reply: Rate = 0.0
    odd_charset_reply: Rate = 0.0
    first_calls: Annotated[int, Field(ge=1)] | None = None
    """the endpoint's faults end after so many requests; None: they do not end"""
    half_open_wall_seconds: Annotated[float, Field(gt=0)] = 30.0
    slow_wall_seconds: Annotated[float, Field(ge=0)] = 2.0

    bad_signature: Rate = 0.0
    skewed_signature: Rate = 0.0
    replayed_post: Rate = 0.0
    huge_post: Rate = 0.0
    odd_charset_post: Rate = 0.0
    cut_post: Rate = 0.0
    dripped_post: Rate = 0.0

    overstated_hold: Rate = 0.0
    """a hold row reports `overstate_factor` times the amount held"""
    overstate_factor: Annotated[int, Field(ge=2, le=1000)] = 3
    skewed_clock: Rate = 0.0
    """the times of a post's rows are wrong by `skew_seconds`"""
    skew_seconds: int = 36_000


@dataclass
class FaultBook:
    """Faults of every bank, the faults drawn so far, and the police's replies to faulty posts."""

    seed: int
    by_bank: dict[str, Faults] = field(default_factory=dict)
    refusals: Counter[tuple[str, int]] = field(default_factory=Counter)
    """by faulty post and HTTP status; 0: no reply"""
    drawn: Counter[str] = field(default_factory=Counter)
    _calls: Counter[str] = field(default_factory=Counter)

    def put(self, bank: str, faults: Faults) -> None:
        """Replace a bank's faults."""
        self.by_bank[bank] = faults
        self._calls[bank] = 0

    def of_call(self, bank: str) -> Reply | None:
        """Return the fault of this request at the bank's endpoint, if any."""
        faults = self.by_bank.get(bank)
        if faults is None:
            return None
        self._calls[bank] += 1
        number = self._calls[bank]
        if faults.first_calls is not None and number > faults.first_calls:
            return None
        return self._first(Reply, faults, bank, number)

    def of_post(self, bank: str, key: str) -> FaultyPost | None:
        """Return the faulty post that goes with this post, if any; `key` identifies the bank's post."""
        faults = self.by_bank.get(bank)
        return None if faults is None else self._first(FaultyPost, faults, bank, key)

    def with_faults(self, bank: str, key: str, rows: Sequence[WrittenRow]) -> list[WrittenRow]:
        """Return a post's rows as a bank with a wrong clock or exaggerated amounts writes them."""
        faults = self.by_bank.get(bank)
        if faults is None:
            return list(rows)
        skewed = self._drawn(faults.skewed_clock, "skewed_clock", bank, key)
        values = [_skewed(row, faults.skew_seconds) for row in rows] if skewed else list(rows)
        if self._drawn(faults.overstated_hold, "overstated_hold", bank, key):
            values = [_overstated(row, faults.overstate_factor) for row in values]
        return values

    def answered(self, foul: FaultyPost, status: int) -> None:
        """Record the police's reply to a faulty post."""
        self.refusals[foul.value, status] += 1

    def figures(self) -> dict[str, Any]:
        """Return the faults drawn, and the replies to faulty posts (count by status, by fault)."""
        taken: dict[str, dict[str, int]] = {}
        for (foul, status), count in sorted(self.refusals.items()):
            taken.setdefault(foul, {})[str(status)] = count
        return {"drawn": dict(self.drawn), "foul_tries": taken}

    def _first(self, kinds: type[Kind], faults: Faults, bank: str, key: int | str) -> Kind | None:
        return next((kind for kind in kinds if self._drawn(getattr(faults, kind.value), kind.value, bank, key)), None)

    def _drawn(self, rate: float, name: str, bank: str, key: int | str) -> bool:
        happens = chance(self.seed, rate, name, bank, key)
        self.drawn[name] += happens
        return happens


def drawn_faults(seed: int, bank: str) -> Faults:
    """Return random faults of one bank: its endpoint fails a few times at most, its posts at random."""
    rng = stream(seed, "faults", bank)
    values: dict[str, float | int] = {"first_calls": rng.randint(1, 4), "slow_wall_seconds": 0.5}
    values |= {kind.value: rng.random() / 2 for kind in rng.sample(list(Reply), 2)}
    values |= {kind.value: rng.random() / 3 for kind in rng.sample(list(FaultyPost), 3)}
    values |= {"overstated_hold": rng.random() / 3, "overstate_factor": rng.randint(2, 50)}
    values |= {"skewed_clock": rng.random() / 3, "skew_seconds": rng.randint(-86_400, 86_400)}
    return Faults.model_validate(values)


def _skewed(row: WrittenRow, seconds: int) -> WrittenRow:
    try:
        moment = datetime.strptime(str(row["transaction_datetime"]), TIME_FORM)  # noqa: DTZ007 - as it is written
    except ValueError:
        return row
    return row | {"transaction_datetime": f"{moment + timedelta(seconds=seconds):{TIME_FORM}}"}


def _overstated(row: WrittenRow, factor: int) -> WrittenRow:
    if row.get("txn_type_id") != int(RowKind.HOLD) or row.get("status_code") != OK:
        return row
    values = rupees(paise(row["disputed_amount"]) * factor)
    return row | {"amount": values, "disputed_amount": values}


NO_ANSWER = 0
DRIPS = 20
DRIP_WALL_SECONDS = 0.1
ANSWER_WALL_SECONDS = 20.0


async def send_faulty(line: HttpClient, url: str, foul: FaultyPost, true: Sealed) -> int:
    """Send `true`, which `with_fault` has made faulty; return the HTTP status, or `NO_ANSWER`."""
    try:
        if foul in {FaultyPost.CUT, FaultyPost.DRIPPED}:
            async with asyncio.timeout(ANSWER_WALL_SECONDS):
                return await _by_hand(url, true, cut=foul is FaultyPost.CUT)
        answer: Answer = await line.request("POST", true.path, headers=true.headers, body=true.body)
    except (HttpClientError, OSError, TimeoutError):
        return NO_ANSWER
    return answer.status


def with_fault(foul: FaultyPost, url: str, message: BankMessage) -> Sealed:
    """Return the answer with the fault in it. A fault of delivery only leaves the content correct."""
    match foul:
        case FaultyPost.SIGNATURE:
            return message.seal_with_other_keys(url, message.plain)
        case FaultyPost.CLOCK:
            return message.seal_with_wrong_time(url, message.plain)
        case FaultyPost.CHARSET:
            return message.seal(url, message.plain.decode().encode("utf-16"))
        case FaultyPost.HUGE:
            true = message.seal(url, message.plain)
            return replace(true, body=true.body + b" " * HUGE_POST_BYTES)
        case _:
            return message.seal(url, message.plain)


async def _by_hand(url: str, true: Sealed, *, cut: bool) -> int:
    """Send the post over a separate connection: cut in the middle of the body, or slowly to its end."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        all_headers = {"host": f"{parts.hostname}:{parts.port}", "content-length": str(len(true.body)), **true.headers}
        lines = [f"POST {true.path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        size = len(true.body) // DRIPS + 1
        for start in range(0, len(true.body) // 2 if cut else len(true.body), size):
            writer.write(true.body[start : start + size])
            await writer.drain()
            await asyncio.sleep(DRIP_WALL_SECONDS)
        if cut:
            return NO_ANSWER
        status = (await reader.readline()).split()
        return int(status[1]) if len(status) > 1 else NO_ANSWER
    finally:
        writer.close()
