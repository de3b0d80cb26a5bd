"""A hop while one answer is judged: its balances change, its position does not."""

from collections.abc import Sequence
from typing import Final

from domain.case.one_transfer import Part
from schemas.base import Flag
from schemas.case.answers import Booked, Claim, Confirmation, HopPosition
from schemas.enums import Bucket, ClaimKind, DiscrepancyKind, HopState
from schemas.identifiers import names_an_account, reference_key

ANOTHER_ACCOUNT: Final = "another_account"
"""code of the flag of a line that holds another account than the one asked about"""
ANOTHER_BANKS_IFSC: Final = "another_banks_ifsc"
"""code of the flag of a line that names the IFSC of another bank for the account asked about"""


class AnsweredHop:
    """Hop with its balances after the lines that were judged so far."""

    def __init__(self, position: HopPosition, part: Part) -> None:
        """Begin with the balances of `position`; `part` is the hop as a part of its transfer."""
        self.position = position
        self.part = part
        self.state = position.state
        self.paise = {
            Bucket.IN_PLAY: position.in_play_paise,
            Bucket.UNTRACED: position.untraced_paise,
            Bucket.REFUSED: position.refused_paise,
        }
        self.held_paise = position.held_paise
        self.stated_paise = dict(position.stated_paise)
        self.amount_paise = position.amount_paise
        self.disputed_paise = position.disputed_paise
        self.flags: list[Flag] = []
        self.confirmed = False
        self.asked_together = False

    @property
    def may_have_account(self) -> bool:
        """Return whether the answer is about this hop's request, and the account is not known yet."""
        return self.position.in_job and not names_an_account(self.position.account_key)

    @property
    def drawable_paise(self) -> int:
        """Return the amount that is not yet placed."""
        return sum(self.paise.values())

    @property
    def is_found(self) -> bool:
        """Return whether money of the hop was refused and all of it is placed now."""
        was_refused = self.position.refused_paise > 0 and self.paise[Bucket.REFUSED] == 0
        return was_refused and self.state is HopState.CLOSED

    @property
    def placed_paise(self) -> int:
        """Return the amount of which the bank has said where it is."""
        return self.disputed_paise - self.drawable_paise

    @property
    def gone_paise(self) -> int:
        """Return the amount that left the account: withdrawn, spent or moved on."""
        return self.placed_paise - self.held_paise

    @property
    def more_paise(self) -> int:
        """Return the growth of the disputed amount."""
        return self.disputed_paise - self.position.disputed_paise

    @property
    def revision(self) -> int:
        """Return the revision, one higher if a request must ask otherwise about the hop than before."""
        changed = self.more_paise > 0 or self.asked_together
        return self.position.revision + (changed and self.state is not HopState.CLOSED)

    def restate(self, kind: ClaimKind, paise: int) -> int:
        """Return the part of a statement about `paise` that only repeats an earlier one. It counts once."""
        taken_paise = min(paise, self.stated_paise.get(kind, 0))
        if taken_paise:
            self.stated_paise[kind] -= taken_paise
        return taken_paise

    def grow(self, paise: int, transfer_paise: int) -> None:
        """Add money in play that came by the hop's transfer of `transfer_paise`."""
        self.disputed_paise += paise
        self.amount_paise = max(self.amount_paise, transfer_paise)
        self.paise[Bucket.IN_PLAY] += paise
        self.part.disputed_paise, self.part.amount_paise = self.disputed_paise, self.amount_paise

    def ask_together(self) -> None:
        """Let the next request ask about the hop, together with a new hop of the same transfer."""
        if self.state is HopState.ASKED:
            self.state = HopState.OPEN
            self.asked_together = True

    def confirmation(self) -> Confirmation:
        """Return the current state of the hop."""
        return Confirmation(
            hop_no=self.position.hop_no,
            revision=self.revision,
            state=self.state,
            institution=self.position.institution,
            reference_key=self.position.reference_key,
            amount_paise=self.amount_paise,
            disputed_paise=self.disputed_paise,
            more_paise=self.more_paise,
            asked_together=self.asked_together,
            flags=tuple(self.flags),
        )


def shares_of(wanted_paise: int, hops: Sequence[AnsweredHop]) -> list[tuple[AnsweredHop, int]]:
    """Return the amount that each hop gives to a claim about all of them, without hops that give nothing.

    Money in play of every hop goes first, and written-off money after it. Otherwise a claim would place written-off
    money of one hop, while money of another hop waited for an answer already given.
    """
    takes = []
    for hop in hops:
        takes.append(min(wanted_paise, hop.paise[Bucket.IN_PLAY]))
        wanted_paise -= takes[-1]
    for place, hop in enumerate(hops):
        more_paise = min(wanted_paise, hop.drawable_paise - hop.paise[Bucket.IN_PLAY])
        takes[place] += more_paise
        wanted_paise -= more_paise
    return [(hop, take) for hop, take in zip(hops, takes, strict=True) if take]


