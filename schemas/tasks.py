"""Tasks of the desk: what a task is about, why it was opened, its facts, its owner, and assigned officers."""

from enum import StrEnum

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ClaimKind, Differing, DiscrepancyKind, KeyChangeKind, TaskKind
from schemas.officers.officers import TeamShift
from schemas.privacy.personal_data import ReachWay
from schemas.restoration_enums import DocumentKind, OrderReason


class NoOfficer(StrEnum):
    """Why no officer can be chosen for a case."""

    NONE_IN_DISTRICT = "none_in_district"
    """no officer with the role answers for the district"""
    ALL_AWAY = "all_away"
    """each of them is disabled, absent today, or has another duty in the case"""
    DETAILS_MISSING = "details_missing"
    """rank, station or mobile of each is not known, and documents have to name them"""


class LeftBecause(StrEnum):
    """Why an officer cannot go on with a case."""

    DISABLED = "disabled"
    ROLE_ENDED = "role_ended"
    ON_LEAVE = "on_leave"


class TeamHours(FrozenModel):
    """Districts and working hours of a team."""

    districts: tuple[str, ...] = ()
    """none: every district of its officers"""
    shifts: tuple[TeamShift, ...] = ()
    """none: it works at any hour"""


class Candidate(FrozenModel):
    """Officer who has the role of a duty."""

    officer_id: str
    name: str
    rank: str
    station: str
    mobile: str
    email: str
    is_disabled: bool
    is_absent: bool
    """today, in India"""
    districts: tuple[str, ...]
    teams: tuple[TeamHours, ...] = ()

    @property
    def has_details(self) -> bool:
        """Whether documents can name the officer."""
        return bool(self.rank and self.station and self.mobile)


class Choice(FrozenModel):
    """Officer who is chosen for a case."""

    officer: Candidate
    on_shift: bool
    """whether a team of the officer works now"""
    open_cases: int
    """cases that the officer had before"""
    candidates: int
    """officers among whom the choice was made"""


class TaskSubject(StrEnum):
    """Kinds of subjects that a task is about."""

    CASE = "case"
    HOP = "hop"
    REQUEST = "request"
    INSTITUTION = "institution"
    COMPLAINT = "complaint"
    HOLD = "hold"
    ORDER = "order"
    RESTORATION = "restoration"
    GRIEVANCE = "grievance"
    COURT_ORDER = "court_order"
    CREDIT_ACCOUNT = "credit_account"
    DUTY = "duty"
    NIGHTLY_RUN = "nightly_run"
    """nightly work of the engine, about no case and no institution"""
    PROPOSAL = "proposal"
    """a change that one admin proposes and another one decides, about no case"""


