"""Call script of an officer to a bank about one hold request, read out line by line.

As in a letter, no victim and no account is named. The bank finds a transfer by reference, amount and time.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from domain.rupees import rupees
from schemas.enums import Language
from schemas.text import IST
from schemas.tracing.views import TaskHop

JOB_WHOLE_CHARS: Final = 12
"""longest job number that is read out whole"""
JOB_END_CHARS: Final = 6
"""letters and digits of a longer one that are read out"""
JOB_GROUP_CHARS: Final = 3

_ENGLISH: Final[Mapping[str, str]] = {
    "begin": "This is the cyber crime police, about a hold request: acknowledgement {ack_no}{job}",
    "job": ", your job {job_id}.",
    "job_end": ", your job with the number that ends in {job_id}.",
    "no_job": "; you may not have it yet.",
    "money_one": "Money from a fraud was credited to accounts at your bank, in {count} transfer:",
    "money_many": "Money from a fraud was credited to accounts at your bank, in {count} transfers:",
    "transfer": "RRN or UTR {reference}: {amount}, on {day} at {time}; {in_play} of it is not yet found.",
    "no_reference": "not known",
    "more_one": "And {count} transfer more: I will send you the list.",
    "more_many": "And {count} transfers more: I will send you the list.",
    "hold": "Please put it on hold now, while I wait.",
    "ask": (
        "How much is on hold? Where did the rest go: to which bank, account and reference, or where was it withdrawn?"
    ),
    "safe": "I do not need a password, a PIN or a one-time code, and our officers never ask for one.",
}
_HINDI: Final[Mapping[str, str]] = {
    "begin": "मैं साइबर अपराध पुलिस से बोल रहा/रही हूँ, राशि रोकने के एक अनुरोध के बारे में: पावती संख्या {ack_no}{job}",
    "job": ", आपका जॉब {job_id}।",
    "job_end": ", आपका वह जॉब जिसकी संख्या के अंत में {job_id} है।",
    "no_job": "; हो सकता है यह अभी आपको न मिला हो।",
    "money_one": "ठगी की राशि आपके बैंक के खातों में {count} लेन-देन से आई है:",
    "money_many": "ठगी की राशि आपके बैंक के खातों में {count} लेन-देन से आई है:",
    "transfer": "RRN या UTR {reference}: {amount}, {day} को {time} बजे; इसमें से {in_play} का अभी पता नहीं है।",
    "no_reference": "ज्ञात नहीं",
    "more_one": "और {count} लेन-देन: उसकी सूची मैं आपको भेज दूँगा/दूँगी।",
    "more_many": "और {count} लेन-देन: उनकी सूची मैं आपको भेज दूँगा/दूँगी।",
    "hold": "कृपया इसे अभी रोकें, मैं लाइन पर हूँ।",
    "ask": "कितनी राशि पर रोक लग गई? शेष कहाँ गई: किस बैंक, खाते और संदर्भ में, या कहाँ से निकाली गई?",
    "safe": "मुझे पासवर्ड, PIN या OTP नहीं चाहिए; हमारे अधिकारी इन्हें कभी नहीं माँगते।",
}
_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {Language.EN: _ENGLISH, Language.HI: _HINDI}


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


def _job(texts: Mapping[str, str], job_id: str) -> str:
    """Return the job as it is read out: a long number by its last letters and digits, in groups."""
    if len(job_id) <= JOB_WHOLE_CHARS:
        return texts["job"].format(job_id=job_id)
    end = "".join(sign for sign in job_id if sign.isalnum())[-JOB_END_CHARS:]
    groups = " ".join(end[at : at + JOB_GROUP_CHARS] for at in range(0, len(end), JOB_GROUP_CHARS))
    return texts["job_end"].format(job_id=groups)


def _transfer(texts: Mapping[str, str], hop: TaskHop) -> str:
    at = hop.transferred_at.astimezone(IST)
    return texts["transfer"].format(
        reference=hop.reference or texts["no_reference"],
        amount=_exactly(hop.amount_paise),
        day=f"{at:%d-%m-%Y}",
        time=f"{at:%H:%M:%S}",
        in_play=_exactly(hop.in_play_paise),
    )


def _counted(texts: Mapping[str, str], name: str, count: int) -> str:
    return texts[f"{name}_one" if count == 1 else f"{name}_many"].format(count=count)


def _exactly(paise: int) -> str:
    return rupees(paise, exact=paise % 100 != 0)
