"""Corrections of hops: the corrected figures, and the next question to the bank."""

from collections.abc import Mapping, Sequence

from activities.case.hop_steps import key_of, notify_workflow, register_transfer, withdraw_from_request
from activities.case.merged_answers import refuse_live_elsewhere
from activities.case.transaction import CaseTransaction
from db.case import events, hops, intake, ledger
from db.pool import Connection
from domain.case.ledger import move_between
from domain.case.trail import tasks_before_asking
from domain.errors.case import AmountAlreadyPlaced, HopClosed, HopOnHold, TransferBusy, TransferKnown
from schemas.case.answers import Entry
from schemas.case.case_workflow import FollowUp, HopRef
from schemas.enums import Bucket, HopSource, HopState, TaskKind
from schemas.events import EventKind


async def apply_correction(
    work: CaseTransaction, hop: hops.HopRow, corrected: hops.HopRow, extra: Mapping[str, object]
) -> FollowUp:
    """Write a corrected hop, and have its bank asked again. Raises as `write_correction`."""
    await write_correction(work, hop, corrected, extra)
    closed = [HopRef(hop_no=hop.hop_no, revision=hop.revision)]
    return await notify_workflow(work, reopened=[corrected], closed=closed)


async def write_correction(
    work: CaseTransaction,
    hop: hops.HopRow,
    corrected: hops.HopRow,
    extra: Mapping[str, object],
    told_in: str | None = None,
) -> None:
    """Write a corrected hop. The caller notifies the workflow.

    `extra` is added to the event's data, and `told_in` is the complaint that corrects it. Raises `NotNow` when
    the transfer is another hop's, when a merged case has it, when the hop is withdrawn, or when money of it is on hold
    at another account than the corrected one.
    """
    connection, case_no, hop_no = work.connection, work.case_no, hop.hop_no
    back = await _closed_again_in_play(connection, case_no, hop, corrected) if hop.state is HopState.CLOSED else []
    if hop.institution and (hop.institution, hop.account_key) != (corrected.institution, corrected.account_key):
        await _refuse_held(connection, case_no, hop_no)
    await refuse_live_elsewhere(work, corrected)
    entries = back + await _correct_amount(connection, case_no, hop, corrected, back)
    withdrawn = await withdraw_from_request(work, hop)
    is_victims = hop.source is HopSource.COMPLAINT
    await hops.correct(
        connection, case_no, hop, corrected, work.now, work.actor, told_in=told_in, forget_retries=is_victims
    )
    key = f"correct|{case_no}|{hop_no}|{corrected.revision}"
    await ledger.post(connection, case_no, "correction", key, work.now, entries)
    if is_victims:
        await _register_victims(connection, case_no, hop_no, key_of(corrected))
        known: dict[str, str] = {}
    else:
        known = await register_transfer(work, corrected)
    kinds = (TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION, TaskKind.READ_ANSWER)
    await work.close_hop_tasks([hop_no], kinds, "corrected")
    await work.ask(*tasks_before_asking(hop_no, corrected.state, corrected.flags))
    await work.log(
        EventKind.HOP_CORRECTED,
        hop_no=hop_no,
        revision=corrected.revision,
        institution=corrected.institution,
        placed=events.placed(entries),
        withdrawn_from=withdrawn,
        **known,
        **extra,
    )


async def _closed_again_in_play(
    connection: Connection, case_no: str, hop: hops.HopRow, corrected: hops.HopRow
) -> list[Entry]:
    """Return the entries that put a closed hop's refused money back in play; none if only its amount is raised.

    Raises `NotNow` if it has no such money, if it is withdrawn, and if it counts in a merged case.
    """
    if hop.source is not HopSource.COMPLAINT:
        # Another bank reported this transfer, so its refusal is a discrepancy, and the resolution asks again.
        raise HopClosed(hop.hop_no)
    await hops.refuse_left(connection, case_no, hop.hop_no)
    if refused_paise := (await ledger.balances(connection, case_no, hop.hop_no)).get(Bucket.REFUSED, 0):
        return list(move_between(hop.hop_no, Bucket.REFUSED, Bucket.IN_PLAY, refused_paise))
    same_payee = (hop.institution, hop.account_key) == (corrected.institution, corrected.account_key)
    if not same_payee or corrected.disputed_paise <= hop.disputed_paise:
        raise HopClosed(hop.hop_no)
    return []


async def _refuse_held(connection: Connection, case_no: str, hop_no: int) -> None:
    """Raise `NotNow` if money of the hop is on hold.

    A hold belongs to its account: at another one it would have no clock, and its holder no appeal.
    """
    balances = await ledger.balances(connection, case_no, hop_no)
    if held_paise := balances.get(Bucket.HELD, 0):
        raise HopOnHold(hop_no, held_paise)


async def _register_victims(connection: Connection, case_no: str, hop_no: int, key: str) -> None:
    """Register a victim's transfer, if the hop has it not yet.

    Raises `NotNow` if another hop has this transfer, because the loss would count twice.
    """
    # No waiting for this lock: a complaint that holds it may be waiting for the case row, which we hold.
    known = await intake.lock_and_place(connection, key)
    if not known.locked:
        raise TransferBusy
    if known.place is None:
        if await intake.register_transfers(connection, case_no, [key], [hop_no]):
            raise TransferBusy
    elif known.place != (case_no, hop_no):
        raise TransferKnown(*known.place)


async def _correct_amount(
    connection: Connection, case_no: str, hop: hops.HopRow, corrected: hops.HopRow, back: Sequence[Entry]
) -> list[Entry]:
    """Return the entries that correct the loss; none if the disputed amount stays the same.

    `back` has the entries by which refused money comes back in play at the same time.
    """
    more_paise = corrected.disputed_paise - hop.disputed_paise
    if more_paise == 0:
        return []
    balances = await ledger.balances(connection, case_no, hop.hop_no)
    back_paise = sum(entry.amount_paise for entry in back if entry.bucket is Bucket.IN_PLAY)
    if balances.get(Bucket.IN_PLAY, 0) + back_paise + more_paise <= 0:
        raise AmountAlreadyPlaced(hop.hop_no, corrected.amount_paise)
    # Of a transfer that no officer has accepted yet, no part counts as lost.
    contra = Bucket.PROPOSED if balances.get(Bucket.PROPOSED) else Bucket.LOST
    return list(move_between(hop.hop_no, contra, Bucket.IN_PLAY, more_paise))
