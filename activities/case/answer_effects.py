"""Writing of a bank's answer: its lines, what they change in the case, its events and the notification."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from activities.banks.bodies import BodySealer
from activities.case.batches import notify_with_events
from activities.case.discrepancies import cross_check, to_cross_check
from activities.case.hop_retries import plan_retries
from activities.case.hop_steps import flag_others
from activities.case.payer_inquiries import write_payer_lines
from activities.case.told_transfers import follow
from activities.case.transaction import CaseTransaction
from db.banks.bank_exchanges import ReceivedBody
from db.case import answers, cases, events, hops, requests, telephone
from db.case.events import Event
from domain.case.resolution import missing_date
from domain.evidence_binding import BODIES, STATEMENTS, binding
from schemas.case.answers import Confirmation, Discrepancy, NewHop, Reconciliation
from schemas.case.case_workflow import CaseNews, FollowUp, HopBrief, HopRef
from schemas.enums import Bucket, CaseState, ClaimKind, Disposition, HopSource, HopState, Mode, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_key, names_an_account, reference_key, transfer_key
from schemas.tasks import NewTask


def _bound(update_id: int, body_digest: bytes, lines_jsonl: bytes, *, body_kept: bool) -> dict[str, str | list[str]]:
    """Return the event's digests of the body and its lines, so that a later change of either is detected."""
    bound = binding({f"{STATEMENTS}/answer-{update_id}.jsonl": lines_jsonl}) if lines_jsonl else []
    if body_kept:
        bound.append(f"{body_digest.hex()}  {BODIES}/{body_digest.hex()}")
    return {"body_sha256": body_digest.hex(), "bound": bound}


def holds(outcome: Reconciliation) -> bool:
    """Return whether the answer places money on hold."""
    return any(entry.bucket is Bucket.HELD for entry in outcome.entries)


def only_of_payers_bank(outcome: Reconciliation) -> bool:
    """Return whether the answer is no answer to a hold request: only the victim's bank speaks in it, as such."""
    return all(judged.disposition is Disposition.PAYERS_BANK for judged in outcome.judgements)


@dataclass(frozen=True)
class Written:
    """A written answer: its number, the workflow notification, and the discrepancies with other answers."""

    update_id: int
    follow_up: FollowUp | None
    cross_found: Sequence[Discrepancy]


