"""Shared parts of the benchmarks: a separate stack, figures, and their display."""

import platform
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from workers.settings import Settings
from workers.simulated import SimulatedStack, simulated_stack
from workers.stack import memory

MIB = 1024 * 1024
PROGRESS = Console(stderr=True)


@asynccontextmanager
async def own_stack(config: Mapping[str, Any]) -> AsyncIterator[SimulatedStack]:
    """Run a stack with a simulator in a temporary folder, whatever the environment's settings name."""
    with tempfile.TemporaryDirectory(prefix="goldenhour-bench-") as home:
        settings = Settings.model_construct(**{**Settings().model_dump(), "home": Path(home), **_EMBEDDED})
        with PROGRESS.status("starting") as status:

            def report_step(step: str) -> None:
                status.update(f"starting {step}")

            async with simulated_stack(settings, config, report_step=report_step) as stack:
                status.stop()
                yield stack


_EMBEDDED = {"database_url": None, "temporal_address": None, "secret_key": None}


def machine() -> dict[str, Any]:
    """Return the data of the machine."""
    return {
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def memory_mib(stack: SimulatedStack) -> dict[str, float]:
    """Return the resident memory of each process now."""
    return {name: round(size / MIB, 1) for name, size in memory(stack.services, stack.supervisor).items()}


def show(title: str, figures: Mapping[str, Any]) -> None:
    """Print figures as a table for people."""
    table = Table(title=title, show_header=False)
    for name, value in figures.items():
        text = "  ".join(f"{key} {found}" for key, found in value.items()) if isinstance(value, Mapping) else str(value)
        table.add_row(name, text)
    PROGRESS.print(table)