def restated(kind: ClaimKind, hops: Sequence[AnsweredHop], paise: int) -> list[Booked]:
    """Return the parts of a claim of `paise` that only repeat earlier statements, so that no money moves for them.

    The hops of a transfer are those that the money moved to.
    """
    repeated = []
    for hop in hops:
        if taken := hop.restate(kind, paise):
            repeated.append(Booked(hop_no=hop.position.hop_no, kind=kind, paise=taken))
            paise -= taken
    return repeated


def answered_paise(paise: int, room_paise: int, hops: Sequence[AnsweredHop]) -> int:
    """Return the part of money in a transfer about which its bank has answered already, for hops of complaints.

    `room_paise` is what the transfer can carry besides what banks say that they sent.
    """
    placed_paise = sum(hop.placed_paise for hop in hops)
    return max(0, paise - max(0, room_paise - placed_paise)) if placed_paise else 0


def told_as_own(hops: Sequence[AnsweredHop], answered: int) -> list[Flag]:
    """Return the flags of a new hop whose transfer complaints tell as their own.

    `answered` is the amount in paise about which its bank has answered already.
    """
    own = Flag(field="reference", code="told_as_own", message="a complainant tells this transfer as his own")
    message = "its bank has said for that complaint where this money is, and is not asked again"
    before = Flag(field="reference", code="answered_before", message=message)
    return [own] * bool(hops) + [before] * bool(answered)


def why_exceeds(claim: Claim, hops: Sequence[AnsweredHop]) -> DiscrepancyKind:
    """Return the kind of discrepancy for a claim above the hop.

    The same money is reported twice if the bank reported the opposite for the rest.
    """
    opposite = (hop.gone_paise if claim.kind is ClaimKind.HELD else hop.held_paise for hop in hops)
    return DiscrepancyKind.HELD_AND_GONE if any(opposite) else DiscrepancyKind.EXCEEDS_DISPUTED


def _of_job(hops: Sequence[AnsweredHop]) -> list[AnsweredHop]:
    """Return the hops that the request of the answer's job asks about; none if that is not known.

    A job id that is not known yet belongs to a request that the bank has not replied to.
    """
    in_job = [hop for hop in hops if hop.position.in_job]
    return in_job or [hop for hop in hops if hop.position.before_job]


def of_job_first(hops: Sequence[AnsweredHop]) -> list[AnsweredHop]:
    """Return the hops in the order in which an answer of this job draws from them."""
    own = _of_job(hops)
    return own + [hop for hop in hops if hop not in own]


def of_job_only(hops: list[AnsweredHop]) -> list[AnsweredHop]:
    """Return the hops that a line without a sum is about.

    Another request may ask about more money of the same transfer, and its answer is still to come.
    """
    return _of_job(hops) or hops


def balance_below_hold(claim: Claim) -> int | None:
    """Return the balance in a line that holds more than that, or None. Below zero counts as zero."""
    if claim.kind is not ClaimKind.HELD or claim.balance_paise is None:
        return None
    # A free balance excludes the hold, so the hold is added. Below zero, more is on hold than is there.
    on_hold_paise = claim.claim_paise if claim.balance_is_free else 0
    there_paise = max(0, claim.balance_paise + on_hold_paise)
    return there_paise if there_paise < claim.claim_paise else None


def with_account_checked(claim: Claim, hops: Sequence[AnsweredHop]) -> Claim:
    """Return the claim, flagged if it holds another account number than the hops'; a VPA may stand for any number."""
    stated, asked = claim.root_account_key, {hop.position.account_key for hop in hops}
    if claim.kind is not ClaimKind.HELD or not stated.isdecimal() or not all(key.isdecimal() for key in asked):
        return claim
    message = "the bank holds another account than the one asked about"
    flag = Flag(field="root_account_number", code=ANOTHER_ACCOUNT, message=message)
    return claim if stated in asked else claim.model_copy(update={"flags": (*claim.flags, flag)})


_DOUBTS = {
    ANOTHER_ACCOUNT: DiscrepancyKind.UNASKED_HOP,
    ANOTHER_BANKS_IFSC: DiscrepancyKind.ANOTHER_BANKS_HOP,
}
"""discrepancy that a flag of a line opens: the money is booked, and a person finds out whose account is on hold"""


def doubts(claim: Claim) -> list[DiscrepancyKind]:
    """Return the discrepancies of a hold whose account may not be the one asked about."""
    if claim.kind is not ClaimKind.HELD:
        return []
    return [_DOUBTS[flag.code] for flag in claim.flags if flag.code in _DOUBTS]


def moves_onto_itself(claim: Claim) -> bool:
    """Return whether a line names the requested transfer itself as the next one, so that it says nothing."""
    return claim.kind is ClaimKind.MOVED and reference_key(claim.reference) == claim.root_reference_key != ""
