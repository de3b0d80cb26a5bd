"""Figures of one engine in the comparison, from the log of its banks.

The log is outside of every engine, so all are judged alike.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.measuring import quantiles
from benchmarks.peers.tree import tree

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
        return {transfer.reference for number in self.scheduled_ns for transfer in tree(self.seed, number).all()}

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
                    after = [
                        self.log[transfer.reference] for transfer in before.moved_on if transfer.reference in self.log
                    ]
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
    for row in sorted(rows, key=lambda ticket: int(ticket["received_ns"])):
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
