"""Cost of a stretch of work, from running totals."""

import io
from urllib.parse import urlsplit

import asyncpg
from rich.console import Console

from benchmarks.cost import Sample, cost_between, role_of_process
from benchmarks.measuring import Progress, quantiles
from db.query_plans import ServerFigures, server_figures
from workers.embedded.postgres import EmbeddedPostgres


def sample(at: float, total: int) -> Sample:
    return Sample(at, {"api": total / 10, "worker": 1.0}, ServerFigures(total, total * 10, total * 1_000))


SAMPLES = [sample(0.0, 0), sample(1.0, 10), sample(2.0, 20), sample(3.0, 30), sample(4.0, 40)]


def test_the_cost_lies_between_the_samples_around_the_work() -> None:
    cost = cost_between(SAMPLES, 1.4, 2.0)
    assert (cost.seconds, cost.statements, cost.wal_bytes) == (1.0, 100, 10_000)
    assert cost.cpu_seconds == {"api": 1.0, "worker": 0.0}
    assert cost.commits == 20  # sessions report them a second late


def test_work_that_outlasts_the_samples_ends_with_the_last_one() -> None:
    assert cost_between(SAMPLES, -1.0, 9.0).statements == 400


def test_the_cost_of_a_request_has_every_role() -> None:
    figures = cost_between(SAMPLES, 0.0, 4.0).of_a_request(8)
    assert figures == {
        "cpu_ms_per_request": {"api": 500.0, "worker": 0.0},
        "cpu_ms_per_request_total": 500.0,
        "commits_per_request": 5.0,
        "statements_per_request": 50.0,
        "wal_bytes_per_request": 5_000,
    }
    assert cost_between(SAMPLES, 0.0, 4.0).of_a_request(0) == {}


def test_processes_of_one_role_count_together() -> None:
    names = ["api", "api-2", "api-port-2", "intake-1", "officers", "worker", "worker-restoration", "goldenhour"]
    assert [role_of_process(name) for name in names] == [
        "api",
        "api",
        "api",
        "intake",
        "officers",
        "worker",
        "restoration",
        "bench",
    ]


def test_quantiles_are_samples_of_the_nearest_rank() -> None:
    assert quantiles([]) == {"count": 0}
    assert quantiles([5.0]) == {"count": 1, "p50": 5.0, "p95": 5.0, "p99": 5.0, "max": 5.0}
    assert quantiles(range(100, 0, -1)) == {"count": 100, "p50": 50, "p95": 95, "p99": 99, "max": 100}


def test_progress_off_a_terminal_is_a_line_for_each_step_and_few_between() -> None:
    written = io.StringIO()
    with Progress("rush", Console(file=written)) as progress:
        progress.step("starting")
        progress.tick("second 1")
        progress.tick("second 2")
        progress.step("bare Temporal")
    assert written.getvalue().splitlines() == ["rush: starting", "rush: bare Temporal"]


async def test_the_servers_totals_grow_with_the_work(postgres: EmbeddedPostgres) -> None:
    name = urlsplit(await postgres.create_database("counted")).path.lstrip("/")
    try:
        admin = await asyncpg.connect(postgres.admin_dsn)
        try:
            before = await server_figures(admin, name)
            connection = await asyncpg.connect(postgres.dsn_for(name, "goldenhour"))
            await connection.execute("CREATE TABLE one AS SELECT 1 AS number")
            for _ in range(3):
                await connection.execute("INSERT INTO one VALUES (2)")
            await connection.close()
            after = await server_figures(admin, name)
        finally:
            await admin.close()
    finally:
        await postgres.drop_database(name)
    assert after.statements - before.statements >= 3
    assert after.wal_bytes > before.wal_bytes
