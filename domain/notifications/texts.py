"""Texts of notifications: one table for each language, and no text stands elsewhere.

A short message has at most `SMS_PARTS_MAX` parts for all facts, because names are cut to what fits. English says Rs,
because no seven-bit alphabet has the Rupee sign.
"""

from collections.abc import Mapping
from datetime import datetime
from string import Formatter
from typing import Final, NamedTuple

from domain.errors import RuleBroken
from domain.rupees import rupees
from schemas.base import FrozenModel
from schemas.enums import Language
from schemas.notifications import MessageFacts, MessageKind, Recipient
from schemas.text import IST

OFFICER_MAX_CHARS: Final = 40
"""name and phone together; the name is cut"""
LINK_MAX_CHARS: Final = 48
BANK_MAX_CHARS: Final = 20


class MessageLacks(RuleBroken):
    """The message cannot be written, because a value that it must state is missing."""


class Said(FrozenModel):
    """Values that a text can name: the facts of the message, and values of its case."""

    case_no: str
    facts: MessageFacts
    ack_no: str = ""
    """of the victim's own complaint, which a victim knows the case by"""
    bank: str = ""
    """where the account under the hold is"""
    account: str = ""
    """the account, for its bank alone"""
    account_end: str = ""
    """its last characters: enough for its holder, nothing for another"""
    officer: str = ""
    """name of the officer who answers for the case"""
    phone: str = ""
    """the officer's"""
    link: str = ""
    """where an account holder can appeal, or a victim can answer"""


class Written(NamedTuple):
    """A text that can be sent. Only a letter has the subject."""

    subject: str
    text: str


class _Text(NamedTuple):
    subject: str
    text: str


_Key = tuple[MessageKind, Recipient]
_VICTIM, _HOLDER, _BANK = Recipient.VICTIM, Recipient.HOLDER, Recipient.BANK
_IO, _OFFICER = Recipient.IO, Recipient.OFFICER

