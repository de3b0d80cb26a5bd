"""Reading of whole cases for verification: many at a time, one statement per table."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from itertools import accumulate

from asyncpg import Record

from db.evidence.bodies import BoundContent, bound_content
from db.evidence.opened import person_records
from db.pool import Connection
from db.privacy.body_keys import OpensBody
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
from schemas.enums import Bucket, CaseState, HopSource, HopState

CASES_AT_ONCE = 50
EVENTS_AT_ONCE = 20_000
"""events of the cases of a batch together; a case with more is a batch of its own"""
STRAYS_MAX = 100
"""cases that a report of stray rows names, of each table"""

_WITH_CASE = ("complaint", "hop", "hold_request", "ledger_transaction", "ledger_entry", "ledger_balance", "case_event")


async def case_of(connection: Connection, ack_no: str) -> str | None:
    """Return the case of a complaint's number or of the case's own number, or None."""
    found: str | None = await connection.fetchval(
        "SELECT case_no FROM complaint WHERE ack_no = $1"
        " UNION SELECT case_no FROM case_file WHERE case_no = $1 LIMIT 1",
        ack_no,
    )
    return found


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
    found = await connection.fetch(
        "SELECT c.case_no, c.state, c.last_hop_no, c.event_seq, c.event_hash,"
        " (SELECT count(*) FROM complaint k WHERE k.case_no = c.case_no) AS complaints"
        " FROM case_file c WHERE c.case_no > $1 AND ($2::text IS NULL OR c.case_no = $2)"
        " ORDER BY c.case_no LIMIT $3",
        after,
        case_no,
        CASES_AT_ONCE,
    )
    events = list(accumulate(case["event_seq"] for case in found))
    cases = [case for case, so_far in zip(found, events, strict=True) if so_far <= EVENTS_AT_ONCE] or found[:1]
    if not cases:
        return []
    case_nos = [case["case_no"] for case in cases]
    parts, bound = await _parts(connection, case_nos), await bound_content(connection, case_nos, opens)
    persons = await person_records(connection, case_nos, opens)
    return [_record(case, parts, bound[case["case_no"]], persons.get(case["case_no"], ())) for case in cases]


async def strays(connection: Connection) -> list[Break]:
    """Return rows that name an unknown case, and entries in another case's posting."""
    found = []
    for table in _WITH_CASE:
        rows = await connection.fetch(
            f"SELECT t.case_no, count(*) AS n FROM {table} t"
            " WHERE NOT EXISTS (SELECT FROM case_file c WHERE c.case_no = t.case_no) GROUP BY 1 ORDER BY 1"
            f" LIMIT {STRAYS_MAX}"
        )
        found += [Break(row["case_no"], Check.STRAY, f"{row['n']} rows of {table} without a case") for row in rows]
    rows = await connection.fetch(
        "SELECT e.case_no, count(*) AS n FROM ledger_entry e LEFT JOIN ledger_transaction t USING (transaction_id)"
        " WHERE t.case_no IS DISTINCT FROM e.case_no GROUP BY 1 ORDER BY 1"
        f" LIMIT {STRAYS_MAX}"
    )
    found += [
        Break(row["case_no"], Check.STRAY, f"{row['n']} ledger entries outside a transaction of this case")
        for row in rows
    ]
    return found


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