class TaskCause(StrEnum):
    """Why a task was opened. The text that officers read is composed from it in `domain.work_items.task_notes`."""

    INSTITUTION_UNKNOWN = "institution_unknown"
    REFERENCE_MISSING = "reference_missing"
    DATE_MISSING = "date_missing"
    """the date of the transfer is not stated; `detail` names the place where it should be"""
    REFERENCE_REFUSED = "reference_refused"
    """the bank finds no transfer by the reference; `code` is its answer"""
    TRANSFER_NOT_FOUND = "transfer_not_found"
    """the bank, asked again and again, does not find the victim's transfer; `code` is its answer"""
    ANSWER_NOT_UNDERSTOOD = "answer_not_understood"
    """`code` is the bank's answer, or `detail` says why it cannot be read"""
    SMALL_TRANSFERS_WITHOUT_SUM = "small_transfers_without_sum"
    """the bank says that what was left of the hop went on in small amounts, and states no sum"""
    DISCREPANCY = "discrepancy"
    TRAIL_LIMIT = "trail_limit"
    WAITS_FOR_DESK = "waits_for_desk"
    """to the supervisor: a hop waits for the desk"""
    MORE_OF_EXCLUDED_ON_HOLD = "more_of_excluded_on_hold"
    """more of an excluded hop is on hold"""
    REQUEST_SILENT = "request_silent"
    CALL_BACK_MISSED = "call_back_missed"
    """the bank said that it calls back `at` a time, and did not"""
    TELEPHONE_ANSWER_TO_CHECK = "telephone_answer_to_check"
    """one officer entered about `request_id` a telephone answer from a number that the directory does not have, or one
    by which money is gone or moved on: soon after the transfer, or a large sum. `claimed_paise` is that of the case"""
    REQUEST_REFUSED = "request_refused"
    """`code` is the bank's answer"""
    REQUEST_NOT_SENT = "request_not_sent"
    """the fault is ours; `error` names it"""
    ORDER_NOT_DONE = "order_not_done"
    """the bank does not respond, or refuses"""
    ORDER_NOT_SENT = "order_not_sent"
    """its document lacks what `lacking` names, or the fault is `error`"""
    ORDER_BY_LETTER_ALONE = "order_by_letter_alone"
    ORDER_CANCELLATION_SILENT = "order_cancellation_silent"
    ORDER_CANCELLATION_REJECTED = "order_cancellation_rejected"
    ORDER_SECOND_OFFICER = "order_second_officer"
    """a second officer confirms what the bank said"""
    CANCELLATION_TO_CONFIRM = "cancellation_to_confirm"
    """a second officer says too that the bank knows of the cancellation"""
    ORDER_TO_REPEAT = "order_to_repeat"
    """a cancelled order, made for `order_reason`, that no clock makes again"""
    HOLD_LAPSES = "hold_lapses"
    SMALL_HOLD = "small_hold"
    RELEASES_BRAKED = "releases_braked"
    """automatic releases wait, the first of `waiting_paise`; `releases` of `released_paise` were in the hour before"""
    HOLDER_NOT_TOLD = "holder_not_told"
    HOLD_RETAINED_IDLE = "hold_retained_idle"
    """a court retains the hold, and nothing is under way"""
    RESTORATION_STEP = "restoration_step"
    APPLICATION_LACKS_FACTS = "application_lacks_facts"
    GRIEVANCE = "grievance"
    GRIEVANCE_UNTOLD = "grievance_untold"
    """no officer of its level is known"""
    RELEASE_TO_CONFIRM = "release_to_confirm"
    """the victims are heard on a release, and it is confirmed after that"""
    COURT_ORDER_TO_CONFIRM = "court_order_to_confirm"
    COURT_ORDER_WITHDRAWAL_TO_CONFIRM = "court_order_withdrawal_to_confirm"
    COURT_ORDER_LACKS_DOCUMENT = "court_order_lacks_document"
    """`at` is when it is void without its document"""
    COURT_ORDER_VOID = "court_order_void"
    """no document, or no second officer, came in time"""
    COURT_ORDER_ENDS = "court_order_ends"
    """a court keeps a hold until `at`"""
    COURT_ORDER_OVER = "court_order_over"
    """a court keeps a hold no more, because its time is over"""
    REQUEST_STOPPED_EARLY = "request_stopped_early"
    """one officer stopped a request with `claimed_paise` in play soon after the transfer, or of a large sum"""
    RESTORATION_CANCELLED = "restoration_cancelled"
    """one officer cancelled a restoration with `claimed_paise` on hold"""
    CREDIT_ACCOUNT_TO_CONFIRM = "credit_account_to_confirm"
    CREDIT_ACCOUNT_OBJECTED = "credit_account_objected"
    """the victim objects to the account; `order_id` if a bank is ordered to credit it"""
    PAYER_TO_CONFIRM = "payer_to_confirm"
    """two complainants claim a transfer, and a second officer must agree who paid it"""
    VICTIM_CORRECTION_TO_DECIDE = "victim_correction_to_decide"
    """a second officer agrees to `correction_id`, or rejects it"""
    TREATMENT_REPORTED = "treatment_reported"
    """the victim of the complaint says that the police did not act with respect"""
    WITHDRAWAL_TO_DECIDE = "withdrawal_to_decide"
    """a second officer agrees to `withdrawal_id`, or rejects it"""
    MERGE_TO_DECIDE = "merge_to_decide"
    """a second officer agrees to `merge_id`, or to its undo, or rejects it"""
    COUNTED_IN_MERGED_CASE = "counted_in_merged_case"
    SHARED_WITH_MERGED_CASE = "shared_with_merged_case"
    """the case `ack_no`, merged with this one, tells the transfer with `against_paise`; here it is `claimed_paise`"""
    DUTY = "duty"
    DUTY_OVERDUE = "duty_overdue"
    DUTY_TO_HAND_IN = "duty_to_hand_in"
    """the report is issued"""
    IO_MISSING = "io_missing"
    """no investigating officer can be chosen; `no_officer` says why"""
    SUPERVISING_MISSING = "supervising_missing"
    """no supervising officer can be chosen; `no_officer` says why"""
    FIR_BY_HAND = "fir_by_hand"
    """the register refuses the FIR, or does not answer"""
    FIR_LAPSED = "fir_lapsed"
    """documents name the lapsed FIR"""
    TWO_FIRS = "two_firs"
    """`fir_no` is the register's, `our_fir` is ours"""
    DOCUMENTS_WAIT = "documents_wait"
    """`documents` says which and why"""
    MONEY_RETURNED = "money_returned"
    MESSAGE_NOT_SENT = "message_not_sent"
    UNREACHABLE = "unreachable"
    """no address of the recipient is known, or none for the only `way` that the victim wants; a call needs a person"""
    DOCUMENT_TO_DELIVER = "document_to_deliver"
    """the bank has no mailbox for the document `document_number`"""
    FILE_REFUSED = "file_refused"
    FILE_IN_DOUBT = "file_in_doubt"
    LINK_WITHOUT_MOBILE = "link_without_mobile"
    """the bank states through a letter's link what needs a code, and the directory has no mobile for it"""
    BANK_LOGIN_UNTOLD = "bank_login_untold"
    """the bank could not be told of a login from the new address `detail` at `at`"""
    BANK_LOGIN_CHANGE_UNTOLD = "bank_login_change_untold"
    """the bank could not be told that its login `detail` was replaced, or got a password, at `at`"""
    BANK_PERSON_CODE_UNSENT = "bank_person_code_unsent"
    """a person whom the bank added, or gave a new code, gets no letter with a code; the bank added them `at` a time"""
    BANK_PERSON_NOT_ASKED_FOR = "bank_person_not_asked_for"
    """who got a code of the bank did not ask for a login, which was ended `at` a time"""
    BANK_KEY_ASKED = "bank_key_asked"
    """the bank asks to add or end a key: `detail`"""
    BANK_KEY_UNTOLD = "bank_key_untold"
    """the bank could not be told of a change of its keys: `detail`"""
    LIENS_TO_ASK_FOR = "liens_to_ask_for"
    LIENS_OVERDUE = "liens_overdue"
    LIENS_DIFFER = "liens_differ"
    PAYER_BANK_DIFFERS = "payer_bank_differs"
    """the victim's bank debited another transfer than the victim told; `differing` says what"""
    PAYER_BANK_DENIES = "payer_bank_denies"
    """the victim's bank does not know the debit; `code` is its answer"""
    TRANSFER_FOUND = "transfer_found"
    """the victim's bank names another transfer out of the account: `found_id`, `claimed_paise`, `to_bank`, `at`"""
    TOLD_OTHERWISE = "told_otherwise"
    """the complaint `ack_no` tells the transfer otherwise; `differing` says what"""
    COMPLAINT_UNCONFIRMED = "complaint_unconfirmed"
    """no one-time code has confirmed who complains on the public page; the holds of the case end `at` a time"""
    NIGHTLY_RUN_BROKEN = "nightly_run_broken"
    """the nightly verification found `violations`, the first in case `ack_no`"""
    NIGHTLY_RUN_FAILED = "nightly_run_failed"
    """nightly work ended by the error `error`"""
    PROPOSAL_TO_DECIDE = "proposal_to_decide"
    """to admins: another admin decides on a change of the kind `detail`"""
    PROPOSAL_DECIDED = "proposal_decided"
    """to the admin who proposed a change of the kind `detail`: another one has decided, `code`"""
    LINK_NOT_ASKED_FOR = "link_not_asked_for"
    """to admins: who opened the link of a change of the kind `detail` did not ask for it"""
    TASK_UNOWNED = "task_unowned"
    """to the supervisor: the work item `task_id` of the kind `task_kind` has no owner for too long"""


