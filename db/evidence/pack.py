"""Rows of a whole case for its evidence pack: a statement per file, a JSON line per row.

Rows are in a fixed order. They are written with all their columns, so that a new column is evidence from its first day.
Columns that must not leave are excluded by name: digests of one-time codes and of links, and victims' contact data,
because the accused gets a copy of the evidence. The digest of a complaint is excluded too, because trying all mobile
numbers against it would reveal the victim's. The engine's own bookkeeping is not read at all
(docs/reference/evidence.md has the list).
"""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from db.evidence import pack_bodies
from db.evidence.opened import (
    ANSWERS,
    CONTACT_CHANGES,
    CONTACTS,
    GRIEVANCE_LEVELS,
    GRIEVANCES,
    HEARINGS,
    MESSAGE_TEXTS,
    OBJECTIONS,
    ORDER_FORMS,
    REQUEST_FORMS,
    RETURNED,
    TELEPHONE_ANSWERS,
    WITH_OPENED,
    Opened,
)
from db.pool import Connection
from db.privacy.body_keys import BodyState, OpensBody, stored_body, use_of
from domain.errors.case import CaseNotFound
from domain.evidence_binding import COMPLAINTS, CREDIT_ACCOUNTS, EXCHANGES, HOPS, MESSAGES, TRANSFERS, EventLine
from domain.work_items.task_notes import compose
from schemas.tasks import Subject, TaskCause, TaskFacts

AT_ONCE: Final = 200
"""rows in memory at a time"""
_CASE: Final = "t.case_no = $1"
_REQUEST: Final = "t.request_id IN (SELECT request_id FROM hold_request WHERE case_no = $1)"
_ORDER: Final = "t.order_id IN (SELECT order_id FROM bank_order WHERE case_no = $1)"
_HOLD: Final = "t.hold_id IN (SELECT hold_id FROM account_hold WHERE case_no = $1)"
_RESTORATION: Final = "t.restoration_id IN (SELECT restoration_id FROM restoration WHERE case_no = $1)"
_GRIEVANCE: Final = "t.grievance_id IN (SELECT grievance_id FROM grievance WHERE case_no = $1)"
_INQUIRY: Final = "t.inquiry_id IN (SELECT inquiry_id FROM payer_inquiry WHERE case_no = $1)"
_DISCREPANCY: Final = "t.discrepancy_id IN (SELECT discrepancy_id FROM discrepancy WHERE case_no = $1)"
_ALLOCATION: Final = "t.allocation_id IN (SELECT allocation_id FROM allocation_share WHERE case_no = $1)"
_MERGES: Final = (
    "SELECT m.merge_id FROM case_merge m WHERE m.primary_case_no IN"
    " (SELECT $1 UNION ALL SELECT o.primary_case_no FROM case_merge o WHERE o.merged_case_no = $1)"
)
"""merges of the case, and of the primary case that it is merged into"""
_SAME: Final = f"t.merge_id IN ({_MERGES}) AND (t.counted_case_no = $1 OR t.aside_case_no = $1)"
_ASIDE: Final = (
    f"t.pair_id IN (SELECT s.pair_id FROM same_transfer s WHERE s.merge_id IN ({_MERGES})) AND t.case_no = $1"
)
TASKS: Final = "case/tasks.jsonl"
"""a file whose rows also have the note that officers read"""
_KEPT_BY: Final = " || jsonb_build_object('kept_by', t.retained_by_kind || ' ' || t.retained_by_id)"
_APPEAL_CODES: Final = (
    "(SELECT proof_id AS code_id, hold_id, made_at, made_by, valid_until, tries_by, used_at, contact_since,"
    " through_bank FROM proof WHERE hold_id IS NOT NULL)"
)
_ABOUT_REQUEST: Final = "t.subject_id IN (SELECT request_id FROM hold_request WHERE case_no = $1)"
_ABOUT_ORDER: Final = "t.subject_id IN (SELECT order_id FROM bank_order WHERE case_no = $1)"
_SUBJECT: Final = ("subject_kind", "subject_id")
"""columns of a table about requests and orders alike; the files have `request_id` or `order_id` instead"""


