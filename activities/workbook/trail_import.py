"""Import of a money-trail workbook: the victim's transfers as a complaint, other rows as answers of their banks."""

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import asyncpg

from activities.banks.bodies import line_opener
from activities.case.answers import take_status_update
from activities.case.claims import to_claims
from activities.case.desk import correct_hop
from activities.case.intake import take_complaint
from activities.case.transaction import case_transaction
from activities.context import Context
from activities.workbook import trail_lines
from activities.workbook.trail_lines import Fate, HopIndex, RequestPause, TrailOutcome, UsedRow
from adapters.banks.answers import StatusUpdate
from db.case import intake, merged_hops
from db.workbook import trail_import
from db.workbook.trail_import import LineFate, NamedHop, Registered
from domain.case.complaint_row import Fault, fault_of
from domain.case.complaints import CLOCK_SKEW
from domain.errors import AckNoConflict, NotFound, NotNow, RuleBroken
from domain.workbook.columns import Sheet, TrailColumn, day_column
from domain.workbook.known import EarlierLines, OnwardHop, Verdict
from domain.workbook.reading import RejectedTrailRow, TrailReading, rounds
from domain.workbook.row import TrailNote, TrailRow
from schemas.case.answers import NOT_STATED
from schemas.case.case_workflow import FollowUp
from schemas.case.discrepancies import HopCorrection
from schemas.case.intake import MAX_TRANSFERS, NO_MOBILE, Complaint, Transfer, Victim
from schemas.enums import Channel, Disposition, HopSource, Mode
from schemas.events import EventKind
from schemas.identifiers import RRN_PATTERN, account_key, reference_key, reference_of, transfer_key
from schemas.parties import Party

LINES_AN_ANSWER_MAX = 500
UNKNOWN_VICTIM = Victim(name=NOT_STATED, mobile=NO_MOBILE, district=NOT_STATED)
"""the victim of an import, because a workbook names none"""

_Statement = tuple[TrailRow, frozenset[int]]
"""a row and the hops that it names"""
_FATES = {
    Disposition.APPLIED: Fate.APPLIED,
    Disposition.DISCREPANCY: Fate.DISCREPANCY,
    Disposition.DUPLICATE: Fate.KNOWN,
}


