"""Views of restorations for officers: the list, and one with its clocks, money and objections."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from db.case import events
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined
from db.privacy.person_keys import Opens, StoredText
from db.recovery import officer_steps, payer_decisions, restoration_facts, restorations, signatures
from db.recovery.claims import HopAtAccount, hops_at
from db.recovery.credit_accounts import OBJECT_UNTIL
from db.recovery.officer_steps import TEXT
from db.recovery.restorations import Line
from db.rows import Rows
from domain.errors import BadCursor
from domain.errors.restoration import RestorationNotFound
from domain.recovery.procedure import RELEASED_FOR
from schemas.identifiers import account_end, account_key
from schemas.privacy.personal_data import Within
from schemas.recovery.grievances import number_of
from schemas.recovery.restorations import (
    AppealOfRestoration,
    BeneficiaryView,
    ClaimView,
    CourtOrderBrief,
    LineView,
    NoticeOfRestoration,
    ObjectionRelease,
    ObjectionView,
    OrderOfRestoration,
    RestorationHead,
    RestorationPage,
    RestorationView,
    StepView,
)
from schemas.restoration_enums import RestorationState, RestorationVerb, Route, Step

_HEAD: Final = """
SELECT r.restoration_id, r.case_no AS case_ack_no, r.ack_no, r.round_no, r.state, r.step, r.visit_no, r.route,
       r.first_held_at, r.opened_at, r.closed_at, s.due_at, coalesce(s.due_at < $1, false) AS overdue,
       money.held_paise, money.restored_paise
FROM restoration r
LEFT JOIN restoration_step s ON s.restoration_id = r.restoration_id AND s.ended_at IS NULL
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'held'), 0)::bigint AS held_paise,
           (SELECT coalesce(sum(ol.confirmed_paise), 0)::bigint FROM bank_order o JOIN bank_order_line ol
            USING (order_id) WHERE o.restoration_id = r.restoration_id) AS restored_paise
    FROM restoration_line l JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no
    WHERE l.restoration_id = r.restoration_id
) AS money
"""

_LIST: Final = f"""{_HEAD}
WHERE ($2::text IS NULL OR r.state = $2) AND ($3::text IS NULL OR r.step = $3) AND ($4::text IS NULL OR r.route = $4)
  AND ($5::boolean IS NULL OR coalesce(s.due_at < $1, false) = $5)
  AND ($6::text IS NULL OR r.case_no = (SELECT case_no FROM complaint WHERE ack_no = $6))
  AND ($7::timestamptz IS NULL OR (r.first_held_at, r.restoration_id) > ($7, $8::uuid))
{MARK}
ORDER BY r.first_held_at, r.restoration_id LIMIT $9
"""


async def page(
    connection: Connection,
    now: datetime,
    after: str | None,
    limit: int,
    *,
    state: RestorationState | None,
    step: Step | None,
    route: Route | None,
    overdue: bool | None,
    ack_no: str | None,
    within: Within | None = None,
) -> RestorationPage:
    """Return a page of restorations, the longest on hold first; `ack_no` is any number of a case.

    Raises `BadCursor`.
    """
    key = _key(after) if after else (None, None)
    values = (now, state, step, route, overdue, ack_no, *key, limit + 1)
    statement, parameters = confined(_LIST, values, "r.case_no", within)
    rows = await connection.fetch(statement, *parameters)
    shown, more = cut(rows, limit)
    last = shown[-1] if more else None
    return RestorationPage(
        restorations=tuple(RestorationHead(**dict(row)) for row in shown),
        next=to_cursor(last["first_held_at"].isoformat(), str(last["restoration_id"])) if last else None,
    )


def _key(after: str) -> tuple[datetime, UUID]:
    moment, identity = from_cursor(after, str, str)
    try:
        position = datetime.fromisoformat(str(moment)), UUID(str(identity))
    except ValueError:
        raise BadCursor from None
    if position[0].tzinfo is None:
        raise BadCursor
    return position


_MORE: Final = """
SELECT route_reasons, policy ->> 'version' AS policy_version, prepared_by, approved_by, court_order_id, closed_by,
       reason FROM restoration WHERE restoration_id = $1
"""

_STEPS: Final = """
SELECT step, visit_no, opened_at, due_at, reminded_at, escalated_at, ended_at, ended_by, outcome, reason
FROM restoration_step WHERE restoration_id = $1 ORDER BY place
"""

_LINES: Final = """
SELECT l.hop_no, l.hold_id, h.institution, l.allocation_id, a.rule, a.pot_paise, a.claims_paise, s.claim_paise,
       s.share_paise, l.due_paise, l.noticed_paise, l.objection_id, l.court_order_id,
       l.excluded_as, l.excluded_at, l.excluded_by, l.excluded_reason, l.reopened_at,
       coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'held'), 0)::bigint AS held_paise,
       coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'restored'), 0)::bigint AS restored_paise,
       coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'released'), 0)::bigint AS released_paise
