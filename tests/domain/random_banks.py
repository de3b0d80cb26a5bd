"""Random cases among random banks with random faults, in memory: the engine's rules and nothing else.

The rules of the ledger (conserved, nothing below zero, every line judged once) are asserted by `CaseModel` after every
step. What is asked for here besides: what banks truly say is not lost, whatever its order, its parts and its repeats;
no money is asked about twice; and no answer puts more on hold than was lost.

`python -m tests.domain.random_banks CASES [FIRST_SEED]` plays as many cases of either kind as asked for.
"""

import random
import sys
from collections import Counter
from dataclasses import dataclass, field

from schemas.case.answers import Claim
from schemas.enums import Bucket, ClaimKind, HopState
from tests.domain.trail_model import RULES, CaseModel, claim

BANKS = ("HDFC", "ICIC", "PUNB", "SBIN", "UTIB")
WIDE = RULES.model_copy(update={"min_chase_paise": 1, "max_layers": 8, "max_hops": 1000})
ROUNDS_MOST = 40


@dataclass
class Transfer:
    """One transfer as it truly was, and what its bank truly says of it."""

    bank: str
    reference: str
    paise: int
    layer: int
    lines: list[Claim] = field(default_factory=list)


@dataclass(frozen=True)
class Habits:
    """How one bank answers; all shares."""

    silent: float = 0.0
    partial: float = 0.0
    repeats: float = 0.0
    shuffles: float = 0.0
    lies: float = 0.0


def trail(rng: random.Random) -> dict[str, Transfer]:
    """A random trail: by reference, each transfer's money goes on, stays or is gone to the last paisa."""
    found: dict[str, Transfer] = {}
    open_ends = [Transfer(rng.choice(BANKS), "T", rng.randint(1, 10_000_00), 1)]
    while open_ends:
        here = open_ends.pop()
        found[here.reference] = here
        left, part_no = here.paise, 0
        while left:
            part_no += 1
            paise = left if part_no == 4 else rng.randint(1, left)
            left -= paise
            number = f"{here.reference}.{part_no}"
            if here.layer < WIDE.max_layers and len(found) + len(open_ends) < 30 and rng.random() < 0.45:
                onward = Transfer(rng.choice(BANKS), number, paise, here.layer + 1)
                open_ends.append(onward)
                line = claim(ClaimKind.MOVED, here.reference, paise, reference=number, payee=onward.bank)
            else:
                kind = rng.choice([ClaimKind.HELD, ClaimKind.HELD, ClaimKind.WITHDRAWN, ClaimKind.SPENT])
                line = claim(kind, here.reference, paise, reference=number)
            here.lines.append(line)
    return found


def lie(rng: random.Random, case: CaseModel) -> Claim:
    """A line that is not so: about any hop or none, of any sum, into any bank."""
    about = rng.choice([*(hop.reference_key for hop in case.hops.values()), "nowhere"])
    kind = rng.choice([kind for kind in ClaimKind if kind is not ClaimKind.UNREADABLE])
    code = {ClaimKind.REFUSED: "01", ClaimKind.UNKNOWN: "77"}.get(kind, "00")
    return claim(
        kind,
        about,
        rng.choice([0, 1, rng.randint(1, 10**6), 10**12]),
        reference=rng.choice(["", "own", f"lie {rng.randint(1, 4)}"]),
        payee=rng.choice([*BANKS, None]),
        code=code,
    )


