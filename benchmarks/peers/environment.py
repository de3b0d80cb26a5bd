"""Environment of peers: trees, figures, plays."""

import asyncio
import hashlib
import math
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.measuring import quantiles

LOCK: Final = Path(__file__).with_name("requirements.txt")
DIGEST_LETTERS: Final = 16
STAMP: Final = "complete"
PIP_OPTIONS: Final = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps")


class EnvironmentFailed(Exception):
    """The peers' packages could not be installed; the text has the end of the installer's output."""


def environment_folder() -> Path:
    """Return the folder of the environment for this lock file and this interpreter."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:DIGEST_LETTERS]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "goldenhour" / f"peers-{digest}"


async def peers_python() -> Path:
    """Return the interpreter of the peers' environment; make the environment first if it is not complete."""
    folder = environment_folder()
    python = folder / "bin" / "python"
    if not (folder / STAMP).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        await _run(sys.executable, "-m", "venv", "--clear", str(folder))
        await _run(str(python), "-m", "pip", "install", *PIP_OPTIONS, "-r", str(LOCK))
        (folder / STAMP).touch()
    return python


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise EnvironmentFailed(f"{' '.join(command[:4])} failed:\n{output.decode(errors='replace')[-2000:]}")


BANKS: Final = 8
ROOT_PAISE: Final = 25_000_00
FANOUTS: Final = ((2, 4), (1, 2))
"""least and most accounts to which each account of the first and second layer sent the money, at a bank each"""
AT_ONCE_FROM: Final = 100_000
"""complaints with this number or a greater one are answered at once"""
DELAY: Final = (1.0, 0.3, 0.5, 3.0)
"""median, sigma, least and most seconds of a bank's answer, as in the bench `first-hold`"""
NODE_DIGITS: Final = 5
COMPLAINT_DIGITS: Final = 6


@dataclass(frozen=True)
class Transfer:
    """One transfer, and the transfers with which its payee sent the money on. Without any, the money is held."""

    reference: str
    layer: int
    bank: int
    paise: int
    answer_seconds: float
    moved_on: tuple["Transfer", ...]

    @property
    def account(self) -> str:
        """The payee's account."""
        return f"5{self.reference}"

    def all(self) -> Iterator["Transfer"]:
        """Yield this transfer and all that follow from it."""
        yield self
        for one in self.moved_on:
            yield from one.all()


@lru_cache(maxsize=4096)
def tree(seed: int, complaint: int) -> Transfer:
    """Return the first transfer of a complaint, with all that follow."""
    random = Random(f"{seed}-{complaint}")
    numbers = iter(range(10**NODE_DIGITS))
    at_once = complaint >= AT_ONCE_FROM

    def grow(layer: int, paise: int, bank: int) -> Transfer:
        reference = f"4{complaint:0{COMPLAINT_DIGITS}}{next(numbers):0{NODE_DIGITS}}"
        delay = 0.0 if at_once else _delay(random)
        count = random.randint(*FANOUTS[layer - 1]) if layer <= len(FANOUTS) else 0
        banks = random.sample(range(BANKS), count)
        parts = zip(shares(paise, count), banks, strict=True)
        moved_on = tuple(grow(layer + 1, part, its_bank) for part, its_bank in parts)
        return Transfer(reference, layer, bank, paise, delay, moved_on)

    return grow(1, ROOT_PAISE, random.randrange(BANKS))


