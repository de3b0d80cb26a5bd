"""Names of what a work item, and the facts of one, state by a code; in both languages. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from domain.notifications.rules import NAMES as MESSAGES
from schemas.administration import ProposalKind, ProposalState
from schemas.banks.keys import KeyChangeKind
from schemas.enums import Differing, Language, TaskKind
from schemas.evidence import NightlyWork
from schemas.notifications import Medium, MessageKind, Recipient
from schemas.restoration_enums import OrderReason

_PROPOSALS: Final[Mapping[str, tuple[str, str]]] = {
    ProposalKind.OFFICER_ADDED: ("add an officer", "अधिकारी जोड़ना"),
    ProposalKind.OFFICER_CHANGED: ("change an officer", "अधिकारी बदलना"),
    ProposalKind.ROLE_GIVEN: ("give a role", "भूमिका देना"),
    ProposalKind.ROLE_ENDED: ("end a role", "भूमिका समाप्त करना"),
    ProposalKind.OFFICER_ENABLED: ("enable an officer", "अधिकारी सक्रिय करना"),
    ProposalKind.OFFICER_DISABLED: ("disable an officer", "अधिकारी निष्क्रिय करना"),
    ProposalKind.OFFICER_RESET: ("reset a sign-in", "साइन-इन रीसेट करना"),
    ProposalKind.TEAM_ADDED: ("add a team", "टीम जोड़ना"),
    ProposalKind.TEAM_CHANGED: ("change a team", "टीम बदलना"),
    ProposalKind.MEMBER_MOVED: ("move an officer to another team", "अधिकारी की टीम बदलना"),
    ProposalKind.INSTITUTION_CHANGED: ("change a bank", "बैंक बदलना"),
    ProposalKind.NODAL_OFFICERS_CHANGED: ("change the nodal officers of a bank", "बैंक के नोडल अधिकारी बदलना"),
    ProposalKind.BANK_LOGIN_REPLACED: ("give a bank a new login", "बैंक को नया लॉगिन देना"),
    ProposalKind.BANK_KEY_ADDED: ("add a key of a bank", "बैंक की कुंजी जोड़ना"),
    ProposalKind.BANK_KEY_ENDED: ("end a key of a bank", "बैंक की कुंजी समाप्त करना"),
    ProposalKind.BANK_KEY_REQUEST_DECIDED: (
        "decide on a bank's request about its keys",
        "कुंजी पर बैंक के अनुरोध का निर्णय",
    ),
    ProposalKind.BANK_PEOPLE_CONFIRMED: ("confirm the people of a bank", "बैंक के लोगों की पुष्टि"),
    ProposalKind.POLICY_CHANGED: ("change the policy", "नीति बदलना"),
}
_DECISIONS: Final[Mapping[str, tuple[str, str]]] = {
    ProposalState.OPEN: ("open", "खुला"),
    ProposalState.AGREED: ("agreed to", "सहमति मिली"),
    ProposalState.REFUSED: ("refused", "अस्वीकार"),
    ProposalState.WITHDRAWN: ("withdrawn", "वापस लिया"),
    ProposalState.EXPIRED: ("its time is over", "समय बीत गया"),
}
_KEY_CHANGES: Final[Mapping[str, tuple[str, str]]] = {
    KeyChangeKind.ADD: ("add", "जोड़ना"),
    KeyChangeKind.END: ("end", "समाप्त करना"),
}
_RUNS: Final[Mapping[str, tuple[str, str]]] = {
    NightlyWork.ANCHOR: ("that lists the last hash of every log", "हर लॉग के अंतिम हैश की सूची"),
    NightlyWork.VERIFY: ("that checks every case", "हर मामले की जाँच"),
}
_RECIPIENTS: Final[Mapping[str, tuple[str, str]]] = {
    Recipient.VICTIM: ("the victim", "पीड़ित"),
    Recipient.HOLDER: ("the account holder", "खाताधारक"),
    Recipient.BANK: ("the bank", "बैंक"),
    Recipient.IO: ("the investigating officer", "विवेचक"),
    Recipient.OFFICER: ("an officer", "अधिकारी"),
    Recipient.COMPLAINANT: ("the complainant", "शिकायतकर्ता"),
}
_MEDIA: Final[Mapping[str, tuple[str, str]]] = {Medium.SMS: ("SMS", "SMS"), Medium.EMAIL: ("e-mail", "ई-मेल")}
_DIFFERING: Final[Mapping[str, tuple[str, str]]] = {
    Differing.PAYER: ("who paid", "किसने भुगतान किया"),
    Differing.ACCOUNT: ("the account", "खाता"),
    Differing.BANK: ("the bank", "बैंक"),
    Differing.AMOUNT: ("the amount", "राशि"),
    Differing.DATE: ("the date", "तारीख"),
}
_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    OrderReason.RESTORATION: ("restoration", "राशि वापसी"),
    OrderReason.LAPSED: ("the hold lapsed", "रोक समाप्त हुई"),
    OrderReason.GRIEVANCE: ("appeal of the holder", "खाताधारक की अपील"),
    OrderReason.OBJECTION: ("objection", "आपत्ति"),
    OrderReason.EXCESS: ("held above what is traced", "पता लगी राशि से अधिक रोकी"),
    OrderReason.COURT: ("order of a court", "न्यायालय का आदेश"),
    OrderReason.LEFTOVER: ("left after all was restored", "सब लौटाने के बाद बची"),
    OrderReason.SMALL_HOLD: ("small hold", "छोटी राशि की रोक"),
    OrderReason.COMPLAINT_WITHDRAWN: ("the complaint is withdrawn", "शिकायत वापस ली गई"),
}
_TASKS: Final[Mapping[str, tuple[str, str]]] = {
    TaskKind.CORRECT_REFERENCE: ("correct a reference", "संदर्भ ठीक करें"),
    TaskKind.NAME_INSTITUTION: ("find the bank", "बैंक पता करें"),
    TaskKind.PHONE_BANK: ("telephone the bank", "बैंक को फ़ोन करें"),
    TaskKind.TICKET_REFUSED: ("a request is refused", "अनुरोध अस्वीकार हुआ"),
    TaskKind.READ_ANSWER: ("read an answer", "उत्तर पढ़ें"),
    TaskKind.RESOLVE_DISCREPANCY: ("resolve a discrepancy", "अंतर सुलझाएँ"),
    TaskKind.SUPERVISE: ("for the supervisor", "पर्यवेक्षक के लिए"),
    TaskKind.RESTORATION_STEP: ("a step of a restoration", "राशि वापसी का चरण"),
    TaskKind.GRIEVANCE: ("an appeal", "अपील"),
    TaskKind.HOLD_LAPSES: ("a hold lapses soon", "रोक जल्द समाप्त होगी"),
    TaskKind.SMALL_HOLD: ("a small hold", "छोटी राशि की रोक"),
    TaskKind.DUTY: ("a report by law", "कानूनी रिपोर्ट"),
    TaskKind.ORDER_SILENT: ("an order is not done", "आदेश पूरा नहीं हुआ"),
    TaskKind.ASK_FOR_LIENS: ("ask for the list of liens", "लियन की सूची माँगें"),
    TaskKind.RECONCILE: ("compare the lists", "सूचियाँ मिलाएँ"),
    TaskKind.READ_COMPLAINT: ("read a complaint", "शिकायत पढ़ें"),
    TaskKind.PAYER_BANK: ("the victim's bank differs", "पीड़ित के बैंक में अंतर"),
}
NAMES: Final[Mapping[type[StrEnum], Mapping[str, tuple[str, str]]]] = {
    ProposalKind: _PROPOSALS,
    ProposalState: _DECISIONS,
    KeyChangeKind: _KEY_CHANGES,
    NightlyWork: _RUNS,
    MessageKind: MESSAGES,
    Recipient: _RECIPIENTS,
    Medium: _MEDIA,
    Differing: _DIFFERING,
    OrderReason: _REASONS,
    TaskKind: _TASKS,
}
"""English and Hindi names by kind of code and code"""


def name_of(kind: type[StrEnum], code: str | None, language: Language) -> str:
    """Return the name of a code; the code itself if it has no name."""
    found = NAMES[kind].get(code or "")
    return code or "" if found is None else found[language is Language.HI]
