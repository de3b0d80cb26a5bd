"""Conversion of a bank's answer lines into the engine's claims."""

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

from adapters.banks.answers import AnswerLine, LineFlag, StatusLine, UnreadableLine, flagged
from domain.banks.directory import Directory
from domain.case.answer_hop import ANOTHER_BANKS_IFSC
from domain.case.complaints import CLOCK_SKEW
from domain.case.known_transfers import is_day_before
from domain.errors import RuleBroken
from domain.policy.model import CodeMeaning, TrailRules
from schemas.base import Flag
from schemas.case.answers import NOT_STATED, Claim, Judgement, Line, PayeeClaim, Reconciliation
from schemas.enums import ClaimKind
from schemas.identifiers import account_key, names_a_transfer, reference_key


class NotItsHop(RuleBroken):
    """A line names a hop that is not part of this hold request."""

    def __init__(self, line_index: int, hop_no: int) -> None:
        super().__init__(f"{hop_no} is not a hop of this hold request")
        self.line_index = line_index
        self.hop_no = hop_no


_CASH = {ClaimKind.WITHDRAWN, ClaimKind.SPENT}
_MARKS = ("rrn", "pos_transaction_id", "approval_code", "cheque_no", "atm_id")


def check_hops(lines: Sequence[Line], asked: Container[int]) -> None:
    """Check that each line is about a hop of the request. Raises `NotItsHop`."""
    for index, line in enumerate(lines):
        if line.hop not in asked:
            raise NotItsHop(index, line.hop)


def to_claims(lines: Iterable[StatusLine], job_id: str, directory: Directory, rules: TrailRules) -> list[Claim]:
    """Return one claim for each line of an answer under `job_id`, in order.

    The policy gives the meaning of status codes, the directory the institutions.
    """
    return [
        _unreadable(line) if isinstance(line, UnreadableLine) else _readable(line, job_id, directory, rules)
        for line in lines
    ]


def with_bank_checked(claim: Claim, institution: str, directory: Directory) -> Claim:
    """Return the claim, flagged if it is a hold of `institution` with the IFSC of another bank for its account."""
    ifsc = claim.raw.get("root_ifsc_code")
    if claim.kind is not ClaimKind.HELD or not isinstance(ifsc, str) or not ifsc.strip():
        return claim
    own, (by_ifsc, _) = directory.get(institution), directory.resolve("", ifsc, "", "root")
    if by_ifsc is None or own is None or {by_ifsc.code, by_ifsc.sponsor} & {own.code, own.sponsor} - {None}:
        return claim
    flag = Flag(field="root_ifsc_code", code=ANOTHER_BANKS_IFSC, message=f"the IFSC belongs to {by_ifsc.code}")
    return claim.model_copy(update={"flags": (*claim.flags, flag)})


def with_dates_checked(outcome: Reconciliation, came_at: Mapping[int, datetime], now: datetime) -> Reconciliation:
    """Return the outcome with a flag on each line that is dated after `now`, or before its money came.

    `came_at` has the times of the transfers by hop. People tell the time of a transfer differently, so the day counts.
    """
    judgements: list[Judgement] = []
    for judged in outcome.judgements:
        claim, came = judged.claim, [came_at[hop_no] for hop_no in judged.hop_nos if hop_no in came_at]
        odd = None
        if claim.occurred_at and claim.occurred_at > now + CLOCK_SKEW:
            odd = flagged("transaction_datetime", LineFlag.IN_THE_FUTURE)
        elif claim.occurred_at and came and is_day_before(claim.occurred_at, min(came)):
            odd = flagged("transaction_datetime", LineFlag.BEFORE_IT_CAME)
        if odd and odd not in claim.flags:
            claim = claim.model_copy(update={"flags": (*claim.flags, odd)})
        judgements.append(judged.model_copy(update={"claim": claim}))
    return outcome.model_copy(update={"judgements": tuple(judgements)})


def _unreadable(line: UnreadableLine) -> Claim:
    return Claim(
        kind=ClaimKind.UNREADABLE,
        natural_key=_key("unreadable", repr(sorted(line.raw.items()))),
        root_reference_key="",
        root_account_key="",
        amount_paise=0,
        claim_paise=0,
        remarks=f"{line.field_name}: {line.reason}",
        raw=line.raw,
    )