def shares(paise: int, count: int) -> list[int]:
    """Return the money in `count` parts; the last one takes what does not divide."""
    if not count:
        return []
    return [paise // count] * (count - 1) + [paise - paise // count * (count - 1)]


def complaint_of(reference: str) -> int:
    """Return the number of the complaint to which a transfer belongs."""
    return int(reference[1 : 1 + COMPLAINT_DIGITS])


def transfer(seed: int, reference: str) -> Transfer:
    """Return the transfer with this reference. Raises `KeyError` if there is none."""
    for one in tree(seed, complaint_of(reference)).all():
        if one.reference == reference:
            return one
    raise KeyError(reference)


def _delay(random: Random) -> float:
    median, sigma, least, most = DELAY
    return min(max(random.lognormvariate(math.log(median), sigma), least), most)


NS_IN_MS: Final = 1_000_000
NS_IN_SECOND: Final = 1_000_000_000


@dataclass(frozen=True)
class Asked:
    """Knowledge of the banks about one transfer; times in monotonic nanoseconds."""

    times: int
    """how often it was asked about; more than once is a repeated request"""
    received_ns: int
    answered_ns: int | None
    """when the bank first tried to send its answer"""
    accepted_ns: int | None
    """when the police accepted the answer"""


Log = Mapping[str, Asked]
"""by the transfer's reference"""


@dataclass(frozen=True)
class Played:
    """One part of a run: the complaints, when each was to be sent, and what the banks saw."""

    seed: int
    scheduled_ns: Mapping[int, int]
    """by the complaint's number"""
    log: Log
    """of these complaints only"""
    recorded: Collection[str]
    """transfers with an answer in the engine's database"""

    @property
    def expected(self) -> set[str]:
        """Transfers that must be asked about."""
        return {one.reference for number in self.scheduled_ns for one in tree(self.seed, number).all()}

    def first_request_ms(self) -> dict[str, float]:
        """Return the quantiles from a complaint's scheduled moment to its first request at a bank."""
        waits = []
        for number, scheduled in self.scheduled_ns.items():
            if (asked := self.log.get(tree(self.seed, number).reference)) is not None:
                waits.append((asked.received_ns - scheduled) / NS_IN_MS)
        return quantiles(waits, 1)

    def next_layer_ms(self) -> dict[str, float]:
        """Return the quantiles from a bank's answer to the request about a transfer that it named."""
        waits = []
        for number in self.scheduled_ns:
            for before in tree(self.seed, number).all():
                answered = self.log[before.reference].answered_ns if before.reference in self.log else None
                if answered is not None:
                    after = [self.log[one.reference] for one in before.moved_on if one.reference in self.log]
                    waits += [(asked.received_ns - answered) / NS_IN_MS for asked in after]
        return quantiles(waits, 1)

    def seconds(self) -> float:
        """Return the time from the first complaint to the last accepted answer."""
        ends = [asked.accepted_ns for asked in self.log.values() if asked.accepted_ns is not None]
        return (max(ends) - min(self.scheduled_ns.values())) / NS_IN_SECOND if ends else 0.0

    def outcome(self) -> dict[str, Any]:
        """Return whether all was asked and answered, how much was asked twice, and what was lost."""
        answered = {reference for reference, asked in self.log.items() if asked.accepted_ns is not None}
        return {
            "requests": len(self.log),
            "finished": answered == self.expected,
            "missing": len(self.expected - answered),
            "asked_twice": sum(asked.times > 1 for asked in self.log.values()),
            "lost": len(answered - set(self.recorded)),
        }


def steady(played: Played) -> dict[str, Any]:
    """Return the figures of complaints at a steady pace."""
    return {
        "first_request_ms": played.first_request_ms(),
        "next_layer_ms": played.next_layer_ms(),
        **played.outcome(),
    }


def rushed(played: Played) -> dict[str, Any]:
    """Return the figures of complaints that all came at once."""
    seconds = played.seconds()
    rate = round(len(played.log) / seconds, 1) if seconds else 0.0
    return {"seconds": round(seconds, 2), "requests_per_second": rate, **played.outcome()}


def cpu_ms(before: Mapping[str, float], after: Mapping[str, float], requests: int) -> dict[str, Any]:
    """Return the processor time of a request by role, and the sum, from two readings in seconds."""
    if not requests:
        return {}
    used = {role: (seconds - before.get(role, 0.0)) * 1000 / requests for role, seconds in after.items()}
    return {
        "cpu_ms_per_request": {role: round(value, 2) for role, value in used.items()},
        "cpu_ms_per_request_total": round(sum(used.values()), 2),
    }


def log_of_bank(rows: Iterable[Mapping[str, Any]]) -> dict[str, Asked]:
    """Return the log that the peers' bank gives."""
    return {
        row["reference"]: Asked(row["times"], row["received_ns"], row["answered_ns"], row["accepted_ns"])
        for row in rows
    }


def log_of_tickets(rows: Iterable[Mapping[str, Any]]) -> dict[str, Asked]:
    """Return the log that the simulator's tickets give. A second ticket about a transfer counts as asked again."""
    log: dict[str, Asked] = {}
    for row in sorted(rows, key=lambda one: int(one["received_ns"])):
        post = row["posts"][0] if row["posts"] else {}
        for reference in row["rrns"]:
            known = log.get(reference)
            times = 1 + row["repeats"]
            log[reference] = (
                Asked(known.times + times, known.received_ns, known.answered_ns, known.accepted_ns)
                if known
                else Asked(times, row["received_ns"], post.get("sent_ns") or None, post.get("accepted_ns"))
            )
    return log
