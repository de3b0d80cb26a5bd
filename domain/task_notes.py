"""The text that officers read about a task, composed from its structured fields whenever it is shown.

No text is stored, and no task is found by its text. `TEXTS` has one table for each language.
"""

from collections.abc import Callable, Mapping
from typing import Final

from domain.document_fields import document_name, field_names
from domain.rupees import rupees
from domain.task_names import name_of
from domain.task_notes_hindi import HINDI
from schemas.administration import ProposalKind, ProposalState
from schemas.banks.keys import KeyChangeKind
from schemas.enums import Differing, Language, TaskKind
from schemas.evidence import NightlyWork
from schemas.notifications import Medium, MessageKind, Recipient
from schemas.restoration_enums import OrderReason
from schemas.tasks import Subject, TaskCause, TaskFacts, TaskSubject

ENGLISH: Final[Mapping[str, str]] = {
    "bank": "the bank",
    "at_stake": ", {in_play} in play",
    TaskCause.INSTITUTION_UNKNOWN: (
        "the bank is not in the directory{at_stake}: find out which it is, then correct the hop"
    ),
    TaskCause.REFERENCE_MISSING: (
        "no reference{at_stake}: read the RRN or UTR off the victim's statement, then correct the hop"
    ),
    TaskCause.REFERENCE_REFUSED: (
        "{bank} finds no transfer by the reference (code {code}): read the RRN or UTR off the victim's statement, then"
        " correct the hop"
    ),
    TaskCause.TRANSFER_NOT_FOUND: (
        "{bank}, asked again, does not find the transfer (code {code}): ask the victim to check the RRN, the date,"
        " and from which account to which account the money went, then correct the hop"
    ),
    TaskCause.ANSWER_NOT_UNDERSTOOD: (
        "{bank} says something that is not understood (code {code}{sum}): read the line in the answers of the case,"
        " ask the bank what it means, write that down by the desk's actions, and close this item"
    ),
    "answer_not_understood.unreadable": (
        "{bank} sent a line that cannot be read ({detail}): read it in the answers of the case, and ask the bank to"
        " send it again"
    ),
    "answer_not_understood.moved": (
        "{bank} says that {claimed} moved on by the same transfer that it was asked about: ask the bank by which"
        " transfer the money moved on, and add that hop"
    ),
    TaskCause.DISCREPANCY: "{discrepancy}",
    "discrepancy.exceeds_disputed": (
        "{bank} states {claimed}, and the hop had {against} left: ask the bank which figure is right, then resolve the"
        " discrepancy"
    ),
    "discrepancy.disputed_above_amount": (
        "{bank} states a disputed amount of {claimed} in a transaction of {against}: ask the bank for the right"
        " figures, then resolve the discrepancy"
    ),
    "discrepancy.held_and_gone": (
        "{bank} reports the same money on hold and gone, {claimed} against {against}: ask the bank which is true, then"
        " resolve the discrepancy"
    ),
    "discrepancy.balance_below_hold": (
        "{bank} states a hold of {claimed} on a balance of {against}: ask the bank what is on hold, then resolve the"
        " discrepancy"
    ),
    "discrepancy.held_above_balance": (
        "all cases hold {claimed} on an account at {bank} with a balance of {against}: ask the bank what is on hold,"
        " then resolve the discrepancy"
    ),
    "discrepancy.held_by_two": (
        "{bank} states a hold of {claimed} of a transfer that another bank holds too: ask both banks, then resolve the"
        " discrepancy"
    ),
    "discrepancy.claimed_twice": (
        "{claimed} are told of one transaction of {against} that {bank} names: ask the bank for the parts, see whether"
        " a complainant tells them as his own, then resolve the discrepancy"
    ),
    "discrepancy.sent_by_two": (
        "{bank} says that {claimed} went in a transfer that another bank says it sent, and {against} of it can be:"
        " ask both banks, then resolve the discrepancy"
    ),
    "discrepancy.unasked_hop": (
        "{bank} states {claimed} of a transfer that is no hop of the case: ask the bank how it belongs to the case,"
        " then resolve the discrepancy"
    ),
    "discrepancy.another_banks_hop": (
        "{bank} states {claimed} of a transfer into another bank: ask both banks, then resolve the discrepancy"
    ),
    "discrepancy.transfer_denied": (
        "{bank} does not find a transfer that another bank reported, {claimed} of it: ask both banks, then resolve the"
        " discrepancy"
    ),
    "discrepancy.job_unknown": (
        "{bank} answers under a job that it never gave: ask the bank what it answers, then resolve the discrepancy"
    ),
    "discrepancy.credited_above_order": (
        "{bank} states {claimed} for order {order_id}{credit}, and the order covers {against} of it: ask the bank what"
        " it did, then resolve the discrepancy"
    ),
    "discrepancy.credited_twice": (
        "{bank} states {claimed} for order {order_id}{credit}, which may be a second credit: ask the bank whether it"
        " paid twice, then resolve the discrepancy"
    ),
    "discrepancy.credited_elsewhere": (
        "{bank} states that {claimed} of order {order_id}{credit} went to another account than the order names: ask"
        " the bank to bring it back or to show its account, then resolve the discrepancy"
    ),
    "discrepancy.credited_other_amount": (
        "{bank} states {claimed} for a credit of order {order_id}{credit} that is booked with {against}: ask the bank"
        " which amount is right, then resolve the discrepancy"
    ),
    "discrepancy.credit": " (reference {reference})",
    TaskCause.DATE_MISSING: "no date of the transfer: {detail}",
    TaskCause.SMALL_TRANSFERS_WITHOUT_SUM: (
        "hop {id}: the bank says that the rest went on in small amounts and states no sum: ask for a statement"
    ),
    TaskCause.TRAIL_LIMIT: (
        "trail limit: the case has as many hops or layers as it can have{at_stake}; follow the money with {bank} by"
        " telephone"
    ),
    TaskCause.WAITS_FOR_DESK: "waits for the desk{at_stake}: have the hop corrected, or its money is written off",
    TaskCause.MORE_OF_EXCLUDED_ON_HOLD: (
        "hop {id}: more of it is on hold, and the hop is excluded: reopen it, or the hold lapses"
    ),
    TaskCause.REQUEST_SILENT: "{bank} has not answered{at_stake}: telephone it",
    TaskCause.CALL_BACK_MISSED: "{bank} said that it calls back at {at} about request {id}, and did not: telephone it",
    TaskCause.TELEPHONE_ANSWER_TO_CHECK: (
        "one officer entered that {bank} said by telephone that money is gone or moved on, {claimed} of the case by"
        " such answers: read the telephone answers of the case, and ask the bank again"
    ),
    "telephone_answer_to_check.unknown": (
        "an officer entered what {bank} said on a number that the directory does not have: read the telephone answers"
        " of the case, ask the bank again on a known number, and have the number added to the directory if it is right"
    ),
    TaskCause.REQUEST_REFUSED: (
        "{bank} refused the request (code {code}){at_stake}: correct what it names, then send the request again"
    ),
    TaskCause.REQUEST_NOT_SENT: (
        "the request to {bank} was not sent ({error}){at_stake}: correct the fault, then send the request again"
    ),
    TaskCause.ORDER_NOT_DONE: "order {id}: {bank} has not done it: telephone it, and write down what it has done",
    TaskCause.ORDER_NOT_SENT: "order {id}: not sent: {error}",
    "order_not_sent.lacking": "order {id}: not sent: its document lacks {lacking}",
    TaskCause.ORDER_BY_LETTER_ALONE: (
        "order {id}: it went by letter alone, no channel of the bank carries orders: telephone"
    ),
    TaskCause.ORDER_CANCELLATION_SILENT: (
        "order {id}: it is taken back, the bank has not said that it does it no more: telephone"
    ),
    TaskCause.ORDER_CANCELLATION_REJECTED: "order {id}: it is taken back, and the bank rejects that: telephone",
    TaskCause.ORDER_SECOND_OFFICER: "second officer for order {id}: what the bank said is written down",
    TaskCause.CANCELLATION_TO_CONFIRM: (
        "order {id}: one officer says that the bank knows of the cancellation; ask the bank and say it too"
    ),
    TaskCause.ORDER_TO_REPEAT: "{order_reason}: order {id} was cancelled, order again what remains of it",
    TaskCause.HOLD_LAPSES: (
        "hold {id} at {bank} lapses soon: without an order of a court its money is released to the account holder"
    ),
    TaskCause.SMALL_HOLD: "hold {id}: {bank}{account}; {business}",
    "small_hold.account": ", account ending in {account_end}",
    "small_hold.known": "it has other business",
    "small_hold.unknown": "what else it has is not known",
    TaskCause.RELEASES_BRAKED: (
        "automatic releases wait, first {waiting} of hold {id}: {releases} of {released} were ordered in the hour"
        " before; check that no clock is wrong, then continue them"
    ),
    TaskCause.HOLDER_NOT_TOLD: "hold {id}: its holder was not told",
    TaskCause.HOLD_RETAINED_IDLE: "hold {id}: a court keeps it and nothing is under way",
    TaskCause.RESTORATION_STEP: "restoration {id}: its step waits for an officer: read it, and do what it asks for",
    TaskCause.APPLICATION_LACKS_FACTS: "restoration {id}: its application lacks something",
    TaskCause.GRIEVANCE: "grievance {id}: the account holder waits: report on it or decide it",
    TaskCause.GRIEVANCE_UNTOLD: "grievance {id}: no officer can be told",
    TaskCause.RELEASE_TO_CONFIRM: (
        "hold {id}: a release is proposed; ask the victims what they say to it, and read and confirm or reject it"
    ),
    TaskCause.COURT_ORDER_TO_CONFIRM: "read and confirm court order {id}: the banks act on it",
    TaskCause.COURT_ORDER_WITHDRAWAL_TO_CONFIRM: "confirm that court order {id} is withdrawn: holds may lapse after it",
    TaskCause.COURT_ORDER_LACKS_DOCUMENT: "court order {id} has no document: it is void on {at} without it",
    TaskCause.COURT_ORDER_VOID: (
        "court order {id} is void, because its document or its second officer did not come in time: ask the court, and"
        " record it again"
    ),
    TaskCause.COURT_ORDER_ENDS: "court order {id} keeps a hold until {at}: ask the court in time if it is to stay",
    TaskCause.IO_MISSING: "no investigating officer: {no_officer_why}; assign one",
    TaskCause.SUPERVISING_MISSING: "no supervising officer: {no_officer_why}; assign one",
    "no_officer.": "no officer could be chosen",
    "no_officer.none_in_district": "no officer with the role answers for the district",
    "no_officer.all_away": "all who answer for the district are absent, disabled, or have another duty in the case",
    "no_officer.details_missing": "of all who answer for the district the rank, station or mobile is not known",
    TaskCause.COURT_ORDER_OVER: "court order {id} keeps its hold no more, because its time is over",
    TaskCause.REQUEST_STOPPED_EARLY: (
        "request {request_id} was stopped with {claimed} in play: ask the officer why, and have the money asked for"
        " again"
    ),
    TaskCause.RESTORATION_CANCELLED: (
        "restoration {id} was cancelled with {claimed} on hold: ask the officer why, and reopen it if that is right"
    ),
    TaskCause.CREDIT_ACCOUNT_TO_CONFIRM: "account {id} to be credited: a second officer is needed",
    TaskCause.CREDIT_ACCOUNT_OBJECTED: (
        "account {id} to be credited: the victim objects, ask the victim and the officers who entered and confirmed it"
    ),
    "credit_account_objected.ordered": (
        "account {id} to be credited: the victim objects, and order {order_id} credits it: cancel the order at once"
    ),
    TaskCause.PAYER_TO_CONFIRM: "two complainants claim hop {id}: a second officer is needed on who paid it",
    TaskCause.VICTIM_CORRECTION_TO_DECIDE: (
        "correction {correction_id} of the victim of complaint {id}: a second officer is needed"
    ),
    TaskCause.TREATMENT_REPORTED: (
        "the victim of complaint {id} was not treated with respect: read what the victim wrote, call the victim, and"
        " write down what is done"
    ),
    TaskCause.WITHDRAWAL_TO_DECIDE: "withdrawal {withdrawal_id} of complaint {id}: a second officer is needed",
    TaskCause.MERGE_TO_DECIDE: "merge {merge_id} of case {id}: a second officer is needed",
    TaskCause.COUNTED_IN_MERGED_CASE: (
        "hop {id}: the bank states {claimed} of a transfer that counts with {against} in case {ack_no}, merged with"
        " this one: compare both, and have the amount of that hop corrected if it is too small"
    ),
    TaskCause.SHARED_WITH_MERGED_CASE: (
        "hop {id}: the bank states {claimed} of a transfer about which case {ack_no}, merged with this one, asks for"
        " {against}: two transfers of victims come together in it: read both statements, and correct the hop"
    ),
    TaskCause.DUTY: "the law asks for {duty}: see to it under Police and courts in the case",
    TaskCause.DUTY_OVERDUE: "overdue: {duty}: see to it under Police and courts in the case",
    TaskCause.DUTY_TO_HAND_IN: (
        "submit {duty}, and enter the diary number of the court under Police and courts in the case"
    ),
    "duty.magistrate_report": "the report to the magistrate",
    "duty.follow_up": "the FIR and the seizure after the lien notice",
    "duty.fir_signature": "the signature of the e-Zero FIR",
    TaskCause.FIR_BY_HAND: "register the FIR by hand",
    TaskCause.FIR_LAPSED: "the FIR that documents to banks or the magistrate name has lapsed: have another registered",
    TaskCause.TWO_FIRS: "two FIRs, have one of them cancelled: {fir_no} of the register, {our_fir} of ours",
    TaskCause.DOCUMENTS_WAIT: "documents: {documents}",
    "documents_wait.lacking": "{kind} lacks {lacking}",
    "documents_wait.failed": "{kind} failed: {failures}",
    "documents_wait.ready": "{kind} can be issued",
    TaskCause.MONEY_RETURNED: "money returned: ask {bank} what it is for, and write that down",
    TaskCause.MESSAGE_NOT_SENT: "message “{message}” not sent to {to_whom} by {medium}",
    TaskCause.UNREACHABLE: "{to_whom} cannot be told: “{message}”",
    "unreachable.complaint": (
        "the victim of complaint {id} cannot be told (“{message}”): no mobile and no e-mail is known, ask the"
        " complainant"
    ),
    "unreachable.hold": "the holder of {reference} cannot be told: “{message}”",
    TaskCause.COMPLAINT_UNCONFIRMED: (
        "complaint {id} of the public page is not confirmed by a code: call the complainant, or have the bank that paid"
        " ask its customer, and take the complaint; else the holds of the case end {at}"
    ),
    TaskCause.DOCUMENT_TO_DELIVER: "cannot be delivered: {document_number} for {id}",
    TaskCause.FILE_REFUSED: "a file is in refused/, look there for others too: {detail}",
    TaskCause.FILE_IN_DOUBT: "a file in done/ is in doubt, look for others too: {detail}",
    TaskCause.LINK_WITHOUT_MOBILE: (
        "{bank} states something through the link of a letter that needs a code, and the directory has no mobile of its"
        " nodal officer: call the bank, check or enter what it states, and add the mobile to the directory"
    ),
    TaskCause.BANK_LOGIN_UNTOLD: (
        "{bank} could not be told that somebody logged in with its password from a new address ({detail}, {at}): call"
        " its nodal officer, and ask whether that was the bank"
    ),
    TaskCause.BANK_LOGIN_CHANGE_UNTOLD: (
        "{bank} could not be told that its login {detail} was replaced, or that its password was set ({at}): call its"
        " nodal officer, and ask whether the bank wanted that"
    ),
    TaskCause.BANK_PERSON_CODE_UNSENT: (
        "{bank} added a person to its inbox ({at}), and the letter with the code could not be sent: call its nodal"
        " officer, have the e-mail of the person, or of the nodal officer in the directory, corrected, and tell the"
        " bank to have a new code sent"
    ),
    TaskCause.BANK_PERSON_NOT_ASKED_FOR: (
        "a person got a code for the inbox of {bank} without having asked for it, and the login of the person is ended"
        " ({at}): call its nodal officer at a number of the directory, and ask whether the bank added this person; if"
        " not, someone else knows the bank's login: have two admins replace it"
    ),
    TaskCause.BANK_KEY_ASKED: (
        "{bank} asks in its inbox to {key_change} the key {detail} (request {request_id}): call its nodal officer at"
        " the number of the directory, compare the fingerprint, and have an admin confirm or refuse it"
    ),
    TaskCause.BANK_KEY_UNTOLD: (
        "{bank} could not be told of a change of its keys ({key_change} {detail}): call its nodal officer, and ask"
        " whether that was the bank"
    ),
    TaskCause.LIENS_TO_ASK_FOR: "ask for the list of all liens it holds for us, and compare it",
    TaskCause.LIENS_OVERDUE: "its list of liens is overdue, and the desk's call brought none",
    TaskCause.TOLD_OTHERWISE: "hop {id}: complaint {ack_no} tells it otherwise: {differing}",
    TaskCause.PAYER_BANK_DIFFERS: (
        "hop {id}: {bank}, the victim's bank, states it otherwise ({differing}): ask the victim and the bank which is"
        " right"
    ),
    TaskCause.PAYER_BANK_DENIES: (
        "hop {id}: {bank}, the victim's bank, does not know the debit (code {code}): ask the victim to check it"
    ),
    TaskCause.TRANSFER_FOUND: (
        "hop {id}: {bank}, the victim's bank, names another transfer, {claimed} to {to_bank} ({at}): ask the victim,"
        " then take found transfer {found_id} into the case or dismiss it"
    ),
    TaskCause.NIGHTLY_RUN_BROKEN: (
        "the nightly verification found {violations} violated rules, the first in case {ack_no}: tell the administrator"
        " today, and pay out or release nothing of that case until the cause is known"
    ),
    TaskCause.NIGHTLY_RUN_FAILED: (
        "the nightly run {run} ended with an error ({error}): tell the administrator; the engine tries again"
    ),
    TaskCause.PROPOSAL_TO_DECIDE: (
        "proposal {id} ({proposal}) waits: an admin who did not propose it agrees or refuses, on the page Changes"
    ),
    TaskCause.PROPOSAL_DECIDED: (
        "your proposal {id} ({proposal}) is decided: {decision}. If you have a code for an officer or a bank, tell"
        " it to them now; then close this item"
    ),
    TaskCause.LINK_NOT_ASKED_FOR: (
        "who opened the link of proposal {id} ({proposal}) did not ask for it, and it is ended: ask both admins why"
        " they agreed, and call the officer or the bank at a number that was known before"
    ),
    TaskCause.TASK_UNOWNED: (
        "item {task_id} ({task_kind}) has no owner for too long{at_stake}: claim it, or pass it on to an officer"
    ),
    TaskCause.LIENS_DIFFER: "rows that differ: {rows_differing}; liens that the list lacks: {liens_missing}",
}
"""templates by cause; a name after a dot is a variant, or a part that is put into the template"""

TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {Language.EN: ENGLISH, Language.HI: HINDI}

Texts = Mapping[str, str]


def compose(
    cause: TaskCause,
    subject: Subject,
    facts: TaskFacts,
    language: Language = Language.EN,
    *,
    bank: str = "",
    names: Mapping[str, str] | None = None,
    in_play_paise: int | None = None,
) -> str:
    """Return the text of a task in this language. `bank` and `in_play_paise` are what is known beside its facts.

    `names` has names of banks by their codes. A bank without one stands by its code.
    """
    texts, named = TEXTS[language], names or {}
    known: dict[str, object] = facts.model_dump(mode="json") | {"id": subject.id, **_named(subject, facts, language)}
    at_stake = texts["at_stake"].format(in_play=_sum(in_play_paise)) if in_play_paise else ""
    known |= {"bank": named.get(facts.institution, facts.institution) or bank or texts["bank"], "at_stake": at_stake}
    known |= {"to_bank": named.get(facts.to_bank, facts.to_bank)}
    known |= {"claimed": _sum(facts.claimed_paise)}
    known |= {"against": _sum(facts.against_paise), "sum": f", {known['claimed']}" if facts.claimed_paise else ""}
    known |= {"released": _sum(facts.released_paise), "waiting": _sum(facts.waiting_paise)}
    name, parts = _VARIANTS.get(cause, _plain)(cause, subject, facts, texts)
    return texts[name].format_map({**known, **parts})