async def take_trails(
    ctx: Context,
    readings: Sequence[TrailReading],
    *,
    taken_by: str,
    follow: Callable[[FollowUp], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> list[TrailOutcome]:
    """Import the trails of a whole workbook, and return their outcomes.

    No bank is asked about its cases before the last row is done. If the database becomes unreachable the import stops,
    and the outcomes say so. A stopped import may be run again. `follow` gets the notifications for workflows,
    `progress` the number of rows done.
    """
    pause = RequestPause(ctx, [reading.ack_no for reading in readings if reading.ack_no])
    done = count(1)
    works = [_Import(ctx, reading, taken_by, pause, lambda: progress(next(done))) for reading in readings]
    left = list(works)
    try:
        await ctx.directory.freshen()
        await pause.begin()
        for work in works:
            if work.reading.ack_no:
                await work.take()
            left.remove(work)
        for follow_up in await pause.end({case_no for work in works for case_no in work.case_nos}):
            follow(follow_up)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # The sweep sends committed notifications that are not sent here, when the pause has ended by itself.
        for work in left or works[-1:]:
            work.outcome.stopped = f"the database became unreachable: {str(error) or type(error).__name__}"
    return [work.finish() for work in works]


@dataclass
class _Import:
    """Import of one trail."""

    ctx: Context
    reading: TrailReading
    taken_by: str
    pause: RequestPause
    row_done: Callable[[], None]

    def __post_init__(self) -> None:
        self.outcome = TrailOutcome(self.reading, rejected=list(self.reading.rejected))
        self.now = self.ctx.now()
        self._done: set[tuple[str, int]] = set()
        self._amounts: dict[str, int] = {}
        """amount of each known transfer of the first layer, by its key"""
        self._merged: list[str] = []
        """the cases that are merged with the case"""

    @property
    def case_nos(self) -> list[str]:
        """Return the case, and those that are merged with it."""
        return [self.outcome.case_no, *self._merged] if self.outcome.case_no else []

    async def take(self) -> None:
        """Import the victim's transfers first, then the banks' statements layer by layer."""
        await self._take_transfers(list(self.reading.transfers))
        if self.outcome.case_no is None:
            reason = "there is no case with this number, and no transfer of the first layer to open one"
            self._reject(self.reading.said, TrailColumn.ACK_NO, "no_case", reason)
            return
        if self.reading.said:
            await self._log(self.outcome.case_no)
        left: list[TrailRow] = []
        for rows in rounds(row for row in self.reading.said if not row.takes_rest):
            left += await self._take_round(rows)
        while left:  # rows in a cycle, or linked only by their accounts
            before, left = len(left), await self._take_round(left)
            if len(left) == before:
                break
        # What is left of a transfer is known after every other row about it.
        left += self._too_small(await self._take_round([row for row in self.reading.said if row.takes_rest]))
        reason = "the transfer that it refers to is neither in the case nor among the imported rows"
        self._reject(left, TrailColumn.UTR, "no_parent", reason)
        for case_no in self.case_nos:
            await self._state_dates(case_no)

    def finish(self) -> TrailOutcome:
        """Return the outcome, with every row accounted for."""
        outcome = self.outcome
        rows = (*self.reading.transfers, *self.reading.said)
        outcome.waiting = [row for row in rows if _place(row) not in self._done]
        used = {_place(used.row) for used in outcome.used}
        outcome.notes += [note for note in self.reading.notes if (note.sheet_name, note.row_no) in used]
        outcome.check()
        return outcome

    # -- the victim's transfers --------------------------------------------------------------------------------

    async def _take_transfers(self, rows: list[TrailRow]) -> None:
        """Open the case, or add the transfers that it does not know yet."""
        keys = {_place(row): self._transfer_key(_transfer(row)) for row in rows}
        registered = await self._registered()
        async with self.ctx.pool.acquire() as connection:
            transfers = await intake.known_transfers(connection, [reference_of(key) for key in keys.values()])
            known = {transfer.transfer_key: transfer.case_no for transfer in transfers}
            self._amounts |= {transfer.transfer_key: transfer.amount_paise for transfer in transfers}
            case_no = registered.case_no if registered else None
            if case_no is None and known:
                case_no = await intake.oldest_case(connection, list(set(known.values())))
            self._merged = await merged_hops.merged_with(connection, case_no) if case_no else []
        await self.pause.include(self._merged)
        own = {case_no, *self._merged}
        elsewhere = [row for row in rows if known.get(keys[_place(row)], case_no) not in own]
        self._reject(elsewhere, TrailColumn.UTR2, "known_in_another_case", "this transfer is in another case")
        rows = [row for row in rows if _place(row) not in self._done]
        if registered is None and rows:
            first = rows[:MAX_TRANSFERS]
            try:
                case_no = await self._complain(first, self.reading.ack_no, UNKNOWN_VICTIM, NOT_STATED)
            except AckNoConflict:
                # The number was registered in the meantime, so the case exists now.
                await self._take_transfers(rows)
                return
            self._use(first, known, keys)
            rows = rows[MAX_TRANSFERS:]
        self.outcome.case_no = case_no
        if rows and case_no:
            await self._extend(case_no, rows, keys, known)

    async def _registered(self) -> Registered | None:
        """Return the case of the workbook's number; None if there is none, or the portal gave the number again.

        The portal may give a number that we gave before. The references then tell whose rows these are.
        """
        rows = (*self.reading.transfers, *self.reading.said)
        references = {reference for row in rows for reference in (row.root_reference, row.reference) if reference}
        references |= {_transfer(row).reference for row in self.reading.transfers}
        async with self.ctx.pool.acquire() as connection:
            registered = await trail_import.registered(connection, self.reading.ack_no)
            if registered is None or not registered.given_by_us:
                return registered
            if await trail_import.names_hop(
                connection, registered.case_no, sorted(set(map(reference_key, references)) - {""})
            ):
                return registered
        await self.pause.leave(self.reading.ack_no)
        return None

    async def _extend(
        self, case_no: str, rows: list[TrailRow], keys: dict[tuple[str, int], str], known: dict[str, str]
    ) -> None:
        """Add transfers to an existing case by a further complaint, which joins through a known transfer."""
        fresh = [row for row in rows if keys[_place(row)] not in known]
        self._use([row for row in rows if keys[_place(row)] in known], known, keys)
        if not fresh:
            return
        async with self.ctx.pool.acquire() as connection:
            complainant = await trail_import.teller(connection, self.reading.ack_no)
            anchor = await trail_import.known_transfer(connection, case_no)
        joint = _joining_transfer(anchor) if anchor else None
        if joint is None or anchor is None or self._transfer_key(joint) != anchor.transfer_key:
            reason = "the case has no transfer through which this one could join it: add it at the desk"
            self._reject(fresh, TrailColumn.UTR2, "cannot_join", reason)
            return
        victim, category = (
            (_victim(self.ctx, complainant), complainant.category) if complainant else (UNKNOWN_VICTIM, NOT_STATED)
        )
        for start in range(0, len(fresh), MAX_TRANSFERS - 1):
            part = fresh[start : start + MAX_TRANSFERS - 1]
            joined = await self._complain(part, None, victim, category, joint)
            self._use(part, (), keys)
            if joined != case_no:
                for row in part:
                    self._note(row, TrailColumn.UTR2, f"case {case_no} has no room for it: it is in case {joined}")

    async def _complain(
        self, rows: Sequence[TrailRow], ack_no: str | None, victim: Victim, category: str, joint: Transfer | None = None
    ) -> str:
        """File a complaint of these rows, and return the number of its case."""
        transfers = tuple(_transfer(row) for row in rows)
        complaint = Complaint(
            ack_no=ack_no,
            channel=Channel.IMPORT,
            category=category,
            victim=victim,
            transfers=(joint, *transfers) if joint else transfers,
        )
        key = f"trail-{hashlib.sha256(complaint.model_dump_json().encode()).hexdigest()}"
        taken = await take_complaint(self.ctx, complaint, idempotency_key=key, taken_by=self.taken_by)
        await self.pause.renew()
        self.outcome.flags += taken.receipt.flags
        self.outcome.opened |= not taken.receipt.joined and not taken.repeated
        return taken.receipt.case_ack_no

    def _use(self, rows: Iterable[TrailRow], known: Container[str], keys: dict[tuple[str, int], str]) -> None:
        for row in rows:
            self._done_with(row)
            key = keys[_place(row)]
            if self._amounts.get(key, _transfer(row).amount_paise) != _transfer(row).amount_paise:
                self._note(row, TrailColumn.TRANSACTION_AMOUNT, "the case has this transfer with another amount")
            self.outcome.used.append(UsedRow(row, Fate.KNOWN if key in known else Fate.OPENED))

    def _transfer_key(self, transfer: Transfer) -> str:
        """Return the key of a transfer as the intake computes it."""
        payee = transfer.payee
        bank, _ = self.ctx.directory.current.resolve(payee.institution, payee.ifsc, payee.holder, "payee")
        return transfer_key(transfer.reference, bank.code if bank else payee.institution)

    # -- what banks say ----------------------------------------------------------------------------------------

    async def _log(self, case_no: str) -> None:
        """Record in the case log who imported banks' answers, once for the same content."""
        rows = (*self.reading.transfers, *self.reading.said)
        content = trail_lines.content(rows)
        counts = dict(Counter(row.sheet.value for row in rows))
        async with case_transaction(self.ctx, case_no, self.taken_by) as work:
            if not await trail_import.imported_before(work.connection, case_no, content):
                await work.log(EventKind.TRAIL_IMPORTED, content=content, rows=counts)

    async def _take_round(self, rows: Sequence[TrailRow]) -> list[TrailRow]:
        """Import the rows whose transfers are known, and return the others."""
        async with self.ctx.pool.acquire() as connection:
            hops = await trail_import.named_hops(
                connection,
                self.case_nos,
                sorted(
                    {reference_key(reference) for row in rows for reference in (row.root_reference, row.reference)}
                    - {""}
                ),
                sorted({account_key(row.account) for row in rows if row.account and not row.root_reference}),
            )
        index = HopIndex(hops, self.case_nos)
        by_bank: dict[tuple[str, str], list[_Statement]] = {}
        left = []
        for row in rows:
            parents = index.of(row)
            if not parents:
                left.append(row)
                continue
            bank = self._stating_bank(row, parents)
            if bank:
                hop_nos = frozenset(hop.hop_no for hop in parents)
                by_bank.setdefault((parents[0].case_no, bank), []).append((row, hop_nos))
                self._note_odd(row, parents)
        for case_no in sorted({case_no for case_no, _ in by_bank} & set(self._merged)):
            await self._log(case_no)
        for (case_no, bank), statements in by_bank.items():
            news = await self._new_rows(case_no, bank, statements, hops)
            for start in range(0, len(news), LINES_AN_ANSWER_MAX):
                await self._answer(case_no, bank, news[start : start + LINES_AN_ANSWER_MAX])
        return left

    async def _new_rows(
        self, case_no: str, bank: str, statements: list[_Statement], hops: Sequence[NamedHop]
    ) -> list[TrailRow]:
        """Return the rows that the bank has not stated before in another form."""
        asked = sorted({hop_no for _, hop_nos in statements for hop_no in hop_nos})
        async with self.ctx.pool.acquire() as connection:
            lines = await trail_import.told_lines(connection, case_no, bank, asked, line_opener(self.ctx.persons))
        onward = [
            OnwardHop(hop.parent_hop_no, hop.reference_key, hop.disputed_paise)
            for hop in hops
            if hop.case_no == case_no and hop.parent_hop_no is not None and hop.source is HopSource.ANSWER
        ]
        rows = [row for row, _ in statements]
        claims = to_claims(
            (trail_lines.to_line(1, row, "", self.now) for row in rows),
            "",
            self.ctx.directory.current,
            self.ctx.policy.trail,
        )
        verdicts = EarlierLines(lines, onward).judge(
            [(claim, of) for claim, (_, of) in zip(claims, statements, strict=True)]
        )
        news = []
        for row, verdict in zip(rows, verdicts, strict=True):
            if verdict is Verdict.NEWS:
                news.append(row)
            elif verdict is Verdict.KNOWN:
                self._done_with(row)
                self.outcome.used.append(UsedRow(row, Fate.KNOWN))
                self._note(row, "row", "stated before, with another time, reference or account")
            else:
                reason = "the case has this transaction with less money: decide at the desk which figure is right"
                self._reject([row], TrailColumn.DISPUTED, "other_figures", reason)
        return news

    def _stating_bank(self, row: TrailRow, parents: Sequence[NamedHop]) -> str | None:
        """Return the bank that makes the statement: the named one, else the account's bank; None if rejected."""
        institutions = {hop.institution for hop in parents}
        if institutions == {None}:
            reason = "the bank of the account is not in the directory: name it at the desk, and import again"
            self._reject([row], TrailColumn.ACTION_BY, "bank_unknown", reason)
            return None
        named = self.ctx.directory.current.resolve(row.bank, None, "", "bank")[0] if row.bank else None
        known = sorted(institutions - {None}, key=str)
        is_of_app = len(known) == 1 and all("@" in hop.account_key for hop in parents)
        if named and is_of_app and named.code not in institutions:
            # An app acts on a UPI address whose money is at another bank or wallet.
            self._note(row, TrailColumn.ACTION_BY, "is not where the UPI address is: the bank of the account is used")
            return known[0]
        if named:
            return named.code
        if len(known) > 1:
            reason = "several banks have a transfer with this reference: name the bank that states it"
            self._reject([row], TrailColumn.ACTION_BY, "bank_ambiguous", reason)
            return None
        if row.bank:
            self._note(row, TrailColumn.ACTION_BY, "not in the directory: the bank of the account is used")
        return known[0]

    async def _answer(self, case_no: str, bank: str, rows: Sequence[TrailRow]) -> None:
        """Import the rows as one answer of their bank in a case."""
        lines = tuple(
            trail_lines.to_line(number, row, self.taken_by, self.now) for number, row in enumerate(rows, start=1)
        )
        body_digest = trail_lines.digest(case_no, bank, rows)
        update = StatusUpdate(ack_no=case_no, job_id=None, lines=lines)
        try:
            receipt = await take_status_update(self.ctx, bank, update, body_digest, told_by=self.taken_by)
        except NotFound:
            reason = f"{bank} states this, and has no transfer in this case"
            self._reject(rows, TrailColumn.ACTION_BY, "not_its_bank", reason)
            return
        except (RuleBroken, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            fault = fault_of(error)
            self._reject(rows, fault.column, fault.code, fault.reason)
            return
        await self.pause.renew()
        async with self.ctx.pool.acquire() as connection:
            fates = await trail_import.fates(connection, bank, body_digest)
        for row, fate in zip(rows, fates, strict=True):
            self._done_with(row)
            self.outcome.used.append(UsedRow(row, Fate.KNOWN) if receipt.repeated else _used(row, fate))

    async def _state_dates(self, case_no: str) -> None:
        """Correct the hops whose date an earlier workbook or row did not state, and this one does."""
        async with self.ctx.pool.acquire() as connection:
            undated = await trail_import.undated_hops(connection, case_no)
        dated = {
            (reference_key(used.row.reference), account_key(used.row.payee_account)): used.row
            for used in self.outcome.used
            if used.row.sheet is Sheet.TRANSFER and used.row.at and used.row.reference and used.row.payee_account
        }
        for hop in undated:
            row = dated.get((hop.reference_key, hop.account_key))
            if row and row.at:
                correction = HopCorrection(transferred_at=row.at, reason="a workbook states the date")
                with suppress(NotNow):  # an answer has closed the hop meanwhile, so no bank needs the date
                    await correct_hop(self.ctx, case_no, hop.hop_no, correction, self.taken_by)
                    self._note(row, TrailColumn.TRANSACTION_DATE, "states the date that was missing")

    def _too_small(self, rows: Iterable[TrailRow]) -> list[TrailRow]:
        """Mark the rows about an imported transfer that was too small for a hop as known; return the others."""
        known = {
            reference_key(used.row.reference)
            for used in self.outcome.used
            if used.row.sheet is Sheet.TRANSFER and used.row.reference
        }
        left = []
        for row in rows:
            if reference_key(row.root_reference) in known:
                self._done_with(row)
                self.outcome.used.append(UsedRow(row, Fate.KNOWN))
                self._note(
                    row, TrailColumn.UTR, "the transfer is too small to be traced: its money is untraced already"
                )
            else:
                left.append(row)
        return left

    # -- leaves ------------------------------------------------------------------------------------------------

    def _note_odd(self, row: TrailRow, parents: Sequence[NamedHop]) -> None:
        if parents[0].case_no in self._merged:
            self._note(
                row, TrailColumn.ACK_NO, f"its transfer is in case {parents[0].case_no}, which is merged with this"
            )
        if row.at and row.at > self.now + CLOCK_SKEW:
            self._note(row, day_column(row.sheet), "a date to come")
        if row.sheet is Sheet.TRANSFER and row.at is None:
            self._note(row, TrailColumn.TRANSACTION_DATE, "no date: its bank is asked after the desk has stated one")
        deeper = 1 if row.sheet is Sheet.TRANSFER else 0
        if row.layer is not None and row.layer not in {hop.layer + deeper for hop in parents}:
            self._note(row, TrailColumn.LAYER, f"layer {row.layer} is stated: by its references it is another")

    def _note(self, row: TrailRow, column: str, message: str) -> None:
        self.outcome.notes.append(TrailNote(row.sheet_name, row.row_no, str(column), message))

    def _reject(self, rows: Iterable[TrailRow], column: str, code: str, reason: str) -> None:
        for row in rows:
            self._done_with(row)
            self.outcome.rejected.append(RejectedTrailRow(row.sheet_name, row.row_no, (Fault(column, code, reason),)))

    def _done_with(self, row: TrailRow) -> None:
        self._done.add(_place(row))
        self.row_done()


def _place(row: TrailRow) -> tuple[str, int]:
    return row.sheet_name, row.row_no


def _transfer(row: TrailRow) -> Transfer:
    assert row.transfer is not None, "a row of the first layer has its transfer"
    return row.transfer


def _victim(ctx: Context, of: trail_import.ComplaintOwner) -> Victim:
    """Return the victim as a further complaint names them; an unknown one if the data are destroyed."""
    person = ctx.persons.open(of.person)
    if not person.name:
        return UNKNOWN_VICTIM
    return Victim(
        name=person.name,
        mobile=person.mobile,
        district=of.district,
        woman=of.woman,
        child=of.child,
        senior=of.senior,
    )


def _used(row: TrailRow, fate: LineFate) -> UsedRow:
    return UsedRow(
        row,
        _FATES.get(fate.disposition, Fate.REVIEW),
        fate.discrepancy or "",
        fate.claim_paise,
        fate.applied_paise,
    )


def _joining_transfer(anchor: trail_import.KnownTransfer) -> Transfer:
    """Return a copy of a transfer of the case, through which a further complaint joins it.

    The copy is not stored again.
    """
    reference, _, institution = anchor.transfer_key.rpartition("|")
    is_rrn = RRN_PATTERN.fullmatch(reference)
    return Transfer(
        payer=Party(institution=NOT_STATED, account=NOT_STATED),
        payee=Party.model_validate(
            {"institution": institution, "vpa" if "@" in anchor.payee_holder else "account": anchor.payee_holder}
        ),
        amount_paise=anchor.amount_paise,
        rrn=reference if is_rrn else None,
        utr=None if is_rrn else reference,
        mode=Mode.OTHER,
        transferred_at=anchor.transferred_at,
    )
