"""Intake of a bank's answer: one idempotent transaction, and only then the workflow is notified (architecture.md).

A request of a bank is stored before it is processed.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from activities.banks.bodies import BodySealer, sealer_of_case
from activities.banks.received import folder_of, kept_files, sealer_of_bank, signed_now
from activities.case.answer_effects import AnswerWriter, holds, only_of_payers_bank
from activities.case.claims import to_claims, with_bank_checked, with_dates_checked
from activities.case.merged_answers import ask_rest, count_here, set_aside_new, told_elsewhere, without
from activities.case.transaction import CaseTransaction
from activities.context import Context
from activities.isolation import repeated
from activities.metrics import METRICS
from adapters.banks.answers import StatusUpdate
from adapters.banks.protocol import BankProtocolError
from db.banks import bank_exchanges, bank_keys, channels
from db.banks.bank_exchanges import ReceivedBody
from db.banks.bank_keys import SealedStatement, SignedBy
from db.case import answers, cases, hops, telephone
from db.pool import Connection
from db.privacy.body_keys import BODY, CaseKey
from domain.case.known_transfers import is_day_before
from domain.case.trail import reconcile, task_of
from domain.evidence_binding import binding
from schemas.banks.keys import BankKey
from schemas.case.answers import Claim, Discrepancy, HopPosition, Reconciliation
from schemas.case.case_workflow import FollowUp
from schemas.enums import ClaimKind, DiscrepancyKind, Disposition
from schemas.events import EventKind
from schemas.identifiers import reference_key


@dataclass(frozen=True)
class AnswerReceipt:
    """The counts that the bank gets in reply. `repeated`: the same body was taken before."""

    accepted: int
    duplicates: int
    discrepancies: int
    follow_up: FollowUp | None = None
    repeated: bool = False


@dataclass(frozen=True)
class Teller:
    """Who answers: a bank over a channel, or an officer on its behalf."""

    institution: str
    told_by: str | None = None
    """the officer who tells it, and is the actor in the case log"""
    by_telephone: bool = False

    @property
    def actor(self) -> str:
        """Return the actor as the case log names it."""
        return self.told_by or f"bank:{self.institution}"


@dataclass(frozen=True)
class Answered:
    """An answer as it is written, before its transaction is committed."""

    receipt: AnswerReceipt
    head: cases.CaseHead
    update_id: int | None = None
    outcome: Reconciliation | None = None
    """None if the same body was taken before and has no new effect"""
    cross_found: Sequence[Discrepancy] = ()

    def record_metrics(self) -> None:
        """Count the answer. Call this after the commit."""
        if self.outcome is not None:
            _record_metrics(self.head, self.outcome, self.cross_found)


@repeated()
async def take_status_update(
    ctx: Context,
    institution: str,
    update: StatusUpdate,
    body_digest: bytes,
    *,
    received: ReceivedBody | None = None,
    is_signed: bool = False,
    told_by: str | None = None,
) -> AnswerReceipt:
    """Write an answer of `institution` with all its consequences; return the receipt with the workflow notification.

    `received`: the bytes with that digest. They are stored with the answer and belong to the evidence. The caller
    stores them if this raises an error (`activities.banks.received.kept_if_refused`).
    `is_signed`: the bank signed or sealed the body with a key of its own.
    `told_by`: the officer who tells it on behalf of the bank, and is the actor in the case log.

    Raises `NotFound` when the number is unknown, and also when the institution has no part in its case. The caller
    cannot tell these apart.
    """
    claims = await claims_of(ctx, institution, update)
    async with ctx.case_locks.held(update.ack_no), ctx.pool.acquire() as connection, connection.transaction():
        teller = Teller(institution, told_by)
        answered = await answer_in(
            ctx, connection, teller, update, claims, body_digest, received=received, is_signed=is_signed
        )
    answered.record_metrics()
    if answered.outcome is not None:
        await _mark_channels_healthy(ctx, answered.head.case_no, institution)
    return answered.receipt


async def claims_of(ctx: Context, institution: str, update: StatusUpdate) -> list[Claim]:
    """Return the claims of the lines of an answer of `institution`, one for each."""
    job_id = update.job_id or ""
    claims = to_claims(update.lines, job_id, ctx.directory.current, ctx.policy.trail)
    if any(claim.payee and claim.payee.institution is None for claim in claims):
        # The institution may have been loaded after this process read the directory.
        await ctx.directory.freshen()
        claims = to_claims(update.lines, job_id, ctx.directory.current, ctx.policy.trail)
    return [with_bank_checked(claim, institution, ctx.directory.current) for claim in claims]


async def answer_in(
    ctx: Context,
    connection: Connection,
    teller: Teller,
    update: StatusUpdate,
    claims: Sequence[Claim],
    body_digest: bytes,
    *,
    received: ReceivedBody | None = None,
    is_signed: bool = False,
) -> Answered:
    """Write an answer with all its consequences in the caller's transaction. Raises as `take_status_update`."""
    institution = teller.institution
    begun = await _begin(connection, institution, update, body_digest, claims)
    put_back: list[int] = []
    if begun.merged_with and (put_back := await count_here(ctx, connection, begun, institution, claims)):
        begun = await _begin(connection, institution, update, body_digest, claims)
    if teller.by_telephone:
        begun = await _with_booked(connection, begun)
    outcome = await _judge(ctx, connection, institution, update.job_id, claims, begun)
    if outcome is None:
        if received:
            await bank_exchanges.keep_body(connection, institution, _sealer(ctx, begun).received(received))
        return Answered(_repeated(begun.given), begun.head)
    outcome = await _with_dates_checked(connection, begun.head, outcome)
    elsewhere = await told_elsewhere(ctx, connection, begun, outcome)
    judged, outcome = outcome, without(outcome, elsewhere)
    writer = AnswerWriter(
        ctx,
        connection,
        begun.head,
        teller.actor,
        institution,
        outcome,
        begun,
        _sealer(ctx, begun),
        received,
        is_signed,
        confirms=teller.told_by is None,
    )
    reply = _reply_counts(outcome)
    written = await writer.write(update.job_id or "", body_digest, reply)
    await set_aside_new(writer, judged, elsewhere)
    follow_up = written.follow_up
    if put_back:
        follow_up = await ask_rest(ctx, connection, begun, put_back, follow_up)
    receipt = AnswerReceipt(reply["accepted"], reply["duplicates"], reply["contradictions"], follow_up)
    return Answered(receipt, begun.head, written.update_id, outcome, written.cross_found)


