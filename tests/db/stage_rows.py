"""Cases of a world of stages, written as rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from db.pool import Connection
from tests.db.stage_world import AS_OF, BANKS, LEGAL_SECONDS, PREFIX, Case, Request, Restoring, Visit

VICTIM = """
WITH p AS (INSERT INTO person_key (person_id, made_at, destroyed_at, destroyed_for)
    VALUES (gen_random_uuid(), now(), now(), 'invented') RETURNING person_id)
INSERT INTO victim (district, woman, child, senior, person_id, sealed, terms, terms_key)
SELECT $1, false, false, false, person_id, '\\x7001' || sha256(''), '{}', ''::bytea FROM p RETURNING victim_id
"""
"""a victim of a district, whose key is destroyed"""


def case_no_of(number: int) -> str:
    return f"{PREFIX}{number:06d}"


def request_id_of(number: int, place: int) -> UUID:
    return uuid5(UUID(int=1), f"request {number} {place}")


def restoration_id_of(number: int) -> UUID:
    return uuid5(UUID(int=2), f"restoration {number}")


def order_id_of(number: int, place: int) -> UUID:
    return uuid5(UUID(int=3), f"order {number} {place}")


def after(start: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else start + timedelta(seconds=seconds)


def later(start: datetime, seconds: float) -> datetime:
    return start + timedelta(seconds=seconds)


async def write(connection: Connection, world: Sequence[Case]) -> None:
    """Write a world's rows, without what triggers set off; roll them back afterwards."""
    for table in ("hop", "hold_request", "restoration", "restoration_step", "duty", "bank_order"):
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await connection.executemany(
        "INSERT INTO institution (code, name, kind, answer_class, updated_at)"
        " VALUES ($1, $1 || ' Bank', 'bank', $2, $3)",
        [(code, answer_class.value, AS_OF) for code, answer_class in BANKS.items()],
    )
    for number, case in enumerate(world):
        await _write_case(connection, number, case)
        for place, request in enumerate(case.requests):
            await _write_request(connection, number, place, case, request)
        if case.restoration is not None:
            await _write_restoration(connection, number, case, case.restoration)


async def _write_case(connection: Connection, number: int, case: Case) -> None:
    case_no, at = case_no_of(number), case.opened_at
    settled = None if case.is_open else AS_OF
    await connection.execute(
        "INSERT INTO case_file (case_no, state, opened_at, settled_at, policy, first_sent_at, first_delivered_at,"
        " first_answered_at, first_held_at) VALUES ($1, $2, $3, $4, '{}', $5, $6, $7, $8)",
        case_no,
        "open" if case.is_open else "settled",
        at,
        settled,
        at if case.planned else None,
        after(at, case.delivered),
        after(at, case.answered),
        after(at, case.held),
    )
    victim = await connection.fetchval(VICTIM, case.district)
    await connection.execute(
        "INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by, idempotency_key,"
        " body_digest, joined, flags, marked) VALUES ($1, $1, $2, $3, $4, $5, 'officer:x', $1, '', false, '[]', $6)",
        case_no,
        case.channel,
        case.category,
        victim,
        at,
        case.marked,
    )
    for place, took in enumerate(case.transfers, start=1):
        await _write_hop(connection, case_no, place, "complaint", later(at, -took), at)
    for reported in case.reported:
        await connection.execute(
            "INSERT INTO duty (case_no, kind, opened_at, due_at, done_at, remind_at, escalate_at)"
            " VALUES ($1, 'magistrate_report', $2, $3, $4, $2, $3)",
            case_no,
            at,
            later(at, LEGAL_SECONDS),
            after(at, reported),
        )


async def _write_hop(
    connection: Connection, case_no: str, hop_no: int, source: str, transferred_at: datetime, opened_at: datetime
) -> None:
    await connection.execute(
        "INSERT INTO hop (case_no, hop_no, layer, source, state, payer_institution_as_told, payer_holder,"
        " payee_institution_as_told, payee_holder, account_key, reference, reference_key, mode, amount_paise,"
        " disputed_paise, transferred_at, opened_at, ack_no)"
        " VALUES ($1, $2, 1, $3, 'closed', '', '', '', '', '', '', '', 'imps', 1, 1, $4, $5, $1)",
        case_no,
        hop_no,
        source,
        transferred_at,
        opened_at,
    )


