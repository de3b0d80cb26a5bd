"""Nightly verifications and anchors: their beginning, their end, and how long ago the last clean one was."""

from datetime import datetime
from typing import Final

from asyncpg import Record

from db.migration_files import BASELINE
from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel
from schemas.nightly_runs import NightlyRun, NightlyWork, RunOutcome, RunResult

RUN_LOCK: Final = 7_305_813_377_193_000_041
"""of several processes one does the nightly work"""
_RUNS: Final = f"SELECT {', '.join(NightlyRun.model_fields)} FROM nightly_run"


class Standing(FrozenModel):
    """How a kind of nightly work stands."""

    work: NightlyWork
    since_clean_seconds: float
    """since the end of the last clean run; without one, since the database knows nightly runs"""
    is_failing: bool
    """whether the newest run that was not interrupted found a violation or an error"""


async def newest(connection: Connection) -> dict[NightlyWork, NightlyRun]:
    """Return the newest run of each kind of work."""
    rows = await connection.fetch(
        "SELECT r.* FROM unnest($1::text[]) AS w (work)"
        f" CROSS JOIN LATERAL ({_RUNS} WHERE nightly_run.work = w.work ORDER BY run_id DESC LIMIT 1) AS r",
        [work.value for work in NightlyWork],
    )
    return {run.work: run for run in map(_run, rows)}


async def last(connection: Connection, limit: int) -> list[NightlyRun]:
    """Return the last `limit` runs, the newest first."""
    return [_run(row) for row in await connection.fetch(f"{_RUNS} ORDER BY run_id DESC LIMIT $1", limit)]


async def begin(connection: Connection, work: NightlyWork, at: datetime) -> int:
    """Write that a run begins; return its id. A run of that work that had not ended was interrupted."""
    await connection.execute(
        "UPDATE nightly_run SET ended_at = greatest(started_at, $2), outcome = $3 WHERE work = $1 AND ended_at IS NULL",
        work.value,
        at,
        RunOutcome.INTERRUPTED.value,
    )
    run_id: int = await connection.fetchval(
        "INSERT INTO nightly_run (work, started_at) VALUES ($1, $2) RETURNING run_id", work.value, at
    )
    return run_id


async def end(connection: Connection, run_id: int, result: RunResult, at: datetime) -> NightlyRun | None:
    """Write how a run ended, and return it; None if another process has begun another run meanwhile."""
    row = await connection.fetchrow(
        "UPDATE nightly_run SET ended_at = greatest(started_at, $2), outcome = $3, cases = $4, violations = $5,"
        " first_case = $6, unopened = $7, digest = $8, failure = $9 WHERE run_id = $1 AND ended_at IS NULL"
        f" RETURNING {', '.join(NightlyRun.model_fields)}",
        run_id,
        at,
        result.outcome.value,
        result.cases,
        result.violations,
        result.first_case,
        result.unopened,
        result.digest,
        result.failure,
    )
    return _run(row) if row else None


async def standings(connection: Connection, now: datetime) -> list[Standing]:
    """Return how each kind of work stands at this moment."""
    return await Rows(connection, Standing).many(
        "SELECT w.work, extract(epoch FROM $2::timestamptz - coalesce("
        "  (SELECT max(c.ended_at) FROM nightly_run c WHERE c.work = w.work AND c.outcome = 'clean'),"
        "  (SELECT m.applied_at FROM schema_migration m WHERE m.name = $3)))::float8 AS since_clean_seconds,"
        " coalesce((SELECT e.outcome <> 'clean' FROM nightly_run e WHERE e.work = w.work"
        "  AND e.outcome <> 'interrupted' ORDER BY e.run_id DESC LIMIT 1), false) AS is_failing"
        " FROM unnest($1::text[]) AS w (work)",
        [work.value for work in NightlyWork],
        now,
        BASELINE,
    )


async def use_one_core(connection: Connection) -> None:
    """Have the server work for this connection with one process, so that the others are for cases."""
    await connection.execute("SET max_parallel_workers_per_gather = 0")


def _run(row: Record) -> NightlyRun:
    return NightlyRun(**dict(row))