async def _with_booked(connection: Connection, begun: answers.Begun) -> answers.Begun:
    """Return what an answer by telephone is judged by: it may repeat everything that is booked already."""
    booked = await telephone.booked(connection, begun.head.case_no)
    positions = tuple(
        position.model_copy(update={"stated_paise": booked.get(position.hop_no, {})}) for position in begun.positions
    )
    return begun.model_copy(update={"positions": positions})


async def _begin(
    connection: Connection, institution: str, update: StatusUpdate, body_digest: bytes, claims: Sequence[Claim]
) -> answers.Begun:
    """Lock the case of the answer and read what its claims are judged by. Raises `NotFound`."""
    references = {claim.root_reference_key for claim in claims} | {reference_key(claim.reference) for claim in claims}
    accounts = {claim.root_account_key for claim in claims if claim.root_account_key}
    keys = [claim.natural_key for claim in claims]
    return await answers.begin(
        connection,
        update.ack_no,
        institution,
        body_digest,
        update.job_id or "",
        sorted(references - {""}),
        sorted(accounts),
        keys,
    )


def _sealer(ctx: Context, begun: answers.Begun) -> BodySealer:
    return sealer_of_case(ctx.persons, CaseKey(case_no=begun.head.case_no, key=begun.key))


async def _judge(
    ctx: Context,
    connection: Connection,
    institution: str,
    job_id: str | None,
    claims: Sequence[Claim],
    begun: answers.Begun,
) -> Reconciliation | None:
    """Return the changes that the claims make; None if the same body was taken before and has no new effect."""
    given, known, head = begun.given, begun.known, begun.head
    if given and not _may_have_effect(given.reply):
        return None
    keyed = _with_keys_of_job(claims, begun, institution, job_id)
    renamed = _with_new_keys(keyed, begun.positions, institution, job_id)
    keys = [claim.natural_key for claim in renamed]
    if keys != [claim.natural_key for claim in claims]:
        known = await answers.known_lines(connection, head.case_no, institution, keys)
    outcome = reconcile(institution, renamed, begun.positions, known, head.last_hop_no, ctx.policy.trail)
    if given and all(judged.disposition is Disposition.DUPLICATE for judged in outcome.judgements):
        return None
    return outcome if begun.knows_job else _with_unknown_job(institution, outcome)


async def _with_dates_checked(connection: Connection, head: cases.CaseHead, outcome: Reconciliation) -> Reconciliation:
    """Return the outcome with odd dates flagged. The victim's bank speaks of the time before the money came."""
    hop_nos = {
        hop_no
        for judged in outcome.judgements
        if judged.disposition is not Disposition.PAYERS_BANK
        # The money of a complaint came before it, so a later date needs no look at the hops.
        and (at := judged.claim.occurred_at)
        and is_day_before(at, head.opened_at)
        for hop_no in judged.hop_nos
    }
    came_at = await hops.transfer_times(connection, head.case_no, sorted(hop_nos)) if hop_nos else {}
    return with_dates_checked(outcome, came_at, head.now)


def _may_have_effect(reply: dict[str, int]) -> bool:
    """Return whether a repeated body with this reply may have a new effect.

    It may hold a line without a matching hop at its bank, and that hop may exist by now.
    """
    return reply["contradictions"] > 0 or reply["duplicates"] > 0