async def _write_request(connection: Connection, number: int, place: int, case: Case, request: Request) -> None:
    case_no, at, request_id = case_no_of(number), case.opened_at, request_id_of(number, place)
    await connection.execute(
        "INSERT INTO hold_request (request_id, case_no, batch_no, institution, state, level, planned_at, sent_at,"
        " delivered_at, first_answered_at, closed_at, refusal_code, channel)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12)",
        request_id,
        case_no,
        place,
        request.bank,
        state_of(request),
        "give_up" if request.gave_up else None,
        later(at, request.sent),
        after(at, request.delivered),
        after(at, request.answered),
        after(at, request.closed),
        "07" if request.refused else None,
        request.wire,
    )
    if request.call is not None:
        await connection.execute(
            "INSERT INTO bank_exchange (about, request_id, channel, at, head, size_bytes, digest, masked,"
            " reply_cut, failure, person_id, sealed_body, body_digest) VALUES ('hold_request', $1, 'i4c', $2, '',"
            " 0, sha256(''), false, false, '', gen_random_uuid(), '\\x7001' || sha256(''), sha256(''))",
            request_id,
            later(at, request.call),
        )
    if request.opened_by_answer is not None:
        await _write_hop(connection, case_no, 100 + place, "answer", at, later(at, request.opened_by_answer))
        await connection.execute(
            "INSERT INTO request_hop (request_id, case_no, hop_no, revision, live) VALUES ($1, $2, $3, $4, false)",
            request_id,
            case_no,
            100 + place,
            int(request.again),
        )


def state_of(request: Request) -> str:
    if request.closed is not None or request.refused:
        return "stopped"
    if request.answered is not None:
        return "answered"
    return "sending" if request.delivered is None else "delivered"


async def _write_restoration(connection: Connection, number: int, case: Case, one: Restoring) -> None:
    case_no, restoration_id, at = case_no_of(number), restoration_id_of(number), later(case.opened_at, one.opened)
    await connection.execute(
        "INSERT INTO restoration (restoration_id, case_no, ack_no, round_no, state, step, policy, first_held_at,"
        " opened_at, closed_at) VALUES ($1, $2, $2, $3, $4, $5, '{}', $6, $7, $8)",
        restoration_id,
        case_no,
        one.round_no,
        "open" if one.is_open else "cancelled",
        "application" if one.applied is None else "credit",
        later(at, -one.held),
        at,
        None if one.is_open else AS_OF,
    )
    steps = [Visit("application", 0.0, one.applied, "done", LEGAL_SECONDS), *one.visits]
    await connection.executemany(
        "INSERT INTO restoration_step (restoration_id, step, visit_no, opened_at, due_at, ended_at, ended_by, outcome)"
        " VALUES ($1, $2, 1, $3, $4, $5, 'officer:io', $6)",
        [
            (
                restoration_id,
                visit.step,
                later(at, visit.opened),
                later(at, visit.opened + visit.due),
                after(later(at, visit.opened), visit.took),
                None if visit.took is None else visit.outcome,
            )
            for visit in steps
        ],
    )
    await connection.executemany(
        "INSERT INTO bank_order (order_id, kind, reason, case_no, institution, restoration_id, state, ordered_by,"
        " planned_at, due_at, ended_at, policy) VALUES ($1, 'restore', 'restoration', $2, $3, $4, $5, 'engine', $6, $7,"
        " $8, '{}')",
        [
            (
                order_id_of(number, place),
                case_no,
                order.bank,
                restoration_id,
                order.state,
                later(at, order.planned),
                later(at, order.planned + order.due),
                after(later(at, order.planned), order.took),
            )
            for place, order in enumerate(one.orders)
        ],
    )