FROM restoration_line l JOIN account_hold h USING (hold_id)
LEFT JOIN allocation a USING (allocation_id)
LEFT JOIN allocation_share s ON s.allocation_id = l.allocation_id AND s.case_no = l.case_no AND s.hop_no = l.hop_no
LEFT JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no
WHERE l.restoration_id = $1
GROUP BY l.restoration_id, l.hop_no, h.hold_id, a.allocation_id, s.allocation_id, s.case_no, s.hop_no ORDER BY l.hop_no
"""

CLAIMS_SHOWN_MAX: Final = 500
ACCOUNTS_SHOWN_MAX: Final = 50

_ACCOUNTS: Final = """
SELECT a.hold_id, a.institution, a.account_key
FROM restoration_line l JOIN account_hold a USING (hold_id)
LEFT JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'
WHERE l.restoration_id = $1 GROUP BY a.hold_id
ORDER BY sum(coalesce(b.balance_paise, 0)) DESC, a.hold_id LIMIT $2
"""

_OBJECTIONS: Final = f"""
SELECT o.objection_id, o.hold_id, o.by_whom, {TEXT} AS text, o.received_at, o.received_by, o.decision, o.decided_at,
       o.decided_by, o.reason, p.not_before AS release_hears_until
FROM objection o
LEFT JOIN proposal p ON p.kind = 'release' AND p.subject = o.hold_id::text AND p.decision IS NULL
    AND p.body ->> 'objection_id' = o.objection_id::text
WHERE o.restoration_id = $1 ORDER BY o.objection_id
"""

_GRIEVANCES: Final = """
SELECT DISTINCT g.grievance_id, g.serial_no, g.hold_id, g.level, g.opened_at, v.due_at
FROM restoration_line l JOIN grievance g USING (hold_id)
JOIN grievance_level v ON v.grievance_id = g.grievance_id AND v.ended_at IS NULL
WHERE l.restoration_id = $1 AND g.state = 'open' ORDER BY g.opened_at, g.grievance_id
"""

_NOTICES: Final = """
SELECT subject::uuid AS hold_id, step, visit_no, state, ended_at FROM due_document
WHERE case_no = $2 AND restoration_id = $1 ORDER BY due_document_id
"""

_OF_COMPLAINT: Final = """
SELECT coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'held'), 0)::bigint AS complaint_held_paise,
       coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'restored'), 0)::bigint AS complaint_restored_paise
FROM hop h JOIN ledger_balance b USING (case_no, hop_no) WHERE h.case_no = $1 AND h.ack_no = $2
"""

_ORDERS: Final = """
SELECT o.order_id, o.institution, o.state, o.planned_at, o.due_at, sum(l.amount_paise)::bigint AS ordered_paise,
       sum(l.confirmed_paise)::bigint AS confirmed_paise
FROM bank_order o JOIN bank_order_line l USING (order_id) WHERE o.restoration_id = $1
GROUP BY o.order_id ORDER BY o.planned_at, o.institution, o.order_id
"""


async def get(
    connection: Connection, restoration_id: UUID, now: datetime, may: tuple[RestorationVerb, ...], opens: Opens
) -> RestorationView:
    """Return a restoration in full; needs a transaction with one snapshot. Raises `NotFound`."""
    head = await connection.fetchrow(f"{_HEAD} WHERE r.restoration_id = $2", now, restoration_id)
    if head is None:
        raise RestorationNotFound(restoration_id)
    more = await connection.fetchrow(_MORE, restoration_id)
    assert more is not None, "its head was read before"
    case_no = head["case_ack_no"]
    in_all = await connection.fetchrow(_OF_COMPLAINT, case_no, head["ack_no"])
    values: dict[str, Any] = {**dict(head), **dict(more), **dict(in_all or {})}
    appeals = await connection.fetch(_GRIEVANCES, restoration_id)
    notices = await connection.fetch(_NOTICES, restoration_id, case_no)
    roots = await payer_decisions.roots(connection, restoration_id)
    claims, more_claims = await _claims(connection, restoration_id)
    order_id = values.pop("court_order_id")
    return RestorationView(
        **values,
        last_event_seq=await events.last_seq(connection, case_no),
        may=may,
        court_order=await _court_order(connection, order_id) if order_id else None,
        steps=tuple(StepView(**dict(row)) for row in await connection.fetch(_STEPS, restoration_id)),
        lines=tuple(LineView(**dict(row)) for row in await connection.fetch(_LINES, restoration_id)),
        objections=await _objections(connection, restoration_id, opens),
        grievances=tuple(_appeal(dict(row)) for row in appeals),
        notices=tuple(NoticeOfRestoration(**dict(row)) for row in notices),
        orders=tuple(OrderOfRestoration(**dict(row)) for row in await connection.fetch(_ORDERS, restoration_id)),
        contested=tuple(await payer_decisions.contested(connection, case_no, roots)),
        claims=claims,
        more_claims=more_claims,
        beneficiaries=await _beneficiaries(connection, case_no, restoration_id),
        signatures=await signatures.of_restoration(connection, restoration_id),
    )


_INSTEAD: Final = f"""
SELECT c.institution, right(c.account, 4) AS account_end, c.account_id AS credit_account_id, c.same_name, c.told_by,
       c.confirmed_by, {OBJECT_UNTIL}, c.account_id IS NOT DISTINCT FROM r.credit_account_id AS in_application
