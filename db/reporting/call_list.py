"""The call list of the desk: banks' habits, and waiting requests by the amount likely still there.

The SQL sorts all waiting requests, with the arithmetic of `domain.banks.answering`. A test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asyncpg import Record

from db.banks import rosters
from db.pool import Connection
from db.task_owners import IS_OWNED, IS_SNOOZED
from domain.banks.answering import HAZARD_MAX, BandCount, Curve
from domain.case.telephone import what_to_say, where_to_enter
from domain.policy.telephone import HolidayRules, PersonWeights
from schemas.banks.rosters import OfficerToCall
from schemas.case.request_views import TaskHop, TaskInstitution
from schemas.enums import AnswerClass
from schemas.reporting.scorecards import Call, CallFactors, CallList

HOPS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Habit:
    """How money leaves the accounts of one bank, and how the bank answers."""

    leaving: Curve
    answering: Curve


# A request that the bank refused as a whole was ended by the refusal. A withdrawn request says nothing after its
# withdrawal.
_ANSWERING: Final = """
SELECT institution, width_bucket(seconds, starts) - 1 AS band, count(*) AS count,
    count(*) FILTER (WHERE ended) AS ended,
    sum(seconds - starts[width_bucket(seconds, starts)]) AS seconds_within
FROM (
    SELECT r.institution, c.starts, r.first_answered_at IS NOT NULL AS ended, greatest(0, extract(epoch FROM
        coalesce(r.first_answered_at, r.closed_at, $3) - coalesce(r.delivered_at, r.sent_at)))::float8 AS seconds
    FROM hold_request r
    JOIN jsonb_to_recordset($1::jsonb) AS c (institution text, starts float8[]) USING (institution)
    WHERE r.sent_at >= $2 AND r.sent_at < $3 AND (r.refusal_code IS NULL OR r.first_answered_at IS NOT NULL)
) AS waited
GROUP BY 1, 2
"""

# Money put on hold can no longer leave. It had stayed until then.
_LEAVING: Final = """
SELECT institution, width_bucket(seconds, starts) - 1 AS band, count(*) AS count,
    count(*) FILTER (WHERE ended) AS ended,
    sum(seconds - starts[width_bucket(seconds, starts)]) AS seconds_within
