"""The trail: effects of a bank's answer on the hops that it names.

Rules, from the engine's own ledger and from the traps of the field (contradicting answers, duplicate rows):
* A hop never gives more than it has. The rest of a larger claim is a *discrepancy*, kept with both amounts.
* A transaction never carries more than its own amount. A line whose disputed amount is above it takes the amount. The
rest stays where it is and is a discrepancy. A hold takes no more than the disputed amount that its line states.
* Money in `untraced` or `refused` is not yet placed: a later positive answer of the bank may still place it.
* One transfer may carry money of several hops (gathered funds), up to its amount (`one_transfer.py`). A line with a
reference is about every hop of that bank with that reference, in the order of opening. Money that a bank says it sent
goes before money that only a complaint tells of. A withdrawn hop counts only where the line names no other.
* A transfer that the desk knew before the bank is one transfer. A line about it first covers the amount that the desk's
hop already took from the same parent. Only the rest moves money.
* A bank may state over a channel what it said by telephone, and the other way round. A line first covers what such a
statement booked of its kind (`HopPosition.stated_paise`). Only the rest moves money.
* Money reported both on hold and gone is one kind of discrepancy, in either order, in one answer or two. A hold above
the account balance is another: the money is moved, and an officer decides.
* A victim's own transfer that its bank does not find is asked about again (`Reconciliation.not_found`). A transfer that
another bank has reported is a discrepancy instead.
* Equal lines are one line. Only a line that named no hop of its bank is judged again on repeat, because another bank's
answer or the desk may have opened the hop since.
"""

from collections.abc import Iterable, Sequence

from domain.case.answer_hop import (
    AnsweredHop,
    answered_paise,
    balance_below_hold,
    doubts,
    moves_onto_itself,
    of_job_first,
    of_job_only,
    restated,
    shares_of,
    told_as_own,
    why_exceeds,
    with_account_checked,
)
from domain.case.ledger import move_between, take_from
from domain.case.one_transfer import Room, Transfers
from domain.case.payer_lines import payer_lines
from domain.case.resolution import missing_date
from domain.policy.model import CodeMeaning, TrailRules
from schemas.base import Flag
from schemas.case.answers import (
    NOT_STATED,
    Booked,
    Claim,
    Discrepancy,
    Entry,
    HopPosition,
    Judgement,
    KnownLines,
    NewHop,
    NotFound,
    PayerLine,
    Reconciliation,
)
from schemas.enums import (
    Bucket,
    ClaimKind,
    DiscrepancyKind,
    Disposition,
    HopSource,
    HopState,
    TaskKind,
)
from schemas.identifiers import account_key, reference_key
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop

_PLACES = {ClaimKind.HELD: Bucket.HELD, ClaimKind.WITHDRAWN: Bucket.WITHDRAWN, ClaimKind.SPENT: Bucket.SPENT}


def reconcile(
    institution: str,
    claims: Iterable[Claim],
    positions: Iterable[HopPosition],
    known: KnownLines,
    last_hop_no: int,
    rules: TrailRules,
) -> Reconciliation:
    """Judge every line of one answer of `institution` against the case's hops.

    `positions` are the hops of the case that the lines can be about. `known` has this institution's earlier lines, and
    `last_hop_no` is the highest hop number in use. Pure: equal arguments give equal results.
    """
    book = _Book(institution, positions, known, last_hop_no, rules)
    for claim in claims:
        book.judge(claim)
    return book.result()