def _rows(table: str, where: str, order: str, *, without: tuple[str, ...] = (), more: str = "") -> str:
    """Return the statement that reads a table's rows, each as one line."""
    return (
        f"SELECT (to_jsonb(t) - '{{{','.join(without)}}}'::text[]{more})::text FROM {table} t"
        f" WHERE {where} ORDER BY {order}"
    )


def _proposals(kind: str, columns: str, order: str) -> str:
    """Return the statement that reads what officers proposed about a case, with the columns of its kind."""
    return (
        f"SELECT to_jsonb(t)::text FROM (SELECT p.proposed_by, p.proposed_at, {columns} FROM proposal p"
        f" WHERE p.kind = '{kind}' AND p.case_no = $1) t ORDER BY {order}"
    )


_AGREED: Final = (
    "CASE p.decision WHEN 'agreed' THEN p.decided_by END AS agreed_by,"
    " CASE p.decision WHEN 'agreed' THEN p.decided_at END AS agreed_at"
)
_OF_ENTRY: Final = "person_id,sealed_speaker,idempotency_key,body_digest,reply"
_CODES: Final = "('grievance_code', 'appeal_code', 'link_code', 'my_case_code', 'signature_code')"
_OPENED: Final = "JOIN unnest($2::uuid[], $3::jsonb[]) AS p (message_id, data) USING (message_id)"
"""joins the opened address and text of each notification, which `lines` gives"""


def _messages() -> str:
    """Return the statement that reads notifications without their texts.

    An address proves that a notice was served, so it is in full. A victim's is masked, and only tells one person from
    another. Both are null once the key of the person is destroyed.
    """
    without = ("address", "subject", "body", "person_id", "sealed_head", "sealed_body")
    return (
        f"SELECT (to_jsonb(t) - '{{{','.join(without)}}}'::text[]"
        # The text of a code has no digest, because trying every code would find it.
        f" || jsonb_build_object('text_sha256', CASE WHEN t.kind NOT IN {_CODES} AND p.data ->> 'body' <> ''"
        " THEN encode(sha256(convert_to(p.data ->> 'body', 'UTF8')), 'hex') END, 'address',"
        " CASE WHEN t.to_whom <> 'victim' THEN a.address WHEN t.medium = 'sms'"
        " THEN '…' || right(a.address, 4) ELSE left(a.address, 1) || '…@' || split_part(a.address, '@', 2) END))::text"
        f" FROM message t LEFT {_OPENED} CROSS JOIN LATERAL (SELECT nullif(p.data ->> 'address', '') AS address) AS a"
        f" WHERE {_CASE} ORDER BY t.written_at, t.message_id"
    )


def _opened_rows(
    table: str, key: str, key_type: str, where: str, without: str, *, order: str = "", unopened: str = "{}"
) -> str:
    """Return the statement that reads rows with personal data, which `lines` gives opened in `$2` and `$3`.

    `unopened` stands in a row for which it gives none.
    """
    return (
        f"SELECT (to_jsonb(t) - '{{{without}}}'::text[] || coalesce(p.data, '{unopened}'))::text"
        f" FROM {table} t LEFT JOIN unnest($2::{key_type}[], $3::jsonb[]) AS p ({key}, data) USING ({key})"
        f" WHERE {where} ORDER BY {order or f't.{key}'}"
    )


def _victim() -> str:
    """Return SQL for the victim of a complaint, whose opened data `lines` gives in `$2` and `$3`.

    The contact is masked so that it only shows whether two are the same person.
    """
    return (
        " || jsonb_build_object('victim', (SELECT to_jsonb(v)"
        " - '{victim_id,person_id,sealed,terms,terms_key}'::text[] || p.data"
        " FROM victim v JOIN unnest($2::bigint[], $3::jsonb[]) AS p (victim_id, data) USING (victim_id)"
        " WHERE v.victim_id = t.victim_id))"
    )


