"""The one table of permissions. A route names its action, never a role (docs/reference/security.md)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from domain.grievances import ROLES
from domain.jurisdiction import Shows, VerbKind
from domain.releases import SMALL_HOLD_DECIDERS
from domain.reporting.task_acts import OWNERS
from domain.restoration.procedure import CREDIT_ACCOUNT_CONFIRMERS, REOPENERS, RULES
from schemas.enums import OFFICER_ROLES, Role
from schemas.grievances.grievances import GrievanceVerb
from schemas.restoration.restorations import RestorationVerb


class Action(StrEnum):
    """Action that an officer can request."""

    TAKE_COMPLAINT = "take_complaint"
    KEEP_DRAFT = "keep_draft"
    """save drafts of complaints, pass them on and discard them; take missed calls"""
    READ_DRAFTS = "read_drafts"
    """own drafts, and missed calls that wait"""
    READ_NAMES = "read_names"
    """names of banks, districts and teams"""
    READ_CASE = "read_case"
    """one case by its number: state, buckets and times, without accounts and names"""
    READ_TRAIL = "read_trail"
    """the money of a case: its trail, ledger, requests, answers and log; and the list of cases"""
    READ_BANKS = "read_banks"
    """banks over all cases: the call list, scorecards, comparisons with their lists, and one account in every case"""
    CHANGE_HOP = "change_hop"
    CHANGE_REQUEST = "change_request"
    READ_FIGURES = "read_figures"
    """figures of stages over a period, the cases behind them, breaches, and the load of officers"""
    READ_TASKS = "read_tasks"
    """the desk's work items; officers of the police see those that their role can act on"""
    CLOSE_TASK = "close_task"
    OWN_TASK = "own_task"
    """claim, pass on, take over, release or snooze a work item that the officer can act on"""
    RESOLVE_DISCREPANCY = "resolve_discrepancy"
    TAKE_FROM_HELD = "take_from_held"
    """agree to another officer's resolution that takes money out of `held`"""
    READ_POLICE = "read_police"
    """a case's officers, FIRs, orders of courts, duties and notifications"""
    ASSIGN_OFFICER = "assign_officer"
    TAKE_FIR = "take_fir"
    TAKE_COURT_ORDER = "take_court_order"
    RECORD_COURT_HEARING = "record_court_hearing"
    """record the day on which a court hears a restoration"""
    CONFIRM_COURT_ORDER = "confirm_court_order"
    """confirm an order as a second officer, so that it counts"""
    DO_DUTY = "do_duty"
    SEND_MESSAGE = "send_message"
    READ_RESTORATION = "read_restoration"
    RECEIVE_APPLICATION = "receive_application"
    VERIFY_RESTORATION = "verify_restoration"
    SEND_RESTORATION_BACK = "send_restoration_back"
    RECEIVE_OBJECTION = "receive_objection"
    DECIDE_OBJECTION = "decide_objection"
    WAIVE_NOTICE = "waive_notice"
    TAKE_ORDER = "take_order"
    PREPARE_RESTORATION = "prepare_restoration"
    APPROVE_RESTORATION = "approve_restoration"
    REFUSE_RESTORATION = "refuse_restoration"
    RECEIVE_BOND = "receive_bond"
    CANCEL_RESTORATION = "cancel_restoration"
    REOPEN_RESTORATION = "reopen_restoration"
    TELL_CREDIT_ACCOUNT = "tell_credit_account"
    """propose another account of the victim in place of the one that paid"""
    CONFIRM_CREDIT_ACCOUNT = "confirm_credit_account"
    OBJECT_TO_CREDIT_ACCOUNT = "object_to_credit_account"
    """record the objection of a victim who has come in person or called"""
    WITHDRAW_CREDIT_ACCOUNT = "withdraw_credit_account"
    PROPOSE_PAYER = "propose_payer"
    """propose which of two complainants paid a transfer"""
    AGREE_TO_PAYER = "agree_to_payer"
    READ_VICTIMS = "read_victims"
    """find a victim's complaints by name or contact"""
    READ_VICTIM = "read_victim"
    """a complaint's victim: name, contacts, and what the victim was told"""
    READ_STORIES = "read_stories"
    """what a victim told of what happened"""
    READ_TREATMENT = "read_treatment"
    """what a victim wrote of how the police acted; not for the officers of the case"""
    READ_VICTIM_CORRECTIONS = "read_victim_corrections"
    CORRECT_VICTIM = "correct_victim"
    """propose another name or contact of a victim"""
    DECIDE_VICTIM_CORRECTION = "decide_victim_correction"
    """agree to another officer's correction of a victim, or reject it"""
    PROPOSE_WITHDRAWAL = "propose_withdrawal"
    """propose to withdraw a false, mistaken or settled complaint"""
    DECIDE_WITHDRAWAL = "decide_withdrawal"
    """agree to another officer's withdrawal of a complaint, or reject it"""
    MERGE_CASES = "merge_cases"
    """merge two cases that are one, or propose it, and propose to undo a merge"""
    DECIDE_MERGE = "decide_merge"
    """agree to another officer's merge or undo, or reject it"""
    READ_ORDERS = "read_orders"
    SEND_ORDER = "send_order"
    CANCEL_ORDER = "cancel_order"
    CONFIRM_ORDER = "confirm_order"
    """record a bank's statement on an order"""
    READ_EVIDENCE = "read_evidence"
    """the evidence pack of a case"""
    READ_HOLD = "read_hold"
    """an account hold, with the reference that its holder appeals with"""
    DECIDE_SMALL_HOLD = "decide_small_hold"
    CONTINUE_RELEASES = "continue_releases"
    """continue automatic releases that wait, because too many fell due at once"""
    HEAR_VICTIM = "hear_victim"
    """record what a victim says to a proposed release"""
    CONFIRM_RELEASE = "confirm_release"
    """confirm or reject a proposed release; above the policy's sums as a second officer"""
    MAKE_APPEAL_CODE = "make_appeal_code"
    TAKE_HOLDER_CONTACT = "take_holder_contact"
    """record the contact of an account holder"""
    READ_GRIEVANCE = "read_grievance"
    FILE_GRIEVANCE = "file_grievance"
    """for an account holder who has come in person: file an appeal, or take it to the next level"""
    WITHDRAW_GRIEVANCE = "withdraw_grievance"
    REPORT_ON_GRIEVANCE = "report_on_grievance"
    DECIDE_GRIEVANCE = "decide_grievance"
    ESCALATE_GRIEVANCE = "escalate_grievance"
    NAME_GRIEVANCE_OFFICER = "name_grievance_officer"
    """name the officer who decides on appeals in a district or for the State"""
    READ_DOCUMENTS = "read_documents"
    ISSUE_DOCUMENT = "issue_document"
    ISSUE_SEIZURE = "issue_seizure"
    """documents that seize or attach property: BNSS 106 and 107"""
    APPROVE_ATTACHMENT = "approve_attachment"
    """approve that a court is asked to attach money on hold: BNSS 107"""
    READ_READERS = "read_readers"
    """who has read a case"""
    READ_OUTSIDE_READS = "read_outside_reads"
    """reads by officers who are not responsible for the case"""
    END_SESSIONS = "end_sessions"
    """end all sessions of an officer"""
    READ_SIGN_INS = "read_sign_ins"
    """the sign-in log of every officer; each officer may read their own"""
    READ_REFUSED_ACTS = "read_refused_acts"
    """the log of refused acts of officers, scripts and banks"""
    READ_STREAM = "read_stream"
    """the officer's own stream; each topic of it also needs the read that shows the same"""
    READ_NOTICE_SETTINGS = "read_notice_settings"
    """how another officer is told of work items"""
    RESET_NOTICE_SETTINGS = "reset_notice_settings"
    """let another officer be told as the policy says"""
    READ_OFFICERS = "read_officers"
    """officers with their roles, teams and absences, and who changed what of them"""
    END_OFFICERS_ROLE = "end_officers_role"
    """disable an officer, and end a role; two admins let an officer in or give a role"""
    READ_ADMINISTRATION = "read_administration"
    """proposals of admins, and who changed what of officers, teams, the directory, displays and the policy"""
    PROPOSE_ADMINISTRATION = "propose_administration"
    """propose to change officers, teams, the directory or the policy"""
    DECIDE_ADMINISTRATION = "decide_administration"
    """agree to another admin's proposal, or refuse it"""
    CHANGE_TEAMS = "change_teams"
    """add and end teams, and write the days on which an officer is absent"""
    READ_POLICY = "read_policy"
    """the values of the policy that are in force, with their sources"""
    READ_DIRECTORY = "read_directory"
    """banks with their channels and nodal officers"""
    READ_WALL = "read_wall"
    """the supervisor's wall: figures of the State without a person, an account or a case"""
    READ_DISPLAYS = "read_displays"
    """the displays that show the wall"""
    CHANGE_DISPLAYS = "change_displays"
    """give a display a token, and revoke it"""


