"""The area of every table. A test holds the map complete."""

from collections.abc import Mapping, Sequence
from typing import Final

TABLES: Final[Mapping[str, Sequence[str]]] = {
    "officers": (
        "officer",
        "officer_role",
        "officer_district",
        "officer_absence",
        "officer_event",
        "team",
        "team_district",
        "team_member",
        "team_shift",
        "script_token",
        "officer_password",
        "officer_totp",
        "recovery_code",
        "sign_in_link",
        "officer_session",
        "sign_in_entry",
        "read_log",
        "refused_act",
        "provider_identity",
    ),
    "cases": (
        "case_file",
        "complaint",
        "victim",
        "person_key",
        "holder_key",
        "victim_correction",
        "hop",
        "hop_raise",
        "hop_retry",
        "disputed_transfer",
        "complaint_transfer",
        "hop_correction",
        "case_event",
        "desk_task",
        "task_owner",
        "task_act",
        "ledger_transaction",
        "ledger_entry",
        "ledger_balance",
        "request_pause",
    ),
    "banks": (
        "institution",
        "institution_channel",
        "channel_health",
        "directory_version",
        "nodal_officer",
        "officer_shift",
        "officer_leave",
        "bank_holiday",
        "bank_key",
        "bank_login",
        "bank_session",
        "bank_body",
        "bank_exchange",
        "delivery_attempt",
        "reply_link",
        "reply_form",
        "link_code",
    ),
    "tracing": (
        "hold_request",
        "request_hop",
        "request_job",
        "status_update",
        "answer",
        "discrepancy",
        "discrepancy_resolution",
        "resolution_proposal",
        "payer_inquiry",
        "payer_statement",
        "payer_found_transfer",
        "telephone_answer",
        "telephone_booking",
        "call_back",
    ),
    "notifications": ("message", "message_document", "holder_contact", "holder_contact_change"),
    "police": ("case_officer", "case_assignment", "fir", "fir_copy", "duty"),
    "reconciliation": (
        "lien_inquiry",
        "lien_round",
        "lien_list",
        "lien_list_page",
        "reconciliation",
        "reconciliation_difference",
    ),
    "drafts": ("draft", "draft_handover", "complaint_story"),
    "outbox": ("case_news", "procedure", "procedure_news"),
    "orders": (
        "bank_order",
        "bank_order_line",
        "bank_confirmation",
        "confirmation_proposal",
        "order_cancellation",
        "returned_funds",
        "release_proposal",
        "release_hearing",
    ),
    "bank_gateway": ("feed_entry", "feed_counter", "feed_key", "bank_evidence", "bank_nonce", "rate_bucket"),
    "documents": ("document", "document_counter", "due_document", "attachment_approval"),
    "evidence": ("evidence_key", "nightly_run"),
    "restoration": (
        "restoration",
        "restoration_step",
        "restoration_line",
        "objection",
        "allocation",
        "allocation_share",
        "court_order",
        "credit_account",
        "credit_account_link",
        "hearing_waiver",
        "payer_decision",
        "withdrawal",
        "withdrawn_hop",
    ),
    "grievances": ("grievance", "grievance_level", "grievance_officer", "appeal_code"),
    "holds": ("account_hold", "held_hop", "automatic_release", "release_brake", "braked_release"),
    "reporting": ("task_value", "task_filter", "stage_day", "stage_count"),
    "access": ("try_bucket", "schema_migration", "clock_setting"),
}
"""In the order of the areas; `access` is what belongs to no area."""


class Incomplete(Exception):
    """A map of the reference misses something, or names something that is gone."""


def check_complete(what: str, known: Sequence[str], found: Sequence[str]) -> None:
    """Compare a map with the tree. Raises `Incomplete`, with every name that is missing, gone or doubled."""
    missing = sorted(set(found) - set(known))
    gone = sorted(set(known) - set(found))
    doubled = sorted({name for name in known if known.count(name) > 1})
    if missing or gone or doubled:
        raise Incomplete(f"{what}: missing {missing}, gone {gone}, doubled {doubled}")