class Subject(FrozenModel):
    """Subject of a task: a kind, and the id by which that kind is known."""

    kind: TaskSubject
    id: str


def about(kind: TaskSubject, of: object) -> Subject:
    """Return the subject of this kind with this id."""
    return Subject(kind=kind, id=str(of))


class DocumentWaits(FrozenModel):
    """Why documents of one kind are not issued. With neither fields nor failures they can be issued."""

    kind: DocumentKind
    lacking: tuple[str, ...] = ()
    """names of missing fields"""
    failures: tuple[str, ...] = ()
    """names of errors"""


class TaskFacts(FrozenModel):
    """The facts that a task states besides its subject; each cause uses some of them.

    Two open tasks with the same kind, subject and cause differ in their facts.
    """

    code: str = ""
    """a bank's answer code"""
    error: str = ""
    """the name of an error and its detail"""
    lacking: tuple[str, ...] = ()
    """names of missing fields"""
    line: ClaimKind | None = None
    """kind of a line of an answer"""
    claimed_paise: int | None = None
    """what a bank states"""
    against_paise: int | None = None
    """the amount that it stands against"""
    discrepancy: DiscrepancyKind | None = None
    order_reason: OrderReason | None = None
    institution: str = ""
    account_end: str = ""
    """last digits of an account"""
    other_business: bool | None = None
    """whether the account is known to have other business"""
    message: str = ""
    """kind of a message"""
    to_whom: str = ""
    way: ReachWay | None = None
    """the only way in which a victim wants to be reached"""
    medium: str = ""
    key_change: KeyChangeKind | None = None
    """what a bank does with a key; `detail` names the key"""
    reference: str = ""
    """of a hold, or a bank's own of a credit"""
    order_id: str = ""
    request_id: str = ""
    document_number: str = ""
    fir_no: str = ""
    our_fir: str = ""
    documents: tuple[DocumentWaits, ...] = ()
    detail: str = ""
    """what a reader of a bank's file or answer says about it"""
    ack_no: str = ""
    """of a complaint"""
    no_officer: NoOfficer | None = None
    """why the engine could choose no officer"""
    differing: tuple[Differing, ...] = ()
    rows_differing: int | None = None
    liens_missing: int | None = None
    releases: int | None = None
    released_paise: int | None = None
    waiting_paise: int | None = None
    withdrawal_id: int | None = None
    correction_id: int | None = None
    merge_id: int | None = None
    found_id: int | None = None
    violations: int | None = None
    """violated rules of cases"""
    task_id: int | None = None
    """of another task"""
    task_kind: TaskKind | None = None
    to_bank: str = ""
    """bank that a transfer went to"""
    at: str = ""
    """time in IST: of a transfer or a promised call, or the end of a court's order"""
    number_is_known: bool | None = None
    """whether the directory has the number on which a bank spoke"""


