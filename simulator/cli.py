"""`python -m simulator`: serve a simulated day, or only write its directory file."""

import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
import uvloop

from simulator.config import DAY_SECONDS, Knobs, SimulatorConfig
from simulator.institutions import build_institutions, directory, write_directory
from simulator.server import SimulatorServer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Profile = Literal["even", "uniform", "diurnal"]

Seed = Annotated[int, typer.Option(help="Random seed: the same seed gives the same world.")]
Institutions = Annotated[int, typer.Option(min=3, max=400)]
Port = Annotated[int, typer.Option(help="0 means a free port (serve only).")]


@app.command("directory")
def write(
    path: Annotated[Path, typer.Argument(help="Path of the directory file (mode 0600).")],
    port: Annotated[int, typer.Option(min=1, help="The port on which the simulator will listen.")],
    seed: Seed = 7,
    institutions: Institutions = 40,
    host: str = "127.0.0.1",
) -> None:
    """Write the directory file of a simulator that will start with the same seed and port."""
    config = SimulatorConfig(seed=seed, institutions=institutions, host=host, port=port)
    write_directory(path, directory(build_institutions(config), f"http://{host}:{port}"))


@app.command()
def serve(
    seed: Seed = 7,
    complaints: Annotated[int, typer.Option(min=0)] = 60,
    clock_factor: Annotated[float, typer.Option(help="Speed of the simulated clock against real time.")] = 1.0,
    day_seconds: Annotated[float, typer.Option(help="Simulated time over which complaints arrive.")] = DAY_SECONDS,
    profile: Annotated[Profile, typer.Option(help="Distribution of complaints over the day.")] = "uniform",
    institutions: Institutions = 40,
    host: str = "127.0.0.1",
    port: Port = 0,
    smtp_port: Annotated[int, typer.Option(help="0 means a free port.")] = 0,
    traps: Annotated[bool, typer.Option(help="Whether banks and victims make mistakes.")] = True,
    config_file: Annotated[
        Path | None, typer.Option(help="JSON that overrides any value of the configuration.")
    ] = None,
    directory_file: Annotated[Path | None, typer.Option(help="Path of the directory file.")] = None,
    api_url: Annotated[
        str | None, typer.Option(help="URL of the police API; may come later by POST /sim/start.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="Token of the script that complains.")] = None,
) -> None:
    """Serve the banks. Writes one JSON line to stdout when ready; stops on SIGTERM or SIGINT.

    With --api-url and --token-file the day starts at once and without officers, otherwise on POST /sim/start.
    """
    values: dict[str, object] = {
        "seed": seed,
        "complaints": complaints,
        "clock_factor": clock_factor,
        "day_seconds": day_seconds,
        "profile": profile,
        "institutions": institutions,
        "host": host,
        "port": port,
        "smtp_port": smtp_port,
    }
    if not traps:
        values["knobs"] = Knobs.none()
    if config_file is not None:
        values |= orjson.loads(config_file.read_bytes())
    config = SimulatorConfig.model_validate(values)
    token = token_file.read_text().strip() if token_file is not None else None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, directory_file, api_url, token))


async def _serve(
    config: SimulatorConfig, directory_file: Path | None, api_url: str | None, intake_token: str | None
) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with SimulatorServer(config, run_clock=False) as sim:
        if directory_file is not None:
            sim.write_directory(directory_file)
        # The plans live as long as the process, so the garbage collector need not scan them again and again.
        gc.freeze()
        if api_url is not None and intake_token is not None:
            sim.start(api_url, intake_token)
        ready = {"base_url": sim.base_url, "smtp_port": sim.smtp_port, "institutions": len(sim.institutions)}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()
