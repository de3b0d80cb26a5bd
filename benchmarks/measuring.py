"""Shared parts of the benchmarks: a separate stack, progress, quantiles, the machine, and the display."""

import platform
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.aims import Aim, with_aims
from benchmarks.bare import BareCase, run_bare
from benchmarks.cost import RESTORATION_PROCESS
from domain.policy.model import PACKAGED_POLICY
from workers.demo.restoration_wait import until_nothing_is_owed
from workers.embedded.temporal import EmbeddedTemporal
from workers.settings import Settings
from workers.simulated import SimulatedStack, simulated_stack
from workers.stack import memory
from workers.temporal import connect

MIB: Final = 1024 * 1024
PROGRESS: Final = Console(stderr=True)
LINE_EVERY_SECONDS: Final = 15.0
QUANTILES: Final = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
BASELINE_CASES: Final = tuple(BareCase(str(number), (1, 3, 4)) for number in range(50))
"""the same work in every run of every benchmark, so that the machine's own speed can be compared"""
MARKS: Final = {True: "met", False: "MISSED", None: "void"}


class Progress:
    """Shows what a benchmark does: one changing line on a terminal, and a line now and then elsewhere."""

    def __init__(self, name: str, console: Console = PROGRESS) -> None:
        self._name = name
        self._console = console
        self._status = console.status(name)
        self._shown_at = float("-inf")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def step(self, text: str) -> None:
        """Show that another step begins."""
        self._shown_at = float("-inf")
        self.tick(text)

    def tick(self, text: str) -> None:
        """Show how far the step is."""
        line = f"{self._name}: {text}"
        if self._console.is_terminal:
            self._status.update(line)
        elif time.monotonic() - self._shown_at >= LINE_EVERY_SECONDS:
            self._shown_at = time.monotonic()
            self._console.print(line, highlight=False)


@asynccontextmanager
async def own_stack(
    config: Mapping[str, Any],
    progress: Progress,
    *,
    with_restoration: bool = True,
    with_restorations_played: bool = False,
    asks_payers_banks: bool = False,
    over_tls: bool = False,
) -> AsyncIterator[SimulatedStack]:
    """Run a stack with a simulator in a temporary folder, whatever the environment's settings name.

    Without `with_restoration` no process works on restorations. With `asks_payers_banks` the policy asks the victims'
    banks too. With `over_tls` there are the hosts for browsers too.
    """
    with tempfile.TemporaryDirectory(prefix="goldenhour-bench-") as home:
        settings = Settings().embedded(Path(home))
        if asks_payers_banks:
            settings = settings.model_copy(update={"policy_file": _asking_policy(Path(home))})

        def report_step(step: str) -> None:
            progress.step(f"starting {step}")

        async with simulated_stack(
            settings,
            config,
            # Most orders to banks go by the channels that an incident does not need.
            every_channel=with_restorations_played,
            with_restorations=with_restorations_played,
            over_tls=over_tls,
            report_step=report_step,
        ) as stack:
            if not with_restoration:
                await stack.supervisor.stop(RESTORATION_PROCESS)
            yield stack


def _asking_policy(folder: Path) -> Path:
    """Write the product's policy with its switch for the victims' banks on; return the file."""
    text = PACKAGED_POLICY.read_text(encoding="utf-8")
    assert text.count(_SWITCHED_OFF) == 1, "one switch of the policy is off"
    file = folder / "policy.toml"
    file.write_text(text.replace(_SWITCHED_OFF, "ask = true\n"), encoding="utf-8")
    return file


_SWITCHED_OFF = "ask = false\n"


async def nothing_owed(stack: SimulatedStack, progress: Progress) -> str:
    """Wait until restorations owe nothing; return what they still owe when time is up, or an empty text."""
    progress.step("waiting for restorations")
    return await until_nothing_is_owed(
        stack.pool, show=lambda owed: progress.tick(f"{owed.rows} pieces of work due in restorations")
    )


async def bare_seconds(cases: Sequence[BareCase], progress: Progress) -> float:
    """Return how long the batches of these cases take as bare Temporal workflows, on a server of their own."""
    progress.step("bare Temporal")
    with tempfile.TemporaryDirectory(prefix="goldenhour-bench-") as folder:
        async with EmbeddedTemporal(Path(folder) / "temporal.db") as server:
            client = await connect(server.address, server.namespace)
            return await run_bare(client, cases)


async def baseline(progress: Progress) -> dict[str, Any]:
    """Return the machine's speed in this run: the rate of the same small work as bare Temporal workflows."""
    requests = sum(sum(case.batches) for case in BASELINE_CASES)
    seconds = await bare_seconds(BASELINE_CASES, progress)
    return {"bare_requests": requests, "bare_requests_per_second": round(requests / seconds, 1)}


def quantiles(samples: Iterable[float], digits: int = 3) -> dict[str, float]:
    """Return the count and the quantiles (nearest rank) of samples; only the count if there are none."""
    ordered = sorted(samples)
    if not ordered:
        return {"count": 0}
    ranks = {name: ordered[ceil(share * len(ordered)) - 1] for name, share in QUANTILES}
    return {"count": len(ordered)} | {name: round(value, digits) for name, value in ranks.items()}


def machine() -> dict[str, Any]:
    """Return the data of the machine."""
    return {
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def memory_mib(stack: SimulatedStack) -> dict[str, float]:
    """Return the memory of each process with its children now; memory that processes share counts once."""
    return {name: round(size / MIB, 1) for name, size in memory(stack.services, stack.supervisor).items()}


def finish(title: str, figures: Mapping[str, Any], aims: Sequence[Aim]) -> dict[str, Any]:
    """Return the result of a benchmark, its aims beside its figures, and print it as tables for people."""
    result = with_aims(figures, aims)
    table = Table(title=title, show_header=False)
    for name, value in figures.items():
        text = (
            "  ".join(f"{key} {figure}" for key, figure in value.items()) if isinstance(value, Mapping) else str(value)
        )
        table.add_row(name, text)
    PROGRESS.print(table)
    if aims:
        PROGRESS.print(_aims_table(result["aims"]))
    return result


def _aims_table(judged: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("figure", "aim", "is", "", title="aims")
    for aim in judged:
        table.add_row(aim["figure"], aim["aim"], str(aim["is"]), f"{MARKS[aim['met']]} {aim.get('void', '')}".strip())
    return table
