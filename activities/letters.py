"""The letters of the ladder: a reminder to the bank's desk, and one to its nodal officer.

They name the request, not the people: the bank has the ticket, and a mailbox is read by many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from db.requests import HopToAsk, RequestRow
from schemas.complaints import IST
from schemas.institutions import Institution

MAX_ROWS = 50


@dataclass(frozen=True)
class Letter:
    """A mail on its way. `message_id` is the same for the same letter, so that a second copy can be told."""

    to: str
    subject: str
    body_text: str
    message_id: str


def reminder_letter(institution: Institution, request: RequestRow, hops: Sequence[HopToAsk]) -> Letter:
    """To the bank's desk: this request waits."""
    return _letter(institution.desk_email, "Reminder", "", institution, request, hops)


def nodal_letter(institution: Institution, request: RequestRow, hops: Sequence[HopToAsk]) -> Letter:
    """To the nodal officer: your bank has not answered."""
    officer = institution.nodal_officer
    greeting = f"To {officer.name}, nodal officer\n\n" if officer.name else "To the nodal officer\n\n"
    return _letter(officer.email, "Unanswered hold request", greeting, institution, request, hops)


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
