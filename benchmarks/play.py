"""Play a simulated day for a benchmark, and detect when the engine had nothing left to do."""

import time
from dataclasses import dataclass

from benchmarks.measuring import Progress
from db.recovery.due_list import Backlog
from workers.demo.play import DayPlan, DayState, Played, play
from workers.number_text import duration
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

    def owed(found: Backlog) -> None:
        progress.tick(f"{found.rows} pieces of work due in restorations")

    played = await play(stack, plan, limit_seconds, seen, owed)
    return PlayedDay(played, began, busy_until)
