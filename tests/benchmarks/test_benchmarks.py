"""The benchmarks run and return their figures; no test judges the values.

All of them measure one stack, one after the other, because a start costs more than all that they send. The last one
stops the worker of restorations. `tests/workers/test_cli.py` tests how a result is printed.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.client import Client

from benchmarks import browser, console, doors, first_hold, isolation, measuring
from benchmarks.bare import BareCase, run_bare
from simulator import SimulatorConfig
from tests.forked import starts_are_forks
from workers.settings import Settings
from workers.simulated import SimulatedStack, simulated_stack

pytestmark = pytest.mark.world

COMPLAINTS = 3
WARM_UP = 4
VERBS = 8
"""of as many work items: a stream may leave out a version of an item that the next one overtakes"""
WORLD = first_hold.plan(1.0, COMPLAINTS, seed=7) | {"institutions": 8}
BASELINE = {"bare_requests": 400, "bare_requests_per_second": 100.0}


async def test_bare_batches_run_to_their_end(temporal_client: Client) -> None:
    assert await run_bare(temporal_client, [BareCase("1", (1, 2)), BareCase("2", (3,))]) > 0


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SimulatedStack]:
    """The stack that every benchmark of this module measures."""
    settings = Settings().embedded(tmp_path_factory.mktemp("stack")).model_copy(update={"warm_connections": False})
    async with starts_are_forks(), simulated_stack(settings, WORLD, over_tls=True) as stack:
        yield stack


@pytest.fixture(autouse=True)
def _shared(stack: SimulatedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def shared(_settings: Settings, config: Mapping[str, Any], **_how: Any) -> AsyncIterator[SimulatedStack]:
        SimulatorConfig.model_validate(config)
        yield stack

    monkeypatch.setattr(measuring, "simulated_stack", shared)
    monkeypatch.setattr(isolation, "WARM_UP_COMPLAINTS", WARM_UP)
    monkeypatch.setattr(doors, "CASES", WARM_UP)
    monkeypatch.setattr(console, "ITEMS", VERBS)
    monkeypatch.setattr(browser, "WARM_UPDATES", WARM_UP)
    monkeypatch.setattr(measuring, "BASELINE_CASES", measuring.BASELINE_CASES[:WARM_UP])


@pytest.fixture
def _known_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure no speed of the machine: `first-hold` does, in the same way."""

    async def known(_progress: measuring.Progress) -> dict[str, Any]:
        return BASELINE

    monkeypatch.setattr(isolation, "baseline", known)
    monkeypatch.setattr(doors, "baseline", known)
    monkeypatch.setattr(console, "baseline", known)


async def test_first_hold_returns_its_figures_and_prints_nothing_beside_them(
    capfd: pytest.CaptureFixture[str],
) -> None:
    result = await first_hold.main(seconds=COMPLAINTS, after_seconds=5)
    assert capfd.readouterr().out == ""
    assert result["complaints"] == COMPLAINTS
    assert result["finished"]
    assert result["baseline"]["bare_requests_per_second"] > 0
    assert result["first_request_ms"]["count"] == COMPLAINTS
    assert {"p50", "p95", "p99"} <= set(result["first_request_ms"])
    assert {"p50", "p95", "p99"} <= set(result["next_layer_ms"])
    assert set(result["memory_mib"]) == {
        "postgres",
        "temporal",
        "simulator",
        "intake",
        "officers",
        "worker",
        "worker-restoration",
        "goldenhour",
    }


@pytest.mark.usefixtures("_known_baseline")
async def test_isolation_has_every_request_at_its_bank_and_says_both_p99() -> None:
    result = await isolation.main(rate_per_second=2, seconds=2, queued=4, hang_seconds=5)
    assert result["alone_ms"]["count"] == result["beside_ms"]["count"] == 4
    assert result["p99_ratio"] == pytest.approx(result["p99_ms_beside"] / result["p99_ms_alone"], abs=0.01)
    assert result["queue_delivered_after_seconds"] >= 0


@pytest.mark.usefixtures("_known_baseline")
async def test_doors_measures_officers_and_banks_beside_a_stranger() -> None:
    result = await doors.main(rate_per_second=4, seconds=2, lead_seconds=1)
    assert result["slow_at_once"] > 0
    for caller in ("officers", "banks"):
        figures = result[caller]
        assert figures["requests_alone"] == figures["requests_beside"] == 8
        assert figures["refused"] == 0
        assert figures["p99_ratio"] == pytest.approx(figures["p99_ms_beside"] / figures["p99_ms_alone"], abs=0.01)


@pytest.mark.usefixtures("_known_baseline")
async def test_console_measures_the_effect_of_every_verb_on_every_stream() -> None:
    in_browser = {"items": 2, "openings": 1, "verbs": 2, "calls": 1, "updates": 2, "transfers": 40}
    result = await console.main(
        streams=3,
        events_per_second=2,
        seconds=VERBS / 2,
        without_browser=os.environ.get("BROWSER") == "no",
        **in_browser,
    )
    assert (result["verbs"], result["stream_effect_ms"]["count"]) == (VERBS, 3 * VERBS)
    assert (result["events_missing"], result["streams_ended"]) == (0, 0)
    assert {"officers", "postgres"} <= result["cpu_share_beside"].keys()
    if os.environ.get("BROWSER") != "no":
        seen = result["browser"]
        assert (seen["own_sight_ms"]["count"], seen["others_sight_ms"]["count"]) == (2, 2)
        assert (seen["first_rows_ms"]["count"], seen["enter_to_bank_ms"]["count"]) == (1, 1)
        assert (seen["transfers"], seen["case_36000_open_ms"]["count"]) == (40, 1)
        assert (seen["desk_heap"]["updates"], seen["wall_heap"]["updates"]) == (2, 2)