class Day:
    """One case from its complaint to its end, among these banks."""

    def __init__(self, rng: random.Random, habits: dict[str, Habits]) -> None:
        self.rng = rng
        self.habits = habits
        self.truth = trail(rng)
        self.case = CaseModel(WIDE)
        self.asked: Counter[tuple[str, str]] = Counter()
        """by bank and reference, the paise that were asked about"""
        self.requests: Counter[tuple[int, int]] = Counter()
        """by hop and revision, how often it was asked about"""
        self.late: list[tuple[str, list[Claim]]] = []
        root = self.truth["T"]
        self.case.lose(root.bank, root.reference, root.paise)

    def play(self) -> None:
        """Ask whatever is open, hear what is said, until nothing is left to ask or to hear."""
        for _ in range(ROUNDS_MOST):
            ready = [hop_no for hop_no, hop in self.case.hops.items() if hop.state is HopState.OPEN]
            if not ready and not self.late:
                break
            for hop_no in ready:
                self._ask(hop_no)
            said, self.late = self.late, []
            for bank, lines in said:
                self.case.answer(bank, *lines)
        assert not self.late, "it comes to an end"
        for hop_no, hop in list(self.case.hops.items()):
            # A missing answer, and a hop that the desk cannot correct, end on the last escalation level.
            if hop.state is not HopState.CLOSED:
                self.case.write_off(hop_no)

    def _ask(self, hop_no: int) -> None:
        hop = self.case.hops[hop_no]
        if hop.state is not HopState.OPEN or hop.institution is None:
            return
        self.case.ask(hop_no)
        self.asked[hop.institution, hop.reference_key] += hop.disputed_paise
        self.requests[hop_no, hop.revision] += 1
        self._hear(hop.institution, hop.reference_key)

    def _hear(self, bank: str, reference: str) -> None:
        rng, habits = self.rng, self.habits[bank]
        truth = self.truth.get(reference)
        if rng.random() < habits.silent:
            return
        lines = list(truth.lines) if truth and truth.bank == bank else [claim(ClaimKind.REFUSED, reference, code="02")]
        if rng.random() < habits.shuffles:
            rng.shuffle(lines)
        posts = [lines]
        if len(lines) > 1 and rng.random() < habits.partial:
            cut = rng.randint(1, len(lines) - 1)
            posts = [lines[cut:], lines[:cut]] if rng.random() < habits.shuffles else [lines[:cut], lines[cut:]]
        if rng.random() < habits.repeats:
            posts.append(rng.choice(posts))
            posts[0] = posts[0] * 2
        for post in posts:
            if rng.random() < habits.lies:
                post.insert(rng.randint(0, len(post)), lie(rng, self.case))
            if rng.random() < habits.partial:
                self.late.append((bank, post))
            else:
                self.case.answer(bank, *post)

    def true_paise(self, kind: ClaimKind) -> int:
        """What truly became of the money in that way."""
        return sum(line.claim_paise for t in self.truth.values() for line in t.lines if line.kind is kind)


def habits(rng: random.Random, **most: float) -> dict[str, Habits]:
    """Each bank's habits at random, none above `most`."""
    return {bank: Habits(**{name: rng.random() * rate for name, rate in most.items()}) for bank in BANKS}


def play_untidy(seed: int) -> Day:
    """A case among banks that only repeat, shuffle and split what they say: none of it is lost or counted twice."""
    rng = random.Random(seed)
    day = Day(rng, habits(rng, partial=1.0, repeats=1.0, shuffles=1.0))
    day.play()
    case = day.case
    assert case.total(Bucket.LOST) == day.truth["T"].paise, seed
    for bucket, kind in (
        (Bucket.HELD, ClaimKind.HELD),
        (Bucket.WITHDRAWN, ClaimKind.WITHDRAWN),
        (Bucket.SPENT, ClaimKind.SPENT),
    ):
        assert case.total(bucket) == day.true_paise(kind), (seed, bucket)
    assert {(hop.institution, hop.reference_key) for hop in case.hops.values()} == {
        (transfer.bank, reference) for reference, transfer in day.truth.items()
    }, seed
    assert day.asked == {(t.bank, t.reference): t.paise for t in day.truth.values()}, f"{seed}: all of it, and once"
    return day


def play_lying(seed: int) -> Day:
    """A case among banks that lie and are silent too: they talk nothing out of the ledger, nor more onto hold."""
    rng = random.Random(seed)
    day = Day(rng, habits(rng, silent=0.4, partial=1.0, repeats=1.0, shuffles=1.0, lies=0.8))
    day.play()
    case, loss_paise = day.case, day.truth["T"].paise
    assert case.total(Bucket.LOST) == loss_paise, seed
    assert 0 <= case.total(Bucket.HELD) <= loss_paise, seed
    assert case.total(Bucket.IN_PLAY) == 0, seed
    assert sum(paise for (_, bucket), paise in case.balances.items() if bucket is not Bucket.LOST) == loss_paise, seed
    assert set(day.requests.values()) == {1}, f"{seed}: a hop is asked about once, whatever is said of it"
    return day


def main(cases: int, first_seed: int = 0) -> None:
    """Play so many cases of either kind; the first that breaks a rule ends it, with its seed."""
    for seed in range(first_seed, first_seed + cases):
        play_untidy(seed)
        play_lying(seed)
    sys.stdout.write(f"{2 * cases} cases: nothing lost, nothing asked twice, nothing held above the loss\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
