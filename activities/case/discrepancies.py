"""Discrepancies with other answers, and their resolution by officers. Each is one transaction with its event.

`cross_check` is part of the intake of an answer. It compares the lines with other lines, other cases and the balance of
the account. It changes no bucket, because an officer decides which figure is right.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from activities.case.hop_steps import close_if_empty, notify_workflow, withdraw_from_request
from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.isolation import repeated
from activities.metrics import METRICS
from db import proposals
from db.case import answers, discrepancies, events, hops, ledger
from db.case.discrepancies import DiscrepancyRow, Doubt
from db.proposals import Kind, NewProposal
from domain.case.ledger import CONTRA_BUCKETS, net
from domain.case.resolution import resolution_entries
from domain.case.trail import first_state, task_of, tasks_before_asking
from domain.errors import NotNow
from domain.errors.case import (
    DiscrepancyNotResolved,
    HopWithdrawn,
    ResolutionStands,
    ResolvedMoneyMoved,
    ResolvedMoneyOrdered,
)
from schemas.case.answers import Claim, Discrepancy, Entry, Reconciliation
from schemas.case.case_workflow import FollowUp, HopRef
from schemas.case.discrepancies import NewResolution, Resolution, ResolutionDone
from schemas.enums import (
    OF_ANOTHER_ACCOUNT,
    Bucket,
    ClaimKind,
    Disposition,
    HopState,
    ProcedureKind,
    ResolutionDecision,
)
from schemas.events import EventKind
from schemas.identifiers import reference_key

_LEAVES = frozenset({ClaimKind.MOVED, ClaimKind.WITHDRAWN, ClaimKind.SPENT})


def to_cross_check(outcome: Reconciliation, answer_ids: Sequence[int]) -> list[tuple[int, Claim]]:
    """Return the claims that are compared with other answers, with their answer ids."""
    return [
        (answer_id, judged.claim)
        for answer_id, judged in zip(answer_ids, outcome.judgements, strict=True)
        if judged.disposition not in {Disposition.DUPLICATE, Disposition.PAYERS_BANK}
    ]


async def cross_check(
    work: CaseTransaction,
    institution: str,
    outcome: Reconciliation,
    answer_ids: Sequence[int],
    accounts: Sequence[str],
) -> list[Discrepancy]:
    """Write the discrepancies between an answer, already written and posted, and other answers or the balance.

    `accounts` are those for which the answer states a hold or a balance. Takes locks across cases, so no step that
    waits may follow. Equal figures are reported once.
    """
    connection, case_no = work.connection, work.case_no
    new = to_cross_check(outcome, answer_ids)
    leaves = {reference_key(claim.reference) for _, claim in new if claim.kind in _LEAVES}
    holds = {claim.root_reference_key for _, claim in new if claim.kind is ClaimKind.HELD}
    keys = {f"{institution}|{account}" for account in accounts} | (leaves | holds) - {""}
    if not keys:
        return []
    await discrepancies.lock(connection, keys)
    rows = await discrepancies.cross_checked(connection, case_no, [answer_id for answer_id, _ in new], accounts)
    if not rows:
        return []
    places = {answer_id: place for place, answer_id in enumerate(answer_ids)}
    doubts = [
        Discrepancy(
            kind=doubt.kind,
            claim_index=places[doubt.answer_id],
            hop_no=doubt.hop_no,
            claimed_paise=doubt.claimed_paise,
            applied_paise=doubt.against_paise,
        )
        for doubt in _once(rows)
    ]
    await answers.insert_discrepancies(connection, case_no, institution, doubts, answer_ids, work.now)
    await work.ask(*(task_of(doubt, institution) for doubt in doubts), institution=institution)
    return doubts


def _once(doubts: Sequence[Doubt]) -> list[Doubt]:
    """Return the doubts without repetition. Two lines of one answer may show the same figures."""
    figures = {(doubt.kind, doubt.hop_no, doubt.claimed_paise, doubt.against_paise): doubt for doubt in doubts}
    return list(figures.values())


@dataclass(frozen=True)
class ResolvingOfficer:
    """The officer who resolves, and whether that officer may approve a movement out of `held`."""

    officer: str
    supervises: bool


@repeated()
async def resolve(
    ctx: Context, discrepancy_id: int, decided: NewResolution, by: ResolvingOfficer
) -> tuple[ResolutionDone, FollowUp | None]:
    """Resolve a discrepancy; or record a proposal, if money would leave `held` and no other officer has proposed that.

    Raises `NotFound`. Raises `NotNow` when another resolution stands than `decided.replaces` names, or when money
    that it booked has moved since. Raises `NotNow` also when a bank has an order for money that would leave `held`.
    """
    case_of = partial(discrepancies.case_of, discrepancy_id=discrepancy_id)
    async with case_transaction(ctx, case_of, by.officer) as work:
        discrepancy = await discrepancies.get(work.connection, discrepancy_id)
        current = await discrepancies.current(work.connection, discrepancy_id)
        _refuse_other(decided, current)
        writer = _ResolutionWriter.of(work, found=discrepancy, current=current, decided=decided, by=by)
        entries = await writer.entries()
        proposed_by = None
        if writer.from_held(entries):
            proposed_by = await writer.proposed_by()
            if proposed_by is None:
                await writer.propose()
                return writer.done(settled=False), None
        follow_up = await writer.book(entries, proposed_by)
    METRICS.discrepancy_resolved(decided.decision)
    return writer.done(settled=True), follow_up


async def propose_as_stated(work: CaseTransaction, discrepancy_ids: Sequence[int], reason: str) -> list[int]:
    """Propose to uphold the bank in those of these new discrepancies that would take money out of `held`.

    The officer of the transaction is the first of two. Returns which were proposed. Money that is ordered, or whose hop
    is withdrawn, stays without a proposal.
    """
    proposed = []
    decided = NewResolution(decision=ResolutionDecision.UPHELD_BANK, reason=reason)
    for discrepancy_id in discrepancy_ids:
        discrepancy = await discrepancies.get(work.connection, discrepancy_id)
        by = ResolvingOfficer(work.actor, supervises=False)
        writer = _ResolutionWriter.of(work, found=discrepancy, current=None, decided=decided, by=by)
        with suppress(NotNow):
            if writer.from_held(await writer.entries()):
                await writer.propose()
                proposed.append(discrepancy_id)
    return proposed


def _refuse_other(decided: NewResolution, current: Resolution | None) -> None:
    if current is None and decided.replaces is not None:
        raise DiscrepancyNotResolved
    if current is not None and decided.replaces != current.resolution_no:
        raise ResolutionStands(current.resolution_no)


@dataclass
class _ResolutionWriter(CaseTransaction):
    """Writes one resolution in the caller's transaction."""

    found: DiscrepancyRow
    current: Resolution | None
    decided: NewResolution
    by: ResolvingOfficer

    @property
    def resolution_no(self) -> int:
        return self.current.resolution_no + 1 if self.current else 1

    def done(self, *, settled: bool) -> ResolutionDone:
        return ResolutionDone(
            discrepancy_id=self.found.discrepancy_id,
            case_ack_no=self.case_no,
            settled=settled,
            resolution_no=self.resolution_no,
        )

    async def entries(self) -> list[Entry]:
        """Return the entries of the decision, minus those of the resolution before it."""
        discrepancy, reversed_entries = self.found, await self._reversed()
        balances = await self._balances() if discrepancy.hop_no else {}
        for entry in reversed_entries:
            balances[entry.bucket] = balances.get(entry.bucket, 0) + entry.amount_paise
        if any(paise < 0 for bucket, paise in balances.items() if bucket not in CONTRA_BUCKETS):
            raise ResolvedMoneyMoved(self.resolution_no - 1)
        doubtful_paise = discrepancy.claimed_paise - discrepancy.applied_paise
        if self.decided.decision is ResolutionDecision.UPHELD_OTHER:
            # One wrong hold may contradict the balance of its line and that of all cases. Its doubt counts once.
            doubtful_paise -= await discrepancies.taken_by_others(self.connection, discrepancy.discrepancy_id)
        planned = resolution_entries(
            discrepancy.kind, discrepancy.line, self.decided.decision, discrepancy.hop_no, doubtful_paise, balances
        )
        sums = net([*reversed_entries, *planned])
        entries = [Entry(hop_no=hop, bucket=bucket, amount_paise=paise) for (hop, bucket), paise in sums.items()]
        await self._refuse_ordered(entries)
        await self._refuse_withdrawn(entries)
        return entries

    async def _refuse_withdrawn(self, entries: Sequence[Entry]) -> None:
        """Raise an error if money of a withdrawn hop would be in play again."""
        for entry in entries:
            in_play = entry.bucket is Bucket.IN_PLAY and entry.amount_paise > 0
            if in_play and await hops.is_withdrawn(self.connection, self.case_no, entry.hop_no):
                raise HopWithdrawn(entry.hop_no)

    async def _refuse_ordered(self, entries: Sequence[Entry]) -> None:
        """Raise an error if ordered money would leave `held`.

        Money under an order to credit or release stays on hold until the order is executed or cancelled.
        """
        for entry in entries:
            if entry.bucket is not Bucket.HELD or entry.amount_paise >= 0:
                continue
            balances = await ledger.balances(self.connection, self.case_no, entry.hop_no)
            ordered_paise = await ledger.ordered_paise(self.connection, self.case_no, entry.hop_no)
            if balances.get(Bucket.HELD, 0) + entry.amount_paise < ordered_paise:
                raise ResolvedMoneyOrdered(entry.hop_no, ordered_paise)

    async def _reversed(self) -> list[Entry]:
        return [
            entry.model_copy(update={"amount_paise": -entry.amount_paise})
            for entry in await discrepancies.booked(self.connection, self.found.discrepancy_id)
        ]

    async def _balances(self) -> dict[Bucket, int]:
        assert self.found.hop_no is not None, "only a hop has balances"
        return await ledger.balances(self.connection, self.case_no, self.found.hop_no)

    @staticmethod
    def from_held(entries: Sequence[Entry]) -> bool:
        return sum(entry.amount_paise for entry in entries if entry.bucket is Bucket.HELD) < 0

    async def proposed_by(self) -> str | None:
        """Agree to the resolution that another officer proposed, and return that officer.

        None if there is no such officer, or if this officer may not approve it.
        """
        if not self.by.supervises:
            return None
        return await proposals.agree_to_same(self.connection, self._proposal())

    async def propose(self) -> None:
        if await proposals.insert(self.connection, self._proposal()) is not None:
            await self._log(EventKind.RESOLUTION_PROPOSED)

    def _proposal(self) -> NewProposal:
        number, decision, officer = self.resolution_no, self.decided.decision.value, self.by.officer
        return NewProposal(
            kind=Kind.RESOLUTION,
            subject=str(self.found.discrepancy_id),
            # Each officer may propose the same decision.
            matter=f"{number} {decision} {officer}",
            case_no=self.case_no,
            body={"resolution_no": number, "decision": decision},
            reason=self.decided.reason,
            proposed_by=officer,
            proposed_at=self.now,
        )

    async def book(self, entries: Sequence[Entry], proposed_by: str | None) -> FollowUp | None:
        """Write the resolution: posting, consequences for the hop, event and the end of the work item."""
        connection, discrepancy, case_no = self.connection, self.found, self.case_no
        hop = await hops.get(connection, case_no, discrepancy.hop_no) if entries and discrepancy.hop_no else None
        key = f"settle|{discrepancy.discrepancy_id}|{self.resolution_no}"
        posted = await ledger.post(connection, case_no, "resolution", key, self.now, entries)
        await discrepancies.insert_resolution(
            connection,
            discrepancy.discrepancy_id,
            self.resolution_no,
            self.decided,
            self.by.officer,
            self.now,
            transaction_id=posted,
            from_held=self.from_held(entries),
            proposed_by=proposed_by,
        )
        await discrepancies.close_task(connection, discrepancy, self.now, self.by.officer, self.decided.reason)
        if discrepancy.kind in OF_ANOTHER_ACCOUNT:
            # The notice to the holder waits for this.
            await self.notify_all(ProcedureKind.HOLD)
        await self._log(
            EventKind.DISCREPANCY_RESOLVED,
            placed=events.placed(entries),
            proposed_by=proposed_by,
            replaces=self.decided.replaces,
        )
        return await self._update_hop(hop, entries) if hop else None

    async def _update_hop(self, hop: hops.HopRow, entries: Sequence[Entry]) -> FollowUp | None:
        """Ask again about an amount that is back in play, or close a hop with no amount in play."""
        in_play_paise = sum(entry.amount_paise for entry in entries if entry.bucket is Bucket.IN_PLAY)
        if in_play_paise < 0:
            closed = await close_if_empty(self, hop)
            return await notify_workflow(self, reopened=[], closed=closed) if closed else None
        if in_play_paise == 0:
            return None
        waits = hop.state in {HopState.CORRECTION, HopState.UNROUTABLE}
        routable = hop.institution is not None
        state = hop.state if waits else first_state(routable=routable, reference=hop.reference, flags=hop.flags)
        again = hop.model_copy(update={"revision": hop.revision + 1, "state": state})
        await withdraw_from_request(self, hop)
        await hops.reopen(self.connection, self.case_no, again)
        await hops.ask_anew(self.connection, self.case_no, hop.hop_no)
        await self.ask(*tasks_before_asking(hop.hop_no, state, hop.flags))
        closed = [] if hop.state is HopState.CLOSED else [HopRef(hop_no=hop.hop_no, revision=hop.revision)]
        return await notify_workflow(self, reopened=[again], closed=closed)

    async def _log(self, event: EventKind, **more: object) -> None:
        data = {
            "discrepancy_id": self.found.discrepancy_id,
            "resolution_no": self.resolution_no,
            "kind": self.found.kind.value,
            "institution": self.found.institution,
            "hop_no": self.found.hop_no,
            "decision": self.decided.decision.value,
            "reason": self.decided.reason,
        }
        await self.log(event, **data, **more)