FILES: Final = {
    ANSWERS: _opened_rows("answer", "answer_id", "bigint", _CASE, "person_id,sealed_raw"),
    "banks/discrepancy_proposals.jsonl": _proposals(
        "resolution",
        "p.discrepancy_id, p.body -> 'resolution_no' AS resolution_no, p.body ->> 'decision' AS decision, p.reason",
        "t.discrepancy_id, t.resolution_no, t.proposed_at, t.proposed_by",
    ),
    "banks/discrepancy_resolutions.jsonl": _rows(
        "discrepancy_resolution", _DISCREPANCY, "t.discrepancy_id, t.resolution_no"
    ),
    "banks/discrepancies.jsonl": _rows("discrepancy", _CASE, "t.discrepancy_id"),
    # The bytes are separate files.
    EXCHANGES: _rows(
        "(SELECT r.case_no, x.* FROM bank_exchange x JOIN hold_request r ON r.request_id = x.request_id"
        " UNION ALL SELECT o.case_no, x.* FROM bank_exchange x JOIN bank_order o ON o.order_id = x.order_id"
        " UNION ALL SELECT i.case_no, x.* FROM bank_exchange x JOIN payer_inquiry i ON i.inquiry_id = x.inquiry_id)",
        _CASE,
        "t.exchange_id",
        without=(
            *("person_id", "sealed_body", "sealed_content", "sealed_reply"),
            *("body_digest", "content_digest", "reply_digest"),
        ),
    ),
    "banks/payer_found_transfers.jsonl": _rows("payer_found_transfer", _INQUIRY, "t.found_id"),
    "banks/payer_inquiries.jsonl": _rows("payer_inquiry", _CASE, "t.hop_no, t.planned_at, t.inquiry_id"),
    "banks/payer_statements.jsonl": _rows("payer_statement", _INQUIRY, "t.statement_id"),
    RETURNED: _opened_rows(
        "returned_funds",
        "returned_id",
        "bigint",
        _CASE,
        "person_id,sealed_unreadable",
        unopened='{"unreadable": null}',
    ),
    "banks/status_updates.jsonl": _rows(
        "status_update", "t.update_id IN (SELECT update_id FROM answer WHERE case_no = $1)", "t.update_id"
    ),
    "case/case.json": _rows("case_file", _CASE, "t.case_no", without=("workflow_started_at",)),
    COMPLAINTS: _rows(
        "complaint",
        _CASE,
        "t.received_at, t.ack_no",
        without=("victim_id", "idempotency_key", "body_digest"),
        more=_victim(),
    ),
    TRANSFERS: _rows(
        "complaint_transfer", "t.ack_no IN (SELECT ack_no FROM complaint WHERE case_no = $1)", "t.ack_no, t.row_no"
    ),
    # What a victim told of what happened is for the FIR; the pack says when it was told, and whether it may be used.
    "case/complaint_stories.jsonl": _rows(
        "complaint_story",
        "t.ack_no IN (SELECT ack_no FROM complaint WHERE case_no = $1)",
        "t.ack_no, t.story_no",
        without=("person_id", "sealed"),
    ),
    "case/hop_corrections.jsonl": _rows("hop_correction", _CASE, "t.hop_no, t.revision"),
    HOPS: _rows("hop", _CASE, "t.hop_no", without=("looked_up_at",)),
    "case/victim_corrections.jsonl": _proposals(
        "victim_correction",
        "p.proposal_id AS correction_id, p.case_no, p.ack_no, p.body -> 'fields' AS fields,"
        " CASE p.decision WHEN 'refused' THEN 'rejected' ELSE p.decision END AS decision, p.decided_by, p.decided_at",
        "t.correction_id",
    ),
    "case/merges.jsonl": _rows("case_merge", "(t.primary_case_no = $1 OR t.merged_case_no = $1)", "t.merge_id"),
    "case/same_transfers.jsonl": _rows("same_transfer", _SAME, "t.pair_id"),
    "case/set_aside_hops.jsonl": _rows("set_aside_hop", _ASIDE, "t.set_aside_id"),
    "case/withdrawals.jsonl": _rows("withdrawal", _CASE, "t.withdrawal_id"),
    "case/withdrawn_hops.jsonl": _rows("withdrawn_hop", _CASE, "t.hop_no"),
    "case/officers.jsonl": _rows("case_officer", _CASE, "t.duty, t.assignment_no"),
    TASKS: _rows("desk_task", _CASE, "t.task_id"),
    "grievances/appeal_codes.jsonl": _rows(_APPEAL_CODES, _HOLD, "t.made_at, t.code_id"),
    GRIEVANCES: _opened_rows(
        "grievance",
        "grievance_id",
        "uuid",
        _CASE,
        "person_id,sealed_text,sealed_contact",
        order="t.opened_at, t.grievance_id",
    ),
    GRIEVANCE_LEVELS: _opened_rows(
        "grievance_level",
        "place",
        "bigint",
        _GRIEVANCE,
        "person_id,sealed_said",
        order="t.grievance_id, t.opened_at, t.level",
    ),
    # A copy for the accused does not have what a victim says, only its SHA-256.
    HEARINGS: _opened_rows(
        "release_hearing",
        "hearing_id",
        "bigint",
        "t.proposal_id IN (SELECT p.proposal_id FROM proposal p WHERE p.case_no = $1)",
        "person_id,sealed_said,kind",
    ),
    "grievances/releases.jsonl": _proposals(
        "release",
        "p.proposal_id, p.case_no, p.hold_id, p.grievance_id, p.body -> 'objection_id' AS objection_id,"
        " p.body -> 'paise' AS paise, p.body -> 'whole' AS whole,"
        " p.reason, p.not_before AS hear_until, p.body -> 'hold_limit_paise' AS hold_limit_paise,"
        " p.body -> 'day_limit_paise' AS day_limit_paise, p.body ->> 'policy' AS policy, p.needs_second,"
        " CASE p.decision WHEN 'agreed' THEN 'ordered' WHEN 'refused' THEN 'rejected' WHEN 'overtaken' THEN 'dropped'"
        " ELSE 'waits' END AS state, p.decided_at AS ended_at, p.decided_by AS ended_by,"
        " p.decided_reason AS ended_reason",
        "t.proposal_id",
    ),
    CONTACT_CHANGES: _opened_rows("holder_contact_change", "change_id", "bigint", _HOLD, "person_id,sealed"),
    CONTACTS: _opened_rows("holder_contact", "hold_id", "uuid", _HOLD, "person_id,sealed"),
    "holds/holds.jsonl": _rows("account_hold", _CASE, "t.first_held_at, t.hold_id", more=_KEPT_BY),
    "ledger/balances.jsonl": _rows("ledger_balance", _CASE, "t.hop_no, t.bucket"),
    "ledger/entries.jsonl": _rows("ledger_entry", _CASE, "t.transaction_id, t.line_no"),
    "ledger/transactions.jsonl": _rows("ledger_transaction", _CASE, "t.transaction_id"),
    MESSAGES: _messages(),
    "messages/documents.jsonl": _rows(
        "message_document",
        "t.message_id IN (SELECT message_id FROM message WHERE case_no = $1)",
        "t.message_id, t.place",
    ),
    CREDIT_ACCOUNTS: _opened_rows("credit_account", "account_id", "bigint", _CASE, "person_id,sealed_name"),
    "orders/credit_account_links.jsonl": _rows(
        "credit_account_link",
        "t.account_id IN (SELECT account_id FROM credit_account WHERE case_no = $1)",
        "t.made_at, t.account_id",
        without=("token_digest",),
    ),
    "orders/cancellations.jsonl": _rows("order_cancellation", _ORDER, "t.order_id"),
    "orders/carriage.jsonl": _rows(
        "delivery_attempt",
        _ABOUT_ORDER,
        "t.attempt_id",
        without=("attempt_id", *_SUBJECT, "request_id"),
        more=" || jsonb_build_object('carriage_id', t.attempt_id, 'cancellation', t.subject_kind = 'cancellation')",
    ),
    "orders/confirmations.jsonl": _rows("bank_confirmation", _ORDER, "t.confirmation_id"),
    ORDER_FORMS: _opened_rows(
        "reply_form",
        "form_id",
        "bigint",
        f"t.link_id IN (SELECT t.link_id FROM reply_link t WHERE {_ABOUT_ORDER})",
        "person_id,sealed_form,sealed_body",
    ),
    "orders/lines.jsonl": _rows("bank_order_line", _ORDER, "t.order_id, t.line_no"),
    "orders/links.jsonl": _rows(
        "reply_link", _ABOUT_ORDER, "t.link_id", without=("token_digest", *_SUBJECT, "request_id")
    ),
    "orders/orders.jsonl": _rows("bank_order", _CASE, "t.planned_at, t.order_id"),
    "orders/words_proposed.jsonl": _proposals(
        "order_statement",
        f"p.proposal_id, p.order_id, p.body -> 'lines' AS lines, p.reason AS note, {_AGREED}",
        "t.proposal_id",
    ),
    "police/court_orders.jsonl": _rows(
        "(SELECT c.case_no, c.court_order_id, c.kind, c.effect, c.court, c.order_no, c.made_on, c.amount_paise,"
        " c.institution, c.account_key, encode(c.document_digest, 'hex') AS document_sha256, c.taken_by, c.taken_at,"
        " c.reason, c.confirmed_by, c.confirmed_at, c.withdrawn_at, c.withdrawn_by,"
        " c.withdrawn_reason, true AS second_needed, c.ends_on, c.counts_until, c.warned_at, c.ended_as,"
        " c.withdrawal_asked_by, c.withdrawal_asked_at, c.withdrawal_asked_reason FROM court_order c)",
        _CASE,
        "t.court_order_id",
    ),
    "police/duties.jsonl": _rows("duty", _CASE, "t.opened_at, t.kind"),
    "police/firs.jsonl": _rows(
        "(SELECT f.case_no, f.fir_id, f.kind, f.state, f.fir_no, f.police_station, f.sections, f.requested_at,"
        " f.requested_by, f.registered_at, f.sign_by, f.signed_at, f.refusal,"
        " encode(f.document_digest, 'hex') AS document_sha256 FROM fir f)",
        _CASE,
        "t.requested_at, t.fir_id",
    ),
    "police/attachment_approvals.jsonl": _rows("attachment_approval", _CASE, "t.approved_at, t.hold_id"),
    "police/fir_copies.jsonl": _rows(
        "(SELECT c.case_no, c.fir_id, encode(c.digest, 'hex') AS document_sha256 FROM fir_copy c)",
        _CASE,
        "t.fir_id, t.document_sha256",
    ),
    "police/due_documents.jsonl": _rows("due_document", _CASE, "t.due_document_id", without=("failure",)),
    "police/documents.jsonl": _rows(
        "(SELECT p.case_no, p.document_id, p.number, p.kind, p.language, p.subject, p.revision, p.ack_no,"
        " p.institution, p.restoration_id, p.grievance_id, p.order_id, p.hold_id, p.request_id, p.template_version,"
        " encode(p.digest, 'hex') AS pdf_sha256, p.issued_at, p.issued_by FROM document p)",
        _CASE,
        "t.issued_at, t.number",
    ),
    "requests/carriage.jsonl": _rows(
        "delivery_attempt",
        _ABOUT_REQUEST,
        "t.attempt_id",
        without=("attempt_id", *_SUBJECT, "order_id"),
        more=" || jsonb_build_object('carriage_id', t.attempt_id)",
    ),
    REQUEST_FORMS: _opened_rows(
        "reply_form",
        "form_id",
        "bigint",
        f"t.link_id IN (SELECT t.link_id FROM reply_link t WHERE {_ABOUT_REQUEST})",
        "person_id,sealed_form,sealed_body",
    ),
    "requests/hops.jsonl": _rows("request_hop", _REQUEST, "t.request_id, t.hop_no"),
    "requests/jobs.jsonl": _rows("request_job", _REQUEST, "t.institution, t.job_id"),
    "requests/links.jsonl": _rows(
        "reply_link", _ABOUT_REQUEST, "t.link_id", without=("token_digest", *_SUBJECT, "order_id")
    ),
    "requests/call_backs.jsonl": _rows("call_back", _CASE, "t.call_back_id"),
    TELEPHONE_ANSWERS: _opened_rows("telephone_answer", "telephone_answer_id", "uuid", _CASE, _OF_ENTRY),
    "requests/requests.jsonl": _rows("hold_request", _CASE, "t.planned_at, t.request_id"),
    "restorations/allocation_shares.jsonl": _rows(
        "allocation_share", _ALLOCATION, "t.allocation_id, t.case_no, t.hop_no"
    ),
    "restorations/allocations.jsonl": _rows("allocation", _ALLOCATION, "t.allocation_id"),
    "restorations/application_signatures.jsonl": _rows(
        "application_signature", _RESTORATION, "t.restoration_id, t.visit_no"
    ),
    "restorations/court_hearings.jsonl": _rows("court_hearing", _CASE, "t.court_hearing_id"),
    # The document itself stays in the database; the log binds its digest.
    "restorations/hearing_waivers.jsonl": _rows(
        "hearing_waiver", _RESTORATION, "t.recorded_at, t.hold_id", without=("person_id", "sealed_document")
    ),
    "restorations/lines.jsonl": _rows("restoration_line", _CASE, "t.restoration_id, t.hop_no"),
    OBJECTIONS: _opened_rows("objection", "objection_id", "bigint", _RESTORATION, "person_id,sealed_text"),
    "restorations/payer_decisions.jsonl": _proposals(
        "payer",
        "p.proposal_id AS decision_id, p.case_no, p.hop_no, p.ack_no, p.body -> 'among' AS among, p.reason,"
        f" p.given_to, {_AGREED}",
        "t.decision_id",
    ),
    "restorations/restorations.jsonl": _rows("restoration", _CASE, "t.opened_at, t.restoration_id"),
    "restorations/steps.jsonl": _rows("restoration_step", _RESTORATION, "t.restoration_id, t.place"),
}
"""The statement that reads each file."""
TEXTS: Final = {
    MESSAGE_TEXTS: "SELECT jsonb_build_object('message_id', t.message_id, 'subject', p.data ->> 'subject', 'body',"
    # Six digits are masked in every message, because they could be a code. So is the token of a victim's link.
    r" regexp_replace(p.data ->> 'body', '(?<!\d)\d{6}(?!\d)|(?<=/c/)[A-Za-z0-9_-]{12}', '……', 'g'))::text"
    f" FROM message t LEFT {_OPENED} WHERE t.case_no = $1 AND t.kind NOT IN {_CODES}"
    " ORDER BY t.written_at, t.message_id"
}
"""The texts of notifications, for a court's pack only."""
_READ: Final = FILES | TEXTS
_NOTED: Final = "SELECT task_id, subject_kind, subject_id, cause, facts FROM desk_task WHERE case_no = $1"
_TASKS: Final = """
SELECT (to_jsonb(t) || jsonb_build_object('note', n.note))::text
FROM desk_task t JOIN unnest($2::bigint[], $3::text[]) AS n (task_id, note) USING (task_id)
WHERE t.case_no = $1 ORDER BY t.task_id
"""