FROM restoration r JOIN credit_account c USING (ack_no)
WHERE r.restoration_id = $1 AND c.confirmed_at IS NOT NULL AND c.ended_at IS NULL ORDER BY c.account_id DESC LIMIT 1
"""


async def _beneficiaries(connection: Connection, case_no: str, restoration_id: UUID) -> tuple[BeneficiaryView, ...]:
    """Return the accounts that an approval would credit, with the figures of another account than the payer's."""
    instead = await connection.fetchrow(_INSTEAD, restoration_id)
    if instead is not None:
        return (BeneficiaryView(**dict(instead)),)
    rows = await connection.fetch(
        "SELECT l.hop_no, r.credit_account_id IS NULL AS in_application FROM restoration_line l"
        " JOIN restoration r USING (restoration_id) WHERE r.restoration_id = $1",
        restoration_id,
    )
    paid = await restoration_facts.payers(connection, case_no, [row["hop_no"] for row in rows])
    accounts = {(payer.institution_as_told, account_end(account_key(payer.holder))) for payer in paid}
    in_application = all(row["in_application"] for row in rows)
    return tuple(
        BeneficiaryView(institution=institution, account_end=end, in_application=in_application)
        for institution, end in sorted(accounts)
    )


async def _objections(connection: Connection, restoration_id: UUID, opens: Opens) -> tuple[ObjectionView, ...]:
    """Return the objections, each undecided one with the amount that it would release."""
    rows = await connection.fetch(_OBJECTIONS, restoration_id)
    objections = [ObjectionView(**dict(row) | {"text": opens(StoredText(**row["text"]))}) for row in rows]
    if not any(objection.decision is None and objection.by_whom in RELEASED_FOR for objection in objections):
        return tuple(objections)
    lines = await restorations.lines(connection, restoration_id)
    return tuple(_with_releases(objection, lines) for objection in objections)


def _with_releases(objection: ObjectionView, lines: Sequence[Line]) -> ObjectionView:
    if objection.decision is not None or objection.by_whom not in RELEASED_FOR:
        return objection
    holds = {line.hold_id: line for line in lines}
    hold_id = objection.hold_id or (next(iter(holds)) if len(holds) == 1 else None)
    releases = tuple(
        ObjectionRelease(
            hold_id=released,
            paise=paise,
            institution=holds[released].institution,
            account_end=account_end(holds[released].account_key),
        )
        for released, paise in officer_steps.releases(lines, hold_id).items()
    )
    return objection.model_copy(update={"releases": releases})


async def _claims(connection: Connection, restoration_id: UUID) -> tuple[tuple[ClaimView, ...], bool]:
    """Return the claims on the accounts of a restoration, the largest of each first, and whether there are more."""
    accounts = await connection.fetch(_ACCOUNTS, restoration_id, ACCOUNTS_SHOWN_MAX + 1)
    claims: list[ClaimView] = []
    for row in accounts[:ACCOUNTS_SHOWN_MAX]:
        if len(claims) > CLAIMS_SHOWN_MAX:
            break
        hops = await hops_at(connection, (row["institution"], row["account_key"]))
        claims += [_claim(hop, **dict(row)) for hop in sorted(hops, key=_largest_first)]
    more = len(claims) > CLAIMS_SHOWN_MAX or len(accounts) > ACCOUNTS_SHOWN_MAX
    return tuple(claims[:CLAIMS_SHOWN_MAX]), more


def _largest_first(hop: HopAtAccount) -> tuple[int, int, str, int]:
    return -hop.claimed.claim_paise, -hop.money.disputed_paise, hop.case_no, hop.hop_no


def _claim(hop: HopAtAccount, hold_id: UUID, institution: str, account_key: str) -> ClaimView:
    return ClaimView(
        hold_id=hold_id,
        institution=institution,
        account_end=account_end(account_key),
        case_ack_no=hop.case_no,
        ack_no=hop.ack_no,
        hop_no=hop.hop_no,
        transferred_at=hop.transferred_at,
        disputed_paise=hop.money.disputed_paise,
        confirmed_paise=hop.confirmed.paise,
        confirmed_by=hop.confirmed.by,
        imported_by=hop.imported_by,
        claim_paise=hop.claimed.claim_paise,
        held_paise=hop.money.held_paise,
    )


def _appeal(row: dict[str, Any]) -> AppealOfRestoration:
    number = number_of(row.pop("serial_no"))
    return AppealOfRestoration(**row, number=number)


async def _court_order(connection: Connection, court_order_id: int) -> CourtOrderBrief:
    # The foreign key guarantees the row.
    return await Rows(connection, CourtOrderBrief).one(
        "SELECT court_order_id, kind, effect, amount_paise FROM court_order WHERE court_order_id = $1", court_order_id
    )
