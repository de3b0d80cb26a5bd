"""Names of documents and of their facts in both languages, for work items that say what a document lacks. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from schemas.enums import Language
from schemas.restoration_enums import DocumentKind

_PLACE: Final = re.compile(r"\[\d+\]")

_DOCUMENTS: Final[Mapping[DocumentKind, tuple[str, str]]] = {
    DocumentKind.LIEN_NOTICE: ("the notice of lien", "लियन की सूचना"),
    DocumentKind.MAGISTRATE_REPORT: ("the report to the magistrate", "मजिस्ट्रेट को रिपोर्ट"),
    DocumentKind.FOLLOW_UP: ("the order of seizure after a lien", "लियन के बाद अभिग्रहण आदेश"),
    DocumentKind.NOTICE_94: ("the notice to produce documents", "दस्तावेज़ पेश करने की सूचना"),
    DocumentKind.NOTICE_106: ("the notice of seizure", "अभिग्रहण की सूचना"),
    DocumentKind.NOTICE_107: ("the notice to show cause", "कारण बताओ सूचना"),
    DocumentKind.RESTORATION_APPLICATION: ("the application for restoration", "राशि वापसी का आवेदन"),
    DocumentKind.SIGNED_APPLICATION: ("the signed application", "हस्ताक्षरित आवेदन"),
    DocumentKind.RESTORATION_ORDER: ("the order to credit victims", "पीड़ितों को जमा का आदेश"),
    DocumentKind.RELEASE_ORDER: ("the order to release", "छोड़ने का आदेश"),
    DocumentKind.HOLDER_NOTICE: ("the notice to the account holder", "खाताधारक को सूचना"),
    DocumentKind.STATUS_LETTER: ("the letter of the state of the case", "मामले की स्थिति का पत्र"),
}

_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "account": ("the account", "खाता"),
    "accounts[]": ("an account with money on hold", "रुकी राशि वाला खाता"),
    "accounts[].account": ("the number of an account", "एक खाते की संख्या"),
    "accounts[].amount_paise": ("the amount of an account", "एक खाते की राशि"),
    "accounts[].held_at": ("since when an account is on hold", "एक खाते पर रोक कब से है"),
    "accounts[].institution_name": ("the bank of an account", "एक खाते का बैंक"),
    "ack_no": ("the number of the complaint", "शिकायत की संख्या"),
    "amount_paise": ("the amount on hold", "रुकी राशि"),
    "appeal.levels": ("who decides an appeal", "अपील कौन तय करता है"),
    "appeal.reference": ("the reference for an appeal", "अपील का संदर्भ"),
    "approved_at": ("when it was approved", "अनुमोदन कब हुआ"),
    "approved_by": ("who approved it", "किसने अनुमोदित किया"),
    "approved_by.name": ("the name of the officer who approved it", "अनुमोदक अधिकारी का नाम"),
    "approved_by.rank": ("the rank of the officer who approved it", "अनुमोदक अधिकारी का पद"),
    "approver.name": ("the name of the officer who approved it", "अनुमोदक अधिकारी का नाम"),
    "approver.rank": ("the rank of the officer who approved it", "अनुमोदक अधिकारी का पद"),
    "beneficiary.account": ("the account to be credited", "जिस खाते में जमा होना है"),
    "beneficiary.institution_name": ("the bank of the account to be credited", "जमा वाले खाते का बैंक"),
    "bond": ("whether there is an indemnity bond", "क्षतिपूर्ति बंधपत्र है या नहीं"),
    "buckets": ("where the money is", "राशि कहाँ है"),
    "case_no": ("the number of the case", "मामले की संख्या"),
    "court_order.court": ("the court of the order", "आदेश का न्यायालय"),
    "court_order.made_on": ("the date of the court's order", "न्यायालय के आदेश की तिथि"),
    "court_order.order_no": ("the number of the court's order", "न्यायालय के आदेश की संख्या"),
    "credit_by": ("by when the bank credits", "बैंक कब तक जमा करे"),
    "documents": ("which documents the bank produces", "बैंक कौन-से दस्तावेज़ पेश करे"),
    "fir.copy_digest": ("a copy of the FIR", "FIR की प्रति"),
    "fir.number": ("the number of the FIR", "FIR की संख्या"),
    "fir.police_station": ("the station that registered the FIR", "FIR दर्ज करने वाला थाना"),
    "follow_up_by": ("by when the FIR follows", "FIR कब तक आए"),
    "grievance_ref": ("the grievance that was decided", "वह परिवाद जिस पर निर्णय हुआ"),
    "grounds": ("the grounds", "आधार"),
    "held_at": ("since when it is on hold", "रोक कब से है"),
    "institution_name": ("the name of the bank", "बैंक का नाम"),
    "lapses_at": ("the day on which the hold lapses", "रोक समाप्त होने का दिन"),
    "lines[]": ("an account with its amount", "खाता और उसकी राशि"),
    "lines[].account": ("the number of an account", "एक खाते की संख्या"),
    "lines[].ack_no": ("the complaint of an amount", "एक राशि की शिकायत"),
    "lines[].amount_paise": ("the amount of an account", "एक खाते की राशि"),
    "lines[].beneficiary.account": ("the account to be credited", "जिस खाते में जमा होना है"),
    "lines[].beneficiary.institution_name": ("the bank of the account to be credited", "जमा वाले खाते का बैंक"),
    "lost_paise": ("what was lost", "कितनी राशि गई"),
    "magistrate": ("the magistrate", "मजिस्ट्रेट"),
    "magistrate_report_by": ("by when the magistrate gets the report", "मजिस्ट्रेट को रिपोर्ट कब तक"),
    "officer.name": ("the investigating officer", "विवेचना अधिकारी"),
    "officer.phone": ("the officer's telephone", "अधिकारी का फ़ोन"),
    "officer.police_station": ("the officer's police station", "अधिकारी का थाना"),
    "officer.rank": ("the officer's rank", "अधिकारी का पद"),
    "order_ref": ("the number of the order", "आदेश की संख्या"),
    "ordered_by": ("who ordered it", "किसने आदेश दिया"),
    "orderer.name": ("the name of the officer who ordered it", "आदेश देने वाले अधिकारी का नाम"),
    "orderer.rank": ("the rank of the officer who ordered it", "आदेश देने वाले अधिकारी का पद"),
    "place": ("the place", "स्थान"),
    "prepared_by": ("who prepared it", "किसने तैयार किया"),
    "preparer.name": ("the name of the officer who prepared it", "तैयार करने वाले अधिकारी का नाम"),
    "preparer.rank": ("the rank of the officer who prepared it", "तैयार करने वाले अधिकारी का पद"),
    "produce_by": ("by when the documents are produced", "दस्तावेज़ कब तक पेश हों"),
    "reason": ("the reason of the release", "छोड़ने का कारण"),
    "release_by": ("by when the bank releases", "बैंक कब तक छोड़े"),
    "report_by": ("by when the report is due", "रिपोर्ट कब तक"),
    "route": ("the legal route", "कानूनी मार्ग"),
    "sections": ("the section of law", "कानून की धारा"),
    "show_cause_by": ("the day on which cause is shown", "कारण बताने का दिन"),
    "signature.application_digest": ("the digest of the application", "आवेदन का डाइजेस्ट"),
    "signature.application_number": ("the number of the application", "आवेदन की संख्या"),
    "signature.mobile_end": ("the mobile number of the code", "कोड वाला मोबाइल नंबर"),
    "signature.signed_at": ("when the victim signed", "पीड़ित ने कब हस्ताक्षर किए"),
    "transfers[]": ("a transfer", "एक लेन-देन"),
    "transfers[].amount_paise": ("the amount of a transfer", "एक लेन-देन की राशि"),
    "transfers[].reference": ("the RRN or UTR of a transfer", "एक लेन-देन का RRN या UTR"),
    "victim.mobile": ("the victim's mobile number", "पीड़ित का मोबाइल नंबर"),
    "victim.name": ("the victim's name", "पीड़ित का नाम"),
}


def document_name(kind: DocumentKind, language: Language) -> str:
    """Return what officers call a document."""
    return _DOCUMENTS[kind][language is Language.HI]


def field_names(fields: Iterable[str], language: Language) -> str:
    """Return the names of facts of a document, each once. A fact without a name stands as it is."""
    keys = dict.fromkeys(_PLACE.sub("[]", field) for field in fields)
    return ", ".join(dict.fromkeys(_FIELDS[key][language is Language.HI] if key in _FIELDS else key for key in keys))