FROM (
    SELECT a.institution, c.starts, a.kind <> 'held' AS ended, greatest(0, extract(epoch FROM
        least(a.occurred_at, a.received_at) - h.transferred_at))::float8 AS seconds
    FROM answer a
    JOIN jsonb_to_recordset($1::jsonb) AS c (institution text, starts float8[]) USING (institution)
    JOIN hop h ON h.case_no = a.case_no AND h.hop_no = a.hop_nos[1] AND h.institution = a.institution
    WHERE a.received_at >= $2 AND a.received_at < $3 AND a.applied_paise > 0
        AND a.kind IN ('held', 'moved', 'withdrawn', 'spent') AND (a.kind = 'held' OR a.occurred_at IS NOT NULL)
) AS lasted
GROUP BY 1, 2
"""

_OWNED: Final = IS_OWNED.format(now="$2")
_ASLEEP: Final = f"coalesce({IS_SNOOZED.format(now='$2')}, false)"

# Few items have an owner or sleep, so these are read once and the others by their request, for the calls of the list.
_CALLS: Final = f"""
WITH habit AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS c (institution text, leaving_starts float8[],
        leaving_rates float8[], leaving_sums float8[], answering_starts float8[], answering_rates float8[],
        answering_sums float8[])
), taken AS MATERIALIZED (
    SELECT own.task_id, t.case_no, t.request_id, {_OWNED} AS owned, {_ASLEEP} AS asleep
    FROM task_owner own JOIN desk_task t USING (task_id)
    WHERE (own.owner IS NOT NULL OR own.snoozed_until > $2) AND t.state = 'open' AND t.kind = 'phone_bank'
        AND t.request_id IS NOT NULL
), valued AS (
    SELECT q.request_id, count(*) AS hop_count, sum(b.balance_paise)::bigint AS in_play_paise,
        max(h.transferred_at) AS latest_arrival_at,
        sum(b.balance_paise * exp(-least({HAZARD_MAX},
            c.leaving_sums[w.band] + c.leaving_rates[w.band] * (g.seconds - c.leaving_starts[w.band])
        ))) AS there_paise
    FROM request_hop q
    JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
    JOIN ledger_balance b ON b.case_no = q.case_no AND b.hop_no = q.hop_no AND b.bucket = 'in_play'
        AND b.balance_paise > 0
    JOIN habit c ON c.institution = h.institution
    CROSS JOIN LATERAL (SELECT greatest(0, extract(epoch FROM $2 - h.transferred_at))::float8 AS seconds) AS g
    CROSS JOIN LATERAL (SELECT width_bucket(g.seconds, c.leaving_starts) AS band) AS w
    WHERE q.live AND NOT EXISTS (
        SELECT FROM call_back p WHERE p.request_id = q.request_id AND p.ended_at IS NULL AND p.due_at > $2)
        AND q.request_id NOT IN (
            SELECT k.request_id FROM taken k WHERE k.asleep AND NOT EXISTS (
                SELECT FROM desk_task t WHERE t.case_no = k.case_no AND t.request_id = k.request_id
                    AND t.state = 'open' AND t.kind = 'phone_bank'
                    AND t.task_id NOT IN (SELECT o.task_id FROM taken o WHERE o.asleep)))
    GROUP BY q.request_id
), ranked AS (
    SELECT v.*, r.case_no, r.job_id, r.institution, r.state, r.level, r.sent_at, g.seconds AS waiting_seconds,
        s.stays_silent_share, p.person_paise, n.rank, o.owned, count(*) OVER () AS waiting_requests
    FROM valued v JOIN hold_request r USING (request_id) JOIN habit c ON c.institution = r.institution
    CROSS JOIN LATERAL (
        SELECT greatest(0, extract(epoch FROM $2 - coalesce(r.delivered_at, r.sent_at)))::float8 AS seconds
    ) AS g
    CROSS JOIN LATERAL (
        SELECT width_bucket(g.seconds, c.answering_starts) AS now,
            width_bucket(g.seconds + $3, c.answering_starts) AS later
    ) AS w
    CROSS JOIN LATERAL (
        -- A bank that refused the ticket will not answer it by itself.
        SELECT CASE r.state WHEN 'refused' THEN 1 ELSE exp(-least({HAZARD_MAX},
            c.answering_sums[w.later] + c.answering_rates[w.later] * (g.seconds + $3 - c.answering_starts[w.later])
            - c.answering_sums[w.now] - c.answering_rates[w.now] * (g.seconds - c.answering_starts[w.now])
        )) END AS stays_silent_share
    ) AS s
    CROSS JOIN LATERAL (
        SELECT coalesce(max(greatest(CASE WHEN o.child THEN $6::bigint END, CASE WHEN o.woman THEN $7::bigint END,
            CASE WHEN o.senior THEN $8::bigint END)), 0) AS person_paise
        FROM complaint c JOIN victim o USING (victim_id) WHERE c.case_no = r.case_no
    ) AS p
    CROSS JOIN LATERAL (
        -- As if so much more of the same money were in play.
        SELECT v.there_paise * (1 + p.person_paise::float8 / v.in_play_paise) * s.stays_silent_share AS rank
    ) AS n
    CROSS JOIN LATERAL (
        SELECT v.request_id IN (SELECT request_id FROM taken WHERE taken.owned) AS owned
    ) AS o
    -- What officers have is few, and each of them reads the own calls first.
    ORDER BY o.owned DESC, n.rank DESC, v.request_id LIMIT $4
)
SELECT k.*, i.name, i.kind, i.desk_email, one.task_id, one.version, one.owner, one.lease_ends_at,
    ARRAY(
        SELECT jsonb_build_object('hop_no', h.hop_no, 'layer', h.layer, 'state', h.state,
            'institution_as_told', h.payee_institution_as_told, 'holder', h.payee_holder, 'reference', h.reference,
            'amount_paise', h.amount_paise, 'in_play_paise', b.balance_paise, 'transferred_at', h.transferred_at)
        FROM request_hop q JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
        JOIN ledger_balance b ON b.case_no = q.case_no AND b.hop_no = q.hop_no AND b.bucket = 'in_play'
        WHERE q.request_id = k.request_id AND q.live AND b.balance_paise > 0
        ORDER BY b.balance_paise DESC, h.hop_no LIMIT $5
    ) AS hops
