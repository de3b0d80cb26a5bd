"""Call script of an officer to a bank about one hold request, read out line by line.

As in a letter, no victim and no account is named. The bank finds a transfer by reference, amount and time.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.rupees import rupees
from schemas.text import IST
from schemas.tracing.views import TaskHop


def what_to_say(ack_no: str, job_id: str | None, hops: Sequence[TaskHop], hop_count: int) -> tuple[str, ...]:
    """Return the script for the hops with the most in play, of `hop_count` in all; empty without hops."""
    if not hops:
        return ()
    more = hop_count - len(hops)
    return (
        f"This is the cyber crime police, about a hold request: acknowledgement {ack_no}"
        + (f", your job {job_id}." if job_id else "; you may not have it yet."),
        f"Money from a fraud was credited to accounts at your bank, in {_transfers(hop_count)}:",
        *(_transfer(hop) for hop in hops),
        *([f"And {_transfers(more)} more: I will send you the list."] if more else ()),
        "Please put it on hold now, while I wait.",
        "How much is on hold? Where did the rest go: to which bank, account and reference, or where was it withdrawn?",
        "I do not need a password, a PIN or a one-time code, and our officers never ask for one.",
    )


def where_to_enter(ack_no: str, request_id: UUID) -> str:
    """Return the path to which an officer posts what the bank says."""
    return f"/api/v1/cases/{ack_no}/requests/{request_id}/telephone-answers"


def _transfer(hop: TaskHop) -> str:
    return (
        f"RRN or UTR {hop.reference or 'not known'}: {_exactly(hop.amount_paise)}, {_moment(hop.transferred_at)};"
        f" {_exactly(hop.in_play_paise)} of it is not yet found."
    )


def _transfers(count: int) -> str:
    return f"{count} transfer{'' if count == 1 else 's'}"


def _exactly(paise: int) -> str:
    return rupees(paise, exact=paise % 100 != 0)


def _moment(at: datetime) -> str:
    return f"on {at.astimezone(IST):%d-%m-%Y at %H:%M:%S}"
