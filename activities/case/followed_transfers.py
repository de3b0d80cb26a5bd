"""Found transfers that are followed before an officer decides: money outside the loss, until the officer accepts it.

Money of a second transfer leaves within minutes, and the victim is asked later. One bank's statement opens the hop, and
never makes the loss larger. A restoration of such money is not approved before an officer has accepted the transfer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activities.case.hop_steps import key_of
from activities.case.transaction import CaseTransaction
from db.case import cases, events, hops, intake, ledger, payer_inquiries
from db.case.payer_inquiries import FoundRow, NewFound
from domain.case.ledger import found_entries, move_between
from domain.case.missing_dates import no_date_flag
from domain.case.trail import first_state
from schemas.base import Flag
from schemas.enums import Bucket, HopSource, HopState
from schemas.events import EventKind
from schemas.identifiers import account_key

FOUND_BY_BANK: Final = Flag(
    field="transfer",
    code="found_by_payers_bank",
    message="only the victim's bank names this transfer: an officer accepts it, or has it withdrawn",
)


@dataclass(frozen=True)
class Followable:
    """A new found transfer that may be followed at once, beside the told hop `hop_no`."""

    found_id: int
    hop_no: int
    found: NewFound


async def follow(work: CaseTransaction, new: Sequence[Followable], last_hop_no: int) -> list[hops.HopRow]:
    """Open a hop for each of these transfers that no case has, outside the loss; return the hops.

    It is part of the intake of an answer. `last_hop_no` is the highest hop number that the answer has used. What is not
    followed is still proposed to the desk.
    """
    opened: list[hops.HopRow] = []
    for one in new:
        hop = await _to_follow(work, one, last_hop_no + len(opened) + 1)
        if hop is not None:
            await _open(work, one, hop)
            opened.append(hop)
    if opened:
        await cases.give_out_hops(work.connection, work.case_no, opened[-1].hop_no)
    return opened


async def _to_follow(work: CaseTransaction, one: Followable, hop_no: int) -> hops.HopRow | None:
    """Return the hop of a found transfer, or None if it cannot be followed now."""
    connection, policy = work.connection, work.ctx.policy
    if hop_no > policy.trail.max_hops or await hops.is_withdrawn(connection, work.case_no, one.hop_no):
        return None
    if await payer_inquiries.followed_count(connection, one.found.inquiry_id) >= policy.payer_bank.follow_most:
        return None
    hop = hop_of(one.found, await hops.get(connection, work.case_no, one.hop_no), hop_no)
    if hop.state is not HopState.OPEN:
        return None
    # No waiting for this lock: a complaint that holds it may be waiting for the case row, which we hold.
    if not await intake.try_lock(connection, intake.lock_of_transfer(hop.reference)):
        return None
    if await intake.place_of_transfer(connection, key_of(hop)) is not None:
        return None
    return hop.model_copy(update={"flags": (*hop.flags, FOUND_BY_BANK)})


async def _open(work: CaseTransaction, one: Followable, hop: hops.HopRow) -> None:
    connection, case_no = work.connection, work.case_no
    await hops.insert(connection, case_no, work.now, [hop])
    await intake.register_transfers(connection, case_no, [key_of(hop)], [hop.hop_no])
    entries = found_entries(hop.hop_no, hop.amount_paise)
    await ledger.post(connection, case_no, "transfer_followed", f"followed|{one.found_id}", work.now, entries)
    await payer_inquiries.followed(connection, one.found_id, hop.hop_no)
    await work.log(
        EventKind.FOUND_TRANSFER_FOLLOWED,
        hop_no=hop.hop_no,
        found_id=one.found_id,
        institution=hop.institution,
        told_hop_no=one.hop_no,
        placed=events.placed(entries),
    )


async def accept(work: CaseTransaction, found: FoundRow, reason: str) -> int:
    """Count a followed transfer as lost, by an officer's decision; return its hop."""
    hop_no = found.followed_hop_no
    assert hop_no is not None, "the caller has checked it"
    balances = await ledger.balances(work.connection, work.case_no, hop_no)
    entries = move_between(hop_no, Bucket.LOST, Bucket.PROPOSED, -balances[Bucket.PROPOSED])
    key = f"found|{found.found_id}"
    await ledger.post(work.connection, work.case_no, "transfer_found", key, work.now, entries)
    await work.log(
        EventKind.FOUND_TRANSFER_TAKEN,
        hop_no=hop_no,
        found_id=found.found_id,
        institution=found.payee_institution,
        told_hop_no=found.hop_no,
        placed=events.placed(entries),
        reason=reason,
    )
    return hop_no


def hop_of(found: NewFound, told: hops.HopRow, hop_no: int) -> hops.HopRow:
    """Return the hop of a found transfer, beside the told one.

    The payer is the told one, because the bank was asked about that payer.
    """
    flags = () if found.occurred_at else (no_date_flag("the statement of the victim's bank"),)
    return told.model_copy(
        update={
            "hop_no": hop_no,
            "revision": 0,
            "source": HopSource.COMPLAINT,
            "state": first_state(routable=found.payee_institution is not None, reference=found.reference, flags=flags),
            "institution": found.payee_institution,
            "payee_institution_as_told": found.payee_institution_as_told,
            "payee_holder": found.payee_account,
            "payee_ifsc": found.payee_ifsc,
            "account_key": account_key(found.payee_account),
            "reference": found.reference,
            "reference_key": found.reference_key,
            "amount_paise": found.amount_paise,
            "disputed_paise": found.amount_paise,
            "transferred_at": found.occurred_at or told.transferred_at,
            "opened_by_answer": None,
            "flags": flags,
        }
    )