_EN: Final[Mapping[_Key, _Text]] = {
    (MessageKind.MONEY_HELD, _VICTIM): _Text(
        "{amount} on hold",
        "Case {case}: {amount} of your money is on hold at a bank. No one may ask you for a fee to get it back."
        " Officer: {officer}",
    ),
    (MessageKind.HOLD, _HOLDER): _Text(
        "{amount} on hold in your account",
        "Case {case}: on police request {amount} is on hold in your account ..{end}, {bank}. Officer: {officer}."
        " Free appeal: reference {reference}, {where}.",
    ),
    (MessageKind.APPLICATION_READY, _VICTIM): _Text(
        "Your application is ready",
        "Case {case}: your application for the return of {amount} is ready. Please sign it with your officer by"
        " {until}; it costs nothing. Officer: {officer}",
    ),
    (MessageKind.OBJECTION_WINDOW, _VICTIM): _Text(
        "Time for objections",
        "Case {case}: until {until} the account holder may object to the return of {amount} to you."
        " You need not do anything.",
    ),
    (MessageKind.OBJECTION_WINDOW, _HOLDER): _Text(
        "Return of {amount} on hold in your account",
        "Case {case}: {amount} on hold in your account is to go back to the person it was taken from. You may object"
        " until {until}, with reference {reference}, {where}.",
    ),
    (MessageKind.VICTIM_CORRECTED, _VICTIM): _Text(
        "Your contact was changed",
        "Case {case}: an officer has changed your name, number or e-mail address with us. Did you not ask for this?"
        " Then tell the officer at once: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_TOLD, _VICTIM): _Text(
        "Another account to be credited",
        "Case {case}: an officer has entered the account {to_account} to credit your money to. Did you not ask for"
        " this? Then say so at once{reply_at}. Officer: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_CONFIRMED, _VICTIM): _Text(
        "Another account is confirmed",
        "Case {case}: your money is to be credited to the account {to_account}. Did you not ask for this? Then say so"
        " by {until_time}{reply_at}. Officer: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_ENDED, _VICTIM): _Text(
        "An account is not credited",
        "Case {case}: your money is not to be credited to the account {to_account} any more. Your officer tells you"
        " more: {officer}",
    ),
    (MessageKind.CONTACT_REPLACED, _HOLDER): _Text(
        "Another contact for your account",
        "Case {case}: an officer has entered another contact for the holder of account ..{end}, {bank}. If you did not"
        " give it, tell your bank and the officer at once: {officer}",
    ),
    (MessageKind.CONTACT_REPLACED, _BANK): _Text(
        "Another contact of your customer",
        "Case {case}: an officer has entered another contact for the holder of the account {account} with you. If your"
        " customer did not give it, tell us today. Officer: {officer}",
    ),
    (MessageKind.HEARING_WAIVED, _HOLDER): _Text(
        "No objection recorded for you",
        "Case {case}: it is recorded that you do not object to the return of {amount} from your account. If that is"
        " wrong, object by {until_time}, with reference {reference}, {where}.",
    ),
    (MessageKind.APPEAL_CODE, _HOLDER): _Text(
        "Your code",
        "{code} is your code for reference {reference}, valid until {until_time}. Do not share it: neither the"
        " police nor a bank asks for it.",
    ),
    (MessageKind.APPROVED, _VICTIM): _Text(
        "Return approved",
        "Case {case}: the return of {amount} to you is approved. The bank is ordered to credit the account"
        " {to_account}.",
    ),
    (MessageKind.CREDITED, _VICTIM): _Text(
        "{amount} credited",
        "Case {case}: the bank says that it has credited {amount} to the account {to_account}, UTR {reference}. If it"
        " is not there, tell your officer: {officer}",
    ),
    (MessageKind.REFUSED, _VICTIM): _Text(
        "Return refused",
        "Case {case}: the return of {amount} to you was refused. Your officer tells you why: {officer}",
    ),
    (MessageKind.REST_REFUSED, _VICTIM): _Text(
        "Return of the rest refused",
        "Case {case}: {restored} has come back to you. The return of a further {amount} was refused. Your officer tells"
        " you why: {officer}",
    ),
    (MessageKind.HOLD_KEPT, _HOLDER): _Text(
        "A court keeps the hold on {amount}",
        "Case {case}: by order of {court} the hold on {amount} in your account ..{end}, {bank}, stays. That court can"
        " set it aside: apply there. Officer: {officer}",
    ),
    (MessageKind.RELEASE_PROPOSED, _VICTIM): _Text(
        "Money on hold is to be released",
        "Case {case}: {amount} of your money on hold is to be released to the account's holder. If you object, tell"
        " your officer by {until_time}; it costs nothing. Officer: {officer}",
    ),
    (MessageKind.CANCELLED, _VICTIM): _Text(
        "Return cancelled",
        "Case {case}: the return of {amount} to you was cancelled. Your officer tells you why, and what you can do:"
        " {officer}",
    ),
    (MessageKind.RESTORED, _VICTIM): _Text(
        "The return is done",
        "Case {case}: the return of your money has ended: {restored} has come back to you. Officer: {officer}",
    ),
    (MessageKind.NOTHING_HELD, _VICTIM): _Text(
        "No money on hold any more",
        "Case {case}: the money that was to come back to you is not on hold any more. Your officer tells you why, and"
        " what you can do: {officer}",
    ),
    (MessageKind.LAPSE_WARNING, _VICTIM): _Text(
        "A hold ends soon",
        "Case {case}: the hold on {amount} of your money ends in {days} days unless an order exists by then."
        " Please speak to your officer: {officer}",
    ),
    (MessageKind.LAPSE_WARNING, _IO): _Text(
        "A hold ends soon", "Case {case}: a hold on {amount} ends in {days} days unless an order exists by then."
    ),
    (MessageKind.HOLD_LAPSED, _HOLDER): _Text(
        "The hold on {amount} ends",
        "Case {case}: no order exists, so the hold on {amount} in your account ends. The bank is ordered to let it go;"
        " we tell you when it has. Reference {reference}. Officer: {officer}",
    ),
    (MessageKind.HOLD_LAPSED, _VICTIM): _Text(
        "A hold has ended",
        "Case {case}: no order existed in time, so the hold on {amount} of your money has ended. The bank is ordered to"
        " let it go to the account's holder. Officer: {officer}",
    ),
    (MessageKind.HOLD_LAPSED, _IO): _Text(
        "A hold has ended",
        "Case {case}: the hold on {amount} has ended without an order. The bank is ordered to let it go.",
    ),
    (MessageKind.HOLD_RELEASED, _HOLDER): _Text(
        "{amount} released",
        "Case {case}: the bank says that {amount} in your account is on hold no more. Reference {reference}."
        " Officer: {officer}",
    ),
    (MessageKind.GRIEVANCE_CODE, _HOLDER): _Text(
        "Your code",
        "{code} is your code for reference {reference}, valid until {until_time}. Do not share it: neither the"
        " police nor a bank asks for it.",
    ),
    (MessageKind.LINK_CODE, _BANK): _Text(
        "Your code",
        "Case {case}: {code} confirms what your bank states on the police's page, valid until {until_time}. Enter it"
        " only there. If your bank did not ask for it, call the police.",
    ),
    (MessageKind.GRIEVANCE_DECIDED, _HOLDER): _Text(
        "Your appeal {number} is decided",
        "Case {case}: your appeal {number} is decided: {decision}. {further}",
    ),
    (MessageKind.FIR_TO_SIGN, _VICTIM): _Text(
        "Please sign your e-Zero FIR",
        "Case {case}: e-Zero FIR {reference} is registered for you. It lapses unless you sign it at the police station"
        " by {until_time}. It costs nothing. Officer: {officer}",
    ),
    (MessageKind.DOCUMENT_FOR_BANK, _BANK): _Text(
        "Notice {reference}",
        "Case {case}: notice {reference} of the police is attached. Please act on it today. Officer: {officer}",
    ),
    (MessageKind.STATUS_LETTER, _VICTIM): _Text(
        "Where your money is",
        "Case {case}: on hold {amount}, returned to you {restored}. Next: {next}. Letter {reference}: by e-mail, or"
        " from your officer: {officer}",
    ),
    (MessageKind.DUTY_DUE, _IO): _Text(
        "Due: {duty}", "Case {case}: {duty} is due by {until_time}. Please see to it today."
    ),
    (MessageKind.DUTY_DUE, _OFFICER): _Text(
        "Overdue: {duty}", "Case {case}: {duty} was due by {until_time} and is not done. Please see to it."
    ),
    **dict.fromkeys(
        [(MessageKind.STEP_DUE, _IO), (MessageKind.STEP_DUE, _OFFICER)],
        _Text("Due: {step}", "Case {case}: {step}: due by {until_time}. Please see to it."),
    ),
    (MessageKind.STEP_OVERDUE, _OFFICER): _Text(
        "Overdue: {step}", "Case {case}: {step}: was due by {until_time} and is not done. Please see to it."
    ),
    (MessageKind.ALARM, _OFFICER): _Text(
        "An officer has cancelled the return of {amount}",
        "Case {case}: one officer has cancelled the return of {amount} to its victim. Please look at it today.",
    ),
    (MessageKind.GRIEVANCE_TURN, _BANK): _Text(
        "Appeal {number} of your customer",
        "Case {case}: the holder of the account {account} with you has appealed against the hold (appeal {number})."
        " Please report what you know of this customer by {until_time}. Officer: {officer}",
    ),
    **dict.fromkeys(
        [(MessageKind.GRIEVANCE_TURN, _IO), (MessageKind.GRIEVANCE_TURN, _OFFICER)],
        _Text(
            "Appeal {number}",
            "Case {case}: appeal {number} against a hold of {amount} waits for your decision by {until_time}.",
        ),
    ),
    (MessageKind.GRIEVANCE_OVERDUE, _OFFICER): _Text(
        "Overdue: appeal {number}",
        "Case {case}: appeal {number} was to be decided by {until_time}; no level is above it. Please see to it.",
    ),
}
_HI: Final[Mapping[_Key, _Text]] = {
    (MessageKind.MONEY_HELD, _VICTIM): _Text(
        "{amount} पर रोक",
        "मामला {case}: आपके {amount} पर बैंक में रोक लगा दी गई है। इसे लौटाने के लिए कोई आपसे शुल्क नहीं माँग सकता।"
        " अधिकारी: {officer}",
    ),
    (MessageKind.HOLD, _HOLDER): _Text(
        "आपके खाते में {amount} पर रोक",
        "मामला {case}: पुलिस के अनुरोध पर {bank} के आपके खाते ..{end} में {amount} पर रोक है। अधिकारी: {officer}।"
        " निःशुल्क अपील: संदर्भ {reference}, {where}।",
    ),
    (MessageKind.APPLICATION_READY, _VICTIM): _Text(
        "आपका आवेदन तैयार है",
        "मामला {case}: {amount} की वापसी का आपका आवेदन तैयार है। कृपया {until} तक अपने अधिकारी के पास हस्ताक्षर करें;"
        " कोई शुल्क नहीं। अधिकारी: {officer}",
    ),
    (MessageKind.OBJECTION_WINDOW, _VICTIM): _Text(
        "आपत्ति का समय",
        "मामला {case}: खाताधारक {until} तक आपको {amount} लौटाने पर आपत्ति कर सकता है। आपको कुछ नहीं करना है।",
    ),
    (MessageKind.OBJECTION_WINDOW, _HOLDER): _Text(
        "आपके खाते से {amount} की वापसी",
        "मामला {case}: आपके खाते में रोके गए {amount} पीड़ित को लौटाए जाने हैं। आप {until} तक आपत्ति कर सकते हैं:"
        " संदर्भ {reference}, {where}।",
    ),
    (MessageKind.VICTIM_CORRECTED, _VICTIM): _Text(
        "आपका संपर्क बदला गया",
        "मामला {case}: अधिकारी ने हमारे पास आपका नाम, नंबर या ई-मेल बदला है। यदि आपने यह नहीं कहा तो तुरंत अधिकारी को"
        " बताएँ: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_TOLD, _VICTIM): _Text(
        "जमा हेतु दूसरा खाता",
        "मामला {case}: अधिकारी ने आपका पैसा जमा करने हेतु खाता {to_account} लिखा है। यदि आपने यह नहीं कहा तो तुरंत"
        " बताएँ{reply_at}। अधिकारी: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_CONFIRMED, _VICTIM): _Text(
        "दूसरे खाते की पुष्टि",
        "मामला {case}: आपका पैसा खाता {to_account} में जमा होगा। यदि आपने यह नहीं कहा तो {until_time} तक"
        " बताएँ{reply_at}। अधिकारी: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_ENDED, _VICTIM): _Text(
        "खाते में जमा नहीं होगा",
        "मामला {case}: आपका पैसा अब खाता {to_account} में जमा नहीं होगा। आपके अधिकारी बताएँगे: {officer}",
    ),
    (MessageKind.CONTACT_REPLACED, _HOLDER): _Text(
        "आपके खाते का दूसरा संपर्क",
        "मामला {case}: अधिकारी ने {bank} के खाते ..{end} के धारक का दूसरा संपर्क लिखा है। यदि आपने नहीं दिया तो अपने बैंक और"
        " अधिकारी को तुरंत बताएँ: {officer}",
    ),
    (MessageKind.CONTACT_REPLACED, _BANK): _Text(
        "आपके ग्राहक का दूसरा संपर्क",
        "मामला {case}: अधिकारी ने आपके यहाँ खाता {account} के धारक का दूसरा संपर्क लिखा है। यदि ग्राहक ने नहीं दिया तो आज ही"
        " बताएँ। अधिकारी: {officer}",
    ),
    (MessageKind.HEARING_WAIVED, _HOLDER): _Text(
        "आपकी अनापत्ति दर्ज",
        "मामला {case}: दर्ज है कि आपके खाते से {amount} की वापसी पर आपको आपत्ति नहीं। यदि ग़लत है तो {until_time} तक"
        " आपत्ति करें: संदर्भ {reference}, {where}।",
    ),
    (MessageKind.APPEAL_CODE, _HOLDER): _Text(
        "आपका कोड",
        "संदर्भ {reference} के लिए आपका कोड {code} है, {until_time} तक मान्य। इसे किसी को न बताएँ: न पुलिस, न बैंक यह माँगते हैं।",
    ),
    (MessageKind.APPROVED, _VICTIM): _Text(
        "वापसी स्वीकृत",
        "मामला {case}: आपको {amount} की वापसी स्वीकृत हुई। बैंक को खाता {to_account} में जमा करने का आदेश है।",
    ),
    (MessageKind.CREDITED, _VICTIM): _Text(
        "{amount} जमा",
        "मामला {case}: बैंक के अनुसार {amount} खाता {to_account} में जमा हुए, UTR {reference}। यदि न मिले हों तो अपने अधिकारी"
        " को बताएँ: {officer}",
    ),
    (MessageKind.REFUSED, _VICTIM): _Text(
        "वापसी अस्वीकृत",
        "मामला {case}: आपको {amount} की वापसी अस्वीकृत हुई। कारण आपके अधिकारी बताएँगे: {officer}",
    ),
    (MessageKind.REST_REFUSED, _VICTIM): _Text(
        "शेष राशि की वापसी अस्वीकृत",
        "मामला {case}: {restored} आपको लौट चुके हैं। शेष {amount} की वापसी अस्वीकृत हुई। कारण आपके अधिकारी बताएँगे: {officer}",
    ),
    (MessageKind.HOLD_KEPT, _HOLDER): _Text(
        "न्यायालय ने {amount} पर रोक जारी रखी",
        "मामला {case}: {court} के आदेश से आपके खाते ..{end}, {bank} में {amount} पर रोक जारी है। हटवाने के लिए उसी"
        " न्यायालय में आवेदन करें। अधिकारी: {officer}",
    ),
    (MessageKind.RELEASE_PROPOSED, _VICTIM): _Text(
        "रोकी गई राशि मुक्त होनी है",
        "मामला {case}: आपकी रोकी गई राशि में से {amount} खाताधारक के लिए मुक्त होने हैं। आपत्ति हो तो {until_time} तक अपने"
        " अधिकारी को बताएँ; कोई शुल्क नहीं। अधिकारी: {officer}",
    ),
    (MessageKind.CANCELLED, _VICTIM): _Text(
        "वापसी रद्द",
        "मामला {case}: आपको {amount} की वापसी रद्द हुई। कारण और आगे का उपाय आपके अधिकारी बताएँगे: {officer}",
    ),
    (MessageKind.RESTORED, _VICTIM): _Text(
        "वापसी पूर्ण",
        "मामला {case}: आपकी राशि की वापसी पूर्ण हुई: {restored} आपको लौट चुके हैं। अधिकारी: {officer}",
    ),
    (MessageKind.NOTHING_HELD, _VICTIM): _Text(
        "राशि अब रोकी हुई नहीं",
        "मामला {case}: जो राशि आपको लौटनी थी वह अब रोकी हुई नहीं है। कारण और आगे का उपाय आपके अधिकारी बताएँगे: {officer}",
    ),
    (MessageKind.LAPSE_WARNING, _VICTIM): _Text(
        "रोक शीघ्र समाप्त",
        "मामला {case}: आपके {amount} पर रोक {days} दिन में समाप्त होगी, यदि तब तक कोई आदेश न हो। कृपया अपने अधिकारी से"
        " बात करें: {officer}",
    ),
    (MessageKind.LAPSE_WARNING, _IO): _Text(
        "रोक शीघ्र समाप्त", "मामला {case}: {amount} पर रोक {days} दिन में समाप्त होगी, यदि तब तक कोई आदेश न हो।"
    ),
    (MessageKind.HOLD_LAPSED, _HOLDER): _Text(
        "{amount} पर रोक समाप्त",
        "मामला {case}: कोई आदेश न होने से आपके खाते में {amount} पर रोक समाप्त हो रही है। बैंक को इसे हटाने का आदेश है; हटने पर"
        " हम बताएँगे। संदर्भ {reference}। अधिकारी: {officer}",
    ),
    (MessageKind.HOLD_LAPSED, _VICTIM): _Text(
        "रोक समाप्त",
        "मामला {case}: समय पर कोई आदेश न होने से आपके {amount} पर रोक समाप्त हो गई है। बैंक को राशि खाताधारक के लिए मुक्त"
        " करने का आदेश है। अधिकारी: {officer}",
    ),
    (MessageKind.HOLD_LAPSED, _IO): _Text(
        "रोक समाप्त", "मामला {case}: {amount} पर रोक बिना आदेश के समाप्त हो गई। बैंक को इसे मुक्त करने का आदेश है।"
    ),
    (MessageKind.HOLD_RELEASED, _HOLDER): _Text(
        "{amount} मुक्त",
        "मामला {case}: बैंक के अनुसार आपके खाते में {amount} पर अब रोक नहीं है। संदर्भ {reference}। अधिकारी: {officer}",
    ),
    (MessageKind.GRIEVANCE_CODE, _HOLDER): _Text(
        "आपका कोड",
        "संदर्भ {reference} के लिए आपका कोड {code} है, {until_time} तक मान्य। इसे किसी को न बताएँ: न पुलिस, न बैंक यह माँगते हैं।",
    ),
    (MessageKind.LINK_CODE, _BANK): _Text(
        "आपका कोड",
        "मामला {case}: पुलिस के पृष्ठ पर आपके बैंक के कथन की पुष्टि का कोड {code} है, {until_time} तक मान्य। इसे केवल वहीं भरें।"
        " यदि आपके बैंक में किसी ने इसे नहीं माँगा, तो पुलिस को कॉल करें।",
    ),
    (MessageKind.GRIEVANCE_DECIDED, _HOLDER): _Text(
        "आपकी अपील {number} पर निर्णय",
        "मामला {case}: आपकी अपील {number} पर निर्णय: {decision}। {further}",
    ),
    (MessageKind.FIR_TO_SIGN, _VICTIM): _Text(
        "कृपया ई-ज़ीरो FIR पर हस्ताक्षर करें",
        "मामला {case}: आपकी ई-ज़ीरो FIR {reference} दर्ज है। {until_time} तक थाने में हस्ताक्षर न करने पर यह समाप्त हो"
        " जाएगी। कोई शुल्क नहीं। अधिकारी: {officer}",
    ),
    (MessageKind.DOCUMENT_FOR_BANK, _BANK): _Text(
        "सूचना {reference}",
        "मामला {case}: पुलिस की सूचना {reference} संलग्न है। कृपया आज ही उस पर कार्रवाई करें। अधिकारी: {officer}",
    ),
    (MessageKind.STATUS_LETTER, _VICTIM): _Text(
        "आपका पैसा कहाँ है",
        "मामला {case}: आपके {amount} पर रोक है, {restored} आपको लौट चुके हैं। आगे: {next}। विवरण पत्र {reference} में: ई-मेल से, या"
        " अधिकारी से: {officer}",
    ),
    (MessageKind.DUTY_DUE, _IO): _Text("देय: {duty}", "मामला {case}: {duty} {until_time} तक देय है। कृपया आज ही पूरा करें।"),
    (MessageKind.DUTY_DUE, _OFFICER): _Text(
        "विलंबित: {duty}", "मामला {case}: {duty} {until_time} तक देय था और पूरा नहीं हुआ। कृपया देखें।"
    ),
    **dict.fromkeys(
        [(MessageKind.STEP_DUE, _IO), (MessageKind.STEP_DUE, _OFFICER)],
        _Text("देय: {step}", "मामला {case}: {step}: {until_time} तक देय। कृपया पूरा करें।"),
    ),
    (MessageKind.STEP_OVERDUE, _OFFICER): _Text(
        "विलंबित: {step}", "मामला {case}: {step}: {until_time} तक देय था और पूरा नहीं हुआ। कृपया देखें।"
    ),
    (MessageKind.ALARM, _OFFICER): _Text(
        "अधिकारी ने {amount} की वापसी रद्द की",
        "मामला {case}: एक अधिकारी ने पीड़ित को {amount} की वापसी रद्द की। कृपया आज ही देखें।",
    ),
    (MessageKind.GRIEVANCE_TURN, _BANK): _Text(
        "आपके ग्राहक की अपील {number}",
        "मामला {case}: आपके यहाँ खाता {account} के धारक ने रोक के विरुद्ध अपील की है (अपील {number})। कृपया {until_time} तक"
        " इस ग्राहक की जानकारी दें। अधिकारी: {officer}",
    ),
    **dict.fromkeys(
        [(MessageKind.GRIEVANCE_TURN, _IO), (MessageKind.GRIEVANCE_TURN, _OFFICER)],
        _Text(
            "अपील {number}", "मामला {case}: {amount} की रोक के विरुद्ध अपील {number} पर {until_time} तक आपको निर्णय करना है।"
        ),
    ),
    (MessageKind.GRIEVANCE_OVERDUE, _OFFICER): _Text(
        "विलंबित: अपील {number}",
        "मामला {case}: अपील {number} पर {until_time} तक निर्णय होना था; इसके ऊपर कोई स्तर नहीं है। कृपया देखें।",
    ),
}
TEXTS: Final[Mapping[Language, Mapping[_Key, _Text]]] = {Language.EN: _EN, Language.HI: _HI}

