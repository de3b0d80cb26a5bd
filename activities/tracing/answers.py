"""Intake of a bank's answer: one idempotent transaction, and only then the workflow is notified (architecture.md)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from activities.cases.batches import notify_case
from activities.cases.hop_retries import plan_retries
from activities.cases.hop_steps import register_transfers
from activities.cases.transaction import CaseTransaction, bank_transaction
from activities.context import Context
from activities.deadlocks import repeated
from activities.metrics import METRICS
from activities.tracing.claims import to_claims
from activities.tracing.discrepancies import cross_check
from activities.tracing.followed_transfers import follow
from activities.tracing.payer_lines import write_payer_lines
from adapters.banks.answers import StatusUpdate
from adapters.banks.protocol import BankProtocolError
from db.banks import channels
from db.cases import cases, events, hops, ledger
from db.cases.events import Event
from db.pool import Connection
from db.tracing import answers, requests
from domain.evidence.pack import BODIES, STATEMENTS, binding
from domain.tracing.missing_dates import missing_date
from domain.tracing.trail import reconcile, task_of
from schemas.enums import (
    Bucket,
    CaseState,
    ClaimKind,
    DiscrepancyKind,
    Disposition,
    EventKind,
    HopSource,
    HopState,
    Mode,
    TaskKind,
)
from schemas.identifiers import account_key, names_an_account, reference_key, transfer_key
from schemas.outbox.case import CaseNews, FollowUp, HopBrief, HopRef
from schemas.tasks import NewTask
from schemas.tracing.answers import Claim, Discrepancy, HopPosition, NewHop, Reconciliation


@dataclass(frozen=True)
class AnswerReceipt:
    """The counts that the bank gets in reply. `repeated`: the same body was taken before."""

    accepted: int
    duplicates: int
    discrepancies: int
    follow_up: FollowUp | None = None
    repeated: bool = False


@repeated()
async def take_status_update(
    ctx: Context,
    institution: str,
    update: StatusUpdate,
    body_digest: bytes,
    *,
    body_kept: bool = False,
    is_signed: bool = False,
) -> AnswerReceipt:
    """Write an answer of `institution` with all its consequences; return the receipt with the workflow notification.

    `body_kept`: the bytes with that digest are stored (`db.banks.received_bodies`) and belong to the evidence.
    `is_signed`: the bank signed or sealed the body with a key of its own.

    Raises `NotFound` when the number is unknown, and also when the institution has no part in its case. The caller
    cannot tell these apart.
    """
    claims = to_claims(update.lines, update.job_id or "", ctx.directory.current, ctx.policy.trail)
    if any(claim.payee and claim.payee.institution is None for claim in claims):
        # The institution may have been loaded after this process read the directory.
        await ctx.directory.freshen()
        claims = to_claims(update.lines, update.job_id or "", ctx.directory.current, ctx.policy.trail)
    async with bank_transaction(ctx, update.ack_no, institution) as work:
        connection, case_no = work.connection, work.case_no
        given = await answers.reply_given(connection, institution, body_digest)
        if given and not _may_have_effect(given.reply):
            return _repeated(given)
        positions = await _positions(connection, case_no, institution, claims, update.job_id or "")
        claims = _with_new_keys(claims, positions, institution, update.job_id)
        keys = [claim.natural_key for claim in claims]
        known = await answers.known_lines(connection, case_no, institution, keys)
        outcome = reconcile(institution, claims, positions, known, work.head.last_hop_no, ctx.policy.trail)
        if given and all(judged.disposition is Disposition.DUPLICATE for judged in outcome.judgements):
            return _repeated(given)
        outcome = await _check_job(connection, case_no, institution, update.job_id, outcome)
        reply = _reply_counts(outcome)
        writer = _AnswerWriter.of(
            work,
            institution=institution,
            outcome=outcome,
            positions=positions,
            body_kept=body_kept,
            is_signed=is_signed,
        )
        follow_up, cross_found = await writer.write(
            update.job_id or "", body_digest, given.said_again + 1 if given else 0, reply
        )
    _record_metrics(work.head, outcome, cross_found)
    await _mark_channels_healthy(ctx, case_no, institution)
    return AnswerReceipt(reply["accepted"], reply["duplicates"], reply["contradictions"], follow_up)


def _may_have_effect(reply: dict[str, int]) -> bool:
    """Return whether a repeated body with this reply may have a new effect.

    It may hold a line without a matching hop at its bank, and that hop may exist by now.
    """
    return reply["contradictions"] > 0 or reply["duplicates"] > 0


def _repeated(given: answers.Given) -> AnswerReceipt:
    reply = given.reply
    return AnswerReceipt(reply["accepted"], reply["duplicates"], reply["contradictions"], repeated=True)


async def _positions(
    connection: Connection, case_no: str, institution: str, claims: Sequence[Claim], job_id: str
) -> list[HopPosition]:
    references = {claim.root_reference_key for claim in claims} | {reference_key(claim.reference) for claim in claims}
    accounts = {claim.root_account_key for claim in claims if claim.root_account_key}
    return await hops.positions(connection, case_no, institution, sorted(references - {""}), sorted(accounts), job_id)


def _with_new_keys(
    claims: Sequence[Claim], positions: Sequence[HopPosition], institution: str, job_id: str | None
) -> list[Claim]:
    """Return the claims, with a new key if their hop was put back in play.

    A new key keeps a claim from being taken as a repeat.
    """
    asked_more_than_once = [
        p for p in positions if p.institution == institution and (p.asked_anew or (p.revision and not job_id))
    ]
    if not asked_more_than_once:
        return list(claims)
    return [_with_new_key(claim, asked_more_than_once, job_id) for claim in claims]


def _with_new_key(claim: Claim, asked: Sequence[HopPosition], job_id: str | None) -> Claim:
    key = claim.root_reference_key
    about = [p for p in asked if (p.reference_key == key if key else p.account_key == claim.root_account_key)]
    new_key = claim.natural_key
    if times := max((p.asked_anew for p in about), default=0):
        new_key += f"|{times}"
    # A line that places no money belongs to its request. If the bank names none, the hop's revision stands for it.
    if not job_id and claim.kind in {ClaimKind.REFUSED, ClaimKind.UNKNOWN}:
        revision = max((p.revision for p in about), default=0)
        new_key += f"|revision {revision}" if revision else ""
    return claim.model_copy(update={"natural_key": new_key})


async def _check_job(
    connection: Connection, case_no: str, institution: str, job_id: str | None, outcome: Reconciliation
) -> Reconciliation:
    """Record an unknown job id as a discrepancy. The lines are taken nevertheless, because they name the hops."""
    if not job_id or await requests.knows_job(connection, institution, job_id, case_no):
        return outcome
    found = Discrepancy(kind=DiscrepancyKind.JOB_UNKNOWN, claim_index=0, hop_no=None, claimed_paise=0, applied_paise=0)
    task = task_of(found, institution)
    return outcome.model_copy(
        update={"discrepancies": (*outcome.discrepancies, found), "tasks": (*outcome.tasks, task)}
    )


async def _mark_channels_healthy(ctx: Context, case_no: str, institution: str) -> None:
    """Record that the bank reads the channels by which it has this case's requests. They count as healthy again."""
    if not ctx.health.of(institution):
        return
    async with ctx.pool.acquire() as connection:
        reached = await channels.that_reached(connection, case_no, institution, BankProtocolError.__name__)
    for channel in reached:
        await ctx.health.answered(institution, channel)