NO_FACTS = TaskFacts()


class NewTask(FrozenModel):
    """A task for the desk. Without a subject it is about the case."""

    kind: TaskKind
    cause: TaskCause
    subject: Subject | None = None
    facts: TaskFacts = NO_FACTS
    caused_by: str | None = None
    """the officer whose act it is about, as the case log names them; another person closes it"""


def about_hop(kind: TaskKind, cause: TaskCause, hop_no: int | None, facts: TaskFacts = NO_FACTS) -> NewTask:
    """Return a task about a hop, or about the case where the hop is not known."""
    subject = None if hop_no is None else about(TaskSubject.HOP, hop_no)
    return NewTask(kind=kind, cause=cause, subject=subject, facts=facts)


class TaskActKind(StrEnum):
    """Kinds of changes of the owner of a work item."""

    CLAIMED = "claimed"
    PASSED_ON = "passed_on"
    TAKEN_OVER = "taken_over"
    RELEASED = "released"
    SNOOZED = "snoozed"


class LeaseEnd(StrEnum):
    """Why the engine ended a lease."""

    LEASE_ENDED = "lease_ended"
    """the owner did nothing in the case in the time of the policy"""
    DISABLED = "disabled"
    ROLE_ENDED = "role_ended"
    ON_LEAVE = "on_leave"
    SHIFT_ENDED = "shift_ended"


class TaskStanding(FrozenModel):
    """Who has a work item, and until when."""

    task_id: int
    version: int
    """grows with each change of owner and snooze; 0 before the first"""
    owner: str | None
    """id of the officer who has it, or None"""
    lease_ends_at: UtcDatetime | None
    snoozed_until: UtcDatetime | None


class TaskActView(FrozenModel):
    """Something done to the ownership of a work item."""

    act_id: int
    task_id: int
    at: UtcDatetime
    actor: str
    kind: TaskActKind
    owner: str | None
    """who has it since then"""
    former: str | None
    """who had it before"""
    note: str


class TaskActPage(FrozenModel):
    """Acts, the newest first."""

    items: tuple[TaskActView, ...]
    next: str | None
