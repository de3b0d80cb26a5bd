"""English texts of notifications, and the parts that they are made of."""

from collections.abc import Mapping
from typing import Final

from domain.notifications.text_table import Key, Text
from schemas.notifications import MessageKind, Recipient

_VICTIM, _HOLDER, _BANK = Recipient.VICTIM, Recipient.HOLDER, Recipient.BANK
_IO, _OFFICER = Recipient.IO, Recipient.OFFICER

TEXTS: Final[Mapping[Key, Text]] = {
    (MessageKind.MONEY_HELD, _VICTIM): Text(
        "{amount} on hold",
        "Case {case}: {amount} of your money is on hold at a bank. No one may ask you for a fee to get it back."
        " Officer: {officer}. More on {my_page}",
    ),
    (MessageKind.HOLD, _HOLDER): Text(
        "{amount} on hold in your account",
        "Case {case}: on police request {amount} is on hold in your account ..{end}, {bank}. Officer: {officer}."
        " Free appeal: reference {reference}, {where}.",
    ),
    (MessageKind.APPLICATION_READY, _VICTIM): Text(
        "Your application is ready",
        "Case {case}: your application for the return of {amount} is ready. Sign it by {until}, by a code on"
        " {my_page} or with your officer; it is free. Officer: {officer}",
    ),
    (MessageKind.APPLICATION_SIGNED, _VICTIM): Text(
        "Your application is signed",
        "Case {case}: your application for the return of {amount} to the account {to_account} is signed by a code. Was"
        " it not you? Then tell the officer at once: {officer}",
    ),
    (MessageKind.MY_CASE_CODE, _VICTIM): Text(
        "Your code",
        "{code} is your code for the police's page, valid until {until_time}. Do not share it: neither the police nor"
        " a bank asks for it.",
    ),
    (MessageKind.SIGNATURE_CODE, _VICTIM): Text(
        "Your code to sign",
        "{code} signs the application that you have read on the police's page, valid until {until_time}. Do not share"
        " it: neither the police nor a bank asks for it.",
    ),
    (MessageKind.OBJECTION_WINDOW, _VICTIM): Text(
        "Time for objections",
        "Case {case}: until {until} the account holder may object to the return of {amount} to you."
        " You need not do anything. More on {my_page}",
    ),
    (MessageKind.OBJECTION_WINDOW, _HOLDER): Text(
        "Return of {amount} on hold in your account",
        "Case {case}: {amount} on hold in your account is to go back to the person it was taken from. You may object"
        " until {until}, with reference {reference}, {where}.",
    ),
    (MessageKind.VICTIM_CORRECTED, _VICTIM): Text(
        "Your contact was changed",
        "Case {case}: an officer has changed your name, number or e-mail address with us. Did you not ask for this?"
        " Then tell the officer at once: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_TOLD, _VICTIM): Text(
        "Another account to be credited",
        "Case {case}: an officer has entered the account {to_account} to credit your money to. Did you not ask for"
        " this? Then say so at once{reply_at}. Officer: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_CONFIRMED, _VICTIM): Text(
        "Another account is confirmed",
        "Case {case}: your money is to be credited to the account {to_account}. Did you not ask for this? Then say so"
        " by {until_time}{reply_at}. Officer: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_ENDED, _VICTIM): Text(
        "An account is not credited",
        "Case {case}: your money is not to be credited to the account {to_account} any more. Your officer tells you"
        " more: {officer}",
    ),
    (MessageKind.CONTACT_REPLACED, _HOLDER): Text(
        "Another contact for your account",
        "Case {case}: an officer has entered another contact for the holder of account ..{end}, {bank}. If you did not"
        " give it, tell your bank and the officer at once: {officer}",
    ),
    (MessageKind.CONTACT_REPLACED, _BANK): Text(
        "Another contact of your customer",
        "Case {case}: an officer has entered another contact for the holder of the account {account} with you. If your"
        " customer did not give it, tell us today. Officer: {officer}",
    ),
    (MessageKind.HEARING_WAIVED, _HOLDER): Text(
        "No objection recorded for you",
        "Case {case}: it is recorded that you do not object to the return of {amount} from your account. If that is"
        " wrong, object by {until_time}, with reference {reference}, {where}.",
    ),
    (MessageKind.APPEAL_CODE, _HOLDER): Text(
        "Your code",
        "{code} is your code for reference {reference}, valid until {until_time}. Do not share it: neither the"
        " police nor a bank asks for it.",
    ),
    (MessageKind.APPROVED, _VICTIM): Text(
        "Return approved",
        "Case {case}: the return of {amount} to you is approved. The bank is ordered to credit the account"
        " {to_account}. More on {my_page}",
    ),
    (MessageKind.CREDITED, _VICTIM): Text(
        "{amount} credited",
        "Case {case}: the bank says that it has credited {amount} to the account {to_account}, UTR {reference}. If it"
        " is not there, tell your officer: {officer}",
    ),
    (MessageKind.REFUSED, _VICTIM): Text(
        "Return refused",
        "Case {case}: the return of {amount} to you was refused. Your officer tells you why: {officer}"
        ". More on {my_page}",
    ),
    (MessageKind.REST_REFUSED, _VICTIM): Text(
        "Return of the rest refused",
        "Case {case}: {restored} has come back to you. The return of a further {amount} was refused. Your officer tells"
        " you why: {officer}. More on {my_page}",
    ),
    (MessageKind.TRANSFER_OF_ANOTHER, _VICTIM): Text(
        "A transfer counts for another complaint",
        "Case {case}: two officers decided that a transfer of {amount} counts for another complaint. Is that wrong?"
        " Tell {officer}. More on {my_page}",
    ),
    (MessageKind.HOLD_KEPT, _HOLDER): Text(
        "A court keeps the hold on {amount}",
        "Case {case}: by order of {court} the hold on {amount} in your account ..{end}, {bank}, stays. That court can"
        " set it aside: apply there. Officer: {officer}",
    ),
    (MessageKind.RELEASE_PROPOSED, _VICTIM): Text(
        "Money on hold is to be released",
        "Case {case}: {amount} of your money on hold is to be released to the account's holder. If you object, tell"
        " your officer by {until_time}; it costs nothing. Officer: {officer}",
    ),
    (MessageKind.CANCELLED, _VICTIM): Text(
        "Return cancelled",
        "Case {case}: the return of {amount} to you was cancelled. Your officer tells you why, and what you can do:"
        " {officer}. More on {my_page}",
    ),
    (MessageKind.RESTORED, _VICTIM): Text(
        "The return is done",
        "Case {case}: the return of your money has ended: {restored} has come back to you. Officer: {officer}"
        ". More on {my_page}",
    ),
    (MessageKind.NOTHING_HELD, _VICTIM): Text(
        "No money on hold any more",
        "Case {case}: the money that was to come back to you is not on hold any more. Your officer tells you why, and"
        " what you can do: {officer}. More on {my_page}",
    ),
    (MessageKind.LAPSE_WARNING, _VICTIM): Text(
        "A hold ends soon",
        "Case {case}: the hold on {amount} of your money ends in {days} days unless an order exists by then."
        " Please speak to your officer: {officer}. More on {my_page}",
    ),
    (MessageKind.LAPSE_WARNING, _IO): Text(
        "A hold ends soon", "Case {case}: a hold on {amount} ends in {days} days unless an order exists by then."
    ),
    (MessageKind.HOLD_LAPSED, _HOLDER): Text(
        "The hold on {amount} ends",
        "Case {case}: no order exists, so the hold on {amount} in your account ends. The bank is ordered to let it go;"
        " we tell you when it has. Reference {reference}. Officer: {officer}",
    ),
    (MessageKind.HOLD_LAPSED, _VICTIM): Text(
        "A hold has ended",
        "Case {case}: no order existed in time, so the hold on {amount} of your money has ended. The bank is ordered to"
        " let it go to the account's holder. Officer: {officer}",
    ),
    (MessageKind.HOLD_LAPSED, _IO): Text(
        "A hold has ended",
        "Case {case}: the hold on {amount} has ended without an order. The bank is ordered to let it go.",
    ),
    (MessageKind.HOLD_RELEASED, _HOLDER): Text(
        "{amount} released",
        "Case {case}: the bank says that {amount} in your account is on hold no more. Reference {reference}."
        " Officer: {officer}",
    ),
    (MessageKind.GRIEVANCE_CODE, _HOLDER): Text(
        "Your code",
        "{code} is your code for reference {reference}, valid until {until_time}. Do not share it: neither the"
        " police nor a bank asks for it.",
    ),
    (MessageKind.LINK_CODE, _BANK): Text(
        "Your code",
        "Case {case}: {code} confirms what your bank states on the police's page, valid until {until_time}. Enter it"
        " only there. If your bank did not ask for it, call the police.",
    ),
    (MessageKind.GRIEVANCE_DECIDED, _HOLDER): Text(
        "Your appeal {number} is decided",
        "Case {case}: your appeal {number} is decided: {decision}. {further}",
    ),
    (MessageKind.FIR_TO_SIGN, _VICTIM): Text(
        "Please sign your e-Zero FIR",
        "Case {case}: e-Zero FIR {reference} is registered for you. It lapses unless you sign it at the police station"
        " by {until_time}. It costs nothing. Officer: {officer}",
    ),
    (MessageKind.DOCUMENT_FOR_BANK, _BANK): Text(
        "Notice {reference}",
        "Case {case}: notice {reference} of the police is attached. Please act on it today. Officer: {officer}",
    ),
    (MessageKind.STATUS_LETTER, _VICTIM): Text(
        "Where your money is",
        "Case {case}: on hold {amount}, returned to you {restored}. Next: {next}. Letter {reference}: by e-mail, or"
        " from your officer: {officer}",
    ),
    (MessageKind.DUTY_DUE, _IO): Text(
        "Due: {duty}", "Case {case}: {duty} is due by {until_time}. Please see to it today."
    ),
    (MessageKind.DUTY_DUE, _OFFICER): Text(
        "Overdue: {duty}", "Case {case}: {duty} was due by {until_time} and is not done. Please see to it."
    ),
    **dict.fromkeys(
        [(MessageKind.STEP_DUE, _IO), (MessageKind.STEP_DUE, _OFFICER)],
        Text("Due: {step}", "Case {case}: {step}: due by {until_time}. Please see to it."),
    ),
    (MessageKind.COURT_HEARING, _IO): Text(
        "Hearing on {until}", "Case {case}: hearing on {until} before {court}. Please bring the file."
    ),
    (MessageKind.STEP_OVERDUE, _OFFICER): Text(
        "Overdue: {step}", "Case {case}: {step}: was due by {until_time} and is not done. Please see to it."
    ),
    (MessageKind.ALARM, _OFFICER): Text(
        "An officer has cancelled the return of {amount}",
        "Case {case}: one officer has cancelled the return of {amount} to its victim. Please look at it today.",
    ),
    (MessageKind.GRIEVANCE_TURN, _BANK): Text(
        "Appeal {number} of your customer",
        "Case {case}: the holder of the account {account} with you has appealed against the hold (appeal {number})."
        " Please report what you know of this customer by {until_time}. Officer: {officer}",
    ),
    **dict.fromkeys(
        [(MessageKind.GRIEVANCE_TURN, _IO), (MessageKind.GRIEVANCE_TURN, _OFFICER)],
        Text(
            "Appeal {number}",
            "Case {case}: appeal {number} against a hold of {amount} waits for your decision by {until_time}.",
        ),
    ),
    (MessageKind.GRIEVANCE_OVERDUE, _OFFICER): Text(
        "Overdue: appeal {number}",
        "Case {case}: appeal {number} was to be decided by {until_time}; no level is above it. Please see to it.",
    ),
    (MessageKind.NEWS, _VICTIM): Text(
        "News for you",
        "Number {case}: there is news for you. Look it up with this number and a code, when you are alone.",
    ),
    (MessageKind.COMPLAINT_CODE, Recipient.COMPLAINANT): Text(
        "Your code",
        "{code} is your code, valid until {until_time}. Do not share it: no one may ask you for it by telephone.",
    ),
    (MessageKind.COMPLAINT_LINK, Recipient.COMPLAINANT): Text(
        "Go on with your form",
        "Go on with your form{form_at}. Its code is {reference}, valid until {until_time}.",
    ),
    (MessageKind.WORK_ITEMS, _OFFICER): Text(
        "Work items that wait for you: {items}",
        "Work items that wait for you: {items}. The first: {task}, case {case}, at least {amount} in play. Please see"
        " to it{reply_desk}",
    ),
}

WORDS: Final[Mapping[str, str]] = {
    "where": "at your bank or at a cyber police station",
    "at": "at {link}",
    "my_page": "the police's page My complaint",
    "reply_at": ": {link}",
    "form_at": ": {link}",
    "form_by_call": " on the page of the helpline 1930",
    "reply": " to your officer",
    "reply_desk": ".",
    "item_line": "- {task}: case {case}, at least {amount} in play, open since {since}{due}",
    "item_due": ", due by {until}",
    "items_more": "and {more} more",
    "no_case": "of no number",
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
}