def _bound(update_id: int, body_digest: bytes, lines_jsonl: bytes, *, body_kept: bool) -> dict[str, str | list[str]]:
    """Return the event's digests of the body and its lines, so that a later change of either is detected."""
    bound = binding({f"{STATEMENTS}/answer-{update_id}.jsonl": lines_jsonl}) if lines_jsonl else []
    if body_kept:
        bound.append(f"{body_digest.hex()}  {BODIES}/{body_digest.hex()}")
    return {"body_sha256": body_digest.hex(), "bound": bound}


def _holds(outcome: Reconciliation) -> bool:
    return any(entry.bucket is Bucket.HELD for entry in outcome.entries)


def _only_of_payers_bank(outcome: Reconciliation) -> bool:
    """Return whether the answer is no answer to a hold request: only the victim's bank speaks in it, as such."""
    return all(judged.disposition is Disposition.PAYERS_BANK for judged in outcome.judgements)


def _record_metrics(head: cases.CaseHead, outcome: Reconciliation, cross_found: Sequence[Discrepancy]) -> None:
    for discrepancy in (*outcome.discrepancies, *cross_found):
        METRICS.discrepancy_found(discrepancy.kind)
    for judged in outcome.judgements:
        METRICS.answer_taken(judged.disposition, judged.claim.kind)
    since_complaint_seconds = (head.now - head.opened_at).total_seconds()
    if head.first_answered_at is None and not _only_of_payers_bank(outcome):
        METRICS.first_answer(since_complaint_seconds)
    if head.first_held_at is None and _holds(outcome):
        METRICS.first_hold(since_complaint_seconds)


