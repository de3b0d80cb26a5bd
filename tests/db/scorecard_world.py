"""Small worlds of requests and answers: written to the database as rows, and judged by brute force beside it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from db.pool import Connection
from schemas.enums import AnswerClass, DiscrepancyKind, EscalationLevel
from schemas.text import IST

START = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)
REMINDERS = {AnswerClass.API: 300.0, AnswerClass.SEAT: 1800.0, AnswerClass.MAIL: 14_400.0}
BANKS = {"SBIN": AnswerClass.API, "HDFC": AnswerClass.SEAT, "PUNB": AnswerClass.MAIL, "ICIC": AnswerClass.API}
CASE_NO = "31112026000001"
HOPS = 3

# A coarse clock: what meets at one moment is where a comparison shows whether it is right.
_seconds = st.integers(0, 24).map(lambda step: step * 3600)
_maybe = st.none() | st.integers(0, 10).map(lambda step: step * 1800)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Asked:
    """A request, as its row says it."""

    bank: str
    hop_nos: tuple[int, ...]
    sent_at: datetime
    delivered_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    level: EscalationLevel | None
    refused: bool


@dataclass(frozen=True)
class Said:
    """A line of an answer."""

    bank: str
    hop_nos: tuple[int, ...]
    kind: str
    disposition: str
    paise: int
    occurred_at: datetime | None
    received_at: datetime


@dataclass(frozen=True)
class Doubt:
    """A discrepancy."""

    bank: str
    kind: DiscrepancyKind
    opened_at: datetime


@dataclass(frozen=True)
class World:
    """Everything there is, requests in the order they were sent."""

    asked: tuple[Asked, ...]
    said: tuple[Said, ...]
    doubts: tuple[Doubt, ...]


def _after(start: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else start + timedelta(seconds=seconds)


@st.composite
def _asked(draw: st.DrawFn) -> Asked:
    sent = at(draw(_seconds))
    return Asked(
        bank=draw(st.sampled_from(list(BANKS)[:2])),
        hop_nos=tuple(sorted(draw(st.sets(st.integers(1, HOPS), min_size=1, max_size=2)))),
        sent_at=sent,
        delivered_at=_after(sent, draw(_maybe)),
        answered_at=_after(sent, draw(_maybe)),
        closed_at=_after(sent, draw(_maybe)),
        level=draw(st.none() | st.sampled_from(EscalationLevel)),
        refused=draw(st.booleans()),
    )


@st.composite
def _said(draw: st.DrawFn) -> Said:
    kind, disposition = draw(
        st.sampled_from(
            [
                ("held", "applied"),
                ("held", "discrepancy"),
                ("moved", "applied"),
                ("withdrawn", "applied"),
                ("spent", "discrepancy"),
                ("refused", "refusal"),
                ("refused", "correction"),
                ("unknown", "review"),
                ("held", "duplicate"),
            ]
        )
    )
    places = kind in {"held", "moved", "withdrawn", "spent"} and disposition != "duplicate"
    no_hops = disposition == "duplicate"
    return Said(
        bank=draw(st.sampled_from(list(BANKS)[:2])),
        hop_nos=() if no_hops else tuple(sorted(draw(st.sets(st.integers(1, HOPS), min_size=1, max_size=3)))),
        kind=kind,
        disposition=disposition,
        paise=draw(st.integers(0, 10**12)) if places else 0,
        occurred_at=_after(START, draw(st.none() | _seconds)),
        received_at=at(draw(_seconds)),
    )


_doubts = st.builds(
    Doubt, bank=st.sampled_from(list(BANKS)), kind=st.sampled_from(DiscrepancyKind), opened_at=_seconds.map(at)
)


def _in_order(asked: list[Asked], said: list[Said], doubts: list[Doubt]) -> World:
    return World(tuple(sorted(asked, key=lambda one: one.sent_at)), tuple(said), tuple(doubts))


worlds: st.SearchStrategy[World] = st.builds(
    _in_order,
    # Two requests of one moment about one hop have no order to tell the later by.
    st.lists(_asked(), max_size=12, unique_by=lambda one: one.sent_at),
    st.lists(_said(), max_size=12),
    st.lists(_doubts, max_size=6),
)


# -- as rows -------------------------------------------------------------------------------------------------------


async def write(connection: Connection, world: World) -> None:
    """Write a world's rows; the ledger is not asked by any scorecard."""
    await connection.executemany(
        "INSERT INTO institution (code, name, kind, answer_class, updated_at)"
        " VALUES ($1, $1 || ' Bank', 'bank', $2, $3)"
        " ON CONFLICT (code) DO UPDATE SET answer_class = EXCLUDED.answer_class",
        [(code, answer_class.value, START) for code, answer_class in BANKS.items()],
    )
    await connection.execute(
        "INSERT INTO case_file (case_no, state, opened_at, policy) VALUES ($1, 'open', $2, '{}')", CASE_NO, START
    )
    await connection.execute(
        "INSERT INTO hop (case_no, hop_no, layer, source, state, institution, payer_institution_as_told,"
        " payer_holder, payee_institution_as_told, payee_holder, account_key, reference, reference_key, mode,"
        " amount_paise, disputed_paise, transferred_at, opened_at, ack_no)"
        " SELECT $1, n, 1, 'complaint', 'open', 'SBIN', '', '', '', '', '', '', '', 'imps', 1, 1, $2, $2, $1"
        " FROM generate_series(1, $3) AS n",
        CASE_NO,
        START,
        HOPS,
    )
    await _write_requests(connection, world.asked)
    await _write_lines(connection, world.said)
    await connection.executemany(
        "INSERT INTO discrepancy (case_no, institution, kind, claimed_paise, applied_paise, opened_at)"
        " VALUES ($1, $2, $3, 1, 0, $4)",
        [(CASE_NO, doubt.bank, doubt.kind.value, doubt.opened_at) for doubt in world.doubts],
    )


