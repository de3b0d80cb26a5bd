"""Every verb of officers that changes something, by its route: it is driven, or it moves nothing out of a hold."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from schemas.enums import Role
from schemas.restoration_enums import RestorationVerb
from tests.activities.one_person import Driver, People, ends
from tests.api.role_matrix import ENTRIES

HOLD: Final = "POST /api/v1/holds/{account_hold_id}"
GRIEVANCE: Final = "POST /api/v1/grievances/{grievance_id}"
CASE: Final = "POST /api/v1/cases/{ack_no}"
COMPLAINT: Final = "POST /api/v1/complaints/{ack_no}"
RESTORATION: Final = "POST /api/v1/restorations/{restoration_id}"
ORDER: Final = "POST /api/v1/orders/{order_id}"


class Verb(NamedTuple):
    """A verb of officers."""

    route: str
    drive: Driver

    def roles_of(self, roles: Sequence[Role]) -> list[Role]:
        """Return those of the roles that may do it, by the table of roles and routes."""
        who = ENTRIES[route_of(self.route)].who
        return [role for role in roles if role in who]


def route_of(call: str) -> tuple[str, str]:
    """Return method and path of a route."""
    method, _, path = call.partition(" ")
    return method, path


VERBS: Final[Mapping[str, Verb]] = {
    # -- grievances and small holds --------------------------------------------------------------------------------
    "file grievance": Verb(f"{HOLD}/grievances", People.file),
    "appeal on": Verb(f"{GRIEVANCE}/appeal-on", People.appeal_on),
    "report on grievance": Verb(f"{GRIEVANCE}/report", People.report),
    "escalate grievance": Verb(f"{GRIEVANCE}/escalate", People.escalate),
    "decide grievance": Verb(f"{GRIEVANCE}/decide", People.decide),
    "uphold hold": Verb(f"{GRIEVANCE}/decide", People.uphold),
    "withdraw grievance": Verb(f"{GRIEVANCE}/withdraw", People.withdraw_grievance),
    "decide small hold": Verb(f"{HOLD}/decide-small", People.decide_small),
    "hear victim": Verb(f"{HOLD}/release/hear", People.hear),
    "confirm release": Verb(f"{HOLD}/release/confirm", People.confirm),
    "reject release": Verb(f"{HOLD}/release/reject", People.reject_release),
    "take contact": Verb("PUT /api/v1/holds/{account_hold_id}/holder-contact", People.take_contact),
    "assign officer": Verb(f"{CASE}/officer", People.assign),
    # -- courts, withdrawals, statements of banks --------------------------------------------------------------------
    "take court order": Verb(f"{CASE}/court-orders", People.take_court_order),
    "take order to restore": Verb(f"{CASE}/court-orders", People.take_order_to_restore),
    "take wide order": Verb("POST /api/v1/court-orders", People.take_wide_order),
    "put order copy": Verb(f"{CASE}/court-orders/{{court_order_id}}/document", People.put_order_copy),
    "confirm court order": Verb(f"{CASE}/court-orders/{{court_order_id}}/confirm", People.confirm_order),
    "withdraw court order": Verb(f"{CASE}/court-orders/{{court_order_id}}/withdraw", People.withdraw_order),
    "confirm withdrawal": Verb(f"{CASE}/court-orders/{{court_order_id}}/withdraw/confirm", People.confirm_withdrawal),
    "propose withdrawal": Verb(f"{COMPLAINT}/withdrawals", People.propose_withdrawal),
    "agree to withdrawal": Verb(f"{COMPLAINT}/withdrawals/{{withdrawal_id}}/agree", People.agree_to_withdrawal),
    "reject withdrawal": Verb(f"{COMPLAINT}/withdrawals/{{withdrawal_id}}/reject", People.reject_withdrawal),
    "state for bank": Verb(f"{ORDER}/confirm", People.bank_said),
    "send order again": Verb(f"{ORDER}/send-again", People.send_order_again),
    "cancel order": Verb(f"{ORDER}/cancel", People.cancel_order),
    "attest cancellation": Verb(f"{ORDER}/cancellation-told", People.attest_cancellation),
    # -- restorations --------------------------------------------------------------------------------------------------
    "receive application": Verb(f"{RESTORATION}/receive-application", ends(RestorationVerb.RECEIVE_APPLICATION)),
    "verify": Verb(f"{RESTORATION}/verify", ends(RestorationVerb.VERIFY)),
    "send back": Verb(f"{RESTORATION}/send-back", People.send_back),
    "waive notice": Verb(f"{RESTORATION}/waive-notice", People.waive),
    "object": Verb(f"{RESTORATION}/object", People.object),
    "decide objection": Verb(f"{RESTORATION}/decide-objection", People.decide_objection),
    "go on under order": Verb(f"{RESTORATION}/take-order", People.go_on_under_order),
    "prepare": Verb(f"{RESTORATION}/prepare", People.prepare),
    "approve": Verb(f"{RESTORATION}/approve", People.approve),
    "refuse": Verb(f"{RESTORATION}/refuse", ends(RestorationVerb.REFUSE)),
    "receive bond": Verb(f"{RESTORATION}/receive-bond", ends(RestorationVerb.RECEIVE_BOND)),
    "cancel restoration": Verb(f"{RESTORATION}/cancel", ends(RestorationVerb.CANCEL)),
    "reopen": Verb(f"{RESTORATION}/reopen", People.reopen),
    # -- who is credited -----------------------------------------------------------------------------------------------
    "tell account": Verb(f"{COMPLAINT}/credit-accounts", People.tell_account),
    "confirm account": Verb(f"{COMPLAINT}/credit-accounts/{{account_id}}/confirm", People.confirm_account),
    "object to account": Verb(f"{COMPLAINT}/credit-accounts/{{account_id}}/object", People.object_to_account),
    "withdraw account": Verb(f"{COMPLAINT}/credit-accounts/{{account_id}}/withdraw", People.withdraw_account),
    "propose payer": Verb(f"{CASE}/hops/{{hop_no}}/payer-decisions", People.propose_payer),
    "agree to payer": Verb(f"{CASE}/hops/{{hop_no}}/payer-decisions/{{decision_id}}/agree", People.agree_to_payer),
    # -- discrepancies -------------------------------------------------------------------------------------------------
    "resolve": Verb("POST /api/v1/discrepancies/{discrepancy_id}/settle", People.resolve),
    "say for bank": Verb(f"{CASE}/requests/{{request_id}}/telephone-answers", People.said_by_telephone),
    "uphold bank": Verb("POST /api/v1/discrepancies/{discrepancy_id}/settle", People.uphold_bank),
}
"""verbs that can end in an order to a bank, say whom it credits, or change what others of them do"""

READS: Final = "it only reads"
TELLS: Final = "it brings money on hold or tells of it, and orders nothing"
NAMES: Final = "it names a person, a document or a duty, and orders nothing"
KEEPS: Final = "it keeps what a caller tells before it is sent, and is of no case"
OWNS: Final = "it says who does a work item, or how officers list them, and does nothing of what it asks for"
RIGHTS: Final = "it makes, changes or ends a team or a screen, or takes a right away, and gives none"
MERGES: Final = "it touches no money that a bank has placed, and changes claims on money on hold by two officers only"
ONE_TASK: Final = ("claim", "pass-on", "take-over", "release", "snooze")
MERGE_VERBS: Final = ("agree", "reject", "undo", "undo/agree", "undo/reject")
MANY_TASKS: Final = ("claim", "pass-on", "release", "snooze")
STAYS: Final[Mapping[str, str]] = {
    f"{CASE}/hops/{{hop_no}}/entered-confirmations": "it lets a claim count at an account, and orders nothing",
    **dict.fromkeys(("POST /api/v1/displays", "POST /api/v1/displays/{token_id}/revoke"), RIGHTS),
    **dict.fromkeys(("POST /api/v1/teams", "PUT /api/v1/teams/{name}", "POST /api/v1/teams/{name}/end"), RIGHTS),
    **dict.fromkeys(
        (
            "POST /api/v1/administration/proposals",
            "POST /api/v1/administration/proposals/preview",
            "POST /api/v1/administration/proposals/{proposal_id}/decide",
            "POST /api/v1/administration/proposals/{proposal_id}/withdraw",
        ),
        "it changes officers, teams, the directory or the policy by two admins, and touches no case",
    ),
    "POST /api/v1/officers/{officer_id}/disable": RIGHTS,
    "POST /api/v1/officers/{officer_id}/roles/{role}/end": RIGHTS,
    "PUT /api/v1/officers/{officer_id}/absences": RIGHTS,
    "POST /api/v1/accounts/search": READS,
    "POST /api/v1/search": READS,
    "POST /api/v1/officers/search": READS,
    "POST /api/v1/victims/search": READS,
    "POST /api/v1/complaints": TELLS,
    "POST /api/v1/drafts/check": READS,
    "POST /api/v1/drafts/read-sms": READS,
    "POST /api/v1/drafts": KEEPS,
    "PUT /api/v1/drafts/{draft_id}": KEEPS,
    "POST /api/v1/drafts/{draft_id}/pass-on": KEEPS,
    "POST /api/v1/drafts/{draft_id}/claim": KEEPS,
    "POST /api/v1/drafts/{draft_id}/take-over": KEEPS,
    "POST /api/v1/drafts/{draft_id}/discard": KEEPS,
    "POST /api/v1/missed-calls": KEEPS,
    "POST /api/v1/drafts/{draft_id}/send": f"{TELLS}; {NAMES}",
    f"{CASE}/found-transfers/{{found_id}}/decide": TELLS,
    f"{CASE}/hops": TELLS,
    f"{CASE}/hops/{{hop_no}}/correct": TELLS,
    f"{CASE}/requests/{{request_id}}/escalate": TELLS,
    f"{CASE}/requests/{{request_id}}/send-again": TELLS,
    f"{CASE}/requests/{{request_id}}/stop": TELLS,
    "POST /api/v1/desk/tasks/{task_id}/close": TELLS,
    "POST /api/v1/desk/tasks/close": TELLS,
    **{f"POST /api/v1/desk/tasks/{{task_id}}/{verb}": OWNS for verb in ONE_TASK},
    **{f"POST /api/v1/desk/tasks/{verb}": OWNS for verb in MANY_TASKS},
    "PUT /api/v1/presence": "it says what an officer looks at, and is stored nowhere",
    "PUT /api/v1/desk/notice-settings": OWNS,
    "DELETE /api/v1/desk/notice-settings": OWNS,
    "PUT /api/v1/desk/notices/seen": OWNS,
    "PUT /api/v1/desk/notice-webhook": OWNS,
    "DELETE /api/v1/desk/notice-webhook": OWNS,
    "DELETE /api/v1/officers/{officer_id}/notice-settings": OWNS,
    "PUT /api/v1/shifts/own/note": OWNS,
    "PUT /api/v1/shifts/{shift_id}/handover/note": OWNS,
    "PUT /api/v1/desk/task-filters/{place}": OWNS,
    "DELETE /api/v1/desk/task-filters/{place}": OWNS,
    "POST /api/v1/messages/{message_id}/send-again": TELLS,
    f"{COMPLAINT}/victim-corrections": NAMES,
    f"{COMPLAINT}/victim-corrections/{{correction_id}}/agree": NAMES,
    f"{COMPLAINT}/victim-corrections/{{correction_id}}/reject": NAMES,
    f"{CASE}/merges/preview": READS,
    f"{CASE}/merges": MERGES,
    **{f"{CASE}/merges/{{merge_id}}/{verb}": MERGES for verb in MERGE_VERBS},
    f"{CASE}/documents": NAMES,
    f"{CASE}/documents/preview": READS,
    f"{RESTORATION}/court-hearings": NAMES,
    f"{CASE}/fir": NAMES,
    f"{CASE}/fir/{{fir_id}}/copy": NAMES,
    f"{CASE}/fir/{{fir_id}}/sign": NAMES,
    f"{CASE}/duties/{{kind}}/done": NAMES,
    f"{HOLD}/appeal-code": NAMES,
    f"{HOLD}/approve-attachment": NAMES,
    "PUT /api/v1/grievance-officers": NAMES,
    "POST /api/v1/release-brake/continue": "it continues releases that the engine orders by the clock of the hold",
    "POST /api/v1/sessions/of/{officer_id}/end": "it ends what officers come in with, and touches no case",
}
"""verbs that move nothing out of a hold, and why"""

PLANS: Final[Mapping[str, tuple[str, ...]]] = {
    "grievance": ("file grievance", "escalate grievance", "assign officer", "decide grievance", "confirm release"),
    "own case": ("assign officer", "decide grievance", "confirm release", "confirm release"),
    "appeal": (
        *("assign officer", "file grievance", "report on grievance", "uphold hold", "appeal on"),
        *("decide grievance", "confirm release"),
    ),
    "withdrawn appeal": ("file grievance", "take contact", "withdraw grievance", "file grievance", "decide grievance"),
    "small hold": ("assign officer", "decide small hold", "hear victim", "confirm release"),
    "rejected": ("assign officer", "decide small hold", "reject release", "decide small hold", "confirm release"),
    "court": ("take court order", "confirm court order", "state for bank", "state for bank"),
    "wide order": ("take wide order", "put order copy", "confirm court order", "cancel order", "confirm court order"),
    "taken back by two": (
        *("take order to restore", "confirm court order", "withdraw court order", "confirm withdrawal"),
    ),
    "taken back": ("take court order", "withdraw court order", "take court order", "confirm court order"),
    "withdrawal": ("propose withdrawal", "agree to withdrawal"),
    "rejected withdrawal": ("propose withdrawal", "reject withdrawal", "propose withdrawal", "agree to withdrawal"),
    "restoration": ("receive application", "verify", "waive notice", "prepare", "approve"),
    "by a court": (
        *("receive application", "verify", "waive notice", "take order to restore", "confirm court order"),
        *("go on under order", "prepare", "approve", "state for bank", "state for bank", "receive bond"),
    ),
    "again": (
        *("receive application", "verify", "waive notice", "prepare", "approve", "send order again"),
        *("cancel order", "attest cancellation", "attest cancellation", "prepare", "approve"),
    ),
    "reopened": (
        *("receive application", "cancel restoration", "reopen", "receive application", "verify", "waive notice"),
        *("send back", "verify", "waive notice", "prepare", "refuse", "reopen", "approve"),
    ),
    "objection": (
        *("receive application", "verify", "object", "decide objection"),
        *("hear victim", "confirm release"),
    ),
    "other account": (
        *("tell account", "confirm account", "receive application", "verify", "waive notice", "prepare", "approve"),
    ),
    "account ended": (
        *("tell account", "confirm account", "withdraw account"),
        *("tell account", "confirm account", "object to account"),
    ),
    "payer": ("propose payer", "agree to payer", "prepare", "approve"),
    "resolution": ("resolve", "resolve"),
    "by telephone": ("say for bank", "uphold bank"),
}
"""the verbs of each way out of a hold, in order; people also do single verbs between them"""
