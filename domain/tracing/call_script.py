"""What an officer says to a bank on the telephone about one hold request: read out, a line at a time.

As in a letter, no victim is named and no account: the bank finds a transfer by its reference, sum and time.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.rupees import rupees
from schemas.text import IST
from schemas.tracing.views import TaskHop


def what_to_say(ack_no: str, job_id: str | None, hops: Sequence[TaskHop], hop_count: int) -> tuple[str, ...]:
    """About the hops of a request that have the most in play, of `hop_count` that have any; nothing where none has."""
    if not hops:
        return ()
    more = hop_count - len(hops)
    return (
        f"This is the cyber crime police, about a hold request: acknowledgement {ack_no}"
        + (f", your job {job_id}." if job_id else "; you may not have it yet."),
        f"Money of a fraud came to accounts at your bank, by {_transfers(hop_count)}:",
        *(_transfer(hop) for hop in hops),
        *([f"And {_transfers(more)} more: I shall send you the list."] if more else ()),
        "Please put it on hold now, while I wait.",
        "How much is on hold? Where did the rest go: to which bank, account and reference, or where was it taken out?",
        "I do not need a password, a PIN or a one-time code, and nobody of ours ever asks for one.",
    )


def _transfer(hop: TaskHop) -> str:
    return (
        f"RRN or UTR {hop.reference or 'not known'}: {_exactly(hop.amount_paise)}, {_moment(hop.transferred_at)};"
        f" {_exactly(hop.in_play_paise)} of it to be found."
    )


def _transfers(count: int) -> str:
    return f"{count} transfer{'' if count == 1 else 's'}"


def _exactly(paise: int) -> str:
    return rupees(paise, exact=paise % 100 != 0)


def _moment(at: datetime) -> str:
    return f"on {at.astimezone(IST):%d-%m-%Y at %H:%M:%S}"
