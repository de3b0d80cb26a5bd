"""Hops that wait for the desk, corrected from a later complaint about the same transfer."""

from activities.cases.desk import brief_of, write_correction
from activities.cases.transaction import CaseTransaction
from db.cases import hops
from db.cases.hops import HopRow
from domain.errors import NotNow
from domain.errors.cases import TransferBusy
from domain.intake.known_transfers import same_day
from domain.tracing.trail import first_state
from schemas.enums import HopState
from schemas.identifiers import account_key, names_an_account, reference_key
from schemas.intake import Transfer
from schemas.outbox.case import HopBrief, HopRef

WAITING = frozenset({HopState.CORRECTION, HopState.UNROUTABLE})


async def correct_waiting(
    work: CaseTransaction, hop_no: int, told: Transfer, institution: str | None, ack_no: str
) -> tuple[HopBrief, HopRef] | None:
    """Correct a hop that waits for the desk as complaint `ack_no` states it; its bank is asked at once.

    Returns the hop as the workflow asks about it, and the revision that this ends. Returns None if the hop does not
    wait, if the complaint says nothing new, or if the hop cannot be corrected now. The amount is the desk's to correct,
    because one complaint alone raises no loss. Raises `TransferBusy`.
    """
    hop = await hops.get(work.connection, work.case_no, hop_no)
    corrected = _corrected(hop, told, institution) if hop.state in WAITING else None
    if corrected is None:
        return None
    extra = {"fields": _fields(hop, corrected), "reason": f"complaint {ack_no} tells it so"}
    try:
        async with work.connection.transaction():
            await write_correction(work, hop, corrected, extra, told_in=ack_no)
    except TransferBusy:
        raise
    except NotNow:
        return None
    brief = await brief_of(work, corrected)
    return (brief, HopRef(hop_no=hop_no, revision=hop.revision)) if brief else None


def _corrected(hop: HopRow, told: Transfer, institution: str | None) -> HopRow | None:
    """Return the hop as the later complaint states it, or None without news or a known bank."""
    changed: dict[str, object] = {}
    payee, account = told.payee, account_key(told.payee.holder)
    if institution and (hop.institution != institution or (names_an_account(account) and account != hop.account_key)):
        changed |= {
            "institution": institution,
            "payee_institution_as_told": payee.institution,
            "payee_ifsc": payee.ifsc,
        }
        if names_an_account(account):
            changed |= {"payee_holder": payee.holder, "account_key": account}
    if not hop.reference:
        changed |= {"reference": told.reference, "reference_key": reference_key(told.reference)}
    if not same_day(hop.transferred_at, told.transferred_at):
        changed["transferred_at"] = told.transferred_at
    if not changed or not (institution or hop.institution):
        return None
    state = first_state(routable=True, reference=hop.reference or told.reference)
    return hop.model_copy(update={**changed, "state": state, "revision": hop.revision + 1})


def _fields(hop: HopRow, corrected: HopRow) -> list[str]:
    names = {"institution": "bank", "account_key": "account", "reference": "reference", "transferred_at": "date"}
    return [said for name, said in names.items() if getattr(hop, name) != getattr(corrected, name)]