def _named(subject: Subject, facts: TaskFacts, language: Language) -> dict[str, str]:
    """Return by the names of the templates what the facts state by codes."""
    return {
        "lacking": field_names(facts.lacking, language),
        "differing": ", ".join(name_of(Differing, one, language) for one in facts.differing),
        "message": name_of(MessageKind, facts.message, language),
        "to_whom": name_of(Recipient, facts.to_whom, language),
        "medium": name_of(Medium, facts.medium, language),
        "order_reason": name_of(OrderReason, facts.order_reason, language),
        "task_kind": name_of(TaskKind, facts.task_kind, language),
        "key_change": name_of(KeyChangeKind, facts.key_change, language),
        "proposal": name_of(ProposalKind, facts.detail, language),
        "decision": name_of(ProposalState, facts.code, language),
        "run": name_of(NightlyWork, subject.id, language),
    }


def _sum(paise: int | None) -> str:
    return rupees(paise or 0, exact=(paise or 0) % 100 != 0)


_Variant = Callable[[TaskCause, Subject, TaskFacts, Texts], tuple[str, Mapping[str, str]]]
"""finds the name of the template, and the parts that are put into it"""


def _plain(cause: TaskCause, _subject: Subject, _facts: TaskFacts, _texts: Texts) -> tuple[str, Mapping[str, str]]:
    return cause, {}