async def _write_requests(connection: Connection, asked: Sequence[Asked]) -> None:
    revisions: dict[int, int] = {}
    for batch_no, one in enumerate(asked, start=1):
        request_id = UUID(int=batch_no)
        await connection.execute(
            "INSERT INTO hold_request (request_id, case_no, batch_no, institution, state, level, planned_at, sent_at,"
            " delivered_at, first_answered_at, closed_at, refusal_code)"
            " VALUES ($1, $2, $3, $4, 'sending', $5, $6, $6, $7, $8, $9, $10)",
            request_id,
            CASE_NO,
            batch_no,
            one.bank,
            one.level and one.level.value,
            one.sent_at,
            one.delivered_at,
            one.answered_at,
            one.closed_at,
            "07" if one.refused else None,
        )
        for hop_no in one.hop_nos:
            revision = revisions.get(hop_no, 0)
            revisions[hop_no] = revision + 1
            await connection.execute(
                "INSERT INTO request_hop (request_id, case_no, hop_no, revision, live) VALUES ($1, $2, $3, $4, false)",
                request_id,
                CASE_NO,
                hop_no,
                revision,
            )


async def _write_lines(connection: Connection, said: Sequence[Said]) -> None:
    for number, one in enumerate(said, start=1):
        update_id = await connection.fetchval(
            "INSERT INTO status_update (institution, case_no, job_id, body_digest, received_at, reply)"
            " VALUES ($1, $2, '', $3, $4, '{}') RETURNING update_id",
            one.bank,
            CASE_NO,
            str(number).encode(),
            one.received_at,
        )
        await connection.execute(
            "INSERT INTO answer (update_id, line_no, case_no, institution, natural_key, hop_nos, kind, disposition,"
            " status_code, amount_paise, claim_paise, within_paise, applied_paise, remarks, flags, occurred_at,"
            " received_at, person_id, sealed_raw)"
            " VALUES ($1, 1, $2, $3, $4, $5, $6, $7, '00', $8, $8, $8, $8, '', '[]', $9, $10,"
            " gen_random_uuid(), '\\x7001' || sha256(''))",
            update_id,
            CASE_NO,
            one.bank,
            str(number),
            list(one.hop_nos),
            one.kind,
            one.disposition,
            one.paise,
            one.occurred_at,
            one.received_at,
        )


# -- by brute force --------------------------------------------------------------------------------------------------

About = tuple[str, int | None]