_DESK: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})
_POLICE: Final = frozenset({Role.IO, Role.DY_SP, Role.SP, Role.DISTRICT_GRO, Role.STATE_GRO})

ALLOWED: Final[Mapping[Action, frozenset[Role]]] = {
    Action.TAKE_COMPLAINT: _DESK | {Role.INTAKE},
    Action.KEEP_DRAFT: _DESK | {Role.INTAKE},
    Action.READ_DRAFTS: _DESK | {Role.INTAKE},
    Action.READ_NAMES: frozenset(OFFICER_ROLES),
    Action.READ_CASE: frozenset(OFFICER_ROLES),
    Action.READ_TRAIL: _DESK | {Role.AUDITOR, Role.IO, Role.SP},
    Action.READ_BANKS: _DESK | {Role.AUDITOR},
    Action.CHANGE_HOP: _DESK,
    Action.CHANGE_REQUEST: _DESK,
    Action.READ_FIGURES: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR, Role.SP}),
    Action.READ_TASKS: _DESK | _POLICE | {Role.AUDITOR},
    Action.CLOSE_TASK: _DESK,
    Action.OWN_TASK: OWNERS,
    Action.RESOLVE_DISCREPANCY: _DESK,
    Action.TAKE_FROM_HELD: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.READ_POLICE: _DESK | _POLICE | {Role.AUDITOR},
    Action.ASSIGN_OFFICER: frozenset({Role.SUPERVISOR, Role.DY_SP, Role.SP, Role.ADMIN}),
    Action.TAKE_FIR: _DESK | {Role.IO},
    Action.TAKE_COURT_ORDER: _DESK | {Role.IO},
    Action.RECORD_COURT_HEARING: _DESK | {Role.IO},
    Action.CONFIRM_COURT_ORDER: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.IO, Role.DY_SP, Role.SP}),
    Action.DO_DUTY: frozenset({Role.IO, Role.SUPERVISOR, Role.ADMIN}),
    Action.SEND_MESSAGE: _DESK | {Role.IO},
    Action.READ_RESTORATION: _DESK | _POLICE | {Role.AUDITOR},
    # The rules of a restoration also check the step and the two-person rule.
    Action.RECEIVE_APPLICATION: RULES[RestorationVerb.RECEIVE_APPLICATION].roles,
    Action.VERIFY_RESTORATION: RULES[RestorationVerb.VERIFY].roles,
    Action.SEND_RESTORATION_BACK: RULES[RestorationVerb.SEND_BACK].roles,
    Action.RECEIVE_OBJECTION: RULES[RestorationVerb.OBJECT].roles,
    Action.DECIDE_OBJECTION: RULES[RestorationVerb.DECIDE_OBJECTION].roles,
    Action.WAIVE_NOTICE: RULES[RestorationVerb.WAIVE_NOTICE].roles,
    Action.TAKE_ORDER: RULES[RestorationVerb.TAKE_ORDER].roles,
    Action.PREPARE_RESTORATION: RULES[RestorationVerb.PREPARE].roles,
    Action.APPROVE_RESTORATION: RULES[RestorationVerb.APPROVE].roles,
    Action.REFUSE_RESTORATION: RULES[RestorationVerb.REFUSE].roles,
    Action.RECEIVE_BOND: RULES[RestorationVerb.RECEIVE_BOND].roles,
    Action.CANCEL_RESTORATION: RULES[RestorationVerb.CANCEL].roles,
    Action.REOPEN_RESTORATION: REOPENERS,
    Action.TELL_CREDIT_ACCOUNT: _DESK | {Role.IO},
    Action.CONFIRM_CREDIT_ACCOUNT: CREDIT_ACCOUNT_CONFIRMERS,
    Action.OBJECT_TO_CREDIT_ACCOUNT: _DESK | {Role.IO},
    Action.WITHDRAW_CREDIT_ACCOUNT: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.DY_SP, Role.SP}),
    Action.PROPOSE_PAYER: _DESK | {Role.IO},
    Action.AGREE_TO_PAYER: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.DY_SP, Role.SP}),
    Action.READ_VICTIMS: _DESK | {Role.IO, Role.DY_SP, Role.SP},
    Action.READ_VICTIM: _DESK | {Role.IO, Role.DY_SP, Role.SP},
    Action.READ_STORIES: _DESK | {Role.IO, Role.DY_SP, Role.SP},
    Action.READ_TREATMENT: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR}),
    Action.READ_VICTIM_CORRECTIONS: _DESK | {Role.IO, Role.DY_SP, Role.SP},
    Action.CORRECT_VICTIM: _DESK | {Role.IO},
    Action.DECIDE_VICTIM_CORRECTION: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.DY_SP, Role.SP}),
    Action.PROPOSE_WITHDRAWAL: _DESK | {Role.IO},
    Action.DECIDE_WITHDRAWAL: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.DY_SP, Role.SP}),
    Action.MERGE_CASES: _DESK,
    Action.DECIDE_MERGE: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.DY_SP, Role.SP}),
    Action.READ_ORDERS: _DESK | _POLICE | {Role.AUDITOR},
    Action.SEND_ORDER: _DESK,
    Action.CANCEL_ORDER: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.SP}),
    Action.CONFIRM_ORDER: _DESK,
    # `api.evidence` also checks that the case is the investigating officer's or the superintendent's.
    Action.READ_EVIDENCE: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR, Role.IO, Role.SP}),
    Action.READ_HOLD: _DESK | _POLICE | {Role.AUDITOR},
    Action.DECIDE_SMALL_HOLD: SMALL_HOLD_DECIDERS,
    Action.CONTINUE_RELEASES: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.HEAR_VICTIM: _DESK | {Role.IO},
    Action.CONFIRM_RELEASE: _POLICE | {Role.SUPERVISOR, Role.ADMIN},
    Action.MAKE_APPEAL_CODE: _DESK | {Role.IO},
    Action.TAKE_HOLDER_CONTACT: _DESK | {Role.IO},
    Action.READ_GRIEVANCE: _DESK | _POLICE | {Role.AUDITOR},
    # The rules of a grievance also check the level and the two-person rule.
    Action.FILE_GRIEVANCE: ROLES[GrievanceVerb.APPEAL_ON],
    Action.WITHDRAW_GRIEVANCE: ROLES[GrievanceVerb.WITHDRAW],
    Action.REPORT_ON_GRIEVANCE: ROLES[GrievanceVerb.REPORT],
    Action.DECIDE_GRIEVANCE: ROLES[GrievanceVerb.DECIDE],
    Action.ESCALATE_GRIEVANCE: ROLES[GrievanceVerb.ESCALATE],
    Action.NAME_GRIEVANCE_OFFICER: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.READ_DOCUMENTS: _DESK | _POLICE | {Role.AUDITOR},
    Action.ISSUE_DOCUMENT: _DESK | {Role.IO, Role.DY_SP, Role.SP},
    Action.ISSUE_SEIZURE: frozenset({Role.IO, Role.DY_SP, Role.SP}),
    Action.APPROVE_ATTACHMENT: frozenset({Role.SP}),
    Action.READ_READERS: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR, Role.SP}),
    Action.READ_OUTSIDE_READS: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR, Role.SP}),
    Action.END_SESSIONS: frozenset({Role.ADMIN}),
    Action.READ_SIGN_INS: frozenset({Role.ADMIN, Role.AUDITOR}),
    Action.READ_REFUSED_ACTS: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR}),
    Action.READ_STREAM: frozenset(OFFICER_ROLES),
    Action.READ_NOTICE_SETTINGS: frozenset({Role.ADMIN}),
    Action.RESET_NOTICE_SETTINGS: frozenset({Role.ADMIN}),
    Action.READ_OFFICERS: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR}),
    Action.END_OFFICERS_ROLE: frozenset({Role.ADMIN}),
    Action.READ_ADMINISTRATION: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR}),
    Action.PROPOSE_ADMINISTRATION: frozenset({Role.ADMIN}),
    Action.DECIDE_ADMINISTRATION: frozenset({Role.ADMIN}),
    Action.CHANGE_TEAMS: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.READ_POLICY: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR}),
    Action.READ_DIRECTORY: _DESK | {Role.AUDITOR},
    Action.READ_WALL: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR, Role.DISPLAY}),
    Action.READ_DISPLAYS: frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR}),
    Action.CHANGE_DISPLAYS: frozenset({Role.ADMIN}),
}