def _answer_not_understood(
    cause: TaskCause, _subject: Subject, facts: TaskFacts, texts: Texts
) -> tuple[str, Mapping[str, str]]:
    name = f"{cause}.{facts.line}"
    return name if name in texts else cause, {}


def _discrepancy(cause: TaskCause, _subject: Subject, facts: TaskFacts, texts: Texts) -> tuple[str, Mapping[str, str]]:
    name = f"{cause}.{facts.discrepancy}"
    credit = texts[f"{cause}.credit"].format(reference=facts.reference) if facts.reference else ""
    return name if name in texts else cause, {"credit": credit}


def _order_not_sent(
    cause: TaskCause, _subject: Subject, facts: TaskFacts, _texts: Texts
) -> tuple[str, Mapping[str, str]]:
    return f"{cause}.lacking" if facts.lacking else cause, {}


def _telephone_answer(
    cause: TaskCause, _subject: Subject, facts: TaskFacts, _texts: Texts
) -> tuple[str, Mapping[str, str]]:
    return f"{cause}.unknown" if facts.number_is_known is False else cause, {}


def _credit_account_objected(
    cause: TaskCause, _subject: Subject, facts: TaskFacts, _texts: Texts
) -> tuple[str, Mapping[str, str]]:
    return f"{cause}.ordered" if facts.order_id else cause, {}