_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.EN: {
        "where": "at your bank or at a cyber police station",
        "at": "at {link}",
        "reply_at": ": {link}",
        "reply": " to your officer",
        "officer": "helpline 1930",
        "case": "Case {case}",
        "footer": "This letter was sent by itself. It asks for no password, no code and no payment; who asks for one in"
        " our name is a swindler: call 1930.",
        "forward": "We cannot reach the holder of the account {account} with you. Please send the text below to"
        " the holder today, and tell us how the holder can be reached.",
        "forward_subject": "for the holder of an account with you",
        "magistrate_report": "the report to the magistrate",
        "follow_up": "the follow-up notice to the bank",
        "fir_signature": "the signature on the e-Zero FIR",
        "upheld": "the hold stays",
        "part_released": "the bank is ordered to let {amount} go, the rest stays on hold",
        "released": "the bank is ordered to let {amount} go",
        "withdrawn": "an officer has written down that you withdraw it. If that is wrong, appeal again",
        "withdrawn_on_page": "it is withdrawn on the appeal page. If that was not you, appeal again",
        "appeal_on": "You can take it on to {level}: reference {reference}, {where}.",
        "appeal_again": "Reference {reference}, {where}.",
        "appeal_last": "This was the last level; a court can still be asked.",
        "appeal_over": "You need not do anything.",
        "level_dy_sp": "the Addl or Dy SP",
        "level_district_gro": "the grievance officer of the district",
        "level_state_gro": "the grievance officer of the State",
        "next_step": "{step}, by {day}",
        "next_unknown": "no step of the return is under way",
        "collecting": "the banks say where the money is",
        "application": "the victim's signed application",
        "verification": "verification of the application",
        "holder_notice": "the account holder may object",
        "show_cause": "the account holder is heard",
        "court_order": "order of the court",
        "lok_adalat_award": "award of the Lok Adalat",
        "distribution": "order of the District Magistrate",
        "approval": "approval of the return",
        "credit": "credit by the bank",
        "bond": "the victim's indemnity bond",
    },
    Language.HI: {
        "where": "अपने बैंक या साइबर थाने में",
        "at": "{link}",
        "reply_at": ": {link}",
        "reply": " (अधिकारी को)",
        "officer": "हेल्पलाइन 1930",
        "case": "मामला {case}",
        "footer": "यह पत्र स्वतः भेजा गया है। इसमें कोई पासवर्ड, कोड या भुगतान नहीं माँगा जाता; जो हमारे नाम पर माँगे वह"
        " ठग है: 1930 पर कॉल करें।",
        "forward": "आपके यहाँ खाता {account} के धारक से हमारा संपर्क नहीं हो पा रहा। कृपया निम्न संदेश आज ही उन्हें दें और"
        " बताएँ कि उनसे कैसे संपर्क हो।",
        "forward_subject": "आपके एक खाताधारक के लिए",
        "magistrate_report": "मजिस्ट्रेट को रिपोर्ट",
        "follow_up": "बैंक को अनुवर्ती सूचना",
        "fir_signature": "ई-ज़ीरो FIR पर हस्ताक्षर",
        "upheld": "रोक बनी रहेगी",
        "part_released": "बैंक को {amount} मुक्त करने का आदेश है, शेष पर रोक बनी रहेगी",
        "released": "बैंक को {amount} मुक्त करने का आदेश है",
        "withdrawn": "अधिकारी ने लिखा है कि आप इसे वापस लेते हैं। यदि यह ग़लत है तो फिर अपील करें",
        "withdrawn_on_page": "इसे अपील पृष्ठ पर वापस लिया गया है। यदि आपने नहीं लिया तो फिर अपील करें",
        "appeal_on": "असहमत हों तो {level} के पास ले जाएँ: संदर्भ {reference}, {where}।",
        "appeal_again": "संदर्भ {reference}, {where}।",
        "appeal_last": "यह अंतिम स्तर था; न्यायालय जा सकते हैं।",
        "appeal_over": "आपको कुछ नहीं करना है।",
        "level_dy_sp": "अपर/उप पुलिस अधीक्षक",
        "level_district_gro": "जनपद शिकायत अधिकारी",
        "level_state_gro": "राज्य शिकायत अधिकारी",
        "next_step": "{step}, {day} तक",
        "next_unknown": "वापसी का कोई चरण अभी नहीं चल रहा",
        "collecting": "बैंक बताएँगे कि राशि कहाँ है",
        "application": "पीड़ित का हस्ताक्षरित आवेदन",
        "verification": "आवेदन का सत्यापन",
        "holder_notice": "खाताधारक की आपत्ति का समय",
        "show_cause": "खाताधारक की सुनवाई",
        "court_order": "न्यायालय का आदेश",
        "lok_adalat_award": "लोक अदालत का अवार्ड",
        "distribution": "जिला मजिस्ट्रेट का आदेश",
        "approval": "वापसी की स्वीकृति",
        "credit": "बैंक द्वारा जमा",
        "bond": "पीड़ित का क्षतिपूर्ति बंधपत्र",
    },
}


