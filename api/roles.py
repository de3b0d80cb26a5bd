"""The one table of permissions. A route names its action, never a role (docs/reference/security.md)."""

from enum import StrEnum
from typing import Final, NamedTuple, Self

from domain.officers.jurisdiction import Shows, VerbKind
from domain.recovery.grievances import ROLES
from domain.recovery.holds import SMALL_HOLD_DECIDERS
from domain.recovery.procedure import CREDIT_ACCOUNT_CONFIRMERS, REOPENERS, RULES
from domain.work_items.task_owners import OWNERS
from schemas.enums import OFFICER_ROLES, Role
from schemas.recovery.grievances import GrievanceVerb
from schemas.restoration_enums import RestorationVerb

_DESK: Final = frozenset({Role.DESK, Role.SUPERVISOR, Role.ADMIN})
_POLICE: Final = frozenset({Role.IO, Role.DY_SP, Role.SP, Role.DISTRICT_GRO, Role.STATE_GRO})
_OF_A_CASE: Final = frozenset({Role.IO, Role.DY_SP, Role.SP})
_SENIORS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.DY_SP, Role.SP})
_SUPERVISORS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
_OVERSEERS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR})
_ADMIN: Final = frozenset({Role.ADMIN})


class Rule(NamedTuple):
    """Who may request an action, and what kind of action it is."""

    roles: frozenset[Role]
    kind: VerbKind
    """from which the scope of a role follows (`domain.officers.jurisdiction.SCOPES`)"""
    shows: Shows | None = None
    """what a read shows; who reads it of a marked case (`domain.officers.jurisdiction.MARKED_SCOPES`)"""
    is_proved: bool = False
    """needs a sign-in or a code of the last minutes (`sessions.proof_seconds`): it moves money, or power"""