def _small_hold(cause: TaskCause, _subject: Subject, facts: TaskFacts, texts: Texts) -> tuple[str, Mapping[str, str]]:
    end = facts.account_end
    account = texts[f"{cause}.account"].format(account_end=end) if end else ""
    business = texts[f"{cause}.known" if facts.other_business else f"{cause}.unknown"]
    return cause, {"account": account, "business": business}


def _unreachable(cause: TaskCause, subject: Subject, _facts: TaskFacts, _texts: Texts) -> tuple[str, Mapping[str, str]]:
    named = subject.kind in {TaskSubject.COMPLAINT, TaskSubject.HOLD}
    return f"{cause}.{subject.kind}" if named else cause, {}


def _duty(cause: TaskCause, subject: Subject, _facts: TaskFacts, texts: Texts) -> tuple[str, Mapping[str, str]]:
    return cause, {"duty": texts.get(f"duty.{subject.id}", subject.id)}


def _no_officer(cause: TaskCause, _subject: Subject, facts: TaskFacts, texts: Texts) -> tuple[str, Mapping[str, str]]:
    return cause, {"no_officer_why": texts[f"no_officer.{facts.no_officer or ''}"]}


def _documents_wait(
    cause: TaskCause, _subject: Subject, facts: TaskFacts, texts: Texts
) -> tuple[str, Mapping[str, str]]:
    said = []
    language = Language.HI if texts is HINDI else Language.EN
    for one in facts.documents:
        kind = document_name(one.kind, language)
        if one.lacking:
            lacking = field_names(one.lacking, language)
            said.append(texts[f"{cause}.lacking"].format(kind=kind, lacking=lacking))
        if one.failures:
            said.append(texts[f"{cause}.failed"].format(kind=kind, failures=", ".join(one.failures)))
        if not one.lacking and not one.failures:
            said.append(texts[f"{cause}.ready"].format(kind=kind))
    return cause, {"documents": "; ".join(said)}


_VARIANTS: Final[Mapping[TaskCause, _Variant]] = {
    TaskCause.ANSWER_NOT_UNDERSTOOD: _answer_not_understood,
    TaskCause.DISCREPANCY: _discrepancy,
    TaskCause.ORDER_NOT_SENT: _order_not_sent,
    TaskCause.SMALL_HOLD: _small_hold,
    TaskCause.TELEPHONE_ANSWER_TO_CHECK: _telephone_answer,
    TaskCause.CREDIT_ACCOUNT_OBJECTED: _credit_account_objected,
    TaskCause.UNREACHABLE: _unreachable,
    TaskCause.DUTY: _duty,
    TaskCause.DUTY_OVERDUE: _duty,
    TaskCause.DUTY_TO_HAND_IN: _duty,
    TaskCause.IO_MISSING: _no_officer,
    TaskCause.SUPERVISING_MISSING: _no_officer,
    TaskCause.DOCUMENTS_WAIT: _documents_wait,
}