READS: Final = frozenset(action for action in Action if action.value.startswith("read_")) - {
    Action.READ_SIGN_INS,
    Action.READ_REFUSED_ACTS,
    Action.READ_NOTICE_SETTINGS,
    Action.READ_OFFICERS,
    Action.READ_ADMINISTRATION,
    Action.READ_POLICY,
    Action.READ_DIRECTORY,
    Action.READ_WALL,
    Action.READ_DISPLAYS,
}
"""actions that show cases, accounts and persons; the read log has who did them"""

PROVED: Final = frozenset(
    {
        Action.AGREE_TO_PAYER,
        Action.APPROVE_RESTORATION,
        Action.CHANGE_DISPLAYS,
        Action.CONFIRM_COURT_ORDER,
        Action.CONFIRM_CREDIT_ACCOUNT,
        Action.CONFIRM_RELEASE,
        Action.DECIDE_ADMINISTRATION,
        Action.DECIDE_GRIEVANCE,
        Action.DECIDE_MERGE,
        Action.DECIDE_OBJECTION,
        Action.DECIDE_SMALL_HOLD,
        Action.DECIDE_WITHDRAWAL,
        Action.END_OFFICERS_ROLE,
        Action.END_SESSIONS,
    }
)
"""actions that need a sign-in or a code of the last minutes (`sessions.proof_seconds`): they move money, or power"""