class _Book:
    """Working state of one reconciliation."""

    def __init__(
        self,
        institution: str,
        positions: Iterable[HopPosition],
        known: KnownLines,
        last_hop_no: int,
        rules: TrailRules,
    ) -> None:
        self._institution = institution
        self._transfers = Transfers(institution)
        by_number = sorted(positions, key=lambda p: p.hop_no)
        self._hops = {p.hop_no: AnsweredHop(p, self._transfers.add(p)) for p in by_number}
        self._taken = set(known.taken)
        self._stray_before = set(known.stray)
        self._last_hop_no = last_hop_no
        self._rules = rules
        self._judgements: list[Judgement] = []
        self._entries: list[Entry] = []
        self._new_hops: list[NewHop] = []
        self._discrepancies: list[Discrepancy] = []
        self._tasks: list[NewTask] = []
        self._denials: list[tuple[Claim, int, AnsweredHop, int]] = []
        self._payer_lines: list[PayerLine] = []
        self._restated: list[Booked] = []
        self._not_found: dict[int, str] = {}
        """by hop of a victim, the code with which the bank does not find it"""

    def judge(self, claim: Claim) -> None:
        """Apply one line; every line gets exactly one judgement."""
        hops = self._hops_of(claim)
        from_payer = [] if hops else self._payer_lines_of(claim)
        stray = not hops and not from_payer
        if claim.natural_key in self._taken or (claim.natural_key in self._stray_before and stray):
            self._judgements.append(Judgement(claim=claim, disposition=Disposition.DUPLICATE))
            return
        self._taken.add(claim.natural_key)
        if claim.kind is ClaimKind.UNREADABLE:
            self._review(claim, ())
        elif from_payer:
            self._note_payer_lines(claim, from_payer)
        elif not hops:
            self._stray(claim)
        elif claim.kind is ClaimKind.REFUSED:
            self._refuse(claim, of_job_only(hops))
        elif claim.kind is ClaimKind.UNKNOWN or moves_onto_itself(claim):
            self._review(claim, hops)
        elif claim.takes_rest:
            self._take_rest(claim, of_job_only(hops))
        else:
            self._place(claim, hops)

    def result(self) -> Reconciliation:
        """Return all changes, with hops in order."""
        for claim, claim_index, hop, paise in self._denials:
            # The sending bank reports the transfer and the receiving bank denies it, so one of them is wrong. A bank
            # that has placed part of the money does not deny the transfer; it only cannot find the rest.
            if hop.drawable_paise == hop.position.disputed_paise:
                self._contradict(claim, DiscrepancyKind.TRANSFER_DENIED, hop.position.hop_no, 0, paise, claim_index)
        closed, parked = [], []
        for hop_no, hop in self._hops.items():
            if hop.state is hop.position.state and not hop.more_paise:
                continue
            if hop.state is HopState.CLOSED:
                closed.append(hop_no)
            elif hop.state is HopState.CORRECTION:
                parked.append(hop_no)
        return Reconciliation(
            judgements=tuple(self._judgements),
            entries=tuple(self._entries),
            new_hops=tuple(self._new_hops),
            confirmed=tuple(hop.confirmation() for hop in self._hops.values() if hop.confirmed or hop.asked_together),
            closed=tuple(closed),
            parked=tuple(parked),
            discrepancies=tuple(self._discrepancies),
            tasks=tuple(self._tasks),
            not_found=tuple(
                NotFound(hop_no=hop_no, code=code, nothing_found=refused_paise == self._hops[hop_no].disputed_paise)
                for hop_no, code in self._not_found.items()
                if (refused_paise := self._hops[hop_no].paise[Bucket.REFUSED])
            ),
            found=tuple(hop_no for hop_no, hop in self._hops.items() if hop.is_found),
            payer_lines=tuple(self._payer_lines),
            restated=tuple(self._restated),
        )

    # -- the hops that a line is about ---------------------------------------------------------------------------

    def _hops_of(self, claim: Claim) -> list[AnsweredHop]:
        own = [h for h in self._hops.values() if h.position.institution == self._institution]
        named = self._named([h for h in own if not h.position.withdrawn], claim)
        return named or self._named([h for h in own if h.position.withdrawn], claim)

    def _named(self, own: list[AnsweredHop], claim: Claim) -> list[AnsweredHop]:
        """Return those of this bank's hops that the line names, in the order in which it draws from them."""
        if not claim.root_reference_key:
            # Without a reference the bank names at least the account, which is used only if it has one hop.
            key = claim.root_account_key
            by_account = [h for h in own if key and h.position.account_key == key]
            return by_account if len(by_account) == 1 else []
        by_reference = [h for h in own if h.position.reference_key == claim.root_reference_key]
        exact = [h for h in by_reference if h.position.account_key == claim.root_account_key or h.may_have_account]
        return of_job_first(sorted(exact or by_reference, key=lambda h: h.part.is_complaints))

    def _payer_lines_of(self, claim: Claim) -> list[PayerLine]:
        """Return what the line says if its bank is asked about the line's transfer as the victim's bank."""
        key, positions = claim.root_reference_key, [hop.position for hop in self._hops.values()]
        asked = [position for position in positions if position.payer and key and position.reference_key == key]
        return payer_lines(claim, asked, positions, len(self._judgements)) if asked else []

    def _note_payer_lines(self, claim: Claim, from_payer: Sequence[PayerLine]) -> None:
        self._payer_lines += from_payer
        hop_nos = tuple(word.hop_no for word in from_payer)
        self._judgements.append(Judgement(claim=claim, disposition=Disposition.PAYERS_BANK, hop_nos=hop_nos))

    def _stray(self, claim: Claim) -> None:
        key = claim.root_reference_key
        elsewhere = [h for h in self._hops.values() if key and h.position.reference_key == key]
        kind = DiscrepancyKind.ANOTHER_BANKS_HOP if elsewhere else DiscrepancyKind.UNASKED_HOP
        self._contradict(claim, kind, elsewhere[0].position.hop_no if elsewhere else None, 0)
        self._judgements.append(Judgement(claim=claim, disposition=Disposition.DISCREPANCY))

    # -- what a line does --------------------------------------------------------------------------------------

    def _place(self, claim: Claim, hops: list[AnsweredHop]) -> None:
        """Move the money that the claim may take, hop by hop; the rest of the claim is a discrepancy."""
        claim, moves = with_account_checked(claim, hops), claim.kind is ClaimKind.MOVED
        known = self._known_below(claim, hops)
        by_desk = [child for child in known if child.position.source is HopSource.DESK]
        covered_paise = min(claim.within_paise, sum(child.disputed_paise for child in by_desk))
        more_paise = claim.within_paise - covered_paise
        repeated = restated(claim.kind, known if moves else hops, more_paise)
        repeated_paise = sum(booked.paise for booked in repeated)
        self._restated += repeated
        more_paise -= repeated_paise
        room = self._transfers.room(claim) if moves else Room(more_paise, whole_paise=more_paise)
        shares = shares_of(min(more_paise, room.paise), hops)
        applied_paise = covered_paise + sum(take for _, take in shares)
        for child in known:
            self._confirm(claim, child)
        for hop, take in shares:
            self._draw(hop, take)
            below = [child for child in known if child.position.parent_hop_no == hop.position.hop_no]
            if below:
                self._grow(claim, below[0], take)
            elif claim.kind is ClaimKind.MOVED:
                self._move_on(claim, hop, take, applied_paise, room)
            else:
                self._enter(hop.position.hop_no, _PLACES[claim.kind], take)
                hop.held_paise += take if claim.kind is ClaimKind.HELD else 0
            self._close_if_empty(hop)
        self._contradict_rest(claim, hops, applied_paise + repeated_paise, more_paise, room)
        if (there_paise := balance_below_hold(claim)) is not None:
            self._contradict(claim, DiscrepancyKind.BALANCE_BELOW_HOLD, hops[0].position.hop_no, there_paise)
        for kind in doubts(claim):
            self._contradict(claim, kind, hops[0].position.hop_no, applied_paise + repeated_paise)
        whole = applied_paise + repeated_paise >= claim.claim_paise
        self._judgements.append(
            Judgement(
                claim=claim,
                disposition=Disposition.APPLIED if whole else Disposition.DISCREPANCY,
                hop_nos=tuple(hop.position.hop_no for hop, _ in shares) or tuple(h.position.hop_no for h in hops),
                applied_paise=applied_paise,
            )
        )

    def _contradict_rest(
        self, claim: Claim, hops: Sequence[AnsweredHop], applied_paise: int, more_paise: int, room: Room
    ) -> None:
        """Open a discrepancy for each limit that kept the claim from being applied in full.

        `more_paise` is what the claim asked of the hops, and `room` what its transfer could carry.
        """
        hop_no = hops[0].position.hop_no
        beyond_paise = max(0, more_paise - room.paise)
        # All that a hold claims above its disputed amount or above the hop is one discrepancy.
        most_paise = (claim.claim_paise if claim.kind is ClaimKind.HELD else claim.within_paise) - beyond_paise
        if applied_paise < most_paise:
            self._contradict(claim, why_exceeds(claim, hops), hop_no, applied_paise, most_paise)
        if beyond_paise and room.kind is DiscrepancyKind.SENT_BY_TWO:
            self._contradict(claim, room.kind, hop_no, most_paise, claim.within_paise)
        elif more_paise and (stated_paise := room.carried_paise + room.told_paise + more_paise) > room.whole_paise:
            self._contradict(claim, DiscrepancyKind.CLAIMED_TWICE, hop_no, room.whole_paise, stated_paise)
        if claim.within_paise < claim.claim_paise and claim.kind is not ClaimKind.HELD:
            self._contradict(claim, DiscrepancyKind.DISPUTED_ABOVE_AMOUNT, hop_no, claim.within_paise)

    def _take_rest(self, claim: Claim, hops: list[AnsweredHop]) -> None:
        """Write off what is still in play of the hops, because it went on in amounts too small to trace.

        The line states no sum. An officer reads it if the rest is more than one such amount.
        """
        rest_paise = sum(hop.paise[Bucket.IN_PLAY] for hop in hops)
        if rest_paise >= self._rules.min_chase_paise:
            cause = TaskCause.SMALL_TRANSFERS_WITHOUT_SUM
            self._tasks.append(about_hop(TaskKind.READ_ANSWER, cause, hops[0].position.hop_no))
        self._place(claim.model_copy(update={"amount_paise": rest_paise, "claim_paise": rest_paise}), hops)

    # -- what is known already ---------------------------------------------------------------------------------

    def _known_below(self, claim: Claim, hops: Sequence[AnsweredHop]) -> list[AnsweredHop]:
        """Return the hops below `hops` that are the transfer in the claim.

        The desk entered them, or a statement that the claim may repeat opened them.
        """
        key = reference_key(claim.reference)
        if claim.payee is None or not key:
            return []
        parents = {hop.position.hop_no for hop in hops}
        return [
            hop
            for hop in self._hops.values()
            if (hop.position.source is HopSource.DESK or ClaimKind.MOVED in hop.position.stated_paise)
            and hop.position.parent_hop_no in parents
            and hop.position.reference_key == key
            and hop.position.institution == claim.payee.institution
        ]

    def _confirm(self, claim: Claim, child: AnsweredHop) -> None:
        """Note that the bank confirms a known hop.

        Another account than the known one is flagged for an officer, and neither replaces the other.
        """
        assert claim.payee is not None, "only a transfer has hops of the desk"
        child.confirmed = True
        if claim.payee.account != NOT_STATED and account_key(claim.payee.account) != child.position.account_key:
            flag = Flag(
                field="payee.account",
                code="bank_names_another_account",
                message=f"{self._institution} says that the money went to account {claim.payee.account}",
            )
            if flag not in child.flags:
                child.flags.append(flag)

    def _grow(self, claim: Claim, child: AnsweredHop, paise: int) -> None:
        """Add a larger tainted amount to a known hop, so that its bank is asked about all of it."""
        child.grow(paise, claim.amount_paise)
        self._enter(child.position.hop_no, Bucket.IN_PLAY, paise)
        if child.state is HopState.CLOSED:
            routable = child.position.institution is not None
            child.state = first_state(routable=routable, reference=claim.reference)
            self._tasks += tasks_before_asking(child.position.hop_no, child.state)
        elif child.state is HopState.ASKED:
            child.state = HopState.OPEN

    # -- the next layer, and refusals ----------------------------------------------------------------------------

    def _move_on(self, claim: Claim, hop: AnsweredHop, paise: int, transfer_paise: int, room: Room) -> None:
        """Open a hop in the next layer, or write small money off as untraced.

        The whole transfer counts (`transfer_paise` of it are in this case), because the part of one hop may be small.
        """
        assert claim.payee is not None, "a MOVED claim names its payee"
        layer = hop.position.layer + 1
        bounds_reached = layer > self._rules.max_layers or self._last_hop_no >= self._rules.max_hops
        if claim.takes_rest or transfer_paise < self._rules.min_chase_paise or bounds_reached:
            self._enter(hop.position.hop_no, Bucket.UNTRACED, paise)
            hop.paise[Bucket.UNTRACED] += paise
            if bounds_reached:
                self._tasks.append(about_hop(TaskKind.SUPERVISE, TaskCause.TRAIL_LIMIT, hop.position.hop_no))
            return
        self._last_hop_no += 1
        stated_hops = [stated_hop for stated_hop in self._hops.values() if stated_hop.part in room.told]
        answered = answered_paise(paise, self._transfers.room(claim).paise, stated_hops)
        routable = claim.payee.institution is not None
        state = first_state(routable=routable, reference=claim.reference, flags=claim.flags)
        new = NewHop(
            hop_no=self._last_hop_no,
            claim_index=len(self._judgements),
            parent_hop_no=hop.position.hop_no,
            layer=layer,
            payee=claim.payee,
            reference=claim.reference,
            amount_paise=claim.amount_paise,
            disputed_paise=paise,
            answered_paise=answered,
            transferred_at=claim.occurred_at,
            state=HopState.CLOSED if answered == paise else state,
            flags=(*claim.flags, *self._sent_by_others(claim), *told_as_own(stated_hops, answered)),
        )
        self._new_hops.append(new)
        self._transfers.open(new)
        if new.state is not HopState.CLOSED:
            for stated_hop in stated_hops:
                stated_hop.ask_together()
        self._enter(new.hop_no, Bucket.IN_PLAY, paise)
        if answered:
            self._entries += move_between(new.hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, answered)
        self._tasks += tasks_before_asking(new.hop_no, new.state, new.flags)

    def _sent_by_others(self, claim: Claim) -> list[Flag]:
        return [
            Flag(field="reference", code="sent_by_another_bank", message=f"{bank} says that it sent this transfer too")
            for bank in self._transfers.other_senders(claim)
        ]

    def _refuse(self, claim: Claim, hops: list[AnsweredHop]) -> None:
        """Send the refused hops to the desk for correction, or end tracing there."""
        corrects = self._rules.meaning(claim.status_code) is CodeMeaning.CORRECTION
        for hop in hops:
            if hop.paise[Bucket.IN_PLAY] == 0:
                continue
            if corrects:
                hop.state = HopState.CORRECTION
                facts = TaskFacts(code=claim.status_code, institution=self._institution)
                cause = TaskCause.REFERENCE_REFUSED
                self._tasks.append(about_hop(TaskKind.CORRECT_REFERENCE, cause, hop.position.hop_no, facts))
                continue
            paise = hop.paise[Bucket.IN_PLAY]
            self._enter(hop.position.hop_no, Bucket.IN_PLAY, -paise)
            self._enter(hop.position.hop_no, Bucket.REFUSED, paise)
            hop.paise[Bucket.IN_PLAY] = 0
            hop.paise[Bucket.REFUSED] += paise
            self._close_if_empty(hop)
            if hop.position.source is HopSource.COMPLAINT:
                self._not_found[hop.position.hop_no] = claim.status_code
            if hop.position.source is HopSource.ANSWER:
                self._denials.append((claim, len(self._judgements), hop, paise))
        self._judgements.append(
            Judgement(
                claim=claim,
                disposition=Disposition.CORRECTION if corrects else Disposition.REFUSAL,
                hop_nos=tuple(h.position.hop_no for h in hops),
            )
        )

    def _review(self, claim: Claim, hops: Sequence[AnsweredHop]) -> None:
        hop_no = hops[0].position.hop_no if hops else None
        unreadable = claim.kind is ClaimKind.UNREADABLE
        facts = TaskFacts(
            institution=self._institution,
            line=claim.kind,
            code="" if unreadable else claim.status_code,
            claimed_paise=claim.claim_paise or None,
            # The remarks of a line that can be read are the bank's text, which may name a person.
            detail=claim.remarks if unreadable else "",
        )
        self._tasks.append(about_hop(TaskKind.READ_ANSWER, TaskCause.ANSWER_NOT_UNDERSTOOD, hop_no, facts))
        self._judgements.append(
            Judgement(claim=claim, disposition=Disposition.REVIEW, hop_nos=tuple(h.position.hop_no for h in hops))
        )

    # -- helpers ----------------------------------------------------------------------------------------------

    def _draw(self, hop: AnsweredHop, paise: int) -> None:
        drawn = take_from(hop.position.hop_no, hop.paise, paise)
        assert drawn is not None, "the caller drew more than the hop has"
        for entry in drawn:
            hop.paise[entry.bucket] += entry.amount_paise
        self._entries += drawn

    def _enter(self, hop_no: int, bucket: Bucket, paise: int) -> None:
        self._entries.append(Entry(hop_no=hop_no, bucket=bucket, amount_paise=paise))

    def _close_if_empty(self, hop: AnsweredHop) -> None:
        if hop.paise[Bucket.IN_PLAY] == 0:
            hop.state = HopState.CLOSED

    def _contradict(
        self,
        claim: Claim,
        kind: DiscrepancyKind,
        hop_no: int | None,
        applied_paise: int,
        claimed_paise: int | None = None,
        claim_index: int | None = None,
    ) -> None:
        discrepancy = Discrepancy(
            kind=kind,
            claim_index=len(self._judgements) if claim_index is None else claim_index,
            hop_no=hop_no,
            claimed_paise=claim.claim_paise if claimed_paise is None else claimed_paise,
            applied_paise=applied_paise,
        )
        self._discrepancies.append(discrepancy)
        self._tasks.append(task_of(discrepancy, self._institution))