_EVENTS: Final = (
    "SELECT seq, kind, at, actor, data::text AS data_text, encode(hash, 'hex') AS hash FROM case_event"
    " WHERE case_no = $1 ORDER BY seq"
)
_HEAD: Final = """
SELECT f.case_no, f.opened_at, f.event_seq, encode(f.event_hash, 'hex') AS event_hash,
    (SELECT at FROM case_event e WHERE e.case_no = f.case_no AND e.seq = f.event_seq) AS last_at,
    (SELECT array_agg(ack_no ORDER BY ack_no) FROM complaint k WHERE k.case_no = f.case_no) AS ack_nos,
    EXISTS (SELECT FROM complaint m WHERE m.case_no = f.case_no AND m.marked) AS is_marked,
    (SELECT coalesce(jsonb_object_agg(s.bucket, s.paise), '{}') FROM (
        SELECT bucket, sum(balance_paise) AS paise FROM ledger_balance b WHERE b.case_no = f.case_no GROUP BY bucket
    ) s) AS paise
FROM complaint c JOIN case_file f USING (case_no) WHERE c.ack_no = $1
"""


@dataclass(frozen=True, slots=True)
class CaseHead:
    """A case at the instant of the pack."""

    case_no: str
    opened_at: datetime
    event_seq: int
    event_hash: str
    last_at: datetime
    """time of the last event"""
    ack_nos: list[str]
    """numbers of its complaints"""
    is_marked: bool
    paise: dict[str, int]
    """by bucket"""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the case, as received or issued."""

    name: str
    kind: str
    """kind of an issued document; empty for a received one"""
    content: bytes | None
    """None once its key is destroyed"""
    sha256: str


async def head(connection: Connection, ack_no: str) -> CaseHead:
    """Return the case that any of its numbers names. Raises `NotFound`."""
    row = await connection.fetchrow(_HEAD, ack_no)
    if row is None:
        raise CaseNotFound(ack_no)
    return CaseHead(**dict(row))


async def count(connection: Connection, files: Iterable[str], case_no: str) -> int:
    """Return the number of lines of these files for a case."""
    total = 0
    for file in files:
        more: tuple[list[int], ...] = ([], []) if file in WITH_OPENED else ()
        total += await connection.fetchval(f"SELECT count(*) FROM ({_READ[file]}) AS counted", case_no, *more)
    return total


async def lines(connection: Connection, file: str, case_no: str, opened: Opened) -> AsyncGenerator[str, None]:
    """Yield the lines of a file. The caller's transaction gives all files the same instant."""
    more: tuple[list[Any], ...] = ()
    if file == TASKS:
        more = await _notes(connection, case_no)
    elif file in WITH_OPENED:
        more = opened.rows_of(file)
    async for row in connection.cursor(_TASKS if file == TASKS else _READ[file], case_no, *more, prefetch=AT_ONCE):
        yield row[0]