def short(kind: MessageKind, to_whom: Recipient, language: Language, said: Said) -> Written:
    """Return the text of a short message. Raises `MessageLacks` with every missing value."""
    fits = len(said.link) <= LINK_MAX_CHARS
    return _written(kind, to_whom, language, said if fits else said.model_copy(update={"link": ""}))


def _written(kind: MessageKind, to_whom: Recipient, language: Language, said: Said) -> Written:
    text = TEXTS[language].get((kind, to_whom))
    if text is None:
        raise MessageLacks(f"{kind.value} is not for {to_whom.value}")
    values = _values(language, said)
    named = {name for part in text for _, name, _, _ in Formatter().parse(part) if name}
    missing = sorted(name for name in named if not values.get(name))
    if missing:
        raise MessageLacks(f"{kind.value} to {to_whom.value}: {', '.join(missing)}")
    return Written(text.subject.format_map(values), text.text.format_map(values))


def letter(kind: MessageKind, to_whom: Recipient, languages: tuple[Language, ...], said: Said) -> Written:
    """Return the text of a letter in each language, with the footer of all our letters."""
    parts = [_written(kind, to_whom, language, said) for language in languages]
    words = [_WORDS[language]["footer"] for language in languages]
    first = languages[0]
    case = _WORDS[first]["case"].format(case=said.ack_no or said.case_no)
    return Written(f"{case}: {parts[0].subject}", "\n\n".join([part.text for part in parts] + words) + "\n")