def first_state(*, routable: bool, reference: str, flags: Iterable[Flag] = ()) -> HopState:
    """Return the first state of a hop. A request needs a known institution, a reference and a date."""
    if not routable:
        return HopState.UNROUTABLE
    return HopState.OPEN if reference and not missing_date(flags) else HopState.CORRECTION


def tasks_before_asking(hop_no: int, state: HopState, flags: Iterable[Flag] = ()) -> list[NewTask]:
    """Return the work items that the desk must finish before a new hop in `state` can be requested."""
    if state is HopState.UNROUTABLE:
        return [about_hop(TaskKind.NAME_INSTITUTION, TaskCause.INSTITUTION_UNKNOWN, hop_no)]
    if state is HopState.CORRECTION and (undated := missing_date(flags)):
        facts = TaskFacts(detail=undated.message)
        return [about_hop(TaskKind.CORRECT_REFERENCE, TaskCause.DATE_MISSING, hop_no, facts)]
    if state is HopState.CORRECTION:
        return [about_hop(TaskKind.CORRECT_REFERENCE, TaskCause.REFERENCE_MISSING, hop_no)]
    return []


def task_of(discrepancy: Discrepancy, institution: str) -> NewTask:
    """Return the task for a discrepancy that an answer of `institution` shows."""
    facts = TaskFacts(
        discrepancy=discrepancy.kind,
        institution=institution,
        claimed_paise=discrepancy.claimed_paise,
        against_paise=discrepancy.applied_paise,
    )
    return about_hop(TaskKind.RESOLVE_DISCREPANCY, TaskCause.DISCREPANCY, discrepancy.hop_no, facts)
