"""Checks of what is stored, their keys and their nightly runs."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final

from asyncpg import Record

from db.evidence.opened import person_records
from db.evidence.pack_bodies import BoundContent, bound_content
from db.migration_files import BASELINE
from db.pool import Connection
from db.privacy.body_keys import OpensBody
from db.rows import Rows
from domain.evidence.integrity import (
    AskedRecord,
    Break,
    CaseRecord,
    Check,
    EventRecord,
    HopRecord,
    PersonRecord,
    Place,
    PostingRecord,
)
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Bucket, CaseState, HopSource, HopState
from schemas.nightly_runs import NightlyRun, NightlyWork, RunOutcome, RunResult

CASES_AT_ONCE = 50
EVENTS_AT_ONCE = 20_000
"""events of the cases of a batch together; a case with more is a batch of its own"""
STRAYS_MAX = 100
"""cases that a report of stray rows names, of each table"""

_WITH_CASE = ("complaint", "hop", "hold_request", "ledger_transaction", "ledger_entry", "ledger_balance", "case_event")


async def case_of(connection: Connection, ack_no: str) -> str | None:
    """Return the case of a complaint's number or of the case's own number, or None."""
    case_no: str | None = await connection.fetchval(
        "SELECT case_no FROM complaint WHERE ack_no = $1"
        " UNION SELECT case_no FROM case_file WHERE case_no = $1 LIMIT 1",
        ack_no,
    )
    return case_no


async def count_cases(connection: Connection) -> int:
    """Return the number of cases."""
    total: int = await connection.fetchval("SELECT count(*) FROM case_file")
    return total


async def case_records(
    connection: Connection, opens: OpensBody, case_no: str | None = None
) -> AsyncIterator[CaseRecord]:
    """Yield every case in the order of its number, or one; needs a transaction with one snapshot."""
    after = ""
    while cases := await case_batch(connection, opens, after, case_no):
        for case in cases:
            yield case
        after = cases[-1].case_no


async def case_batch(
    connection: Connection, opens: OpensBody, after: str, case_no: str | None = None
) -> list[CaseRecord]:
    """Return the next cases after this number, or one case; needs a transaction with one snapshot.

    A batch has few cases with long logs, so that it takes little memory.
    """
    fetched = await connection.fetch(
        "SELECT c.case_no, c.state, c.last_hop_no, c.event_seq, c.event_hash,"
        " (SELECT count(*) FROM complaint k WHERE k.case_no = c.case_no) AS complaints"
        " FROM case_file c WHERE c.case_no > $1 AND ($2::text IS NULL OR c.case_no = $2)"
        " ORDER BY c.case_no LIMIT $3",
        after,
        case_no,
        CASES_AT_ONCE,
    )
    events = list(accumulate(case["event_seq"] for case in fetched))
    cases = [case for case, so_far in zip(fetched, events, strict=True) if so_far <= EVENTS_AT_ONCE] or fetched[:1]
    if not cases:
        return []
    case_nos = [case["case_no"] for case in cases]
    parts, bound = await _parts(connection, case_nos), await bound_content(connection, case_nos, opens)
    persons = await person_records(connection, case_nos, opens)
    return [_record(case, parts, bound[case["case_no"]], persons.get(case["case_no"], ())) for case in cases]


async def strays(connection: Connection) -> list[Break]:
    """Return rows that name an unknown case, and entries in another case's posting."""
    breaks = []
    for table in _WITH_CASE:
        rows = await connection.fetch(
            f"SELECT t.case_no, count(*) AS n FROM {table} t"
            " WHERE NOT EXISTS (SELECT FROM case_file c WHERE c.case_no = t.case_no) GROUP BY 1 ORDER BY 1"
            f" LIMIT {STRAYS_MAX}"
        )
        breaks += [Break(row["case_no"], Check.STRAY, f"{row['n']} rows of {table} without a case") for row in rows]
    rows = await connection.fetch(
        "SELECT e.case_no, count(*) AS n FROM ledger_entry e LEFT JOIN ledger_transaction t USING (transaction_id)"
        " WHERE t.case_no IS DISTINCT FROM e.case_no GROUP BY 1 ORDER BY 1"
        f" LIMIT {STRAYS_MAX}"
    )
    breaks += [
        Break(row["case_no"], Check.STRAY, f"{row['n']} ledger entries outside a transaction of this case")
        for row in rows
    ]
    return breaks


_Parts = dict[str, dict[str, list[Record]]]

