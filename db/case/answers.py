"""Banks' answers: the updates as posted, their lines as received (sealed), and their discrepancies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Final
from uuid import UUID

from db.banks import bank_exchanges
from db.banks.bank_exchanges import SealedReceived
from db.case import hops
from db.case.cases import CaseHead, case_no_of
from db.case.hops import HopRow
from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from db.privacy import body_keys
from db.privacy.body_keys import BodyKey, OpensLine, key_of_case, stored_line
from db.privacy.person_keys import PersonKey, StoredText
from domain.errors.case import CaseNotFound
from schemas.base import FrozenModel
from schemas.case.answers import Confirmation, Discrepancy, Entry, HopPosition, Judgement, KnownLines
from schemas.case.request_views import AnswerPage, AnswerView
from schemas.identifiers import reference_key, reference_of

_BOUND: Final = (
    *("line_no", "kind", "disposition", "hop_nos", "status_code"),
    *("amount_paise", "claim_paise", "applied_paise", "remarks"),
)
"""columns of a line that the case log binds, beside its opened `raw`"""
_BOUND_PAIRS: Final = ", ".join(f"'{name}', {name}" for name in (*_BOUND, "raw"))
BOUND_LINE: Final = rf"jsonb_build_object({_BOUND_PAIRS})::text || E'\n'"
"""SQL of a line of an answer, with its disposition and its opened `raw`, as the case log binds it. The text must never
change, because the logs hold digests of it."""
_OF_CLAIM: Final = (
    *("natural_key", "kind", "status_code", "amount_paise", "claim_paise", "within_paise", "remarks", "occurred_at"),
    *("root_reference_key", "balance_paise", "balance_is_free"),
)
"""columns of a line that are values of its claim"""
_OF_LINE: Final = (
    *(*_OF_CLAIM, "line_no", "hop_nos", "disposition", "applied_paise", "reference_key", "flags"),
    *("person_id", "sealed_raw", "imported_by", "balance_on_wire"),
)
"""columns of a line that differ from those of the other lines of its update"""


def opened(answer_ids: str, raws: str) -> str:
    """Return SQL for rows that `BOUND_LINE` reads: lines with their opened texts, which two arrays have."""
    return (
        f"(SELECT {', '.join(f'a.{name}' for name in ('case_no', 'update_id', *_BOUND))}, o.raw::jsonb AS raw"
        f" FROM unnest({answer_ids}::bigint[], {raws}::text[]) AS o (answer_id, raw)"
        " JOIN answer a USING (answer_id)) AS told"
    )


class Given(FrozenModel):
    """The last reply to a body, and how often the body had been judged again by then."""

    reply: dict[str, int]
    said_again: int


class Begun(FrozenModel):
    """A locked case, and all that an answer of a bank in it is judged by."""

    head: CaseHead
    given: Given | None
    positions: tuple[HopPosition, ...]
    """the hops that the answer can be about"""
    known: KnownLines
    knows_job: bool
    """whether the job id may be one of the case's requests to the institution, or of an inquiry"""
    is_paused: bool
    """whether no bank is to be asked about the case yet"""
    has_tasks: bool
    """whether the case has an open work item"""
    key: PersonKey | None
    """the key of the bodies of the case"""
    merged_with: tuple[str, ...] = ()
    """the other cases of the merges in force of the case"""


async def begin(
    connection: Connection,
    ack_no: str,
    institution: str,
    body_digest: bytes,
    job_id: str,
    reference_keys: Sequence[str],
    account_keys: Sequence[str],
    natural_keys: Sequence[str],
) -> Begun:
    """Lock the case that a number names, and read all that an answer of this institution is judged by.

    An answer also names the reference of a transfer onward. The desk may have entered that hop already. Raises
    `NotFound` if the institution has no part in the case, as for an unknown number.
    """
    row = await connection.fetchrow(
        f"SELECT b.*, {key_of_case('b.case_no')} AS key, telephone_stated(b.case_no) AS stated,"
        " merged_with(b.case_no) AS merged_with FROM answer_begin($1, $2, $3, $4, $5, $6, $7) AS b",
        ack_no,
        institution,
        body_digest,
        job_id,
        list(reference_keys),
        list(account_keys),
        list(natural_keys),
    )
    if row is None:
        raise CaseNotFound(ack_no)
    return Begun(
        head=CaseHead(**{name: row[name] for name in CaseHead.model_fields}),
        given=row["given"],
        positions=_with_stated(row["positions"], row["stated"]),
        known=_known(row["known"]),
        knows_job=row["knows_job"],
        is_paused=row["is_paused"],
        has_tasks=row["has_tasks"],
        key=row["key"],
        merged_with=row["merged_with"],
    )


