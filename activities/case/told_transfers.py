"""Transfers as complaints state them, and those that are followed already.

Found transfers that are followed before an officer decides: money outside the loss, until the officer accepts it. Money
of a second transfer leaves within minutes, and the victim is asked later. One bank's statement opens the hop, and never
makes the loss larger. A restoration of such money is not approved before an officer has accepted the transfer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from activities.case.hop_steps import key_of
from activities.case.transaction import CaseTransaction
from activities.context import Context
from db.case import cases, events, hops, intake, ledger, payer_inquiries
from db.case.intake import KnownTransfer, Move
from db.case.payer_inquiries import FoundRow, NewFound
from db.case.told_transfers import ToldRow
from domain.case.known_transfers import Statement, differing, far_apart, find, flags_of
from domain.case.ledger import found_entries, move_between
from domain.case.resolution import no_date_flag
from domain.case.trail import first_state
from schemas.base import Flag
from schemas.case.intake import Complaint, Transfer
from schemas.enums import AnswerClass, Bucket, Differing, HopSource, HopState
from schemas.events import EventKind
from schemas.identifiers import account_key, reference_key


@dataclass(frozen=True)
class Row:
    """A transfer of a complaint, with the bank that the directory finds for it."""

    index: int
    transfer: Transfer
    institution: str | None
    answer_class: AnswerClass
    statement: Statement

    @property
    def key(self) -> str:
        """Return the identity of the transfer."""
        return self.statement.key

    @property
    def move(self) -> Move | None:
        """Return what a hop without a reference is known by; None if the directory has no bank for it."""
        stated = self.statement
        if self.institution is None:
            return None
        return self.institution, stated.account_key, stated.payer_key, stated.amount_paise


@dataclass(frozen=True)
class SortedRows:
    """The rows of a complaint: those that become hops, and for the others what they are already."""

    fresh: list[Row]
    matched: list[Row]
    """rows whose transfer is registered"""
    known: dict[int, KnownTransfer]
    """by index of the row"""
    repeats: dict[int, int]
    """index of a row, and of the earlier fresh row that is the same transfer"""
    differing: dict[int, tuple[Differing, ...]]
    flags: list[Flag]

    @property
    def cases(self) -> dict[int, str]:
        """Return the case of each known row, by its index."""
        return {index: known.case_no for index, known in self.known.items()}

    def most_paise(self, known: KnownTransfer) -> int:
        """Return the largest amount that the complaint tells of this transfer at its bank; zero without one."""
        same = [row for row in self.matched if self.known[row.index] is known]
        at_bank = [row for row in same if Differing.BANK not in self.differing.get(row.index, ())]
        return max((row.statement.amount_paise for row in at_bank), default=0)

    def hops_of(self, case_no: str) -> list[int]:
        """Return the hops of this case that the complaint names."""
        return [known.hop_no for known in self.known.values() if known.case_no == case_no]


_REPEATED = Flag(field="transfers", code="repeated_row", message="the same transfer is listed twice and counts once")


def read_transfers(ctx: Context, complaint: Complaint) -> tuple[list[Row], list[Flag]]:
    """Resolve the payee institutions."""
    directory = ctx.directory.current
    rows: list[Row] = []
    flags: list[Flag] = []
    for index, transfer in enumerate(complaint.transfers):
        payee = transfer.payee
        institution, odd = directory.resolve(payee.institution, payee.ifsc, payee.holder, f"transfers[{index}].payee")
        flags += odd
        code = institution.code if institution else None
        answer_class = institution.answer_class if institution else AnswerClass.MAIL
        payer = transfer.payer
        statement = Statement(
            reference_key=reference_key(transfer.reference),
            bank=code or payee.institution,
            account_key=account_key(payee.holder),
            vpa_keys=frozenset({account_key(payee.vpa_beside)} if payee.vpa_beside else ()),
            payer_bank=_bank(ctx, payer.institution, payer.ifsc, payer.holder),
            payer_key=account_key(payer.holder),
            amount_paise=transfer.amount_paise,
            transferred_at=transfer.transferred_at,
        )
        rows.append(Row(index, transfer, code, answer_class, statement))
    return rows, flags


def _bank(ctx: Context, stated: str, ifsc: str | None, holder: str) -> str:
    bank, _ = ctx.directory.current.resolve(stated, ifsc, holder, "payer")
    return bank.code if bank else ""


def sort_rows(ctx: Context, rows: Sequence[Row], registered: Sequence[KnownTransfer]) -> SortedRows:
    """Find the rows that are new transfers. A transfer that is known, or listed before, becomes no second hop."""
    sorted_rows = SortedRows([], [], {}, {}, {}, [])
    known = [(item.transfer_key, _statement(ctx, item), item) for item in registered]
    listed: list[tuple[str, Statement, Row]] = []
    for row in rows:
        if same := find(row.statement, known):
            sorted_rows.matched.append(row)
            sorted_rows.known[row.index] = same[1]
            where = f"case {same[1].case_no} has this transfer"
            _note_differences(sorted_rows, row, same[0], where)
            if not same[1].reference_key:
                flag = Flag(field=f"transfers[{row.index}]", code="reference_added", message=f"{where} without one")
                sorted_rows.flags.append(flag)
                # The complaint's next transfer has another reference, so it is another one.
                known = [item for item in known if item[2] is not same[1]]
        elif same_row := find(row.statement, listed):
            sorted_rows.repeats[row.index] = same_row[1].index
            _note_differences(sorted_rows, row, same_row[0], f"transfers[{same_row[1].index}] is this transfer")
            if not sorted_rows.differing.get(row.index):
                sorted_rows.flags.append(_REPEATED.model_copy(update={"field": f"transfers[{row.index}]"}))
        else:
            used_again = any(item.key == row.key and far_apart(row.statement, item) for _, item, _ in known)
            new = replace(row, statement=replace(row.statement, used_again=True)) if used_again else row
            sorted_rows.fresh.append(new)
            listed.append((new.key, new.statement, new))
            sorted_rows.flags.extend(_same_reference(row, [statement for _, statement, _ in known + listed]))
    return sorted_rows


def _note_differences(sorted_rows: SortedRows, row: Row, statement: Statement, where: str) -> None:
    if differences := differing(row.statement, statement):
        sorted_rows.differing[row.index] = differences
        sorted_rows.flags.extend(flags_of(differences, row.index, where))


def _same_reference(row: Row, others: Sequence[Statement]) -> list[Flag]:
    """Return a flag if a transfer of another amount to another bank has the same reference."""
    if all(other is row.statement or other.reference_key != row.statement.reference_key for other in others):
        return []
    message = "another transfer, of another amount to another bank, has this reference too"
    return [Flag(field=f"transfers[{row.index}]", code="reference_twice", message=message)]


def _statement(ctx: Context, known: KnownTransfer) -> Statement:
    return Statement(
        reference_key=known.reference_key,
        bank=known.institution or known.payee_institution_as_told,
        account_key=known.account_key,
        vpa_keys=frozenset(map(account_key, known.told_vpas)),
        payer_bank=_bank(ctx, known.payer_institution_as_told, known.payer_ifsc, known.payer_holder),
        payer_key=account_key(known.payer_holder),
        amount_paise=known.amount_paise,
        transferred_at=known.transferred_at,
        told_paise=frozenset(known.told_paise),
        is_complaints=known.source is HopSource.COMPLAINT,
    )


def told_rows(rows: Sequence[Row], sorted_rows: SortedRows, case_no: str, first_hop_no: int) -> list[ToldRow]:
    """Return every transfer of the complaint with the hop that it opens, or that is this transfer already."""
    hop_nos = {row.index: hop_no for hop_no, row in enumerate(sorted_rows.fresh, start=first_hop_no)}
    hop_nos |= {index: hop_nos[first] for index, first in sorted_rows.repeats.items()}
    complaint_rows = []
    for row in rows:
        known = sorted_rows.known.get(row.index)
        place = (known.case_no, known.hop_no) if known else (case_no, hop_nos[row.index])
        differences = sorted_rows.differing.get(row.index, ())
        complaint_rows.append(ToldRow(transfer=row.transfer, case_no=place[0], hop_no=place[1], differing=differences))
    return complaint_rows


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
    for followable in new:
        hop = await _to_follow(work, followable, last_hop_no + len(opened) + 1)
        if hop is not None:
            await _open(work, followable, hop)
            opened.append(hop)
    if opened:
        await cases.give_out_hops(work.connection, work.case_no, opened[-1].hop_no)
    return opened


async def _to_follow(work: CaseTransaction, followable: Followable, hop_no: int) -> hops.HopRow | None:
    """Return the hop of a found transfer, or None if it cannot be followed now."""
    connection, policy = work.connection, work.ctx.policy
    if hop_no > policy.trail.max_hops or await hops.is_withdrawn(connection, work.case_no, followable.hop_no):
        return None
    if await payer_inquiries.followed_count(connection, followable.found.inquiry_id) >= policy.payer_bank.follow_most:
        return None
    hop = hop_of(followable.found, await hops.get(connection, work.case_no, followable.hop_no), hop_no)
    if hop.state is not HopState.OPEN:
        return None
    # No waiting for this lock: a complaint that holds it may be waiting for the case row, which we hold.
    if not await intake.try_lock(connection, intake.lock_of_transfer(hop.reference)):
        return None
    if await intake.place_of_transfer(connection, key_of(hop)) is not None:
        return None
    return hop.model_copy(update={"flags": (*hop.flags, FOUND_BY_BANK)})


async def _open(work: CaseTransaction, followable: Followable, hop: hops.HopRow) -> None:
    connection, case_no = work.connection, work.case_no
    await hops.insert(connection, case_no, work.now, [hop])
    await intake.register_transfers(connection, case_no, [key_of(hop)], [hop.hop_no])
    entries = found_entries(hop.hop_no, hop.amount_paise)
    await ledger.post(connection, case_no, "transfer_followed", f"followed|{followable.found_id}", work.now, entries)
    await payer_inquiries.followed(connection, followable.found_id, hop.hop_no)
    await work.log(
        EventKind.FOUND_TRANSFER_FOLLOWED,
        hop_no=hop.hop_no,
        found_id=followable.found_id,
        institution=hop.institution,
        told_hop_no=followable.hop_no,
        placed=events.placed(entries),
    )


async def accept(work: CaseTransaction, transfer: FoundRow, reason: str) -> int:
    """Count a followed transfer as lost, by an officer's decision; return its hop."""
    hop_no = transfer.followed_hop_no
    assert hop_no is not None, "the caller has checked it"
    balances = await ledger.balances(work.connection, work.case_no, hop_no)
    entries = move_between(hop_no, Bucket.LOST, Bucket.PROPOSED, -balances[Bucket.PROPOSED])
    key = f"found|{transfer.found_id}"
    await ledger.post(work.connection, work.case_no, "transfer_found", key, work.now, entries)
    await work.log(
        EventKind.FOUND_TRANSFER_TAKEN,
        hop_no=hop_no,
        found_id=transfer.found_id,
        institution=transfer.payee_institution,
        told_hop_no=transfer.hop_no,
        placed=events.placed(entries),
        reason=reason,
    )
    return hop_no


def hop_of(transfer: NewFound, stated_hop: hops.HopRow, hop_no: int) -> hops.HopRow:
    """Return the hop of a found transfer, beside the told one.

    The payer is the told one, because the bank was asked about that payer.
    """
    flags = () if transfer.occurred_at else (no_date_flag("the statement of the victim's bank"),)
    return stated_hop.model_copy(
        update={
            "hop_no": hop_no,
            "revision": 0,
            "source": HopSource.COMPLAINT,
            "state": first_state(
                routable=transfer.payee_institution is not None, reference=transfer.reference, flags=flags
            ),
            "institution": transfer.payee_institution,
            "payee_institution_as_told": transfer.payee_institution_as_told,
            "payee_holder": transfer.payee_account,
            "payee_ifsc": transfer.payee_ifsc,
            "account_key": account_key(transfer.payee_account),
            "reference": transfer.reference,
            "reference_key": transfer.reference_key,
            "amount_paise": transfer.amount_paise,
            "disputed_paise": transfer.amount_paise,
            "transferred_at": transfer.occurred_at or stated_hop.transferred_at,
            "opened_by_answer": None,
            "flags": flags,
        }
    )