SHOWS: Final[Mapping[Action, Shows]] = {
    # A new read counts as one that names persons, until it stands below.
    **dict.fromkeys(READS, Shows.PERSONS),
    Action.READ_CASE: Shows.MONEY,
    Action.READ_TRAIL: Shows.MONEY,
    Action.READ_BANKS: Shows.MONEY,
    Action.READ_FIGURES: Shows.MONEY,
    Action.READ_TASKS: Shows.MONEY,
    Action.READ_STREAM: Shows.MONEY,
    Action.READ_ORDERS: Shows.MONEY,
    Action.READ_HOLD: Shows.OTHERS,
    Action.READ_GRIEVANCE: Shows.OTHERS,
    Action.READ_READERS: Shows.OTHERS,
    Action.READ_OUTSIDE_READS: Shows.OTHERS,
}
"""what each read shows, from which it follows who reads it of a marked case (`domain.jurisdiction.MARKED_SCOPES`)"""

KINDS: Final[Mapping[Action, VerbKind]] = {
    **dict.fromkeys(READS, VerbKind.READ),
    Action.TAKE_COMPLAINT: VerbKind.INTAKE,
    Action.KEEP_DRAFT: VerbKind.INTAKE,
    Action.CHANGE_HOP: VerbKind.TRACING,
    Action.CHANGE_REQUEST: VerbKind.TRACING,
    Action.CLOSE_TASK: VerbKind.TRACING,
    Action.OWN_TASK: VerbKind.TRACING,
    Action.RESOLVE_DISCREPANCY: VerbKind.TRACING,
    Action.TAKE_FROM_HELD: VerbKind.TRACING,
    Action.ASSIGN_OFFICER: VerbKind.ASSIGNMENT,
    Action.TAKE_FIR: VerbKind.POLICE,
    Action.TAKE_COURT_ORDER: VerbKind.POLICE,
    Action.RECORD_COURT_HEARING: VerbKind.POLICE,
    Action.CONFIRM_COURT_ORDER: VerbKind.POLICE,
    Action.DO_DUTY: VerbKind.POLICE,
    Action.SEND_MESSAGE: VerbKind.POLICE,
    Action.CORRECT_VICTIM: VerbKind.POLICE,
    Action.DECIDE_VICTIM_CORRECTION: VerbKind.POLICE,
    Action.RECEIVE_APPLICATION: VerbKind.RESTORATION,
    Action.VERIFY_RESTORATION: VerbKind.RESTORATION,
    Action.SEND_RESTORATION_BACK: VerbKind.RESTORATION,
    Action.RECEIVE_OBJECTION: VerbKind.RESTORATION,
    Action.DECIDE_OBJECTION: VerbKind.RESTORATION,
    Action.WAIVE_NOTICE: VerbKind.RESTORATION,
    Action.TAKE_ORDER: VerbKind.RESTORATION,
    Action.PREPARE_RESTORATION: VerbKind.RESTORATION,
    Action.APPROVE_RESTORATION: VerbKind.RESTORATION,
    Action.REFUSE_RESTORATION: VerbKind.RESTORATION,
    Action.RECEIVE_BOND: VerbKind.RESTORATION,
    Action.CANCEL_RESTORATION: VerbKind.RESTORATION,
    Action.REOPEN_RESTORATION: VerbKind.RESTORATION,
    Action.TELL_CREDIT_ACCOUNT: VerbKind.RESTORATION,
    Action.CONFIRM_CREDIT_ACCOUNT: VerbKind.RESTORATION,
    Action.OBJECT_TO_CREDIT_ACCOUNT: VerbKind.RESTORATION,
    Action.WITHDRAW_CREDIT_ACCOUNT: VerbKind.RESTORATION,
    Action.PROPOSE_PAYER: VerbKind.RESTORATION,
    Action.AGREE_TO_PAYER: VerbKind.RESTORATION,
    Action.PROPOSE_WITHDRAWAL: VerbKind.RESTORATION,
    Action.DECIDE_WITHDRAWAL: VerbKind.RESTORATION,
    Action.MERGE_CASES: VerbKind.RESTORATION,
    Action.DECIDE_MERGE: VerbKind.RESTORATION,
    Action.SEND_ORDER: VerbKind.ORDER,
    Action.CANCEL_ORDER: VerbKind.ORDER,
    Action.CONFIRM_ORDER: VerbKind.ORDER,
    Action.DECIDE_SMALL_HOLD: VerbKind.HOLD,
    Action.HEAR_VICTIM: VerbKind.HOLD,
    Action.CONFIRM_RELEASE: VerbKind.HOLD,
    Action.MAKE_APPEAL_CODE: VerbKind.HOLD,
    Action.TAKE_HOLDER_CONTACT: VerbKind.HOLD,
    Action.FILE_GRIEVANCE: VerbKind.GRIEVANCE,
    Action.WITHDRAW_GRIEVANCE: VerbKind.GRIEVANCE,
    Action.REPORT_ON_GRIEVANCE: VerbKind.GRIEVANCE,
    Action.DECIDE_GRIEVANCE: VerbKind.GRIEVANCE,
    Action.ESCALATE_GRIEVANCE: VerbKind.GRIEVANCE,
    Action.ISSUE_DOCUMENT: VerbKind.DOCUMENT,
    Action.ISSUE_SEIZURE: VerbKind.DOCUMENT,
    Action.APPROVE_ATTACHMENT: VerbKind.DOCUMENT,
    Action.CONTINUE_RELEASES: VerbKind.OFFICE,
    Action.NAME_GRIEVANCE_OFFICER: VerbKind.OFFICE,
    Action.END_SESSIONS: VerbKind.OFFICE,
    Action.READ_SIGN_INS: VerbKind.OFFICE,
    Action.READ_REFUSED_ACTS: VerbKind.OFFICE,
    Action.READ_NOTICE_SETTINGS: VerbKind.OFFICE,
    Action.RESET_NOTICE_SETTINGS: VerbKind.OFFICE,
    Action.READ_OFFICERS: VerbKind.OFFICE,
    Action.END_OFFICERS_ROLE: VerbKind.OFFICE,
    Action.READ_ADMINISTRATION: VerbKind.OFFICE,
    Action.PROPOSE_ADMINISTRATION: VerbKind.OFFICE,
    Action.DECIDE_ADMINISTRATION: VerbKind.OFFICE,
    Action.CHANGE_TEAMS: VerbKind.OFFICE,
    Action.READ_POLICY: VerbKind.OFFICE,
    Action.READ_DIRECTORY: VerbKind.OFFICE,
    Action.READ_WALL: VerbKind.OFFICE,
    Action.READ_DISPLAYS: VerbKind.OFFICE,
    Action.CHANGE_DISPLAYS: VerbKind.OFFICE,
}
"""the kind of each action, from which the scope of a role follows (`domain.jurisdiction.SCOPES`)"""
