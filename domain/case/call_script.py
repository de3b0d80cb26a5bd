"""Call script of an officer to a bank about one hold request, read out line by line.

As in a letter, no victim and no account is named. The bank finds a transfer by reference, amount and time.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from domain.rupees import rupees
from domain.text_tables import Table, tables_of
from schemas.case.request_views import TaskHop
from schemas.enums import Language
from schemas.text import IST

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