FROM ranked k JOIN institution i ON i.code = k.institution
LEFT JOIN LATERAL (
    SELECT t.task_id, coalesce(own.version, 0) AS version, CASE WHEN {_OWNED} THEN own.owner END AS owner,
        CASE WHEN {_OWNED} THEN own.lease_ends_at END AS lease_ends_at
    FROM desk_task t LEFT JOIN task_owner own USING (task_id)
    WHERE t.case_no = k.case_no AND t.request_id = k.request_id AND t.state = 'open' AND t.kind = 'phone_bank'
    ORDER BY {_OWNED} IS NOT TRUE, {_ASLEEP}, t.task_id LIMIT 1
) AS one ON true
ORDER BY k.owned, k.rank DESC, k.request_id
"""


async def classes(connection: Connection) -> dict[str, AnswerClass]:
    """Return the answer class of every bank."""
    rows = await connection.fetch("SELECT code, answer_class FROM institution")
    return {row["code"]: AnswerClass(row["answer_class"]) for row in rows}


async def answering_history(
    connection: Connection, defaults: Mapping[str, Curve], since: datetime, as_of: datetime
) -> dict[str, list[BandCount]]:
    """Return how long requests sent from `since` on waited for an answer, by bank.

    The times are counted in the bands of the bank's default.
    """
    return await _history(connection, _ANSWERING, defaults, since, as_of)


async def leaving_history(
    connection: Connection, defaults: Mapping[str, Curve], since: datetime, as_of: datetime
) -> dict[str, list[BandCount]]:
    """Return how long money stayed in accounts, from answers since `since`, by bank.

    The times are counted in the bands of the bank's default.
    """
    return await _history(connection, _LEAVING, defaults, since, as_of)


async def calls(
    connection: Connection,
    habits: Mapping[str, Habit],
    as_of: datetime,
    horizon_seconds: float,
    limit: int,
    holidays: HolidayRules,
    persons: PersonWeights,
) -> CallList:
    """Return the `limit` requests for which a call now can save the most. For some victims a call counts more.

    A request with nothing in play is omitted, one about which the bank has promised to call later, and one whose work
    item sleeps. What an officer has comes last.
    """
    habit_rows = [
        {"institution": bank}
        | {f"leaving_{name}": getattr(habit.leaving, name) for name in ("starts", "rates", "sums")}
        | {f"answering_{name}": getattr(habit.answering, name) for name in ("starts", "rates", "sums")}
        for bank, habit in habits.items()
    ]
    weights = (persons.child_paise, persons.woman_paise, persons.senior_paise)
    rows = await connection.fetch(_CALLS, habit_rows, as_of, horizon_seconds, limit, HOPS_SHOWN, *weights)
    officers = await rosters.to_call(connection, (row["institution"] for row in rows), holidays, as_of)
    return CallList(
        as_of=as_of,
        horizon_seconds=horizon_seconds,
        waiting_requests=rows[0]["waiting_requests"] if rows else 0,
        items=tuple(_call(row, habits[row["institution"]], officers.get(row["institution"], ())) for row in rows),
    )


async def _history(
    connection: Connection, query: str, defaults: Mapping[str, Curve], since: datetime, as_of: datetime
) -> dict[str, list[BandCount]]:
    curves = [{"institution": bank, "starts": curve.starts} for bank, curve in defaults.items()]
    counts: dict[str, list[BandCount]] = {}
    for row in await connection.fetch(query, curves, since, as_of):
        counts.setdefault(row["institution"], []).append(
            BandCount(row["band"], row["count"], row["ended"], row["seconds_within"])
        )
    return counts


def _call(row: Record, habit: Habit, officers: tuple[OfficerToCall, ...]) -> Call:
    there_share = row["there_paise"] / row["in_play_paise"]
    hops = tuple(TaskHop.model_validate(hop) for hop in row["hops"])
    return Call(
        likely_still_there_paise=round(row["there_paise"] * row["stays_silent_share"]),
        factors=CallFactors(
            in_play_paise=row["in_play_paise"],
            still_there_share=there_share,
            still_there_history=habit.leaving.own_history,
            stays_silent_share=row["stays_silent_share"],
            stays_silent_history=habit.answering.own_history,
            person_paise=row["person_paise"],
        ),
        request_id=row["request_id"],
        case_ack_no=row["case_no"],
        job_id=row["job_id"],
        state=row["state"],
        level=row["level"],
        sent_at=row["sent_at"],
        waiting_seconds=row["waiting_seconds"],
        latest_arrival_at=row["latest_arrival_at"],
        task_id=row["task_id"],
        version=row["version"],
        owner=row["owner"],
        lease_ends_at=row["lease_ends_at"],
        institution=_institution(row, officers),
        hop_count=row["hop_count"],
        hops=hops,
        say=what_to_say(row["case_no"], row["job_id"], hops, row["hop_count"]),
        enter_at=where_to_enter(row["case_no"], row["request_id"]),
    )


def _institution(row: Record, officers: tuple[OfficerToCall, ...]) -> TaskInstitution:
    return TaskInstitution(
        code=row["institution"],
        name=row["name"],
        kind=row["kind"],
        desk_email=row["desk_email"],
        nodal_officers=officers,
    )
