"""A case in memory: does with a reconciliation what the database does, and asserts every rule after each step."""

from collections.abc import Sequence

from domain.case.ledger import bucket_sums, complaint_entries, move_between, take_from, unaccounted_paise
from domain.case.trail import reconcile
from domain.policy.model import TrailRules, load_policy
from schemas.case.answers import Claim, Confirmation, Entry, HopPosition, KnownLines, NewHop, PayeeClaim, Reconciliation
from schemas.enums import Bucket, ClaimKind, Disposition, HopSource, HopState

RULES = load_policy().trail.model_copy(update={"min_chase_paise": 300, "max_layers": 4, "max_hops": 12})
NO_MONEY = {ClaimKind.REFUSED, ClaimKind.UNKNOWN, ClaimKind.UNREADABLE}


def claim(
    kind: ClaimKind,
    root: str,
    paise: int = 0,
    *,
    account: str = "",
    reference: str = "",
    payee: str | None = None,
    payee_account: str = "A9",
    code: str = "00",
    amount_paise: int | None = None,
    balance_paise: int | None = None,
    balance_is_free: bool = False,
) -> Claim:
    """A line of an answer; two with equal arguments say the same."""
    moved = kind is ClaimKind.MOVED
    return Claim(
        kind=kind,
        natural_key=repr(
            (kind, root, paise, account, reference, payee, payee_account, code, amount_paise, balance_paise)
        ),
        root_reference_key=root,
        root_account_key=account,
        amount_paise=paise if amount_paise is None else amount_paise,
        claim_paise=paise,
        reference=reference,
        payee=PayeeClaim(institution=payee, institution_as_told=payee or "?", account=payee_account) if moved else None,
        status_code=code,
        balance_paise=balance_paise,
        balance_is_free=balance_is_free,
        raw={},
    )