def _readable(line: AnswerLine, job_id: str, directory: Directory, rules: TrailRules) -> Claim:
    kind = _kind(line, rules)
    payee, payee_flags = _payee(line, directory) if kind is ClaimKind.MOVED else (None, [])
    tainted_paise = line.disputed_paise or 0
    # A transaction of nothing moves nothing, so an amount of zero is an amount that is not stated.
    amount_paise = line.amount_paise or (0 if kind is ClaimKind.HELD else tainted_paise)
    # A line that places no money belongs to its ticket. The same line about the corrected ticket is a new statement.
    about = job_id if kind in {ClaimKind.REFUSED, ClaimKind.UNKNOWN} else ""
    return Claim(
        kind=kind,
        natural_key=_natural_key(line, payee, about),
        root_reference_key=reference_key(line.root_reference),
        root_account_key=account_key(line.root_account) if line.root_account else "",
        root_account=line.root_account,
        # A hold takes no more than its line disputes.
        amount_paise=min(amount_paise, tainted_paise or amount_paise) if kind is ClaimKind.HELD else amount_paise,
        claim_paise=amount_paise if kind is ClaimKind.HELD else tainted_paise,
        takes_rest=kind is ClaimKind.MOVED and line.takes_rest,
        reference=line.reference if names_a_transfer(line.reference) else "",
        payee=payee,
        occurred_at=line.occurred_at,
        status_code=line.status_code,
        remarks=line.remarks,
        # A bank that finds no account or record has read no balance, so a balance in such a line is ignored.
        balance_paise=None if kind is ClaimKind.REFUSED else line.balance_paise,
        balance_is_free=line.balance_is_free,
        flags=(*line.flags, *payee_flags),
        raw=line.raw,
    )


def _kind(line: AnswerLine, rules: TrailRules) -> ClaimKind:
    """Return the kind of claim. The code has priority over the type: a refused line places no money."""
    meaning = rules.meaning(line.status_code) if line.status_code else CodeMeaning.OK
    if meaning in {CodeMeaning.REFUSED, CodeMeaning.CORRECTION}:
        return ClaimKind.REFUSED
    return ClaimKind.UNKNOWN if meaning is CodeMeaning.REVIEW else line.kind


def _payee(line: AnswerLine, directory: Directory) -> tuple[PayeeClaim, list[Flag]]:
    """Return the payee and its flags.

    The payee's bank code is used if the directory knows it and no IFSC contradicts it. Otherwise the IFSC decides,
    because the money followed it.
    """
    stated = line.payee_bank_code if directory.get(line.payee_bank_code.strip().upper()) else line.payee_bank
    bank, flags = directory.resolve(stated or line.payee_bank_code, line.payee_ifsc, line.payee_account, "payee")
    claim = PayeeClaim(
        institution=bank.code if bank else None,
        institution_as_told=line.payee_bank or line.payee_bank_code or NOT_STATED,
        account=line.payee_account or NOT_STATED,
        ifsc=line.payee_ifsc or None,
    )
    return claim, flags


def _natural_key(line: AnswerLine, payee: PayeeClaim | None, about: str) -> str:
    """Return a key that is equal for two lines with the same meaning. Remarks and contacts do not count."""
    moment = line.occurred_at.isoformat() if line.occurred_at else line.time_text
    return _key(
        line.type_code,
        reference_key(line.root_reference),
        account_key(line.root_account) if line.root_account else "",
        # A reference alone identifies a transaction, however its time is written.
        *((reference_key(line.reference), "") if names_a_transfer(line.reference) else (_marks(line), moment)),
        str(line.amount_paise),
        str(line.disputed_paise),
        line.status_code,
        f"{payee.institution}|{account_key(payee.account)}" if payee else "",
        about,
    )


def _marks(line: AnswerLine) -> str:
    """Return the marks that distinguish withdrawals without a reference, such as two equal cheques of one day."""
    if line.kind not in _CASH:
        return ""
    return "|".join(reference_key(line.details.get(name, "")) for name in _MARKS)


def _key(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