def _reply_counts(outcome: Reconciliation) -> dict[str, int]:
    by = Counter(judged.disposition for judged in outcome.judgements)
    return {
        "accepted": len(outcome.judgements) - by[Disposition.DUPLICATE],
        "duplicates": by[Disposition.DUPLICATE],
        "contradictions": len(outcome.discrepancies),
    }


@dataclass
class _AnswerWriter(CaseTransaction):
    """Writes one answer in the caller's transaction."""

    institution: str
    outcome: Reconciliation
    positions: Sequence[HopPosition]
    body_kept: bool
    is_signed: bool
    followed: Sequence[hops.HopRow] = ()
    """hops of transfers that the victim's bank names in this answer"""
    given_up: dict[int, NewTask] = field(default_factory=dict)
    """by hop that the bank was asked about often enough, the task for the desk"""

    async def write(
        self, job_id: str, body_digest: bytes, said_again: int, reply: dict[str, int]
    ) -> tuple[FollowUp | None, list[Discrepancy]]:
        """Write everything. Returns the workflow notification, and the discrepancies with other answers."""
        connection, case_no, outcome = self.connection, self.case_no, self.outcome
        update_id = await answers.insert_update(
            connection, self.institution, case_no, job_id, body_digest, said_again, self.now, dict(reply)
        )
        answer_ids, lines_jsonl = await answers.insert_lines(
            connection, update_id, case_no, self.institution, outcome.judgements, self.now
        )
        found = []
        if outcome.payer_lines:
            lines = outcome.payer_lines
            found = await write_payer_lines(self, self.institution, lines, answer_ids, is_signed=self.is_signed)
        await self._write_new_hops(answer_ids)
        await self._store_accounts()
        if not _only_of_payers_bank(outcome):
            await cases.note_answer(connection, case_no, self._last_hop_no, self.now, held=_holds(outcome))
        await ledger.post(connection, case_no, "answer", f"answer|{update_id}", self.now, outcome.entries)
        finished = await self._write_hop_states()
        opened_tasks = await self._write_discrepancies(answer_ids)
        known = await self._register_transfers()
        self.followed = await follow(self, found, self._last_hop_no) if found else ()
        cross_found = await cross_check(self, self.institution, outcome, answer_ids)
        reopened = await self._reopen_if_settled()
        bound = _bound(update_id, body_digest, lines_jsonl, body_kept=self.body_kept)
        await self.log_all(
            self._events(update_id, job_id, bound, finished, opened_tasks, known, cross_found, reopened=reopened)
        )
        return await self._notify_workflow(reopened=reopened), cross_found

    async def _write_new_hops(self, answer_ids: Sequence[int]) -> None:
        new = self.outcome.new_hops
        if not new:
            return
        undated = [hop.parent_hop_no for hop in new if missing_date(hop.flags)]
        earliest = await hops.transfer_times(self.connection, self.case_no, undated) if undated else {}
        rows = [
            _hop_row(hop, self.institution, answer_ids[hop.claim_index], earliest.get(hop.parent_hop_no, self.now))
            for hop in new
        ]
        await hops.insert(self.connection, self.case_no, self.now, rows)

    async def _store_accounts(self) -> None:
        """Store the account of each hold, also where the sending bank named no account."""
        for judged in self.outcome.judgements:
            claim = judged.claim
            if claim.kind is ClaimKind.HELD and judged.hop_nos and names_an_account(claim.root_account_key):
                await hops.name_account(
                    self.connection, self.case_no, judged.hop_nos, claim.root_account, claim.root_account_key
                )

    async def _register_transfers(self) -> dict[int, str]:
        """Register the transfers of new hops.

        Returns, by hop, the other case that has its transfer already.
        """
        keys = {
            hop.hop_no: transfer_key(hop.reference, hop.payee.institution or hop.payee.institution_as_told)
            for hop in self.outcome.new_hops
            if hop.reference
        }
        return await register_transfers(self, keys)

    @property
    def _last_hop_no(self) -> int:
        new = self.outcome.new_hops
        return new[-1].hop_no if new else self.head.last_hop_no

    async def _write_hop_states(self) -> list[UUID]:
        """Close and park hops; return the requests that this finishes."""
        connection, case_no, outcome = self.connection, self.case_no, self.outcome
        await hops.close(connection, case_no, outcome.closed)
        await hops.park(connection, case_no, outcome.parked)
        await hops.confirm(connection, case_no, outcome.confirmed)
        touched = {hop_no for judged in outcome.judgements for hop_no in judged.hop_nos}
        if not touched:
            return []
        finished = await requests.answered(connection, case_no, self.institution, sorted(touched), self.now)
        if finished:
            await self.close_request_tasks(finished, "the bank has answered")
        return finished + await self._finish_outdated()

    async def _finish_outdated(self) -> list[UUID]:
        """Finish and return the requests that ask only about hops about which the bank must be asked again."""
        if not any(hop.asks_again for hop in self.outcome.confirmed):
            return []
        finished = await requests.finish_empty(self.connection, self.case_no, self.now)
        await self.close_request_tasks(finished, "the bank is asked again")
        return finished

    async def _write_discrepancies(self, answer_ids: Sequence[int]) -> list[int]:
        found = self.outcome.discrepancies
        if found:
            await answers.insert_discrepancies(
                self.connection, self.case_no, self.institution, found, answer_ids, self.now
            )
        self.given_up = await plan_retries(self, self.institution, self.outcome.not_found)
        return await self.ask(*self.outcome.tasks, *self.given_up.values(), institution=self.institution)

    async def _reopen_if_settled(self) -> bool:
        grown = [hop for hop in self.outcome.confirmed if hop.more_paise and hop.state is not HopState.CLOSED]
        if self.head.state is CaseState.OPEN or not (self.outcome.new_hops or grown or self.followed):
            return False
        await cases.reopen(self.connection, self.case_no)
        return True

    def _events(
        self,
        update_id: int,
        job_id: str,
        bound: Mapping[str, str | list[str]],
        finished: Sequence[UUID],
        opened_tasks: Sequence[int],
        known: Mapping[int, str],
        cross_found: Sequence[Discrepancy],
        *,
        reopened: bool,
    ) -> list[Event]:
        outcome = self.outcome
        together = [hop.hop_no for hop in outcome.confirmed if hop.asked_together]
        answer = Event(
            EventKind.ANSWER_RECEIVED,
            {
                "update_id": update_id,
                "job_id": job_id,
                "institution": self.institution,
                "dispositions": dict(Counter(judged.disposition.value for judged in outcome.judgements)),
                "placed": events.placed(outcome.entries),
                "opened": [
                    {
                        "hop_no": hop.hop_no,
                        "parent_hop_no": hop.parent_hop_no,
                        "layer": hop.layer,
                        "institution": hop.payee.institution,
                        "disputed_paise": hop.disputed_paise,
                    }
                    | ({"known_in_another_case": known[hop.hop_no]} if hop.hop_no in known else {})
                    for hop in outcome.new_hops
                ],
                "confirmed": [
                    {
                        "hop_no": hop.hop_no,
                        "revision": hop.revision,
                        "more_paise": hop.more_paise,
                        "flags": [flag.code for flag in hop.flags],
                    }
                    for hop in outcome.confirmed
                    if not hop.asked_together
                ],
                **({"asked_together": together} if together else {}),
                "closed": list(outcome.closed),
                "parked": list(outcome.parked),
                "requests_finished": [str(request_id) for request_id in finished],
                "tasks_opened": list(opened_tasks),
                **bound,
            },
        )
        discrepancies = [
            Event(
                EventKind.DISCREPANCY_OPENED,
                {
                    "kind": discrepancy.kind.value,
                    "hop_no": discrepancy.hop_no,
                    "institution": self.institution,
                    "claimed_paise": discrepancy.claimed_paise,
                    "applied_paise": discrepancy.applied_paise,
                },
            )
            for discrepancy in (*outcome.discrepancies, *cross_found)
        ]
        return [answer, *discrepancies, *([Event(EventKind.CASE_REOPENED)] if reopened else [])]

    async def _notify_workflow(self, *, reopened: bool) -> FollowUp | None:
        outcome, case_no = self.outcome, self.case_no
        await self._close_unneeded_tasks()
        changed = [hop for hop in outcome.confirmed if hop.changes_request]
        if not (outcome.closed or outcome.parked or outcome.new_hops or changed or self.followed):
            return None
        revisions = {position.hop_no: position.revision for position in self.positions}
        revisions |= {hop.hop_no: hop.revision for hop in changed}
        parked = {*outcome.parked, *(hop.hop_no for hop in changed if hop.state is HopState.UNROUTABLE)}
        waiting = [hop for hop in outcome.new_hops if hop.state in {HopState.CORRECTION, HopState.UNROUTABLE}]
        notification = await notify_case(
            self,
            CaseNews(
                news_id=0,
                opened=await self._briefs(),
                closed=tuple(HopRef(hop_no=n, revision=revisions[n]) for n in outcome.closed),
                parked=tuple(
                    [HopRef(hop_no=n, revision=revisions[n]) for n in sorted(parked)]
                    + [HopRef(hop_no=hop.hop_no, revision=0) for hop in waiting]
                ),
            ),
        )
        start = await cases.snapshot(self.connection, case_no) if reopened else None
        return FollowUp(case_no=case_no, start=start, news=notification)

    async def _close_unneeded_tasks(self) -> None:
        """Close the work items of hops that need no call and no correction any more."""
        closed = [hop_no for hop_no in self.outcome.closed if hop_no not in self.given_up]
        if done := [*closed, *self.outcome.found]:
            kinds = (TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION)
            await self.close_hop_tasks(done, kinds, "the bank has answered")

    async def _briefs(self) -> tuple[HopBrief, ...]:
        again = [hop.hop_no for hop in self.outcome.confirmed if hop.asks_again]
        again += [hop.hop_no for hop in self.followed]
        if not again:
            return self._new_briefs()
        grown = await hops.briefs(self.connection, self.case_no, HopState.OPEN, len(again), again)
        return (*self._new_briefs(), *grown)

    def _new_briefs(self) -> tuple[HopBrief, ...]:
        directory = self.ctx.directory.current
        briefs = []
        for hop in self.outcome.new_hops:
            found = directory.get(hop.payee.institution) if hop.payee.institution else None
            if found and hop.state is HopState.OPEN:
                briefs.append(
                    HopBrief(
                        hop_no=hop.hop_no,
                        revision=0,
                        institution=found.code,
                        answer_class=found.answer_class,
                        disputed_paise=hop.in_play_paise,
                        layer=hop.layer,
                        transferred_at=hop.transferred_at or self.now,
                    )
                )
        return tuple(briefs)


def _hop_row(hop: NewHop, institution: str, answer_id: int, without_date: datetime) -> hops.HopRow:
    """Return the row of a new hop; `without_date` is its time if the bank states none."""
    return hops.HopRow(
        hop_no=hop.hop_no,
        parent_hop_no=hop.parent_hop_no,
        layer=hop.layer,
        source=HopSource.ANSWER,
        state=hop.state,
        institution=hop.payee.institution,
        payer_institution_as_told=institution,
        payer_holder="",
        payee_institution_as_told=hop.payee.institution_as_told,
        payee_holder=hop.payee.account,
        payee_ifsc=hop.payee.ifsc,
        account_key=account_key(hop.payee.account),
        reference=hop.reference,
        reference_key=reference_key(hop.reference),
        mode=Mode.OTHER.value,
        amount_paise=hop.amount_paise,
        disputed_paise=hop.disputed_paise,
        transferred_at=hop.transferred_at or without_date,
        opened_by_answer=answer_id,
        flags=hop.flags,
    )
