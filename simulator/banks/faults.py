"""Faults of single banks: lines that fail half-way, and posts the police must refuse by name. Off unless set.

`Knobs` are the traps of a whole world and change what is *said*; these belong to one bank each and change mostly *how*
it is said. A bank does not lose its answer to them: whatever foul try comes first, the true post follows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from simulator.seeds import chance, stream
from simulator.wires.i4c import paise, rupees
from simulator.world.bank_model import OK, RowKind

Rate = Annotated[float, Field(ge=0, le=1)]
WrittenRow = dict[str, object]
Kind = TypeVar("Kind", bound=StrEnum)

HUGE_REPLY_BYTES: Final = 8 << 20
HUGE_POST_BYTES: Final = 6 << 20
"""more than the police take; a body much larger still has its line cut before the refusal is read"""
PIECE_BYTES: Final = 7
"""what a slow line carries at once"""
TIME_FORM: Final = "%Y-%m-%d %H:%M:%S"


class Reply(StrEnum):
    """What goes wrong with the reply to a request at the bank's door."""

    HALF_OPEN = "half_open"
    """the connection is taken, the request read, and nothing ever said; no ticket is opened"""
    TORN = "torn_reply"
    """the ticket is opened, and the line cut in the middle of the reply"""
    SLOW = "slow_reply"
    """the ticket is opened, the reply comes late"""
    DRIPPED = "dripped_reply"
    """the reply comes a few bytes at a time"""
    HUGE = "huge_reply"
    """the reply does not end for a long while"""
    CHARSET = "odd_charset_reply"
    """the reply is in UTF-16"""


class Foul(StrEnum):
    """A try at the police's door that must be refused, or change nothing, before the true post comes."""

    SIGNATURE = "bad_signature"
    """signed with another bank's key; where the bank signs nothing, sealed with another key"""
    CLOCK = "skewed_signature"
    """signed twenty minutes before it is sent; on the I4C wire, where nothing says when, simply said twice"""
    REPLAYED = "replayed_post"
    """the very bytes of a post that was taken, once more (after it)"""
    HUGE = "huge_post"
    CHARSET = "odd_charset_post"
    """the envelope's content is in UTF-16, whatever the header says"""
    CUT = "cut_post"
    """the line is cut in the middle of the body"""
    DRIPPED = "dripped_post"
    """the true post, a few bytes at a time"""


class Faults(BaseModel):
    """One bank's faults. Rates are by request (its door) or by post (its answers); what comes first in order wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    half_open: Rate = 0.0
    torn_reply: Rate = 0.0
    slow_reply: Rate = 0.0
    dripped_reply: Rate = 0.0
    huge_reply: Rate = 0.0
    odd_charset_reply: Rate = 0.0
    first_calls: Annotated[int, Field(ge=1)] | None = None
    """the door's faults end after so many requests at the door; None: they do not"""
    half_open_wall_seconds: Annotated[float, Field(gt=0)] = 30.0
    slow_wall_seconds: Annotated[float, Field(ge=0)] = 2.0

    bad_signature: Rate = 0.0
    skewed_signature: Rate = 0.0
    replayed_post: Rate = 0.0
    huge_post: Rate = 0.0
    odd_charset_post: Rate = 0.0
    cut_post: Rate = 0.0
    dripped_post: Rate = 0.0

    boasted_hold: Rate = 0.0
    """a hold row says `boast_factor` times what is held"""
    boast_factor: Annotated[int, Field(ge=2, le=1000)] = 3
    skewed_clock: Rate = 0.0
    """the times of a post's rows are `skew_seconds` off"""
    skew_seconds: int = 36_000


@dataclass
class FaultBook:
    """The faults of every bank, what was drawn of them, and how the police took the foul tries."""

    seed: int
    by_bank: dict[str, Faults] = field(default_factory=dict)
    refusals: Counter[tuple[str, int]] = field(default_factory=Counter)
    """by foul try and HTTP status; 0: no answer at all"""
    drawn: Counter[str] = field(default_factory=Counter)
    _calls: Counter[str] = field(default_factory=Counter)

    def put(self, bank: str, faults: Faults) -> None:
        """Give a bank these faults from now on, in place of those it had."""
        self.by_bank[bank] = faults
        self._calls[bank] = 0

    def of_call(self, bank: str) -> Reply | None:
        """What goes wrong with this request at the bank's door."""
        faults = self.by_bank.get(bank)
        if faults is None:
            return None
        self._calls[bank] += 1
        number = self._calls[bank]
        if faults.first_calls is not None and number > faults.first_calls:
            return None
        return self._first(Reply, faults, bank, number)

    def of_post(self, bank: str, key: str) -> Foul | None:
        """The foul try that goes with this post; `key` tells the bank's posts apart."""
        faults = self.by_bank.get(bank)
        return None if faults is None else self._first(Foul, faults, bank, key)

    def bent(self, bank: str, key: str, rows: Sequence[WrittenRow]) -> list[WrittenRow]:
        """A post's rows as a bank with a wrong clock, or a boastful one, writes them."""
        faults = self.by_bank.get(bank)
        if faults is None:
            return list(rows)
        skewed = self._drawn(faults.skewed_clock, "skewed_clock", bank, key)
        told = [_skewed(row, faults.skew_seconds) for row in rows] if skewed else list(rows)
        if self._drawn(faults.boasted_hold, "boasted_hold", bank, key):
            told = [_boasted(row, faults.boast_factor) for row in told]
        return told

    def answered(self, foul: Foul, status: int) -> None:
        """The police's answer to a foul try."""
        self.refusals[foul.value, status] += 1

    def figures(self) -> dict[str, Any]:
        """What was drawn, and how foul tries were taken (`status by try`)."""
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
    """Faults of one bank at random: its line fails a few times at most, its posts and its words as it comes."""
    rng = stream(seed, "faults", bank)
    told: dict[str, float | int] = {"first_calls": rng.randint(1, 4), "slow_wall_seconds": 0.5}
    told |= {kind.value: rng.random() / 2 for kind in rng.sample(list(Reply), 2)}
    told |= {kind.value: rng.random() / 3 for kind in rng.sample(list(Foul), 3)}
    told |= {"boasted_hold": rng.random() / 3, "boast_factor": rng.randint(2, 50)}
    told |= {"skewed_clock": rng.random() / 3, "skew_seconds": rng.randint(-86_400, 86_400)}
    return Faults.model_validate(told)


def _skewed(row: WrittenRow, seconds: int) -> WrittenRow:
    try:
        moment = datetime.strptime(str(row["transaction_datetime"]), TIME_FORM)  # noqa: DTZ007 - as it is written
    except ValueError:
        return row
    return row | {"transaction_datetime": f"{moment + timedelta(seconds=seconds):{TIME_FORM}}"}


def _boasted(row: WrittenRow, factor: int) -> WrittenRow:
    if row.get("txn_type_id") != int(RowKind.HOLD) or row.get("status_code") != OK:
        return row
    told = rupees(paise(row["disputed_amount"]) * factor)
    return row | {"amount": told, "disputed_amount": told}