def _with_stated(positions: list[dict[str, Any]], stated: Mapping[str, Mapping[str, int]] | None) -> Any:
    """Return the hops, with what telephone answers booked of them by hop and kind; None if they booked nothing."""
    if stated is None:
        return positions
    return [{**position, "stated_paise": stated.get(str(position["hop_no"]), {})} for position in positions]


async def known_lines(connection: Connection, case_no: str, institution: str, keys: Sequence[str]) -> KnownLines:
    """Return which of these lines this institution has sent before."""
    rows = await connection.fetch("SELECT * FROM answer_known_lines($1, $2, $3)", case_no, institution, list(keys))
    return _known({row["natural_key"]: dict(row) for row in rows})


def _known(lines: Mapping[str, Mapping[str, Any]]) -> KnownLines:
    stray = frozenset(key for key, line in lines.items() if line["is_stray"])
    return KnownLines(
        taken=frozenset(lines) - stray,
        stray=stray,
        hop_nos={key: frozenset(chain.from_iterable(line["hop_nos"])) for key, line in lines.items()},
    )


_INSERT: Final = f"""
WITH {body_keys.insert(9)}, kept AS (
    {bank_exchanges.insert_body("$1", 9 + body_keys.ARGUMENTS)}
), told AS (
    SELECT r.*, l.line -> 'raw' AS raw
    FROM jsonb_array_elements($8::jsonb) AS l (line), jsonb_populate_record(NULL::answer, l.line) AS r
), written AS (
    -- The same body may be written again with a higher `said_again`.
    INSERT INTO status_update (institution, case_no, job_id, body_digest, said_again, received_at, reply)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING update_id
), lines AS (
    INSERT INTO answer (update_id, case_no, institution, received_at, {", ".join(_OF_LINE)})
    SELECT u.update_id, $2, $1, $6, {", ".join(f"r.{name}" for name in _OF_LINE)}
    FROM written u, told r ORDER BY r.line_no
    RETURNING line_no, answer_id
)
SELECT u.update_id, ARRAY(SELECT answer_id FROM lines ORDER BY line_no) AS answer_ids,
    (SELECT coalesce(string_agg({BOUND_LINE}, '' ORDER BY line_no), '') FROM told) AS bound_lines
FROM written u
"""


class Written(FrozenModel):
    """An update as it is written: its number, those of its lines in order, and `BOUND_LINE` of all lines, joined."""

    update_id: int
    answer_ids: tuple[int, ...]
    bound_lines: bytes


@dataclass(frozen=True, slots=True)
class SealedAnswer:
    """The sealed parts of an answer as they are written."""

    key: BodyKey
    raws: Sequence[bytes] = field(repr=False)
    """what was received as each line"""
    received: SealedReceived | None


async def insert(
    connection: Connection,
    institution: str,
    case_no: str,
    job_id: str,
    body_digest: bytes,
    said_again: int,
    at: datetime,
    reply: dict[str, Any],
    judgements: Sequence[Judgement],
    sealed: SealedAnswer,
) -> Written:
    """Write an update as received, with its body, its reply, and every line with its disposition.

    The same body may be written again with a higher `said_again`.
    """
    row = await connection.fetchrow(
        _INSERT,
        institution,
        case_no,
        job_id,
        body_digest,
        said_again,
        at,
        reply,
        [
            _as_stored(line_no, judged, sealed.key, raw)
            for line_no, (judged, raw) in enumerate(zip(judgements, sealed.raws, strict=True), start=1)
        ],
        *body_keys.columns([sealed.key]),
        *bank_exchanges.body_columns(sealed.received),
    )
    assert row is not None, "the update is written"
    return Written(update_id=row["update_id"], answer_ids=row["answer_ids"], bound_lines=row["bound_lines"].encode())


