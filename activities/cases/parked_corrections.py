"""Hops that wait for the desk, corrected from a later complaint about the same transfer."""

from dataclasses import dataclass

from activities.cases.desk import brief_of, write_correction
from activities.cases.transaction import CaseTransaction
from db.cases import hops, ledger
from db.cases.hops import HopRow
from domain.errors import NotNow
from domain.errors.cases import TransferBusy
from domain.intake.known_transfers import same_day
from domain.tracing.missing_dates import missing_date, with_date
from domain.tracing.trail import first_state
from schemas.enums import Bucket, HopState
from schemas.identifiers import account_key, names_an_account, reference_key
from schemas.intake import Transfer
from schemas.outbox.case import HopBrief, HopRef

WAITING = frozenset({HopState.CORRECTION, HopState.UNROUTABLE})


@dataclass(frozen=True)
class Told:
    """A known transfer as a later complaint tells it."""

    transfer: Transfer
    institution: str | None
    """code of the payee's bank; None if the directory has none"""
    ack_no: str
    other_payer: bool
    """the complaint names another payer than the hop"""


async def correct_waiting(work: CaseTransaction, hop_no: int, told: Told) -> tuple[HopBrief, HopRef] | None:
    """Correct a hop that waits for the desk as the complaint states it; its bank is asked at once.

    Returns the hop as the workflow asks about it, and the revision that this ends. Returns None if the hop does not
    wait, if the complaint says nothing new, or if the hop cannot be corrected now. The amount is the desk's to correct,
    because one complaint alone raises no loss. Raises `TransferBusy`.
    """
    hop = await hops.get(work.connection, work.case_no, hop_no)
    if hop.state not in WAITING:
        return None
    corrected = _corrected(hop, told, nothing_placed=await _nothing_placed(work, hop))
    if corrected is None:
        return None
    extra = {"fields": _fields(hop, corrected), "reason": f"complaint {told.ack_no} tells it so"}
    try:
        async with work.connection.transaction():
            await write_correction(work, hop, corrected, extra, told_in=told.ack_no)
    except TransferBusy:
        raise
    except NotNow:
        return None
    brief = await brief_of(work, corrected)
    return (brief, HopRef(hop_no=hop_no, revision=hop.revision)) if brief else None


async def _nothing_placed(work: CaseTransaction, hop: HopRow) -> bool:
    """Return whether nobody has placed any money of the hop, or sent it on."""
    balances = await ledger.balances(work.connection, work.case_no, hop.hop_no)
    return balances.get(Bucket.IN_PLAY, 0) + balances.get(Bucket.REFUSED, 0) == hop.disputed_paise


def _corrected(hop: HopRow, told: Told, *, nothing_placed: bool) -> HopRow | None:
    """Return the hop as the later complaint states it, or None without news or a known bank."""
    transfer = told.transfer
    changed = _payee(hop, told) if nothing_placed else {}
    if not hop.reference:
        changed |= {"reference": transfer.reference, "reference_key": reference_key(transfer.reference)}
    if missing_date(hop.flags) or not same_day(hop.transferred_at, transfer.transferred_at):
        changed |= {"transferred_at": transfer.transferred_at, "flags": with_date(hop.flags)}
    if not changed:
        return None
    corrected = hop.model_copy(update={**changed, "revision": hop.revision + 1})
    if not corrected.institution:
        return None
    state = first_state(routable=True, reference=corrected.reference, flags=corrected.flags)
    return corrected.model_copy(update={"state": state})


def _payee(hop: HopRow, told: Told) -> dict[str, object]:
    """Return what the complaint changes of the receiving bank and account.

    Another payer's complaint only adds what is missing. Else anybody could move the victim's money to an account of his
    own choice.
    """
    payee, account = told.transfer.payee, account_key(told.transfer.payee.holder)
    if not told.institution:
        return {}
    other_bank = told.institution != hop.institution and (not hop.institution or not told.other_payer)
    other_account = account != hop.account_key and (not names_an_account(hop.account_key) or not told.other_payer)
    changed: dict[str, object] = {}
    if other_bank:
        changed |= {
            "institution": told.institution,
            "payee_institution_as_told": payee.institution,
            "payee_ifsc": payee.ifsc,
        }
    if other_account and names_an_account(account) and changed.get("institution", hop.institution) == told.institution:
        changed |= {"payee_holder": payee.holder, "account_key": account, "payee_ifsc": payee.ifsc}
    return changed


def _fields(hop: HopRow, corrected: HopRow) -> list[str]:
    names = {
        "institution": "bank",
        "account_key": "account",
        "reference": "reference",
        "transferred_at": "date",
        "flags": "date",
    }
    return list(dict.fromkeys(said for name, said in names.items() if getattr(hop, name) != getattr(corrected, name)))
