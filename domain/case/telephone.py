"""Calls to banks: what the desk says, and what a bank answers by telephone.

Call script of an officer to a bank about one hold request, read out line by line. As in a letter, no victim and no
account is named. The bank finds a transfer by reference, amount and time. `answer_hop` has the rule for a later answer
about the same money.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.errors.case import CallBackTooFar, ToldBeforeRequest
from domain.errors.restoration import TimeInFuture
from domain.rupees import rupees
from domain.text_tables import Table, tables_of
from schemas.base import Flag
from schemas.case.answers import Booked, Reconciliation
from schemas.case.request_views import TaskHop
from schemas.enums import Bucket, ClaimKind, Language
from schemas.text import IST

BY_TELEPHONE: Final = Flag(
    field="line", code="by_telephone", message="told by telephone and entered by an officer, not over a channel"
)
NUMBER_UNKNOWN: Final = Flag(
    field="line", code="number_unknown", message="told on a number that the directory does not have for this bank"
)
CLOCK_SKEW: Final = timedelta(minutes=5)
"""how much the clock of an officer may differ"""
COUNTED_DIGITS: Final = 10
"""digits at the end by which two numbers are compared: country code and leading zeros are written or not"""
_DIGITS_MIN: Final = 5
_KINDS: Final = {Bucket.HELD: ClaimKind.HELD, Bucket.WITHDRAWN: ClaimKind.WITHDRAWN, Bucket.SPENT: ClaimKind.SPENT}


_GONE: Final = frozenset({Bucket.WITHDRAWN, Bucket.SPENT, Bucket.UNTRACED, Bucket.REFUSED})


def is_known_number(number: str, known: Iterable[str]) -> bool:
    """Return whether a number is one of those that the directory has for the bank."""
    called = _comparable(number)
    return bool(called) and any(called == _comparable(entry) for entry in known)


def flags_of(*, number_is_known: bool) -> tuple[Flag, ...]:
    """Return the flags of every line of a telephone answer."""
    return (BY_TELEPHONE,) if number_is_known else (BY_TELEPHONE, NUMBER_UNKNOWN)


def check_times(
    told_at: datetime, calls_back_at: datetime | None, requested_at: datetime, now: datetime, within_seconds: float
) -> datetime:
    """Return the time at which the bank spoke, at most `now`.

    Raises `NotNow` for a call in the future or before the request, and for a call-back that is not to come within the
    time of the policy.
    """
    if told_at > now + CLOCK_SKEW:
        raise TimeInFuture("told_at")
    if told_at < requested_at - CLOCK_SKEW:
        raise ToldBeforeRequest(requested_at)
    if calls_back_at is not None and not now < calls_back_at <= now + timedelta(seconds=within_seconds):
        raise CallBackTooFar(now + timedelta(seconds=within_seconds))
    return min(told_at, now)


def booked_by(outcome: Reconciliation) -> list[Booked]:
    """Return the money of each hop that an answer by telephone books, by kind, in order."""
    sums: dict[tuple[int, ClaimKind], int] = {}
    for entry in outcome.entries:
        if entry.bucket in _KINDS and entry.amount_paise > 0:
            key = (entry.hop_no, _KINDS[entry.bucket])
            sums[key] = sums.get(key, 0) + entry.amount_paise
    sums |= {(hop.hop_no, ClaimKind.MOVED): hop.disputed_paise for hop in outcome.new_hops}
    sums |= {(hop.hop_no, ClaimKind.MOVED): hop.more_paise for hop in outcome.confirmed if hop.more_paise}
    return [Booked(hop_no=hop_no, kind=kind, paise=paise) for (hop_no, kind), paise in sorted(sums.items())]


def hops_left(outcome: Reconciliation) -> set[int]:
    """Return the hops of which an answer says that money is withdrawn, spent, untraced, moved, or was never there."""
    gone = {entry.hop_no for entry in outcome.entries if entry.bucket in _GONE and entry.amount_paise > 0}
    moved = [line for line in outcome.judgements if line.claim.kind is ClaimKind.MOVED and line.applied_paise]
    return gone.union(*(line.hop_nos for line in moved))


def _comparable(number: str) -> str:
    digits = "".join(sign for sign in number if sign.isdecimal() and sign.isascii()).lstrip("0")
    return digits[-COUNTED_DIGITS:] if len(digits) >= _DIGITS_MIN else ""


JOB_WHOLE_CHARS: Final = 12
"""longest job number that is read out whole"""
JOB_END_CHARS: Final = 6
"""letters and digits of a longer one that are read out"""
JOB_GROUP_CHARS: Final = 3

_TEXTS: Final = tables_of("calls")


def what_to_say(
    ack_no: str, job_id: str | None, hops: Sequence[TaskHop], hop_count: int, language: Language = Language.EN
) -> tuple[str, ...]:
    """Return the script for the hops with the most in play, of `hop_count` in all; empty without hops."""
    if not hops:
        return ()
    texts, more = _TEXTS[language], hop_count - len(hops)
    job = _job(texts, job_id) if job_id else texts["no_job"]
    return (
        texts["begin"].format(ack_no=ack_no, job=job),
        _counted(texts, "money", hop_count),
        *(_transfer(texts, hop) for hop in hops),
        *([_counted(texts, "more", more)] if more else ()),
        texts["hold"],
        texts["ask"],
        texts["safe"],
    )


def where_to_enter(ack_no: str, request_id: UUID) -> str:
    """Return the path to which an officer posts what the bank says."""
    return f"/api/v1/cases/{ack_no}/requests/{request_id}/telephone-answers"


def _job(texts: Table, job_id: str) -> str:
    """Return the job as it is read out: a long number by its last letters and digits, in groups."""
    if len(job_id) <= JOB_WHOLE_CHARS:
        return texts["job"].format(job_id=job_id)
    end = "".join(sign for sign in job_id if sign.isalnum())[-JOB_END_CHARS:]
    groups = " ".join(end[at : at + JOB_GROUP_CHARS] for at in range(0, len(end), JOB_GROUP_CHARS))
    return texts["job_end"].format(job_id=groups)


def _transfer(texts: Table, hop: TaskHop) -> str:
    at = hop.transferred_at.astimezone(IST)
    return texts["transfer"].format(
        reference=hop.reference or texts["no_reference"],
        amount=_exactly(hop.amount_paise),
        day=f"{at:%d-%m-%Y}",
        time=f"{at:%H:%M:%S}",
        in_play=_exactly(hop.in_play_paise),
    )


def _counted(texts: Table, name: str, count: int) -> str:
    return texts[f"{name}_one" if count == 1 else f"{name}_many"].format(count=count)


def _exactly(paise: int) -> str:
    return rupees(paise, exact=paise % 100 != 0)