async def _notes(connection: Connection, case_no: str) -> tuple[list[int], list[str]]:
    """Return the ids of the case's work items, and their notes in the same order."""
    rows = await connection.fetch(_NOTED, case_no)
    notes = []
    for row in rows:
        subject = Subject(kind=row["subject_kind"], id=row["subject_id"])
        notes.append(compose(TaskCause(row["cause"]), subject, TaskFacts.model_validate(row["facts"])))
    return [row["task_id"] for row in rows], notes


async def event_lines(connection: Connection, case_no: str) -> AsyncGenerator[EventLine, None]:
    """Yield the log of a case, from its first event."""
    async for row in connection.cursor(_EVENTS, case_no, prefetch=AT_ONCE):
        yield EventLine(case_no=case_no, **dict(row))


async def documents(connection: Connection, case_no: str, opens: OpensBody) -> AsyncGenerator[Document, None]:
    """Yield the orders of courts, the FIR copies and the issued documents, one at a time."""
    async for row in connection.cursor(pack_bodies.OF_PACK, [case_no], prefetch=1):
        opened = opens(stored_body(row, use_of(row["part"], row["digest"])))
        content = opened.content if opened.state is BodyState.OPEN else None
        yield Document(row["name"], row["kind"], content, row["digest"].hex())
