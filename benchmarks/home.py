"""Home, aims and play of benchmarks.

`goldenhour bench home`: the engine's own share of the time from money on hold to the credit. A day with officers,
courts, account holders and banks that carry out orders. There are no mistakes in the trail, so that every delay of a
step is the engine's. A day of procedures passes in three seconds, and banks use every channel, because the one of
incidents carries no orders. The waits of the law, of people and of banks are left out: each step counts from the moment
at which only the engine had to act.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from benchmarks.aims import Aim, at_least, at_most, exactly
from benchmarks.measuring import Progress, baseline, finish, machine, memory_mib, own_stack, quantiles
from db.recovery.due_documents import Backlog
from db.reporting.engine_waits import engine_waits
from simulator.config import Knobs, SimulatorConfig
from simulator.institutions import build_institutions
from simulator.world.cases import CasePlan, plan_cases
from simulator.world.truth import perfect_truth
from workers.demo.play import DAY_SECONDS, DayPlan, DayState, Played, play
from workers.iso_text import duration
from workers.simulated import SimulatedStack


def _as_text(state: DayState) -> str:
    """Return how far the day is, as a text for people."""
    complaints = state.world.complaints
    parts = [duration(state.elapsed_seconds), f"{complaints.accepted} of {complaints.planned} complaints"]
    if state.world.restoration is not None:
        parts.append(f"{state.world.restoration.under_way} restorations under way, {state.world.orders.open} orders")
    return ", ".join(parts)


@dataclass(frozen=True)
class PlayedDay:
    """A played day, and when its work began and ended, in monotonic seconds."""

    played: Played
    began: float
    busy_until: float
    """when no hop, request or answer was left to send"""

    @property
    def seconds(self) -> float:
        """Time until no hop, request or answer was left to send."""
        return self.busy_until - self.began

    @property
    def ended(self) -> float:
        """When restorations owed nothing either."""
        return self.played.ended

    @property
    def verdict(self) -> str:
        """The result of `verify`: `clean`, or what is wrong."""
        return "clean" if self.played.verdict.clean else self.played.verdict.as_text()

    @property
    def skipped(self) -> int:
        """Complaints that were not accepted, and hops and requests that were not sent."""
        complaints, figures = self.played.state.world.complaints, self.played.state.figures
        return complaints.planned - complaints.accepted + figures.waiting_hops + figures.undelivered


async def play_day(stack: SimulatedStack, plan: DayPlan, limit_seconds: float, progress: Progress) -> PlayedDay:
    """Play until nothing is left to do, or to the limit. The plan says how long restorations are waited for."""
    began = busy_until = time.monotonic()

    def seen(state: DayState) -> None:
        nonlocal busy_until
        if state.engine_busy or state.banks_busy:
            busy_until = time.monotonic()
        progress.tick(_as_text(state))

    def owed(backlog: Backlog) -> None:
        progress.tick(f"{backlog.rows} pieces of work due in restorations")

    played = await play(stack, plan, limit_seconds, seen, owed)
    return PlayedDay(played, began, busy_until)


NOT_OF_THE_WORLD: Final = frozenset(
    {"host", "port", "smtp_port", "police_key", "sms_token", "sms_entity_id", "sms_templates"}
    | {"iso_spool", "authority_file"}
)
DIGEST_LETTERS: Final = 16


def world_digest(config: Mapping[str, Any]) -> str:
    """Return the digest of the world that this configuration plays: knobs, seed, banks, money and complaints.

    It includes what a perfect engine holds in that world, and so the behaviour of the banks. A knob of 0 changes
    nothing.
    """
    checked = SimulatorConfig.model_validate(config)
    institutions = build_institutions(checked)
    plans = plan_cases(checked, institutions)
    truth = perfect_truth(checked, institutions, plans)
    digest = hashlib.sha256(orjson.dumps(_chosen(checked), option=orjson.OPT_SORT_KEYS))
    for bank in institutions:
        digest.update(repr((bank.code, bank.answer_class, bank.channel, bank.weight)).encode())
    for plan in plans:
        for line in _lines(plan):
            digest.update(repr(line).encode())
    held = sorted((case_no, sorted(by_class.items())) for case_no, by_class in truth.held_by_case.items())
    digest.update(repr((truth.hops, held)).encode())
    return digest.hexdigest()[:DIGEST_LETTERS]


def _chosen(config: SimulatorConfig) -> dict[str, Any]:
    """Return the values of the configuration that shape the world."""
    values = config.model_dump(mode="json", exclude=set(NOT_OF_THE_WORLD))
    values["knobs"] = {name: rate for name, rate in values["knobs"].items() if rate}
    return values


def _lines(plan: CasePlan) -> Iterator[tuple[object, ...]]:
    """Yield the accounts, moves and complaints of a case."""
    for account in plan.accounts:
        yield (*account.key, account.holder, account.opening_paise)
    for move in plan.moves:
        yield (move.rrn, move.at, move.kind.value, tuple(move.source), move.amount_paise, move.layer, move.mode)
    for complaint in plan.complaints:
        yield (complaint.key, complaint.at, complaint.first, complaint.posts, complaint.channel, complaint.category)
        for transfer in complaint.transfers:
            yield (transfer.reference, transfer.bank, transfer.vpa, transfer.move.rrn, tuple(transfer.payee.key))


PROCEDURE_CLOCK_FACTOR: Final = 28_800.0
"""a credit takes two minutes and a hold lapses after four; a faster clock would have the holds lapse first"""
END_LIMIT_SECONDS: Final = 120.0
WATCH_SECONDS: Final = 180.0
"""the longest watch of restorations after the day; it ends when no restoration is pending"""
OWED_LIMIT_SECONDS: Final = 60.0
LAST_STEP: Final = "credit_ended"


@dataclass(frozen=True)
class _Plan(DayPlan):
    """A day with a long watch of its restorations."""

    @property
    def restoration_seconds(self) -> float:
        """The longest watch of restorations after the day, in real time."""
        return WATCH_SECONDS


async def main(complaints: int = 12, seconds: float = 20.0, seed: int = 7) -> dict[str, Any]:
    """Play the day and its restorations; return the engine's own seconds by step, and the aims."""
    plan = _Plan(
        complaints,
        seed,
        DAY_SECONDS / seconds,
        seconds,
        PROCEDURE_CLOCK_FACTOR,
        owed_limit_seconds=OWED_LIMIT_SECONDS,
    )
    config = {**plan.config(), "knobs": Knobs.none().model_dump()}
    with Progress("home") as progress:
        async with own_stack(config, progress, with_restorations_played=True) as stack:
            day = await play_day(stack, plan, plan.wall_seconds + plan.tail_seconds + END_LIMIT_SECONDS, progress)
            async with stack.pool.acquire() as connection:
                waits = await engine_waits(connection)
            figures = {
                "complaints": complaints,
                "seed": seed,
                "world": world_digest(config),
                "procedure_clock_factor": PROCEDURE_CLOCK_FACTOR,
                **shares(waits),
                "finished": not day.played.trouble,
                "trouble": day.played.trouble,
                "verify": day.verdict,
                "memory_mib": memory_mib(stack),
            }
        figures |= {"baseline": await baseline(progress), "machine": machine()}
    return finish("home", figures, aims())


def shares(waits: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return the quantiles of the engine's seconds by step, and the slowest step's p99."""
    by_step = {step: quantiles(item) for step, item in sorted(waits.items())}
    return {
        "credited": by_step.get(LAST_STEP, {"count": 0})["count"],
        "own_share_seconds": by_step,
        "own_share_p99_seconds_most": max((item["p99"] for item in by_step.values()), default=None),
    }


def aims() -> list[Aim]:
    """Return the aims."""
    return [
        exactly("finished", True),
        exactly("verify", "clean"),
        at_least("credited", 1),
        at_most("own_share_p99_seconds_most", 60),
    ]
