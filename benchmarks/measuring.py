"""What the benchmarks share: a stage of their own, figures, and how they are shown."""

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
from workers.simulated import Stage, staged
from workers.stack import memory

MIB = 1024 * 1024
PROGRESS = Console(stderr=True)


@asynccontextmanager
async def own_stage(config: Mapping[str, Any]) -> AsyncIterator[Stage]:
    """A stack with a simulator in a folder that is thrown away, whatever the environment's settings name."""
    with tempfile.TemporaryDirectory(prefix="goldenhour-bench-") as home:
        settings = Settings.model_construct(**{**Settings().model_dump(), "home": Path(home), **_EMBEDDED})
        with PROGRESS.status("starting") as status:

            def tell(step: str) -> None:
                status.update(f"starting {step}")

            async with staged(settings, config, tell=tell) as stage:
                status.stop()
                yield stage


_EMBEDDED = {"database_url": None, "temporal_address": None, "secret_key": None}


def machine() -> dict[str, Any]:
    """On what it was measured."""
    return {
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def memory_mib(stage: Stage) -> dict[str, float]:
    """Resident memory of each process now."""
    return {name: round(size / MIB, 1) for name, size in memory(stage.services, stage.supervisor).items()}


def show(title: str, figures: Mapping[str, Any]) -> None:
    """Print figures as a table for people."""
    table = Table(title=title, show_header=False)
    for name, value in figures.items():
        text = "  ".join(f"{key} {found}" for key, found in value.items()) if isinstance(value, Mapping) else str(value)
        table.add_row(name, text)
    PROGRESS.print(table)