def _as_stored(line_no: int, judged: Judgement, key: BodyKey, sealed_raw: bytes) -> dict[str, Any]:
    claim = judged.claim
    importer = claim.raw.get("imported_by")
    return {name: getattr(claim, name) for name in _OF_CLAIM} | {
        "line_no": line_no,
        "hop_nos": judged.hop_nos,
        "disposition": judged.disposition,
        "applied_paise": judged.applied_paise,
        "reference_key": reference_key(claim.reference),
        "flags": [flag.model_dump() for flag in claim.flags],
        "raw": claim.raw,
        "person_id": key.person_id,
        "sealed_raw": rf"\x{sealed_raw.hex()}",
        # Who imported the workbook of the line, and whether the line has a balance in the field of the I4C wire.
        "imported_by": importer if isinstance(importer, str) else None,
        "balance_on_wire": "root_effective_balance" in claim.raw,
    }


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Changes that an answer makes in its case."""

    hops: Sequence[HopRow]
    accounts: Sequence[tuple[Sequence[int], str, str]]
    """hops with the account that their bank states, as it writes it and as a key; for hops without an account"""
    last_hop_no: int | None
    """highest hop number of the case; None for an answer that is no answer to a hold request"""
    is_held: bool
    entries: Sequence[Entry]
    closed: Sequence[int]
    parked: Sequence[int]
    confirmed: Sequence[Confirmation]
    touched: Sequence[int]
    """hops that the lines are about"""
    transfers: Mapping[int, str]
    """keys of the transfers of new hops, by hop"""
    checked: Sequence[int]
    """answer ids of the lines whose accounts are returned"""


class Done(FrozenModel):
    """Results of an answer's effects."""

    finished: tuple[UUID, ...]
    """requests without a live hop, which are closed now"""
    others: dict[int, str]
    """by new hop, the other case that has its transfer already"""
    accounts: tuple[str, ...]
    """accounts for which the lines state a hold or a balance"""


async def write_effects(
    connection: Connection, case_no: str, institution: str, update_id: int, at: datetime, effects: Effects
) -> Done:
    """Write what the answer `update_id` changes: new hops, ledger, states of hops, requests, registered transfers."""
    entries = [entry for entry in effects.entries if entry.amount_paise]
    row = await connection.fetchrow(
        "SELECT * FROM answer_effects($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
        " $19, $20)",
        case_no,
        institution,
        update_id,
        at,
        hops.as_stored(case_no, at, effects.hops),
        [
            {"place": place, "hop_no": hop_no, "account": account, "account_key": key}
            for place, (hop_nos, account, key) in enumerate(effects.accounts)
            for hop_no in hop_nos
        ],
        effects.last_hop_no,
        effects.is_held,
        [entry.hop_no for entry in entries],
        [entry.bucket.value for entry in entries],
        [entry.amount_paise for entry in entries],
        list(effects.closed),
        list(effects.parked),
        [hop.model_dump(mode="json") for hop in effects.confirmed],
        [hop.hop_no for hop in effects.confirmed if hop.asks_again],
        list(effects.touched),
        list(effects.transfers.values()),
        list(effects.transfers),
        [reference_of(key) for key in effects.transfers.values()],
        list(effects.checked),
    )
    assert row is not None, "the function returns one row"
    return Done(**dict(row))


async def insert_discrepancies(
    connection: Connection,
    case_no: str,
    institution: str,
    discrepancies: Sequence[Discrepancy],
    answer_ids: Sequence[int | None],
    at: datetime,
) -> None:
    """Write the discrepancies, each with the answer line that caused it, if there is one."""
    await connection.executemany(
        "INSERT INTO discrepancy (case_no, hop_no, answer_id, institution, kind, claimed_paise, applied_paise,"
        " opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (
                case_no,
                discrepancy.hop_no,
                answer_ids[discrepancy.claim_index],
                institution,
                discrepancy.kind.value,
                discrepancy.claimed_paise,
                discrepancy.applied_paise,
                at,
            )
            for discrepancy in discrepancies
        ],
    )


_PAGE: Final = f"""
SELECT a.answer_id, a.update_id, a.line_no, a.institution, u.job_id, a.received_at, a.kind, a.disposition,
    a.status_code, a.hop_nos, a.amount_paise, a.claim_paise, a.applied_paise, a.remarks, a.flags,
    {stored_line("a")} AS raw
FROM answer a JOIN status_update u USING (update_id)
WHERE a.case_no = $1 AND a.answer_id > $2 ORDER BY a.answer_id LIMIT $3
"""


async def page(connection: Connection, ack_no: str, after: str | None, limit: int, opens: OpensLine) -> AnswerPage:
    """Return up to `limit` lines of banks' answers about a case, as received. Raises `NotFound`, `BadCursor`."""
    after_id = int_after(after)
    case_no = await case_no_of(connection, ack_no)
    rows, more = cut(await connection.fetch(_PAGE, case_no, after_id, limit + 1), limit)
    items = tuple(AnswerView.model_validate(dict(row) | {"raw": opens(StoredText(**row["raw"]))}) for row in rows)
    return AnswerPage(items=items, next=to_cursor(items[-1].answer_id) if more else None)
