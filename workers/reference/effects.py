"""The effect of each trigger function, in one line. A test checks that the map is complete."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Sort(StrEnum):
    """Why a trigger is there."""

    FLOW = "flow"
    """it starts further work"""
    DERIVED = "derived"
    """it keeps a column or a row that follows from the write"""
    RULE = "rule"
    """it refuses a write that breaks a rule"""


@dataclass(frozen=True)
class Effect:
    """Effect of a trigger function, and the tables that the function writes."""

    sort: Sort
    text: str
    writes: tuple[str, ...] = ()
    wakes: str = ""
    """the channel of `pg_notify`, where it sends one"""


EFFECTS: Final[Mapping[str, Effect]] = {
    # -- further work ----------------------------------------------------------------------------------------------
    "hop_asks_payers_bank_again": Effect(
        Sort.FLOW,
        "Ends the inquiry to the victim's bank about a corrected transfer, and plans the next one.",
        ("payer_inquiry",),
    ),
    "procedure_starter_needed": Effect(
        Sort.FLOW,
        "Wakes the procedure loop (`workers/loops/procedures.py`), which starts or notifies row-clock workflows.",
        wakes="procedure_starter",
    ),
    "bank_order_cancelled": Effect(
        Sort.FLOW,
        "Opens a cancellation for an order that the bank may know of: the bank is told, and its reply is awaited.",
        ("order_cancellation",),
    ),
    "bank_order_confirmed": Effect(
        Sort.DERIVED, "Notes when the bank first states that a part of an order is done.", ("bank_order",)
    ),
    "case_assignment_begins": Effect(
        Sort.FLOW, "Lets the engine look for the officers of a new case.", ("case_assignment",)
    ),
    "case_assignment_reopens": Effect(
        Sort.FLOW,
        "Lets the engine look again for the officers of a case that is opened again, if a duty has no officer.",
        ("case_assignment",),
    ),
    "case_assignment_procedure": Effect(
        Sort.FLOW,
        "Lets the engine look for the officers of a case in which a procedure begins, if a duty has no officer.",
        ("case_assignment",),
    ),
    "work_item_notifies": Effect(
        Sort.FLOW,
        "Shows a changed owner, lease or snooze, and a work item about no case, in the streams of officers.",
        wakes="work_item",
    ),
    "draft_notifies": Effect(
        Sort.FLOW,
        "Shows a draft that gets another owner or ends, and a missed call, in the streams of officers.",
        wakes="draft",
    ),
    "task_notice_notifies": Effect(
        Sort.FLOW,
        "Tells the streams of the officers who have new notices of work items.",
        wakes="task_notice",
    ),
    "bank_order_told": Effect(Sort.FLOW, "Wakes a bank that waits at its feed.", wakes="bank_feed"),
    "discrepancy_wakes_hold": Effect(
        Sort.FLOW,
        "Notifies the hold's workflow. Money held against the bank's earlier statement becomes a hold.",
        ("procedure_news", "held_hop"),
    ),
    "resolution_wakes_hold": Effect(
        Sort.FLOW,
        "Notifies the hold's workflow, because the resolution may change what may be released, and looks again at"
        " documents that wait for it.",
        ("procedure_news",),
    ),
    "hold_emptied": Effect(
        Sort.FLOW,
        "Notifies the workflows of the hold and of the restoration when the last rupee of a hop is off hold.",
        ("procedure_news",),
    ),
    "held_hop_asks_for_notice": Effect(
        Sort.FLOW,
        "Asks for a lien notice to the bank when a hold is opened, and looks again at all documents of the case.",
        ("due_document",),
    ),
    "duty_asks_for_document": Effect(
        Sort.FLOW,
        "Asks for the duty's document (report, follow-up), and looks again at all documents of the case.",
        ("due_document",),
    ),
    "fir_asks_for_notices": Effect(
        Sort.FLOW,
        "Asks for a lien notice to every bank that holds money, because it can now name the FIR,"
        " or because the FIR that it names has lapsed.",
        ("due_document",),
    ),
    "fir_goes_out": Effect(Sort.FLOW, "Queues the request to the register of reports.", ("outgoing",)),
    "due_documents_wake": Effect(
        Sort.FLOW, "Queues the due documents of the case, so that all of them are looked at at once.", ("outgoing",)
    ),
    "restoration_asks_for_letter": Effect(
        Sort.FLOW, "Asks for a status letter to the victim when a restoration ends.", ("due_document",)
    ),
    "restoration_step_asks_for_documents": Effect(
        Sort.FLOW,
        "Asks for a notice to each account holder at `holder_notice` and `show_cause`,"
        " and for a status letter to the victim at `collecting` and `credit`.",
        ("due_document",),
    ),
    "feed_request_changed": Effect(
        Sort.FLOW, "Shows a new or changed hold request in the bank's feed.", ("feed_entry",), "bank_feed"
    ),
    "feed_hold_kept": Effect(
        Sort.FLOW,
        "Shows the hold requests of an account as changed in the bank's feed when its hold is kept, or lasts longer.",
        ("feed_entry",),
        "bank_feed",
    ),
    "feed_hops_changed": Effect(
        Sort.FLOW,
        "Shows the hold request of a changed hop as changed in the bank's feed.",
        ("feed_entry",),
        "bank_feed",
    ),
    "directory_written": Effect(
        Sort.FLOW,
        "Marks the directory as changed; every process reads it again within a second.",
        ("directory_version",),
    ),
    # -- what follows from the write -------------------------------------------------------------------------------
    "case_event_chain": Effect(
        Sort.DERIVED,
        "Numbers the event, links it to the event before by SHA-256, and wakes readers of the case log.",
        ("case_file",),
        "case_event",
    ),
    "ledger_apply": Effect(
        Sort.DERIVED,
        "Adds the entries to the balances. New money in `held` makes the hop one whose hold is to be opened.",
        ("ledger_balance", "held_hop"),
    ),
    "holder_contact_kept": Effect(
        Sort.DERIVED, "Keeps every contact of an account holder that an officer enters.", ("holder_contact_change",)
    ),
    "hop_complaint": Effect(Sort.DERIVED, "Gives a hop the complaint of its parent hop."),
    "hop_waiting": Effect(Sort.DERIVED, "Starts or ends the clock of a hop that waits for the desk."),
    "hop_without_account": Effect(Sort.DERIVED, "Gives a hop without a stated account a key of its own."),
    "bank_order_tried": Effect(
        Sort.RULE,
        "Keeps the time of the first attempt. Refuses it while a cancelled order about the same hop is not settled.",
    ),
    # -- rules -----------------------------------------------------------------------------------------------------
    "refuse_change": Effect(Sort.RULE, "Refuses the change: the table, or the columns that are named, never change."),
    "ledger_check_balanced": Effect(
        Sort.RULE, "Refuses a transaction whose entries do not sum to zero within one case."
    ),
    "hop_within_transfer": Effect(
        Sort.RULE, "Refuses hops that are larger than the transfer in the bank's line that opened them."
    ),
    "held_under_orders": Effect(Sort.RULE, "Refuses to take money off hold below what live orders ask for."),
    "bank_order_line_covered": Effect(Sort.RULE, "Refuses a line that asks for more than is on hold at the hop."),
    "allocation_check_whole": Effect(Sort.RULE, "Refuses an allocation whose shares do not add up to the whole."),
    "reply_link_deletion": Effect(Sort.RULE, "Refuses to delete a link that was used or still works."),
    "reply_link_rules": Effect(
        Sort.RULE,
        "Refuses a link for a bank that its subject does not name, and a second use or replacement.",
    ),
    "grievance_level_other_people": Effect(
        Sort.RULE, "Refuses a decision on a grievance by a person who decided it at another level."
    ),
    "case_officer_by_engine": Effect(
        Sort.RULE,
        "Refuses that the engine assigns an officer who is disabled, absent, without the role, or with the other duty.",
    ),
    "task_owner_rules": Effect(
        Sort.RULE, "Refuses an owner of a closed work item, and a change of owner or snooze without the next version."
    ),
    "officer_rules": Effect(Sort.RULE, "Refuses to delete an officer, and to change an officer's id."),
    "officer_role_rules": Effect(Sort.RULE, "Refuses any change of a role that was given but one earlier end."),
    "officer_district_rules": Effect(Sort.RULE, "Refuses any change of a district that was given but its one end."),
    "script_token_rules": Effect(
        Sort.RULE, "Refuses any change of a script's token but its one revocation, its one display and its last use."
    ),
    "case_assignment_follows": Effect(Sort.DERIVED, "Writes who has a duty of the case now.", ("case_assignment",)),
    "officer_told": Effect(Sort.DERIVED, "Writes what was done to an officer, and by whom.", ("officer_event",)),
    "officer_role_told": Effect(Sort.DERIVED, "Writes that a role was given or ended.", ("officer_event",)),
    "officer_district_told": Effect(Sort.DERIVED, "Writes that a district was given or ended.", ("officer_event",)),
    "script_token_told": Effect(
        Sort.DERIVED, "Writes that a script's token was issued or revoked.", ("officer_event",)
    ),
    "script_token_placed_told": Effect(Sort.DERIVED, "Writes that a display took its token.", ("officer_event",)),
    "bank_login_ends_sessions": Effect(
        Sort.DERIVED, "Ends the sessions of a bank that gets another login.", ("session",)
    ),
    "bank_reply_check_decided_once": Effect(Sort.RULE, "Refuses another decision on a reply of a bank."),
    "institution_login_counted": Effect(
        Sort.DERIVED, "Counts the logins of a bank, so that tokens of the one before end.", ("institution",)
    ),
    "bank_reply_check_asked": Effect(
        Sort.RULE, "Refuses a reply of a person who is not confirmed, and a table more than may wait."
    ),
    "bank_reply_check_sent": Effect(Sort.RULE, "Refuses that a person who is not confirmed sends a reply."),
    "bank_person_rules": Effect(Sort.RULE, "Refuses a person more than a bank may have, or may add in 90 days."),
    "bank_person_confirmed_by_two": Effect(
        Sort.RULE, "Refuses a confirmation of a person without a proposal that another admin agreed to."
    ),
    "bank_login_email_once": Effect(Sort.RULE, "Refuses an e-mail that is the login of a bank and of a person."),
    "bank_person_ends_sessions": Effect(
        Sort.DERIVED, "Ends the sessions of a person who is ended or sets another password.", ("session",)
    ),
    "officer_totp_rules": Effect(Sort.RULE, "Refuses a code of an authenticator that is not later than the last one."),
    "recovery_code_rules": Effect(Sort.RULE, "Refuses a second use of a recovery code."),
    "proof_of_two": Effect(
        Sort.RULE, "Refuses a link of a proposal that another admin did not agree to, or with another code."
    ),
    "proof_rules": Effect(
        Sort.RULE,
        "Refuses a second use of a code or a link, a use without the session that it begins, and any other change of"
        " what it is.",
    ),
    "session_rules": Effect(
        Sort.RULE, "Refuses a session of a disabled officer, and any change but its use and its one end."
    ),
    "sign_in_link_told": Effect(Sort.DERIVED, "Writes that a sign-in link was made or used.", ("officer_event",)),
    "officer_session_told": Effect(Sort.DERIVED, "Writes who ended a session of another.", ("officer_event",)),
    "officer_credentials_changed": Effect(
        Sort.DERIVED, "Ends the sessions of an officer whose password changes.", ("session",)
    ),
    "officer_disabled_ends_sessions": Effect(
        Sort.DERIVED, "Ends the sessions and links of a disabled officer.", ("session", "proof")
    ),
    "officer_reset_takes_credentials": Effect(
        Sort.DERIVED,
        "Deletes the credentials of an officer who is reset, and ends sessions and links.",
        ("officer_password", "officer_totp", "recovery_code", "proof", "session"),
    ),
    "attachment_needs_other_eyes": Effect(Sort.RULE, "Refuses an approval by the officer who investigates the case."),
    "proposal_rules": Effect(
        Sort.RULE,
        "Refuses any change of a proposal but its one decision, and an agreement of one who is no admin now, or who"
        " told of the hold.",
    ),
    "policy_version_agreed": Effect(
        Sort.RULE, "Refuses a version of the policy that two admins have not agreed to, when the transaction ends."
    ),
    "bank_key_rules": Effect(Sort.RULE, "Refuses a third live key of a bank, and any change but of a key's end."),
    "bank_key_change_decided_once": Effect(Sort.RULE, "Refuses another end of a change of a bank's keys."),
    "court_order_lets_go": Effect(
        Sort.RULE, "Refuses an order to a bank under a court order that no second officer has confirmed."
    ),
    "court_order_withdrawn_by_two": Effect(
        Sort.RULE,
        "Refuses that one person withdraws an order that is confirmed. One that retains holds and is not confirmed is"
        " withdrawn alone by the one who recorded it only.",
    ),
    "credit_account_rules": Effect(
        Sort.RULE, "Refuses any change of an account to credit but its one confirmation and its one end."
    ),
    "credit_account_object_again": Effect(
        Sort.RULE, "Refuses to shorten the time in which a victim may object after a correction of the contact."
    ),
    "restoration_credit_account": Effect(
        Sort.RULE,
        "Refuses the approval of a restoration while the victim may object to the account to be credited, or if the"
        " received application names another account.",
    ),
    "hop_payer_kept": Effect(
        Sort.RULE, "Refuses another payer of a transfer while a bank is ordered to credit money of it, and after."
    ),
    "application_signature_rules": Effect(
        Sort.RULE,
        "Refuses a signature under anything but the application of the open step, and one without a used code for it.",
    ),
    "restoration_step_signed": Effect(Sort.RULE, "Refuses that a victim ends the application without a signature."),
    "hearing_waiver_of_served": Effect(Sort.RULE, "Refuses a waiver of a holder who has no notice."),
    "court_hearing_rules": Effect(
        Sort.RULE, "Refuses any change of a hearing but that it is told of and that it ends."
    ),
    "payer_found_transfer_rules": Effect(
        Sort.RULE, "Refuses any change of a transfer that a victim's bank named but its hop and its one decision."
    ),
    "payer_inquiry_rules": Effect(
        Sort.RULE, "Refuses to change what a victim's bank is asked, and a state that goes back."
    ),
    "restoration_not_contested": Effect(
        Sort.RULE,
        "Refuses the approval of a restoration while another payer of one of its transfers is named, or no officer"
        " has accepted one that only the victim's bank names.",
    ),
    "restoration_not_by_importer": Effect(
        Sort.RULE,
        "Refuses the preparation or approval by who imported or entered by telephone what alone confirms the money.",
    ),
    "telephone_booking_grows": Effect(
        Sort.RULE, "Refuses to take back what a telephone answer booked, or what its bank has confirmed of it."
    ),
    "call_back_rules": Effect(Sort.RULE, "Refuses any change of a promised call but what became of it, once."),
    "withdrawal_rules": Effect(Sort.RULE, "Refuses any change of a withdrawal but its one decision."),
    "proposal_release_counted": Effect(
        Sort.RULE,
        "Counts whether a proposed release needs a second officer, and refuses one of an officer who told of the hold.",
    ),
    "person_key_rules": Effect(
        Sort.RULE, "Refuses to delete a key, to give it another owner, and to bring a destroyed key back."
    ),
    "victim_corrected": Effect(
        Sort.RULE,
        "Refuses personal data of a victim that two officers have not agreed to, unless the complaint of an open draft"
        " lacks them, for a day.",
    ),
    "draft_rules": Effect(
        Sort.RULE,
        "Refuses another beginning or complaint of a draft, a change of an ended one, and a complaint that was not"
        " taken from it.",
    ),
    "public_draft_rules": Effect(
        Sort.RULE,
        "Refuses that a complaint of the public form is confirmed without a code that was used, and that what it has"
        " proven or asked for is taken back.",
    ),
    "public_draft_asked": Effect(
        Sort.RULE,
        "Refuses that a complaint of the public form without a confirmed mobile states a larger sum than its draft has"
        " noted.",
    ),
    "complaint_filled_in": Effect(
        Sort.RULE,
        "Refuses another category of a complaint that states one, and to take a complaint's mark away with it.",
    ),
    "two_persons": Effect(Sort.RULE, "Refuses a second officer who is the same person as the first."),
    "release_was_proposed": Effect(
        Sort.RULE, "Refuses to order a release by a grievance or of a small hold above what officers have confirmed."
    ),
    "case_merge_no_chain": Effect(
        Sort.RULE, "Refuses to merge a case into one that is merged itself, or a case that others are merged into."
    ),
    "case_merge_rules": Effect(
        Sort.RULE,
        "Refuses any change of a merge but its decision, the proposal of its undo and the undo, and an undo while a"
        " transfer is set aside.",
    ),
    "same_transfer_rules": Effect(
        Sort.RULE, "Refuses a pair of transfers outside a merge in force, and its end before its money is put back."
    ),
    "set_aside_hop_rules": Effect(
        Sort.RULE, "Refuses any change of a hop that is set aside but the one moment when it is put back."
    ),
    "hop_live_in_one_case": Effect(
        Sort.RULE, "Refuses a new live hop whose transfer is live in a merged case, beyond the transfer's amount."
    ),
    "withdrawn_hop_agreed": Effect(Sort.RULE, "Refuses to take out a hop before a second officer has agreed."),
    "order_cancellation_settled_once": Effect(Sort.RULE, "Refuses to change a cancellation that is settled."),
    "document_counter_escalates": Effect(Sort.RULE, "Refuses a gap or a step back in a series of document numbers."),
    "restoration_line_not_excluded": Effect(
        Sort.RULE, "Refuses to put an excluded hop into a round before it is reopened."
    ),
}
"""By the function's name."""