@dataclass
class AnswerWriter(CaseTransaction):
    """Writes one answer in the caller's transaction."""

    institution: str
    outcome: Reconciliation
    begun: answers.Begun
    sealer: BodySealer
    received: ReceivedBody | None
    is_signed: bool
    confirms: bool = True
    """whether the bank itself states it, so that it confirms what telephone answers booked"""
    followed: Sequence[hops.HopRow] = ()
    """hops of transfers that the victim's bank names in this answer"""
    given_up: dict[int, NewTask] = field(default_factory=dict)
    """by hop that the bank was asked about often enough, the task for the desk"""

    async def write(self, job_id: str, body_digest: bytes, reply: dict[str, int]) -> Written:
        """Write everything."""
        connection, case_no, outcome = self.connection, self.case_no, self.outcome
        given, judgements = self.begun.given, outcome.judgements
        said_again = given.said_again + 1 if given else 0
        written = await answers.insert(
            connection,
            self.institution,
            case_no,
            job_id,
            body_digest,
            said_again,
            self.now,
            reply,
            judgements,
            self._sealed(),
        )
        answer_ids = written.answer_ids
        followable = []
        if lines := outcome.payer_lines:
            followable = await write_payer_lines(self, self.institution, lines, answer_ids, is_signed=self.is_signed)
        effects = await self._effects(answer_ids)
        done = await answers.write_effects(connection, case_no, self.institution, written.update_id, self.now, effects)
        if self.confirms and outcome.restated:
            await telephone.confirm(connection, case_no, outcome.restated)
        opened_tasks = await self._write_discrepancies(answer_ids)
        finished = await self._close_requests(done.finished)
        await flag_others(self, done.others)
        self.followed = await follow(self, followable, self._last_hop_no) if followable else ()
        cross_found = await cross_check(self, self.institution, outcome, answer_ids, done.accounts)
        reopened = await self._reopen_if_settled()
        bound = _bound(written.update_id, body_digest, written.bound_lines, body_kept=self.received is not None)
        events = self._events(
            written.update_id, job_id, bound, finished, opened_tasks, done.others, cross_found, reopened=reopened
        )
        follow_up = await self._notify_workflow(events, opened_tasks, reopened=reopened)
        return Written(written.update_id, follow_up, cross_found)

    def _sealed(self) -> answers.SealedAnswer:
        raws = [self.sealer.line(judged.claim.natural_key, judged.claim.raw) for judged in self.outcome.judgements]
        received = self.sealer.received(self.received) if self.received else None
        return answers.SealedAnswer(self.sealer.key, raws, received)

    async def _effects(self, answer_ids: Sequence[int]) -> answers.Effects:
        outcome = self.outcome
        return answers.Effects(
            hops=await self._new_hops(answer_ids),
            accounts=self._accounts(),
            last_hop_no=None if only_of_payers_bank(outcome) else self._last_hop_no,
            is_held=holds(outcome),
            entries=outcome.entries,
            closed=outcome.closed,
            parked=outcome.parked,
            confirmed=outcome.confirmed,
            touched=sorted({hop_no for judged in outcome.judgements for hop_no in judged.hop_nos}),
            transfers={
                hop.hop_no: transfer_key(hop.reference, hop.payee.institution or hop.payee.institution_as_told)
                for hop in outcome.new_hops
                if hop.reference
            },
            checked=[answer_id for answer_id, _ in to_cross_check(outcome, answer_ids)],
        )

    async def _new_hops(self, answer_ids: Sequence[int]) -> list[hops.HopRow]:
        new = self.outcome.new_hops
        undated = [hop.parent_hop_no for hop in new if missing_date(hop.flags)]
        earliest = await hops.transfer_times(self.connection, self.case_no, undated) if undated else {}
        return [
            _hop_row(hop, self.institution, answer_ids[hop.claim_index], earliest.get(hop.parent_hop_no, self.now))
            for hop in new
        ]

    def _accounts(self) -> list[tuple[Sequence[int], str, str]]:
        """Return the account of each hold, because the sending bank may have named none."""
        return [
            (judged.hop_nos, judged.claim.root_account, judged.claim.root_account_key)
            for judged in self.outcome.judgements
            if judged.claim.kind is ClaimKind.HELD and names_an_account(judged.claim.root_account_key)
        ]

    @property
    def _last_hop_no(self) -> int:
        new = self.outcome.new_hops
        return new[-1].hop_no if new else self.head.last_hop_no

    async def _close_requests(self, answered: Sequence[UUID]) -> list[UUID]:
        """Close the work items of finished requests, and finish outdated ones; return all finished requests.

        The answer itself opens no work item about a request.
        """
        if answered and self.begun.has_tasks:
            await self.close_request_tasks(answered, "the bank has answered")
        return [*answered, *await self._finish_outdated()]

    async def _finish_outdated(self) -> list[UUID]:
        """Finish and return the requests that ask only about hops about which the bank must be asked again."""
        if not any(hop.asks_again for hop in self.outcome.confirmed):
            return []
        finished = await requests.finish_empty(self.connection, self.case_no, self.now)
        if finished and self.begun.has_tasks:
            await self.close_request_tasks(finished, "the bank is asked again")
        return finished

    async def _write_discrepancies(self, answer_ids: Sequence[int]) -> list[int]:
        discrepancies = self.outcome.discrepancies
        if discrepancies:
            await answers.insert_discrepancies(
                self.connection, self.case_no, self.institution, discrepancies, answer_ids, self.now
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

    async def _notify_workflow(
        self, logged: Sequence[Event], opened_tasks: Sequence[int], *, reopened: bool
    ) -> FollowUp | None:
        """Write the events, and the notification of the workflow if something changes for it; return that."""
        outcome, case_no = self.outcome, self.case_no
        if self.begun.has_tasks or opened_tasks:
            await self._close_unneeded_tasks()
        changed = [hop for hop in outcome.confirmed if hop.changes_request]
        if not (outcome.closed or outcome.parked or outcome.new_hops or changed or self.followed):
            await self.log_all(logged)
            return None
        news = self._news(changed, await self._briefs())
        written_news = await notify_with_events(self, logged, news, is_paused=self.begun.is_paused)
        start = await cases.snapshot(self.connection, case_no) if reopened else None
        return FollowUp(case_no=case_no, start=start, news=written_news)

    def _news(self, changed: Sequence[Confirmation], opened: tuple[HopBrief, ...]) -> CaseNews:
        outcome = self.outcome
        revisions = {position.hop_no: position.revision for position in self.begun.positions}
        revisions |= {hop.hop_no: hop.revision for hop in changed}
        parked = {*outcome.parked, *(hop.hop_no for hop in changed if hop.state is HopState.UNROUTABLE)}
        waiting = [hop for hop in outcome.new_hops if hop.state in {HopState.CORRECTION, HopState.UNROUTABLE}]
        return CaseNews(
            news_id=0,
            opened=opened,
            closed=tuple(HopRef(hop_no=n, revision=revisions[n]) for n in outcome.closed),
            parked=tuple(
                [HopRef(hop_no=n, revision=revisions[n]) for n in sorted(parked)]
                + [HopRef(hop_no=hop.hop_no, revision=0) for hop in waiting]
            ),
        )

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
            bank = directory.get(hop.payee.institution) if hop.payee.institution else None
            if bank and hop.state is HopState.OPEN:
                briefs.append(
                    HopBrief(
                        hop_no=hop.hop_no,
                        revision=0,
                        institution=bank.code,
                        answer_class=bank.answer_class,
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
