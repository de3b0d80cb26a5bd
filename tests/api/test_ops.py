"""For those who run it: ready or not, and a metrics page that Prometheus can read."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import asyncpg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from activities.database_figures import DatabaseGauges
from activities.metrics import (
    BUCKETS_SECONDS,
    METRICS,
    STAGE_BUCKETS_SECONDS,
    ProcedureStarterWork,
    SweepWork,
    ToldRole,
)
from activities.reporting.wall import AWAY, AlertWatch
from api.services import Services
from db.databases import Storage
from db.pool import Pool, open_pool
from db.reporting.wall import AlertFigures
from domain.policy.callers import DoorName
from schemas.enums import (
    AnswerClass,
    Bucket,
    Channel,
    ChannelKind,
    ClaimKind,
    DeliveryOutcome,
    DiscrepancyKind,
    Disposition,
    HopSource,
    ListWay,
    Reason,
    RequestStage,
    ResolutionDecision,
    TaskKind,
)
from schemas.nightly_runs import NightlyWork
from schemas.reporting.figures import Stage
from schemas.restoration_enums import DutyKind, GrievanceState, OrderKind
from tests.api.conftest import Doors, line, opened
from workers.embedded.postgres import EmbeddedPostgres

BY_NAME = {"le", "district", "bank"}
"""labels whose values are no closed list: bounds, and places that many share"""
STATES_OF_ALERTS = {"unsent", "undelivered", "soon", "overdue", "away"}
LABELS = {
    "channel": {channel.value for channel in Channel} | {kind.value for kind in ChannelKind},
    "joined": {"true", "false"},
    "outcome": {"delivered", "refused", "undelivered"} | {outcome.value for outcome in DeliveryOutcome},
    "disposition": {disposition.value for disposition in Disposition},
    "kind": {kind.value for kinds in (ClaimKind, TaskKind, DiscrepancyKind, OrderKind, HopSource) for kind in kinds},
    "decision": {decision.value for decision in ResolutionDecision},
    "bucket": {bucket.value for bucket in Bucket},
    "answer_class": {answer_class.value for answer_class in AnswerClass},
    "quantile": {"0.5", "0.95", "0.99"},
    "work": {work.value for works in (SweepWork, ProcedureStarterWork, NightlyWork) for work in works},
    "differs": {"true", "false"},
    "kept": {"yes", "no"},
    "reason": {reason.value for reason in Reason},
    "way": {way.value for way in ListWay},
    "told": {told.value for told in ToldRole},
    "stage": {stage.value for stages in (Stage, RequestStage) for stage in stages},
    "days": {"30", "60", "90"},
    "door": {door.value for door in DoorName},
    "duty": {duty.value for duty in DutyKind},
    "state": {state.value for states in (GrievanceState, Storage) for state in states} | STATES_OF_ALERTS,
}


@pytest.fixture
async def database(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Pool]:
    """Connections to a fresh database: the figures of the whole database are read, by plans that fit its size."""
    pool = await open_pool(await postgres.create_database("of_ops", template_database), min_size=1, max_size=10)
    yield pool
    await pool.close()
    await postgres.drop_database("of_ops")


async def test_alive_and_ready(doors: Doors) -> None:
    assert (await doors.client.get("/healthz")).json() == {"status": "alive"}
    ready = await doors.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"], ready.json()["cause"]) == (200, "ready", "")
    assert set(ready.json()["parts"].values()) == {"ok"}


async def test_without_temporal_complaints_are_taken(services: Services) -> None:
    async def away() -> bool:
        return False

    async with opened(replace(services, temporal_answers=away)) as doors:
        ready = await doors.client.get("/readyz")
        assert (ready.status_code, ready.json()["status"], ready.json()["parts"]["temporal"]) == (
            200,
            "degraded",
            "down",
        )
        await doors.complain()


async def ready_over(services: Services) -> tuple[int, dict[str, Any]]:
    async with opened(services) as doors:
        response = await doors.client.get("/readyz")
    return response.status_code, response.json()


async def test_d14_it_is_not_ready_before_the_run_file_is_there(services: Services) -> None:
    status, told = await ready_over(replace(services, run_file_is_there=lambda: False))
    assert (status, told["status"], told["parts"]["run_file"]) == (503, "not_ready", "missing")
    assert "run file" in told["cause"]


@pytest.mark.parametrize(("state", "cause"), [(Storage.FULL, "disk is full"), (Storage.READ_ONLY, "read-only")])
async def test_d14_it_is_not_ready_if_nothing_can_be_stored(
    services: Services, monkeypatch: pytest.MonkeyPatch, state: Storage, cause: str
) -> None:
    async def tried(_: object) -> Storage:
        return state

    monkeypatch.setattr("api.caches.storage_state", tried)
    status, told = await ready_over(services)
    assert (status, told["status"], told["parts"]["storage"]) == (503, "not_ready", state.value)
    assert (told["parts"]["database"], cause in told["cause"]) == ("ok", True)


async def test_d14_a_storm_of_questions_tries_the_storage_once(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    async def tried(_: object) -> Storage:
        tries.append(1)
        return Storage.OK

    monkeypatch.setattr("api.caches.storage_state", tried)
    told = await asyncio.gather(*[doors.client.get("/readyz") for _ in range(20)])
    assert {response.json()["parts"]["storage"] for response in told} == {"ok"}
    assert len(tries) == 1


async def test_d14_a_try_that_fails_is_no_state_of_the_storage(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_: object) -> Storage:
        raise asyncpg.ConfigurationLimitExceededError("temp_file_limit")

    monkeypatch.setattr("api.caches.storage_state", fails)
    assert (await doors.client.get("/readyz")).json()["status"] == "ready"


async def test_the_page_is_what_prometheus_wants(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    await doors.answer("SBIN", ack_no, line("held"))
    response = await doors.client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = set()
    for family in text_string_to_metric_families(response.text):
        names.add(family.name)
        assert family.documentation.endswith("."), family.name
        assert re.fullmatch(r"goldenhour_[a-z_]+", family.name)
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
            bounds = {s.labels["le"] for s in family.samples if s.name.endswith("_bucket")}
            of_stages = family.name == "goldenhour_request_stage_seconds"
            assert len(bounds) == len(STAGE_BUCKETS_SECONDS if of_stages else BUCKETS_SECONDS) + 1
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            for label, value in sample.labels.items():
                assert label in BY_NAME or value in LABELS[label], sample
    assert {name for name in names if not name.startswith("goldenhour_restoration_")} == {
        "goldenhour_complaints",
        "goldenhour_hold_requests",
        "goldenhour_delivery_attempts",
        "goldenhour_discrepancies",
        "goldenhour_discrepancies_resolved",
        "goldenhour_policy_number",
        "goldenhour_answers",
        "goldenhour_requests_waiting",
        "goldenhour_oldest_unsent_request_seconds",
        "goldenhour_duties_open",
        "goldenhour_holds_lapsing",
        "goldenhour_holds_lapsing_paise",
        "goldenhour_nightly_since_clean_seconds",
        "goldenhour_nightly_failing",
        "goldenhour_storage",
        "goldenhour_database_bytes",
        "goldenhour_braked_releases",
        "goldenhour_braked_releases_paise",
        "goldenhour_missed_calls_waiting",
        "goldenhour_junk_bodies",
        "goldenhour_sweep_failures",
        "goldenhour_procedure_starter_failures",
        "goldenhour_confirmed_paise",
        "goldenhour_reconciliations",
        "goldenhour_reconciliation_differences",
        "goldenhour_lien_lists_asked",
        "goldenhour_lien_lists_overdue",
        "goldenhour_requests_refused",
        "goldenhour_paise",
        "goldenhour_desk_tasks_open",
        "goldenhour_transfer_to_complaint_seconds",
        "goldenhour_complaint_to_first_request_sent_seconds",
        "goldenhour_complaint_to_first_request_delivered_seconds",
        "goldenhour_complaint_to_first_answer_seconds",
        "goldenhour_complaint_to_first_hold_seconds",
        "goldenhour_answer_to_next_request_seconds",
        "goldenhour_request_stage_seconds",
        "goldenhour_scorecard_requests",
        "goldenhour_scorecard_silent_ratio",
        "goldenhour_scorecard_moved_before_ratio",
        "goldenhour_scorecard_held_of_reachable_ratio",
        "goldenhour_scorecard_sent_to_delivered_seconds",
        "goldenhour_scorecard_delivered_to_answer_seconds",
    }
    for personal in (ack_no, "30000000001", "Asha", "412345678901"):
        # The sum of a histogram has any digits after its point.
        assert not re.search(rf"(?<![\d.]){personal}", response.text)


async def test_the_money_is_what_the_ledger_says_now(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    await doors.answer("SBIN", ack_no, line("held", amount="2000.00", disputed_amount="2000.00"))
    text = (await doors.client.get("/metrics")).text
    paise = {
        sample.labels["bucket"]: sample.value
        for family in text_string_to_metric_families(text)
        if family.name == "goldenhour_paise"
        for sample in family.samples
    }
    assert paise.pop("lost") == sum(paise.values()) == 5_000_00
    assert (paise["held"], paise["in_play"]) == (2_000_00, 3_000_00)


async def test_restorations_that_are_due_and_not_done_are_counted(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    await doors.answer("SBIN", ack_no, line("held", amount="2000.00", disputed_amount="2000.00"))
    text = (await doors.client.get("/metrics")).text
    found = {family.name: family.samples[0].value for family in text_string_to_metric_families(text) if family.samples}
    assert found["goldenhour_restoration_due"] == 1, "a hold to open"
    assert found["goldenhour_restoration_lag_seconds"] > 0


async def test_a_storm_of_scrapes_reads_the_ledger_once(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    monkeypatch.setattr(METRICS, "stock", lambda *_: reads.append(1))
    cache = DatabaseGauges()
    for _ in range(5):
        await cache.refresh(doors.services.ctx.pool)
    assert len(reads) == 1


async def storage_shown(watch: AlertWatch) -> set[str]:
    await watch.refresh()
    states = (*(state.value for state in Storage), AWAY)
    return {one for one in states if METRICS.registry.get_sample_value("goldenhour_storage", {"state": one})}


async def test_m9_the_storage_is_shown_as_away_only_if_the_database_does_not_answer(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = doors.services.ctx
    assert await storage_shown(AlertWatch(ctx)) == {"ok"}

    async def fails(error: Exception) -> AlertFigures:
        raise error

    limit = asyncpg.ConfigurationLimitExceededError("temp_file_limit")
    for error, shown in ((limit, "ok"), (ConnectionResetError(), "away"), (TimeoutError(), "away")):
        with monkeypatch.context() as patched:
            patched.setattr("db.reporting.wall.read", lambda *_, error=error: fails(error))
            assert await storage_shown(AlertWatch(ctx)) == {shown}
    watch = AlertWatch(ctx)
    assert await storage_shown(watch) == {"ok"}
    monkeypatch.setattr("db.reporting.wall.read", lambda *_: fails(ConnectionResetError()))
    assert await storage_shown(watch) == {"ok"}, "a storm of scrapes reads the figures once"


@pytest.fixture
async def other_page() -> AsyncIterator[str]:
    """The URL of another process's page: a metric of ours, and one of the Temporal SDK."""
    text = (
        "# HELP goldenhour_hold_requests_total Hold requests, by how sending them ended.\n"
        "# TYPE goldenhour_hold_requests_total counter\n"
        'goldenhour_hold_requests_total{outcome="delivered"} 41.0\n'
        "# HELP temporal_request_total Requests.\n"
        "# TYPE temporal_request_total counter\n"
        'temporal_request_total{operation="StartWorkflowExecution"} 7\n'
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_other_pages_are_joined_and_a_dead_one_is_omitted(services: Services, other_page: str) -> None:
    urls = (other_page, "http://127.0.0.1:9/metrics")
    async with opened(replace(services, metrics_urls=urls)) as doors:
        before = METRICS.text()
        text = (await doors.client.get("/metrics")).text
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "temporal_request_total" or sample.labels == {"outcome": "delivered"}
    }
    own = float(re.findall(r'goldenhour_hold_requests_total{outcome="delivered"} (.+)', before)[0])
    assert found == {"temporal_request_total": 7, "goldenhour_hold_requests_total": 41 + own}
    assert text.count("# TYPE goldenhour_hold_requests_total counter") == 1