_QUERIES = {
    "hops": "SELECT case_no, hop_no, state, source, disputed_paise FROM hop"
    " WHERE case_no = ANY($1) ORDER BY case_no, hop_no",
    "balances": "SELECT case_no, hop_no, bucket, balance_paise FROM ledger_balance WHERE case_no = ANY($1)",
    "postings": "SELECT case_no, transaction_id, kind, payload_digest FROM ledger_transaction"
    " WHERE case_no = ANY($1) ORDER BY transaction_id",
    "entries": "SELECT case_no, transaction_id, hop_no, bucket, amount_paise FROM ledger_entry"
    " WHERE case_no = ANY($1) ORDER BY transaction_id, line_no",
    "events": "SELECT case_no, seq, kind, at, actor, data::text AS data_text, previous_hash, hash FROM case_event"
    " WHERE case_no = ANY($1) ORDER BY case_no, seq",
    "asked": "SELECT r.case_no, rh.request_id::text, rh.hop_no, rh.live, r.closed_at IS NOT NULL AS request_closed"
    " FROM hold_request r JOIN request_hop rh USING (request_id) WHERE r.case_no = ANY($1)",
}


async def _parts(connection: Connection, case_nos: Sequence[str]) -> _Parts:
    """Return the rows of these cases, by table and case."""
    parts: _Parts = {}
    for name, query in _QUERIES.items():
        by_case: dict[str, list[Record]] = defaultdict(list)
        for row in await connection.fetch(query, case_nos):
            by_case[row["case_no"]].append(row)
        parts[name] = by_case
    return parts


def _record(case: Record, parts: _Parts, bound: BoundContent, persons: Sequence[PersonRecord]) -> CaseRecord:
    case_no = case["case_no"]
    return CaseRecord(
        case_no=case_no,
        state=CaseState(case["state"]),
        last_hop_no=case["last_hop_no"],
        event_seq=case["event_seq"],
        event_hash=case["event_hash"],
        complaints=case["complaints"],
        hops=[
            HopRecord(row["hop_no"], HopState(row["state"]), HopSource(row["source"]), row["disputed_paise"])
            for row in parts["hops"].get(case_no, ())
        ],
        balances=_balances(parts["balances"].get(case_no, ())),
        postings=_postings(parts["postings"].get(case_no, ()), parts["entries"].get(case_no, ())),
        events=[
            EventRecord(
                seq=row["seq"],
                kind=row["kind"],
                at=row["at"],
                actor=row["actor"],
                data_text=row["data_text"],
                previous_hash=row["previous_hash"],
                hash=row["hash"],
            )
            for row in parts["events"].get(case_no, ())
        ],
        asked=[
            AskedRecord(row["request_id"], row["hop_no"], row["live"], row["request_closed"])
            for row in parts["asked"].get(case_no, ())
        ],
        statements=bound.digests,
        erased=frozenset(bound.erased),
        unopened=frozenset(bound.unopened),
        persons=persons,
    )


def _balances(rows: Sequence[Record]) -> dict[Place, int]:
    return {(row["hop_no"], Bucket(row["bucket"])): row["balance_paise"] for row in rows}


def _postings(postings: Sequence[Record], entries: Sequence[Record]) -> list[PostingRecord]:
    by_posting: dict[int, list[tuple[int, Bucket, int]]] = defaultdict(list)
    for row in entries:
        by_posting[row["transaction_id"]].append((row["hop_no"], Bucket(row["bucket"]), row["amount_paise"]))
    return [
        PostingRecord(
            row["transaction_id"], row["kind"], row["payload_digest"], by_posting.get(row["transaction_id"], [])
        )
        for row in postings
    ]


class EvidenceKey(FrozenModel):
    """A public key that verifies evidence."""

    sha256: str
    """its fingerprint: SHA-256 of the key as openssl prints it"""
    pem: str
    first_signed_at: UtcDatetime | None
    """None for a key that has signed nothing yet"""


class EvidenceKeys(FrozenModel):
    """The public keys with which courts verify evidence, the current signing key first."""

    keys: tuple[EvidenceKey, ...]


async def note(connection: Connection, pem: str, at: datetime) -> None:
    """Store a signing key and when it was first used."""
    await connection.execute(
        "INSERT INTO evidence_key (key_sha256, pem, first_signed_at)"
        " VALUES (encode(sha256(convert_to($1, 'UTF8')), 'hex'), $1, $2) ON CONFLICT DO NOTHING",
        pem,
        at,
    )


async def all_of_them(connection: Connection) -> list[EvidenceKey]:
    """Return every key that has signed, the newest first."""
    return await Rows(connection, EvidenceKey).many(
        "SELECT key_sha256 AS sha256, pem, first_signed_at FROM evidence_key ORDER BY first_signed_at DESC, key_sha256"
    )


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
