"""Names of what a work item, and the facts of one, state by a code; in both languages. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

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
_MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    MessageKind.MONEY_HELD: ("money is on hold", "राशि रोकी गई"),
    MessageKind.HOLD: ("money on your account is on hold", "आपके खाते में राशि रोकी गई"),
    MessageKind.APPLICATION_READY: ("your application is ready", "आपका आवेदन तैयार है"),
    MessageKind.APPLICATION_SIGNED: ("your application is signed", "आपके आवेदन पर हस्ताक्षर हुए"),
    MessageKind.MY_CASE_CODE: ("code for the page of one's own complaint", "अपनी शिकायत के पृष्ठ का कोड"),
    MessageKind.SIGNATURE_CODE: ("code that signs the application", "आवेदन पर हस्ताक्षर का कोड"),
    MessageKind.OBJECTION_WINDOW: ("time to object", "आपत्ति का समय"),
    MessageKind.VICTIM_CORRECTED: ("your data were corrected", "आपके विवरण सुधारे गए"),
    MessageKind.CREDIT_ACCOUNT_TOLD: ("another account to be credited", "जमा के लिए दूसरा खाता"),
    MessageKind.CREDIT_ACCOUNT_CONFIRMED: ("the account to be credited is confirmed", "जमा के खाते की पुष्टि"),
    MessageKind.CREDIT_ACCOUNT_ENDED: ("the account to be credited is taken back", "जमा का खाता हटाया गया"),
    MessageKind.APPROVED: ("the return is approved", "राशि वापसी स्वीकृत"),
    MessageKind.CREDITED: ("money is credited", "राशि जमा हुई"),
    MessageKind.REFUSED: ("the return is refused", "राशि वापसी अस्वीकार"),
    MessageKind.REST_REFUSED: ("the rest is refused", "शेष राशि अस्वीकार"),
    MessageKind.CANCELLED: ("the return is cancelled", "राशि वापसी रद्द"),
    MessageKind.TRANSFER_OF_ANOTHER: ("a transfer counts for another complaint", "लेन-देन दूसरी शिकायत में"),
    MessageKind.RESTORED: ("the return is done", "राशि वापसी पूरी"),
    MessageKind.NOTHING_HELD: ("no money is on hold any more", "अब कोई राशि रुकी नहीं है"),
    MessageKind.LAPSE_WARNING: ("a hold lapses soon", "रोक जल्द समाप्त होगी"),
    MessageKind.HOLD_LAPSED: ("a hold has lapsed", "रोक समाप्त हुई"),
    MessageKind.HOLD_KEPT: ("a court keeps the hold", "न्यायालय ने रोक बनाए रखी"),
    MessageKind.RELEASE_PROPOSED: ("a release is proposed", "रोक हटाने का प्रस्ताव"),
    MessageKind.HOLD_RELEASED: ("a hold is released", "रोक हटाई गई"),
    MessageKind.CONTACT_REPLACED: ("another contact of the account holder", "खाताधारक का दूसरा संपर्क"),
    MessageKind.HEARING_WAIVED: ("the time to object is waived", "आपत्ति का समय छोड़ा गया"),
    MessageKind.GRIEVANCE_CODE: ("code for the page of appeals", "अपील के पृष्ठ का कोड"),
    MessageKind.APPEAL_CODE: ("code of an appeal", "अपील का कोड"),
    MessageKind.LINK_CODE: ("code of a letter to a bank", "बैंक के पत्र का कोड"),
    MessageKind.GRIEVANCE_DECIDED: ("the appeal is decided", "अपील पर निर्णय हुआ"),
    MessageKind.FIR_TO_SIGN: ("an e-Zero FIR to sign", "हस्ताक्षर के लिए ई-ज़ीरो FIR"),
    MessageKind.DOCUMENT_FOR_BANK: ("a notice to the bank", "बैंक को सूचना"),
    MessageKind.STATUS_LETTER: ("letter of the state of the money", "राशि की स्थिति का पत्र"),
    MessageKind.DUTY_DUE: ("a report by law is due", "कानूनी रिपोर्ट का समय"),
    MessageKind.STEP_DUE: ("a step of a return is due", "राशि वापसी के चरण का समय"),
    MessageKind.COURT_HEARING: ("a hearing is soon", "सुनवाई जल्द है"),
    MessageKind.STEP_OVERDUE: ("a step of a return is late", "राशि वापसी का चरण देर से"),
    MessageKind.ALARM: ("one officer cancelled a return", "एक अधिकारी ने राशि वापसी रद्द की"),
    MessageKind.GRIEVANCE_TURN: ("an appeal waits", "अपील प्रतीक्षा में है"),
    MessageKind.GRIEVANCE_OVERDUE: ("an appeal is late", "अपील देर से है"),
    MessageKind.NEWS: ("there is news", "नई सूचना है"),
    MessageKind.COMPLAINT_CODE: ("code that confirms a complaint", "शिकायत की पुष्टि का कोड"),
    MessageKind.COMPLAINT_LINK: ("code that opens a complaint again", "शिकायत फिर खोलने का कोड"),
    MessageKind.WORK_ITEMS: ("work items wait", "काम प्रतीक्षा में हैं"),
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
    MessageKind: _MESSAGES,
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
