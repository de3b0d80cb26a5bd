"""Letters of the escalation: a reminder to the bank's desk, and one to its nodal officer.

They name the request and no people, because the bank has the ticket and many people read a mailbox.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from activities.banks.letters import Letter
from adapters.banks.email import ReplyLink, link_text
from adapters.messages.smtp import is_plain_address
from db.case.requests import HopToAsk, RequestRow
from domain.banks.on_duty import Holidays, calling_order
from schemas.banks.institutions import Institution
from schemas.banks.rosters import HolidayRules, OfficerToCall
from schemas.text import IST, indian_minute

MAX_ROWS = 50
NO_ADDRESS = "no nodal officer has a known address: sent to the desk"


def reminder_letter(institution: Institution, request: RequestRow, hops: Sequence[HopToAsk]) -> Letter:
    """Return the reminder to the bank's desk that this request is open."""
    return _letter(institution.desk_email, "Reminder", "", institution, request, hops)


def nodal_letter(
    institution: Institution, request: RequestRow, hops: Sequence[HopToAsk], rules: HolidayRules, at: datetime
) -> Letter:
    """Return the letter to the nodal officers on duty at that moment about an unanswered request.

    If no officer is on duty, it goes to the mailbox of the bank's desk and to the next officer on duty.
    """
    holidays = Holidays(rules, institution.closed_days)
    known = [one for one in calling_order(institution.nodal_officers, holidays, at) if is_plain_address(one.email)]
    to, remark = [one for one in known if one.on_duty], ""
    addresses = [one.email for one in to]
    if not to:
        to, remark = (
            known[:1],
            "no officer is on duty: sent to the desk and to the next officer on duty" if known else NO_ADDRESS,
        )
        addresses = [address for address in (institution.desk_email, *(one.email for one in to)) if address]
    first, *others = dict.fromkeys(addresses) or [""]
    greeting = "".join(f"To {_called(one)}\n" for one in to) or "To the nodal officer\n"
    letter = _letter(first, "Unanswered hold request", f"{greeting}\n", institution, request, hops)
    return replace(letter, cc=tuple(others), remark=remark)


def _called(officer: OfficerToCall) -> str:
    called = (
        f"{officer.name}, {officer.role or 'nodal officer'}" if officer.name else officer.role or "the nodal officer"
    )
    if officer.off_duty_until is None:
        return called
    return f"{called} (off duty until {indian_minute(officer.off_duty_until)})"


def page_text(link: ReplyLink) -> str:
    """Return the text about the page where the request is answered."""
    return f"\nOr report your findings on this page. No account is needed, and a phone is enough:\n\n{link_text(link)}"


def _letter(
    to: str,
    subject: str,
    greeting: str,
    institution: Institution,
    request: RequestRow,
    hops: Sequence[HopToAsk],
) -> Letter:
    rows = [
        f"  RRN/UTR {hop.reference}  of {hop.transferred_at.astimezone(IST):%d-%m-%Y %H:%M:%S} IST"
        f"  amount Rs {hop.amount_paise / 100:.2f}  disputed Rs {hop.disputed_paise / 100:.2f}"
        for hop in hops[:MAX_ROWS]
    ]
    if len(hops) > MAX_ROWS:
        rows.append(f"  and {len(hops) - MAX_ROWS} more, as in the request")
    job = f", job {request.job_id}" if request.job_id else ""
    body = (
        f"{greeting}{institution.name}\n\n"
        f"Acknowledgement {request.case_no}{job}: our hold request of"
        f" {request.sent_at.astimezone(IST):%d-%m-%Y %H:%M:%S} IST has no complete answer yet.\n\n"
        + "\n".join(rows)
        + "\n\nPlease put the disputed amount on hold and answer over the usual interface, quoting the"
        " acknowledgement and the job.\n"
    )
    return Letter(
        to=to,
        subject=f"{subject}: acknowledgement {request.case_no}{job}",
        body_text=body,
        message_id=f"{request.request_id}.{subject.split(maxsplit=1)[0].lower()}",
    )