def _repeated(given: answers.Given | None) -> AnswerReceipt:
    assert given is not None, "only an answer that was given before is repeated"
    reply = given.reply
    return AnswerReceipt(reply["accepted"], reply["duplicates"], reply["contradictions"], repeated=True)


def _with_keys_of_job(
    claims: Sequence[Claim], begun: answers.Begun, institution: str, job_id: str | None
) -> list[Claim]:
    """Return the claims, with a key of their job if an equal line was about another part of the transfer.

    Two requests may ask about two equal parts of one transfer.
    """
    by_reference: dict[str, list[HopPosition]] = defaultdict(list)
    for position in begun.positions:
        if position.in_job and position.institution == institution:
            by_reference[position.reference_key].append(position)

    def is_of_another_part(claim: Claim) -> bool:
        before = begun.known.hop_nos.get(claim.natural_key, frozenset())
        own = by_reference.get(claim.root_reference_key, [])
        return bool(before) and any(p.in_play_paise for p in own) and before.isdisjoint(p.hop_no for p in own)

    return [
        claim.model_copy(update={"natural_key": f"{claim.natural_key}|job {job_id}"})
        if is_of_another_part(claim)
        else claim
        for claim in claims
    ]


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


def _with_unknown_job(institution: str, outcome: Reconciliation) -> Reconciliation:
    """Record an unknown job id as a discrepancy. The lines are taken nevertheless, because they name the hops."""
    discrepancy = Discrepancy(
        kind=DiscrepancyKind.JOB_UNKNOWN, claim_index=0, hop_no=None, claimed_paise=0, applied_paise=0
    )
    task = task_of(discrepancy, institution)
    return outcome.model_copy(
        update={"discrepancies": (*outcome.discrepancies, discrepancy), "tasks": (*outcome.tasks, task)}
    )


async def _mark_channels_healthy(ctx: Context, case_no: str, institution: str) -> None:
    """Record that the bank reads the channels by which it has this case's requests. They count as healthy again."""
    if not ctx.health.of(institution):
        return
    async with ctx.pool.acquire() as connection:
        reached = await channels.that_reached(connection, case_no, institution, BankProtocolError.__name__)
    for channel in reached:
        await ctx.health.answered(institution, channel)


def _record_metrics(head: cases.CaseHead, outcome: Reconciliation, cross_found: Sequence[Discrepancy]) -> None:
    for discrepancy in (*outcome.discrepancies, *cross_found):
        METRICS.discrepancy_found(discrepancy.kind)
    for judged in outcome.judgements:
        METRICS.answer_taken(judged.disposition, judged.claim.kind)
    since_complaint_seconds = (head.now - head.opened_at).total_seconds()
    if head.first_answered_at is None and not only_of_payers_bank(outcome):
        METRICS.first_answer(since_complaint_seconds)
    if head.first_held_at is None and holds(outcome):
        METRICS.first_hold(since_complaint_seconds)


def _reply_counts(outcome: Reconciliation) -> dict[str, int]:
    by = Counter(judged.disposition for judged in outcome.judgements)
    return {
        "accepted": len(outcome.judgements) - by[Disposition.DUPLICATE],
        "duplicates": by[Disposition.DUPLICATE],
        "contradictions": len(outcome.discrepancies),
    }


async def keep_statement(
    ctx: Context,
    institution: str,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    *,
    about: UUID | None = None,
    key: BankKey | None = None,
    origin: str | None = None,
    bank_person_id: UUID | None = None,
) -> int:
    """Store a request of `institution` before it is processed; return its number.

    `key` has signed the request for our address `origin`. If the request is about a hold request, an inquiry, an order
    or a grievance of this bank, the case log gets digests: the SHA-256 of each file of it in the evidence pack.
    """
    signed = signed_now(method, path, headers, origin, key) if key else None
    by = SignedBy(signed.key_id, signed.signature, signed.base) if signed else None
    async with ctx.pool.acquire() as connection, connection.transaction():
        concerned = await cases.lock_case_of(connection, institution, about) if about else None
        if concerned:
            sealer = sealer_of_case(ctx.persons, CaseKey(case_no=concerned.head.case_no, key=concerned.key))
        else:
            sealer = await sealer_of_bank(ctx, connection, institution)
        sealed = SealedStatement(sealer.key, sealer.body(BODY, body))
        evidence_id = await bank_keys.keep_evidence(
            connection, institution, method, path, headers, sealed, about, by, bank_person_id
        )
        if concerned:
            folder = folder_of(evidence_id)
            files = kept_files(method, path, headers, body, signed)
            bound = binding({f"{folder}/{name}": content for name, content in files.items()})
            work = CaseTransaction(ctx, connection, concerned.head, f"bank:{institution}")
            await work.log(EventKind.BANK_SPOKE, evidence_id=evidence_id, institution=institution, bound=bound)
    return evidence_id