def forwarded(languages: tuple[Language, ...], said: Said, account: str, inner: Written) -> Written:
    """Return a letter that asks a bank to send `inner` to its customer."""
    words = _WORDS[languages[0]]
    asks = [_WORDS[language]["forward"].format(account=account) for language in languages]
    subject = f"{words['case'].format(case=said.case_no)}: {words['forward_subject']}"
    return Written(subject, "\n\n".join([*asks, "--", inner.text]))


def _values(language: Language, said: Said) -> dict[str, str]:
    facts, words = said.facts, _WORDS[language]
    amount = "" if facts.amount_paise is None else _amount(language, facts.amount_paise)
    decision = facts.decision and words[facts.decision]
    if "{amount}" in decision:
        decision = decision.format(amount=amount) if amount else ""
    link = said.link and f"{said.link}?lang={language.value}"
    known = {
        "case": said.ack_no or said.case_no,
        "bank": said.bank[:BANK_MAX_CHARS].strip(),
        "account": said.account,
        "end": said.account_end,
        "amount": amount,
        "restored": "" if facts.restored_paise is None else _amount(language, facts.restored_paise),
        "until": _day(facts.until),
        "until_time": _time(facts.until),
        "days": "" if facts.days is None else str(facts.days),
        "reference": facts.reference,
        "court": facts.court,
        "number": facts.number,
        "to_account": facts.to_account,
        "code": facts.code,
        "decision": decision,
        "duty": facts.duty and words[facts.duty],
        "step": words[facts.step] if facts.step else "",
        "next": _next(facts, words),
        "officer": _officer(said) or words["officer"],
        "where": words["at"].format(link=link) if link else words["where"],
        "reply_at": words["reply_at"].format(link=link) if link else words["reply"],
    }
    return known | {"further": _further(facts, words, known)}


