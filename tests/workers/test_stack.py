"""The start of an engine's processes."""

from pathlib import Path
from typing import cast

import pytest

from workers import stack
from workers.embedded.temporal import free_port
from workers.processes import ChildFailed, ChildSpec, Supervisor
from workers.settings import Settings
from workers.stack import PORT_TRIES


async def test_a_port_that_another_process_tries_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    class Busy:
        async def start(self, spec: ChildSpec) -> None:
            names.append(spec.name)
            if len(names) < PORT_TRIES or spec.name.startswith("unlucky"):
                raise ChildFailed("worker ended with exit code 1: [Errno 98] Address already in use")

    monkeypatch.setattr(stack, "PORT_PAUSE_SECONDS", 0.0)
    settings = Settings(home=tmp_path, worker_metrics_port=free_port())
    supervisor = cast("Supervisor", Busy())
    await stack._start_worker(supervisor, settings, "worker", "golden-hour", restarts=False)
    assert names == ["worker", "worker-port-2", "worker-port-3"]
    with pytest.raises(ChildFailed, match="in use"):
        await stack._start_worker(supervisor, settings, "unlucky", "golden-hour", restarts=False)
    assert len(names) == 2 * PORT_TRIES