class CaseModel:
    """Hops, balances and what each bank has told, with the rules of architecture.md asserted."""

    def __init__(self, rules: TrailRules = RULES) -> None:
        self.rules = rules
        self.hops: dict[int, HopPosition] = {}
        self.balances: dict[tuple[int, Bucket], int] = {}
        self.told: dict[str, tuple[set[str], set[str]]] = {}
        self.last_hop_no = 0
        self.taken_up: dict[int, int] = {}
        """by hop, what came into play at it and was not written off there before"""

    # -- what happens to a case ------------------------------------------------------------------------------------

    def withdraw(self, hop_no: int) -> None:
        """Two officers withdraw a hop that no bank has confirmed."""
        paise = self.balance(hop_no, Bucket.IN_PLAY)
        self._post(move_between(hop_no, Bucket.IN_PLAY, Bucket.LOST, paise))
        self.hops[hop_no] = self.hops[hop_no].model_copy(update={"withdrawn": True, "state": HopState.CLOSED})
        self.check()

    def lose(self, bank: str, reference: str, paise: int, account: str = "A1") -> int:
        """A complaint about one transfer; returns its hop number."""
        hop_no = self._add(bank, reference, account, 1, HopSource.COMPLAINT, HopState.OPEN, paise)
        self._post(complaint_entries(hop_no, paise))
        self.check()
        return hop_no

    def answer(self, bank: str, *claims: Claim) -> Reconciliation:
        """An answer of `bank`, applied."""
        taken, stray = self.told.setdefault(bank, (set(), set()))
        before = {hop_no: self.drawable(hop_no) for hop_no in self.hops}
        known = KnownLines(taken=frozenset(taken), stray=frozenset(stray))
        outcome = reconcile(bank, claims, self.positions(), known, self.last_hop_no, self.rules)
        self._assert_whole(claims, outcome, before)
        self._assert_one_transfer_is_one(outcome)
        carried = self._carried()
        for new in outcome.new_hops:
            self._open(new)
        self._post(outcome.entries)
        for hop_no in outcome.closed:
            self._set_state(hop_no, HopState.CLOSED)
        for hop_no in outcome.parked:
            self._set_state(hop_no, HopState.CORRECTION)
        for told in outcome.confirmed:
            self._confirm(told)
        for judged in outcome.judgements:
            if judged.disposition is Disposition.DISCREPANCY and not judged.hop_nos:
                stray.add(judged.claim.natural_key)
            elif judged.disposition is not Disposition.DUPLICATE:
                taken.add(judged.claim.natural_key)
        self.check()
        self._assert_no_transfer_is_overloaded(carried)
        return outcome

    def add(self, parent_hop_no: int, bank: str | None, reference: str, paise: int, account: str = "A1") -> int | None:
        """The desk adds a hop; returns its number, or None where the parent has not that much or nothing may follow."""
        parent = self.hops[parent_hop_no]
        balances = {bucket: self.balance(parent_hop_no, bucket) for bucket in Bucket}
        drawn = take_from(parent_hop_no, balances, paise)
        if drawn is None or parent.layer >= self.rules.max_layers or self.last_hop_no >= self.rules.max_hops:
            return None
        state = HopState.OPEN if bank else HopState.UNROUTABLE
        hop_no = self._add(bank, reference, account, parent.layer + 1, HopSource.DESK, state, paise, parent_hop_no)
        self._post([*drawn, Entry(hop_no=hop_no, bucket=Bucket.IN_PLAY, amount_paise=paise)])
        if self.balance(parent_hop_no, Bucket.IN_PLAY) == 0:
            self._set_state(parent_hop_no, HopState.CLOSED)
        self.check()
        return hop_no

    def ask(self, hop_no: int) -> None:
        """A request asks about the hop, if it is to be asked about."""
        if self.hops[hop_no].state is HopState.OPEN:
            self._set_state(hop_no, HopState.ASKED)

    def write_off(self, hop_no: int) -> None:
        """No bank answered: what is in play is untraced."""
        paise = self.balance(hop_no, Bucket.IN_PLAY)
        if paise:
            self._post(move_between(hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, paise))
            self._set_state(hop_no, HopState.CLOSED)
        self.check()

    def correct(self, hop_no: int, reference: str) -> None:
        """The desk puts a hop right and sends it out again."""
        if self.hops[hop_no].state is not HopState.CLOSED:
            changed = {"reference_key": reference, "revision": self.hops[hop_no].revision + 1, "state": HopState.OPEN}
            self.hops[hop_no] = self.hops[hop_no].model_copy(update=changed)
        self.check()

    # -- what is seen ----------------------------------------------------------------------------------------------

    def balance(self, hop_no: int, bucket: Bucket) -> int:
        return self.balances.get((hop_no, bucket), 0)

    def drawable(self, hop_no: int) -> int:
        return sum(self.balance(hop_no, b) for b in (Bucket.IN_PLAY, Bucket.UNTRACED, Bucket.REFUSED))

    def total(self, bucket: Bucket) -> int:
        return bucket_sums((b, paise) for (_, b), paise in self.balances.items())[bucket]

    def positions(self) -> list[HopPosition]:
        return [
            hop.model_copy(
                update={
                    "sent_by": self.hops[hop.parent_hop_no].institution if hop.parent_hop_no else None,
                    "in_play_paise": self.balance(hop_no, Bucket.IN_PLAY),
                    "untraced_paise": self.balance(hop_no, Bucket.UNTRACED),
                    "refused_paise": self.balance(hop_no, Bucket.REFUSED),
                    "held_paise": self.balance(hop_no, Bucket.HELD),
                }
            )
            for hop_no, hop in self.hops.items()
        ]

    # -- the rules -------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Lost is the sum of all buckets, none is below zero, and a hop is closed exactly when nothing is in play."""
        assert unaccounted_paise(bucket_sums((b, paise) for (_, b), paise in self.balances.items())) == 0
        for (hop_no, bucket), paise in self.balances.items():
            assert paise <= 0 if bucket is Bucket.LOST else paise >= 0, (hop_no, bucket, paise)
        for hop_no, hop in self.hops.items():
            assert (hop.state is HopState.CLOSED) == (self.balance(hop_no, Bucket.IN_PLAY) == 0), hop
            assert hop.layer <= self.rules.max_layers
            assert hop.disputed_paise == self.taken_up[hop_no], "what is disputed of a hop came into play at it"
            assert hop.disputed_paise <= hop.amount_paise
        assert list(self.hops) == list(range(1, self.last_hop_no + 1))

    def _assert_whole(self, claims: Sequence[Claim], outcome: Reconciliation, before: dict[int, int]) -> None:
        assert sum(entry.amount_paise for entry in outcome.entries) == 0
        assert all(entry.bucket is not Bucket.LOST for entry in outcome.entries), "a bank cannot change the loss"
        assert [judged.claim for judged in outcome.judgements] == list(claims), "every line has one judgement"
        for judged in outcome.judgements:
            assert 0 <= judged.applied_paise <= judged.claim.within_paise <= judged.claim.claim_paise
        for found in outcome.discrepancies:
            assert outcome.judgements[found.claim_index].disposition is not Disposition.DUPLICATE
            assert 0 <= found.applied_paise < found.claimed_paise or found.claimed_paise == 0
        given: dict[int, int] = {}
        for new in outcome.new_hops:
            told = outcome.judgements[new.claim_index].claim
            assert 0 < new.disputed_paise <= new.amount_paise == told.amount_paise, "no hop is larger than its transfer"
            assert new.layer == self.hops[new.parent_hop_no].layer + 1
            given[new.parent_hop_no] = given.get(new.parent_hop_no, 0) + new.disputed_paise
        for parent_hop_no, paise in given.items():
            assert paise <= before[parent_hop_no], "a hop gives no more than it had"
        assert len(self.hops) + len(outcome.new_hops) <= max(self.rules.max_hops, len(self.hops))
        opened = [new.hop_no for new in outcome.new_hops]
        assert opened == list(range(self.last_hop_no + 1, self.last_hop_no + 1 + len(opened)))

    def _assert_one_transfer_is_one(self, outcome: Reconciliation) -> None:
        """A hop of the desk's is the transfer that its parent's bank tells of: no second hop, no rupee twice."""

        def known_by_desk(claim: Claim, parent_hop_no: int | None) -> list[int]:
            return [
                hop_no
                for hop_no, hop in self.hops.items()
                if hop.source is HopSource.DESK
                and hop.parent_hop_no == parent_hop_no
                and claim.payee is not None
                and hop.institution == claim.payee.institution
                and hop.reference_key == claim.reference != ""
            ]

        for new in outcome.new_hops:
            assert not known_by_desk(outcome.judgements[new.claim_index].claim, new.parent_hop_no)
        confirmed = {told.hop_no: told for told in outcome.confirmed}
        assert len(confirmed) == len(outcome.confirmed), "a hop is confirmed once an answer, whatever its lines"
        for judged in outcome.judgements:
            if judged.disposition in {Disposition.APPLIED, Disposition.DISCREPANCY}:
                known = [n for parent in judged.hop_nos for n in known_by_desk(judged.claim, parent)]
                covered_paise = sum(self.hops[hop_no].disputed_paise for hop_no in known)
                assert judged.applied_paise >= min(judged.claim.within_paise, covered_paise)
        repeated = {one.hop_no for one in outcome.restated}
        for told in outcome.confirmed:
            hop = self.hops[told.hop_no]
            source = HopSource.COMPLAINT if told.asked_together else HopSource.DESK
            assert hop.source is source or told.hop_no in repeated
            assert told.more_paise == told.disputed_paise - hop.disputed_paise >= 0
            assert told.revision == hop.revision + (told.changes_request and told.state is not HopState.CLOSED)
            assert told.more_paise == 0 or told.state is not HopState.ASKED, "no request asks with a figure too small"

    def _carried(self) -> dict[tuple[str, str | None, str], tuple[int, int]]:
        """By reference, bank and account of a transfer: what its hops carry, and the largest amount that was told.

        Without transfers of the desk's hops: the bank that tells of these may name another account. Without hops of
        complaints, which take no place in a transfer.
        """
        found: dict[tuple[str, str | None, str], tuple[int, int]] = {}
        places = {hop_no: (hop.reference_key, hop.institution, hop.account_key) for hop_no, hop in self.hops.items()}
        left_out = {places[hop_no] for hop_no, hop in self.hops.items() if hop.source is HopSource.DESK}
        for hop_no, hop in self.hops.items():
            place = places[hop_no]
            if hop.reference_key and place not in left_out and hop.source is not HopSource.COMPLAINT:
                carried, amount = found.get(place, (0, 0))
                found[place] = (carried + hop.disputed_paise, max(amount, hop.amount_paise))
        return found

    def _assert_no_transfer_is_overloaded(self, before: dict[tuple[str, str | None, str], tuple[int, int]]) -> None:
        """No answer makes a transfer carry more than it moved; complaints and the desk may have before."""
        for place, (carried, amount) in self._carried().items():
            assert carried <= max(amount, before.get(place, (0, 0))[0]), place

    # -- steps -----------------------------------------------------------------------------------------------------

    def _open(self, new: NewHop) -> None:
        hop_no = self._add(
            new.payee.institution,
            new.reference,
            new.payee.account,
            new.layer,
            HopSource.ANSWER,
            new.state,
            new.disputed_paise,
            new.parent_hop_no,
            new.amount_paise,
        )
        assert hop_no == new.hop_no

    def _confirm(self, told: Confirmation) -> None:
        changed = {
            "revision": told.revision,
            "amount_paise": told.amount_paise,
            "disputed_paise": told.disputed_paise,
            "state": told.state,
        }
        self.hops[told.hop_no] = self.hops[told.hop_no].model_copy(update=changed)

    def _add(
        self,
        bank: str | None,
        reference: str,
        account: str,
        layer: int,
        source: HopSource,
        state: HopState,
        disputed_paise: int,
        parent_hop_no: int | None = None,
        amount_paise: int | None = None,
    ) -> int:
        self.last_hop_no += 1
        self.hops[self.last_hop_no] = HopPosition(
            hop_no=self.last_hop_no,
            revision=0,
            parent_hop_no=parent_hop_no,
            institution=bank,
            reference_key=reference,
            account_key=account,
            layer=layer,
            source=source,
            state=state,
            amount_paise=disputed_paise if amount_paise is None else amount_paise,
            disputed_paise=disputed_paise,
            in_play_paise=0,
            untraced_paise=0,
            refused_paise=0,
        )
        return self.last_hop_no

    def _post(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            place = (entry.hop_no, entry.bucket)
            self.balances[place] = self.balances.get(place, 0) + entry.amount_paise
            if entry.bucket is Bucket.IN_PLAY and entry.amount_paise > 0:
                self.taken_up[entry.hop_no] = self.taken_up.get(entry.hop_no, 0) + entry.amount_paise

    def _set_state(self, hop_no: int, state: HopState) -> None:
        self.hops[hop_no] = self.hops[hop_no].model_copy(update={"state": state})
