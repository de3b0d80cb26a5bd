"""Lines of the victim's bank about the victim's own transfer. Pure.

The bank is asked whether it debited the transfer, from which account, and what else left that account. Its lines move
no money: a person decides about another transfer that it names.
"""

from collections.abc import Sequence
from datetime import timedelta

from schemas.case.answers import NOT_STATED, Claim, HopPosition, PayerAsked, PayerLine
from schemas.enums import ClaimKind, Differing, PayerLineKind
from schemas.identifiers import account_key, names_an_account, reference_key


def payer_lines(
    claim: Claim, asked: Sequence[HopPosition], others: Sequence[HopPosition], index: int
) -> list[PayerLine]:
    """Return the statements of a line of the victim's bank; none if it is another line.

    `asked` are the hops with the line's reference about which this bank is asked as the victim's bank. `others` are all
    hops that the answer may be about: another transfer that a complaint told already is no found one.
    """
    if claim.kind is ClaimKind.REFUSED:
        return [_line(hop, claim, index, PayerLineKind.DENIED) for hop in asked]
    if claim.kind is not ClaimKind.MOVED or claim.takes_rest or not claim.reference:
        return []
    key = reference_key(claim.reference)
    same = [hop for hop in asked if hop.reference_key == key] or [
        hop for hop in others if hop.payer and hop.reference_key == key
    ]
    if same:
        return [_debit(hop, claim, index) for hop in same]
    hop = asked[0]
    if any(other.parent_hop_no is None and other.reference_key == key for other in others):
        return [_line(hop, claim, index, PayerLineKind.KNOWN)]
    differing = tuple(_other_payer(hop, claim))
    line = _line(hop, claim, index, PayerLineKind.FOUND, differing=differing, is_near=_is_near(claim, hop.payer))
    return [line.model_copy(update={"has_exact_time": _has_exact_time(claim)})]


def _debit(hop: HopPosition, claim: Claim, index: int) -> PayerLine:
    differing = tuple(_differing(hop, claim))
    kind = PayerLineKind.DIFFERS if differing else PayerLineKind.CONFIRMED
    assert hop.payer is not None, "the caller has chosen such hops"
    stated = claim.root_account_key
    payer_confirmed = names_an_account(stated) and stated == account_key(hop.payer.holder)
    return _line(hop, claim, index, kind, differing=differing, payer_confirmed=payer_confirmed)


def _differing(hop: HopPosition, claim: Claim) -> list[Differing]:
    """Return what the bank states otherwise than told. What it leaves out is no difference."""
    differing = _other_payer(hop, claim)
    payee = claim.payee
    if payee and payee.account != NOT_STATED and _is_another(account_key(payee.account), hop.account_key):
        differing.append(Differing.ACCOUNT)
    if payee and payee.institution and hop.institution and payee.institution != hop.institution:
        differing.append(Differing.BANK)
    if claim.amount_paise != hop.amount_paise:
        differing.append(Differing.AMOUNT)
    return differing


def _other_payer(hop: HopPosition, claim: Claim) -> list[Differing]:
    assert hop.payer is not None, "the caller has chosen such hops"
    is_another = _is_another(claim.root_account_key, account_key(hop.payer.holder))
    return [Differing.PAYER] if is_another else []


def _is_another(stated: str, ours: str) -> bool:
    """Return whether two accounts differ. A payment address and an account number cannot be compared."""
    if not names_an_account(stated) or not names_an_account(ours):
        return False
    return ("@" in stated) == ("@" in ours) and stated != ours


def _has_exact_time(claim: Claim) -> bool:
    """Return whether the time of a claim is the bank's own and clear. A date alone is flagged."""
    return claim.occurred_at is not None and not any(flag.field == "transaction_datetime" for flag in claim.flags)


def _is_near(claim: Claim, asked: PayerAsked | None) -> bool:
    """Return whether a claim is within the time of `near_seconds` of the told transfer.

    Without a stated time it is not: the time of receipt says nothing of the debit. Such a transfer is only proposed.
    """
    if asked is None or claim.occurred_at is None:
        return False
    return abs(claim.occurred_at - asked.transferred_at) <= timedelta(seconds=asked.near_seconds)


def _line(
    hop: HopPosition,
    claim: Claim,
    index: int,
    kind: PayerLineKind,
    *,
    differing: tuple[Differing, ...] = (),
    payer_confirmed: bool = False,
    is_near: bool = False,
) -> PayerLine:
    assert hop.payer is not None, "the caller has chosen such hops"
    return PayerLine(
        inquiry_id=hop.payer.inquiry_id,
        hop_no=hop.hop_no,
        claim_index=index,
        claim=claim,
        kind=kind,
        differing=differing,
        payer_confirmed=payer_confirmed,
        is_near=is_near,
    )