class Action(StrEnum):
    """Action that an officer can request, with its rule."""

    rule: Rule

    def __new__(cls, value: str, rule: Rule) -> Self:
        """Return the action `value`."""
        action = str.__new__(cls, value)
        action._value_ = value
        action.rule = rule
        return action

    @property
    def is_read(self) -> bool:
        """Return whether it shows cases, accounts or persons; the read log has who did it."""
        return self.rule.shows is not None

    TAKE_COMPLAINT = "take_complaint", Rule(_DESK | {Role.INTAKE}, VerbKind.INTAKE)
    KEEP_DRAFT = "keep_draft", Rule(_DESK | {Role.INTAKE}, VerbKind.INTAKE)
    """save drafts of complaints, pass them on and discard them; take missed calls"""
    READ_DRAFTS = "read_drafts", Rule(_DESK | {Role.INTAKE}, VerbKind.READ, Shows.PERSONS)
    """own drafts, and missed calls that wait"""
    READ_NAMES = "read_names", Rule(frozenset(OFFICER_ROLES), VerbKind.READ, Shows.PERSONS)
    """names of banks, districts and teams"""
    READ_CASE = "read_case", Rule(frozenset(OFFICER_ROLES), VerbKind.READ, Shows.MONEY)
    """one case by its number: state, buckets and times, without accounts and names"""
    READ_TRAIL = "read_trail", Rule(_DESK | {Role.AUDITOR, Role.IO, Role.SP}, VerbKind.READ, Shows.MONEY)
    """the money of a case: its trail, ledger, requests, answers and log; and the list of cases"""
    READ_BANKS = "read_banks", Rule(_DESK | {Role.AUDITOR}, VerbKind.READ, Shows.MONEY)
    """banks over all cases: the call list, scorecards, comparisons with their lists, and one account in every case"""
    CHANGE_HOP = "change_hop", Rule(_DESK, VerbKind.TRACING)
    CHANGE_REQUEST = "change_request", Rule(_DESK, VerbKind.TRACING)
    READ_FIGURES = "read_figures", Rule(_OVERSEERS | {Role.SP}, VerbKind.READ, Shows.MONEY)
    """figures of stages over a period, the cases behind them, breaches, and the load of officers"""
    READ_TASKS = "read_tasks", Rule(_DESK | _POLICE | {Role.AUDITOR}, VerbKind.READ, Shows.MONEY)
    """the desk's work items; officers of the police see those that their role can act on"""
    CLOSE_TASK = "close_task", Rule(_DESK, VerbKind.TRACING)
    OWN_TASK = "own_task", Rule(OWNERS, VerbKind.TRACING)
    """claim, pass on, take over, release or snooze a work item that the officer can act on"""
    RESOLVE_DISCREPANCY = "resolve_discrepancy", Rule(_DESK, VerbKind.TRACING)
    TAKE_FROM_HELD = "take_from_held", Rule(_SUPERVISORS, VerbKind.TRACING, is_proved=True)
    """agree to another officer's resolution that takes money out of `held`"""
    READ_POLICE = "read_police", Rule(_DESK | _POLICE | {Role.AUDITOR}, VerbKind.READ, Shows.PERSONS)
    """a case's officers, FIRs, orders of courts, duties and notifications"""
    ASSIGN_OFFICER = "assign_officer", Rule(_SENIORS, VerbKind.ASSIGNMENT, is_proved=True)
    TAKE_FIR = "take_fir", Rule(_DESK | {Role.IO}, VerbKind.POLICE)
    TAKE_COURT_ORDER = "take_court_order", Rule(_DESK | {Role.IO}, VerbKind.POLICE, is_proved=True)
    RECORD_COURT_HEARING = "record_court_hearing", Rule(_DESK | {Role.IO}, VerbKind.POLICE)
    """record the day on which a court hears a restoration"""
    CONFIRM_COURT_ORDER = "confirm_court_order", Rule(_SENIORS | {Role.IO}, VerbKind.POLICE, is_proved=True)
    """confirm an order as a second officer, so that it counts"""
    DO_DUTY = "do_duty", Rule(frozenset({Role.IO, Role.SUPERVISOR, Role.ADMIN}), VerbKind.POLICE)
    SEND_MESSAGE = "send_message", Rule(_DESK | {Role.IO}, VerbKind.POLICE)
    READ_RESTORATION = "read_restoration", Rule(_DESK | _POLICE | {Role.AUDITOR}, VerbKind.READ, Shows.PERSONS)
    # The rules of a restoration also check the step and the two-person rule.
    RECEIVE_APPLICATION = (
        "receive_application",
        Rule(RULES[RestorationVerb.RECEIVE_APPLICATION].roles, VerbKind.RESTORATION),
    )
    VERIFY_RESTORATION = "verify_restoration", Rule(RULES[RestorationVerb.VERIFY].roles, VerbKind.RESTORATION)
    SEND_RESTORATION_BACK = "send_restoration_back", Rule(RULES[RestorationVerb.SEND_BACK].roles, VerbKind.RESTORATION)
    RECEIVE_OBJECTION = "receive_objection", Rule(RULES[RestorationVerb.OBJECT].roles, VerbKind.RESTORATION)
    DECIDE_OBJECTION = (
        "decide_objection",
        Rule(RULES[RestorationVerb.DECIDE_OBJECTION].roles, VerbKind.RESTORATION, is_proved=True),
    )
    WAIVE_NOTICE = "waive_notice", Rule(RULES[RestorationVerb.WAIVE_NOTICE].roles, VerbKind.RESTORATION)
    TAKE_ORDER = "take_order", Rule(RULES[RestorationVerb.TAKE_ORDER].roles, VerbKind.RESTORATION)
    PREPARE_RESTORATION = "prepare_restoration", Rule(RULES[RestorationVerb.PREPARE].roles, VerbKind.RESTORATION)
    APPROVE_RESTORATION = (
        "approve_restoration",
        Rule(RULES[RestorationVerb.APPROVE].roles, VerbKind.RESTORATION, is_proved=True),
    )
    REFUSE_RESTORATION = (
        "refuse_restoration",
        Rule(RULES[RestorationVerb.REFUSE].roles, VerbKind.RESTORATION, is_proved=True),
    )
    RECEIVE_BOND = "receive_bond", Rule(RULES[RestorationVerb.RECEIVE_BOND].roles, VerbKind.RESTORATION)
    CANCEL_RESTORATION = (
        "cancel_restoration",
        Rule(RULES[RestorationVerb.CANCEL].roles, VerbKind.RESTORATION, is_proved=True),
    )
    REOPEN_RESTORATION = "reopen_restoration", Rule(REOPENERS, VerbKind.RESTORATION)
    TELL_CREDIT_ACCOUNT = "tell_credit_account", Rule(_DESK | {Role.IO}, VerbKind.RESTORATION)
    """propose another account of the victim in place of the one that paid"""
    CONFIRM_CREDIT_ACCOUNT = (
        "confirm_credit_account",
        Rule(CREDIT_ACCOUNT_CONFIRMERS, VerbKind.RESTORATION, is_proved=True),
    )
    OBJECT_TO_CREDIT_ACCOUNT = "object_to_credit_account", Rule(_DESK | {Role.IO}, VerbKind.RESTORATION)
    """record the objection of a victim who has come in person or called"""
    WITHDRAW_CREDIT_ACCOUNT = "withdraw_credit_account", Rule(_SENIORS, VerbKind.RESTORATION, is_proved=True)
    PROPOSE_PAYER = "propose_payer", Rule(_DESK | {Role.IO}, VerbKind.RESTORATION)
    """propose which of two complainants paid a transfer"""
    AGREE_TO_PAYER = "agree_to_payer", Rule(_SENIORS, VerbKind.RESTORATION, is_proved=True)
    CONFIRM_ENTERED = "confirm_entered", Rule(_SENIORS | {Role.IO}, VerbKind.RESTORATION, is_proved=True)
    """confirm as another officer what was entered of a transfer by telephone or by a workbook"""
    READ_VICTIMS = "read_victims", Rule(_DESK | _OF_A_CASE, VerbKind.READ, Shows.PERSONS)
    """find a victim's complaints by name or contact"""
    READ_VICTIM = "read_victim", Rule(_DESK | _OF_A_CASE, VerbKind.READ, Shows.PERSONS)
    """a complaint's victim: name, contacts, and what the victim was told"""
    READ_STORIES = "read_stories", Rule(_DESK | _OF_A_CASE, VerbKind.READ, Shows.PERSONS)
    """what a victim told of what happened"""
    READ_TREATMENT = "read_treatment", Rule(_OVERSEERS, VerbKind.READ, Shows.PERSONS)
    """what a victim wrote of how the police acted; not for the officers of the case"""
    READ_VICTIM_CORRECTIONS = "read_victim_corrections", Rule(_DESK | _OF_A_CASE, VerbKind.READ, Shows.PERSONS)
    CORRECT_VICTIM = "correct_victim", Rule(_DESK | {Role.IO}, VerbKind.POLICE)
    """propose another name or contact of a victim"""
    DECIDE_VICTIM_CORRECTION = "decide_victim_correction", Rule(_SENIORS, VerbKind.POLICE, is_proved=True)
    """agree to another officer's correction of a victim, or reject it"""
    PROPOSE_WITHDRAWAL = "propose_withdrawal", Rule(_DESK | {Role.IO}, VerbKind.RESTORATION)
    """propose to withdraw a false, mistaken or settled complaint"""
    DECIDE_WITHDRAWAL = "decide_withdrawal", Rule(_SENIORS, VerbKind.RESTORATION, is_proved=True)
    """agree to another officer's withdrawal of a complaint, or reject it"""
    MERGE_CASES = "merge_cases", Rule(_DESK, VerbKind.RESTORATION)
    """merge two cases that are one, or propose it, and propose to undo a merge"""
    DECIDE_MERGE = "decide_merge", Rule(_SENIORS, VerbKind.RESTORATION, is_proved=True)
    """agree to another officer's merge or undo, or reject it"""
    READ_ORDERS = "read_orders", Rule(_DESK | _POLICE | {Role.AUDITOR}, VerbKind.READ, Shows.MONEY)
    SEND_ORDER = "send_order", Rule(_DESK, VerbKind.ORDER)
    CANCEL_ORDER = (
        "cancel_order",
        Rule(frozenset({Role.SUPERVISOR, Role.ADMIN, Role.SP}), VerbKind.ORDER, is_proved=True),
    )
    CONFIRM_ORDER = "confirm_order", Rule(_DESK, VerbKind.ORDER, is_proved=True)
    """record a bank's statement on an order"""
    # `api.evidence.evidence` also checks that the case is the investigating officer's or the superintendent's.
    READ_EVIDENCE = (
        "read_evidence",
        Rule(frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR, Role.IO, Role.SP}), VerbKind.READ, Shows.PERSONS),
    )
    """the evidence pack of a case"""
    READ_HOLD = "read_hold", Rule(_DESK | _POLICE | {Role.AUDITOR}, VerbKind.READ, Shows.OTHERS)
    """an account hold, with the reference that its holder appeals with"""
    DECIDE_SMALL_HOLD = "decide_small_hold", Rule(SMALL_HOLD_DECIDERS, VerbKind.HOLD, is_proved=True)
    CONTINUE_RELEASES = "continue_releases", Rule(_SUPERVISORS, VerbKind.OFFICE, is_proved=True)
    """continue automatic releases that wait, because too many fell due at once"""
    HEAR_VICTIM = "hear_victim", Rule(_DESK | {Role.IO}, VerbKind.HOLD)
    """record what a victim says to a proposed release"""
    CONFIRM_RELEASE = "confirm_release", Rule(_POLICE | {Role.SUPERVISOR, Role.ADMIN}, VerbKind.HOLD, is_proved=True)
    """confirm or reject a proposed release; above the policy's sums as a second officer"""
    MAKE_APPEAL_CODE = "make_appeal_code", Rule(_DESK | {Role.IO}, VerbKind.HOLD)
    TAKE_HOLDER_CONTACT = "take_holder_contact", Rule(_DESK | {Role.IO}, VerbKind.HOLD)
    """record the contact of an account holder"""
    READ_GRIEVANCE = "read_grievance", Rule(_DESK | _POLICE | {Role.AUDITOR}, VerbKind.READ, Shows.OTHERS)
    # The rules of a grievance also check the level and the two-person rule.
    FILE_GRIEVANCE = "file_grievance", Rule(ROLES[GrievanceVerb.APPEAL_ON], VerbKind.GRIEVANCE)
    """for an account holder who has come in person: file an appeal, or take it to the next level"""
    WITHDRAW_GRIEVANCE = "withdraw_grievance", Rule(ROLES[GrievanceVerb.WITHDRAW], VerbKind.GRIEVANCE)
    REPORT_ON_GRIEVANCE = "report_on_grievance", Rule(ROLES[GrievanceVerb.REPORT], VerbKind.GRIEVANCE)
    DECIDE_GRIEVANCE = "decide_grievance", Rule(ROLES[GrievanceVerb.DECIDE], VerbKind.GRIEVANCE, is_proved=True)
    ESCALATE_GRIEVANCE = "escalate_grievance", Rule(ROLES[GrievanceVerb.ESCALATE], VerbKind.GRIEVANCE)
    NAME_GRIEVANCE_OFFICER = "name_grievance_officer", Rule(_SUPERVISORS, VerbKind.OFFICE)
    """name the officer who decides on appeals in a district or for the State"""
    READ_DOCUMENTS = "read_documents", Rule(_DESK | _POLICE | {Role.AUDITOR}, VerbKind.READ, Shows.PERSONS)
    ISSUE_DOCUMENT = "issue_document", Rule(_DESK | _OF_A_CASE, VerbKind.DOCUMENT)
    ISSUE_SEIZURE = "issue_seizure", Rule(_OF_A_CASE, VerbKind.DOCUMENT)
    """documents that seize or attach property: BNSS 106 and 107"""
    APPROVE_ATTACHMENT = "approve_attachment", Rule(frozenset({Role.SP}), VerbKind.DOCUMENT)
    """approve that a court is asked to attach money on hold: BNSS 107"""
    READ_READERS = "read_readers", Rule(_OVERSEERS | {Role.SP}, VerbKind.READ, Shows.OTHERS)
    """who has read a case"""
    READ_OUTSIDE_READS = "read_outside_reads", Rule(_OVERSEERS | {Role.SP}, VerbKind.READ, Shows.OTHERS)
    """reads by officers who are not responsible for the case"""
    END_SESSIONS = "end_sessions", Rule(_ADMIN, VerbKind.OFFICE, is_proved=True)
    """end all sessions of an officer"""
    READ_SIGN_INS = "read_sign_ins", Rule(frozenset({Role.ADMIN, Role.AUDITOR}), VerbKind.OFFICE)
    """the sign-in log of every officer; each officer may read their own"""
    READ_REFUSED_ACTS = "read_refused_acts", Rule(_OVERSEERS, VerbKind.OFFICE)
    """the log of refused acts of officers, scripts and banks"""
    READ_STREAM = "read_stream", Rule(frozenset(OFFICER_ROLES), VerbKind.READ, Shows.MONEY)
    """the officer's own stream; each topic of it also needs the read that shows the same"""
    READ_NOTICE_SETTINGS = "read_notice_settings", Rule(_ADMIN, VerbKind.OFFICE)
    """how another officer is told of work items"""
    RESET_NOTICE_SETTINGS = "reset_notice_settings", Rule(_ADMIN, VerbKind.OFFICE)
    """let another officer be told as the policy says"""
    READ_OFFICERS = "read_officers", Rule(_OVERSEERS, VerbKind.OFFICE)
    """officers with their roles, teams and absences, and who changed what of them"""
    END_OFFICERS_ROLE = "end_officers_role", Rule(_ADMIN, VerbKind.OFFICE, is_proved=True)
    """disable an officer, and end a role; two admins let an officer in or give a role"""
    READ_ADMINISTRATION = "read_administration", Rule(_OVERSEERS, VerbKind.OFFICE)
    """proposals of admins, and who changed what of officers, teams, the directory, displays and the policy"""
    PROPOSE_ADMINISTRATION = "propose_administration", Rule(_ADMIN, VerbKind.OFFICE)
    """propose to change officers, teams, the directory or the policy"""
    DECIDE_ADMINISTRATION = "decide_administration", Rule(_ADMIN, VerbKind.OFFICE, is_proved=True)
    """agree to another admin's proposal, or refuse it"""
    CHANGE_TEAMS = "change_teams", Rule(_SUPERVISORS, VerbKind.OFFICE)
    """add and end teams, and write the days on which an officer is absent"""
    READ_POLICY = "read_policy", Rule(_OVERSEERS, VerbKind.OFFICE)
    """the values of the policy that are in force, with their sources"""
    READ_DIRECTORY = "read_directory", Rule(_DESK | {Role.AUDITOR}, VerbKind.OFFICE)
    """banks with their channels and nodal officers"""
    READ_WALL = "read_wall", Rule(_OVERSEERS | {Role.DISPLAY}, VerbKind.OFFICE)
    """the supervisor's wall: figures of the State without a person, an account or a case"""
    READ_DISPLAYS = "read_displays", Rule(_OVERSEERS, VerbKind.OFFICE)
    """the displays that show the wall"""
    CHANGE_DISPLAYS = "change_displays", Rule(_ADMIN, VerbKind.OFFICE, is_proved=True)
    """give a display a token, and revoke it"""