def _next(facts: MessageFacts, words: Mapping[str, str]) -> str:
    """Return the next step of a restoration, with its day if that is known."""
    if facts.step is None:
        return words["next_unknown"]
    step = words[facts.step]
    return words["next_step"].format(step=step, day=_day(facts.next_due_at)) if facts.next_due_at else step


def _further(facts: MessageFacts, words: Mapping[str, str], known: Mapping[str, str]) -> str:
    """Return the text about what the account holder can do after a decision."""
    if facts.decision in {"withdrawn", "withdrawn_on_page"}:
        return words["appeal_again"].format(**known)
    if facts.decision == "released":
        return words["appeal_over"]
    if facts.next_level is None:
        return words["appeal_last"]
    return words["appeal_on"].format(level=words[f"level_{facts.next_level}"], **known)


def _officer(said: Said) -> str:
    if not said.officer or not said.phone:
        return said.officer[:OFFICER_MAX_CHARS]
    phone = f", {said.phone[:20]}"
    return said.officer[: OFFICER_MAX_CHARS - len(phone)].strip() + phone


def _amount(language: Language, paise: int) -> str:
    text = rupees(paise, exact=paise % 100 != 0)
    return text.replace("₹", "Rs ") if language is Language.EN else text


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone(IST):%d-%m-%Y}" if moment else ""


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(IST):%d-%m-%Y %H:%M}" if moment else ""