def judged(
    world: World, sent_from: datetime, sent_to: datetime, as_of: datetime, *, by_hour: bool, by_class: bool = False
) -> dict[About, dict[str, Any]]:
    """The figures of every bank (or class), and hour, with something to count."""

    def about(bank: str, moment: datetime) -> About:
        name = BANKS[bank].value if by_class else bank
        return name, moment.astimezone(IST).hour if by_hour else None

    def counted(moment: datetime) -> bool:
        return sent_from <= moment < sent_to

    keys = {about(one.bank, one.sent_at) for one in world.asked if counted(one.sent_at)}
    keys |= {about(doubt.bank, doubt.opened_at) for doubt in world.doubts if counted(doubt.opened_at)}
    found = {}
    for key in keys:
        asked = [one for one in world.asked if counted(one.sent_at) and about(one.bank, one.sent_at) == key]
        doubts = [d.kind for d in world.doubts if counted(d.opened_at) and about(d.bank, d.opened_at) == key]
        lines = [(line, one) for line in world.said if (one := _answered_by(world, line)) and one in asked]
        found[key] = (
            _of_requests(asked, as_of)
            | _of_lines(lines)
            | {"discrepancies": {k: doubts.count(k) for k in DiscrepancyKind}}
        )
    return found


def _answered_by(world: World, line: Said) -> Asked | None:
    """The last request that the line can be an answer to."""
    asked = [
        one
        for one in world.asked
        if line.hop_nos and one.bank == line.bank and line.hop_nos[0] in one.hop_nos and one.sent_at <= line.received_at
    ]
    return asked[-1] if asked else None


def _of_requests(asked: Sequence[Asked], as_of: datetime) -> dict[str, Any]:
    due = []
    for one in asked:
        owes = not one.refused and (one.closed_at is None or one.level is EscalationLevel.GIVE_UP)
        late_at = (one.delivered_at or one.sent_at) + timedelta(seconds=REMINDERS[BANKS[one.bank]])
        if (one.answered_at or owes) and late_at <= as_of:
            due.append(one)
    silent = [one for one in due if one.answered_at is None]
    ladder = list(EscalationLevel)
    return {
        "requests": len(asked),
        "delivered": sum(one.delivered_at is not None for one in asked),
        "sent_to_delivered": percentiles(
            [(one.delivered_at - one.sent_at).total_seconds() for one in asked if one.delivered_at]
        ),
        "answered": sum(one.answered_at is not None for one in asked),
        "delivered_to_answer": percentiles(
            [
                max(0.0, (one.answered_at - one.delivered_at).total_seconds())
                for one in asked
                if one.delivered_at and one.answered_at
            ]
        ),
        "due": len(due),
        "silent": len(silent),
        "silent_rate": len(silent) / len(due) if due else None,
        "levels": {
            level: sum(one.level is not None and ladder.index(one.level) >= ladder.index(level) for one in asked)
            for level in EscalationLevel
        },
        "refused": sum(one.refused for one in asked),
    }


def _of_lines(lines: Sequence[tuple[Said, Asked]]) -> dict[str, Any]:
    def total(holds: Callable[[Said, Asked], bool]) -> int:
        return sum(line.paise for line, one in lines if holds(line, one))

    held = total(lambda line, _: line.kind == "held")
    before = total(
        lambda line, one: line.kind != "held" and line.occurred_at is not None and line.occurred_at < one.sent_at
    )
    after = total(
        lambda line, one: line.kind != "held" and line.occurred_at is not None and line.occurred_at >= one.sent_at
    )
    untimed = total(lambda line, _: line.kind != "held" and line.occurred_at is None)
    placed = held + before + after + untimed
    return {
        "refused_lines": sum(line.disposition in {"refusal", "correction"} for line, _ in lines),
        "held_paise": held,
        "gone_before_paise": before,
        "gone_after_paise": after,
        "gone_untimed_paise": untimed,
        "placed_paise": placed,
        "moved_before_share": before / placed if placed else None,
        "reachable_paise": held + after,
        "held_of_reachable": held / (held + after) if held + after else None,
    }


def percentiles(values: Sequence[float]) -> dict[str, Any]:
    """p50, p95 and p99, in a straight line between the two nearest values."""
    ordered = sorted(values)
    found: dict[str, Any] = {"count": len(ordered)}
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        place = share * (len(ordered) - 1)
        low = math.floor(place)
        found[f"{name}_seconds"] = (
            ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) if ordered else None
        )
    return found
