"""Any sequence of answers: conserved, no negative bucket, every line judged once, nothing counted twice.

The rules themselves are asserted by `CaseModel` after every step.
"""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from schemas.case.answers import Claim, Reconciliation
from schemas.enums import Bucket, ClaimKind, DiscrepancyKind, Disposition, HopSource, HopState
from tests.deep import examples
from tests.domain.trail_model import RULES, CaseModel, claim

BANKS = ("HDFC", "ICIC", "PUNB")
REFERENCES = ("R1", "R2", "400000000003", "400000000004")
ACCOUNTS = ("A1", "A2")

NOTHING = Reconciliation(
    judgements=(), entries=(), new_hops=(), confirmed=(), closed=(), parked=(), discrepancies=(), tasks=()
)

amounts = st.integers(0, 2500)
banks = st.sampled_from(BANKS)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """Any line: of few references, accounts and sums, so that repeats, gathered funds and discrepancies are common."""
    kind = draw(st.sampled_from(ClaimKind))
    if kind is ClaimKind.UNREADABLE:
        return claim(kind, "", code=draw(st.sampled_from(["x", "y"])))
    code = "00"
    if kind is ClaimKind.REFUSED:
        code = draw(st.sampled_from(["01", "02", "15", "20"]))
    elif kind is ClaimKind.UNKNOWN:
        code = draw(st.sampled_from(["77", "99"]))
    return claim(
        kind,
        draw(st.sampled_from((*REFERENCES, "R9", ""))),
        draw(amounts),
        account=draw(st.sampled_from((*ACCOUNTS, ""))),
        reference=draw(st.sampled_from((*REFERENCES, ""))),
        payee=draw(st.sampled_from((*BANKS, None))),
        payee_account=draw(st.sampled_from(ACCOUNTS)),
        code=code,
        amount_paise=draw(st.none() | amounts),
    )


answers = st.tuples(banks, st.lists(claims(), min_size=1, max_size=5))
losses = st.lists(
    st.tuples(banks, st.sampled_from(REFERENCES), st.integers(1, 3000), st.sampled_from(ACCOUNTS)),
    min_size=1,
    max_size=4,
)


def a_case(of: list[tuple[str, str, int, str]]) -> CaseModel:
    case = CaseModel()
    for bank, reference, paise, account in of:
        case.lose(bank, reference, paise, account)
    return case


@settings(max_examples=examples(40))
@given(losses, st.lists(answers, max_size=12))
def test_every_answer_keeps_every_rule(
    lost: list[tuple[str, str, int, str]], told: list[tuple[str, list[Claim]]]
) -> None:
    case = a_case(lost)
    for bank, lines in told:
        case.answer(bank, *lines)
    assert case.total(Bucket.LOST) == sum(paise for _, _, paise, _ in lost)


@settings(max_examples=examples(40))
@given(losses, st.lists(answers, max_size=12))
def test_d1_no_hop_is_larger_than_its_transfer(
    lost: list[tuple[str, str, int, str]], told: list[tuple[str, list[Claim]]]
) -> None:
    case = a_case(lost)
    for bank, lines in told:
        outcome = case.answer(bank, *lines)
        by_line: dict[int, int] = {}
        for new in outcome.new_hops:
            by_line[new.claim_index] = by_line.get(new.claim_index, 0) + new.disputed_paise
        for index, judged in enumerate(outcome.judgements):
            assert by_line.get(index, 0) <= judged.claim.amount_paise
            found = [d.kind for d in outcome.discrepancies if d.claim_index == index]
            above = judged.claim.claim_paise > judged.claim.within_paise and judged.hop_nos
            if above and judged.disposition is Disposition.DISCREPANCY:
                beyond = {DiscrepancyKind.EXCEEDS_DISPUTED, DiscrepancyKind.HELD_AND_GONE}
                is_hold = judged.claim.kind is ClaimKind.HELD
                assert (beyond if is_hold else {DiscrepancyKind.DISPUTED_ABOVE_AMOUNT}) & set(found)


@settings(max_examples=examples(40))
@given(losses, st.lists(answers, min_size=1, max_size=8), st.data())
def test_what_was_said_before_has_no_effect(
    lost: list[tuple[str, str, int, str]], told: list[tuple[str, list[Claim]]], data: st.DataObject
) -> None:
    case = a_case(lost)
    for bank, lines in told:
        case.answer(bank, *lines)
    for bank, lines in told:
        # A stray line may find its hop by now; once more, and nothing is left to happen.
        case.answer(bank, *lines)
    balances = dict(case.balances)
    for bank, lines in data.draw(st.permutations(told)):
        outcome = case.answer(bank, *lines)
        assert {judged.disposition for judged in outcome.judgements} == {Disposition.DUPLICATE}
        assert outcome.model_copy(update={"judgements": ()}) == NOTHING
    assert case.balances == balances


@dataclass
class Truth:
    """Where the money of one transfer really went: lines of its bank, and the transfers that went on from it."""

    bank: str
    reference: str
    paise: int
    lines: list[Claim] = field(default_factory=list)
    onward: list["Truth"] = field(default_factory=list)


@st.composite
def truths(draw: st.DrawFn, layer: int = 1, path: str = "T", most: int = 6000) -> Truth:
    """A trail as it really was, every paisa accounted for within the layers the engine follows."""
    here = Truth(draw(banks), path, draw(st.integers(1, most)))
    left = here.paise
    for number in range(draw(st.integers(1, 4))):
        part = draw(st.integers(1, left)) if number < 3 else left
        if layer < RULES.max_layers and part >= RULES.min_chase_paise and draw(st.booleans()):
            further = draw(truths(layer + 1, f"{path}.{number}", part))
            part = further.paise
            if part < RULES.min_chase_paise:
                continue
            here.onward.append(further)
            here.lines.append(
                claim(ClaimKind.MOVED, path, part, reference=further.reference, payee=further.bank, amount_paise=9999)
            )
        else:
            kind = draw(st.sampled_from([ClaimKind.HELD, ClaimKind.WITHDRAWN, ClaimKind.SPENT]))
            here.lines.append(claim(kind, path, part, reference=f"own {number}"))
        left -= part
        if left == 0:
            break
    if left:
        here.lines.append(claim(ClaimKind.HELD, path, left, reference="the rest"))
    return here


def whole(truth: Truth) -> list[Truth]:
    return [truth, *(t for further in truth.onward for t in whole(further))]


def true_total(truth: Truth, kind: ClaimKind) -> int:
    return sum(line.claim_paise for t in whole(truth) for line in t.lines if line.kind is kind)


@settings(max_examples=examples(40))
@given(truths(), st.data())
def test_answers_in_any_order_in_part_early_and_twice_come_to_the_truth(truth: Truth, data: st.DataObject) -> None:
    rules = RULES.model_copy(update={"max_hops": 1000})
    case = CaseModel(rules)
    case.lose(truth.bank, truth.reference, truth.paise)
    said = data.draw(st.permutations([(t.bank, line) for t in whole(truth) for line in t.lines]))
    for _ in range(rules.max_layers):
        # Banks answer again when they are asked: by then a line that came too early finds its hop.
        for bank, line in said:
            case.answer(bank, line)
    assert case.total(Bucket.HELD) == true_total(truth, ClaimKind.HELD)
    assert case.total(Bucket.WITHDRAWN) == true_total(truth, ClaimKind.WITHDRAWN)
    assert case.total(Bucket.SPENT) == true_total(truth, ClaimKind.SPENT)
    assert all(hop.state is HopState.CLOSED for hop in case.hops.values())
    assert len(case.hops) == len(whole(truth))


class TrailMachine(RuleBasedStateMachine):
    """A case over its life: complaints, answers and their repeats, missing answers, and the desk, in any order."""

    @initialize(lost=losses)
    def complain(self, lost: list[tuple[str, str, int, str]]) -> None:
        self.case = a_case(lost)
        self.lost_paise = sum(paise for _, _, paise, _ in lost)
        self.told: list[tuple[str, list[Claim]]] = []

    @rule(told=answers)
    def answer(self, told: tuple[str, list[Claim]]) -> None:
        bank, lines = told
        self.case.answer(bank, *lines)
        self.told.append(told)

    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        if self.told:
            bank, lines = data.draw(st.sampled_from(self.told))
            self.case.answer(bank, *lines)

    @rule(paise=st.integers(1, 3000), bank=banks, reference=st.sampled_from(REFERENCES))
    def another_complaint_joins(self, bank: str, reference: str, paise: int) -> None:
        if len(self.case.hops) < 3 * RULES.max_hops:
            self.case.lose(bank, reference, paise)
            self.lost_paise += paise

    @rule(data=st.data())
    def nobody_answers(self, data: st.DataObject) -> None:
        self.case.write_off(data.draw(st.sampled_from(sorted(self.case.hops))))

    @rule(data=st.data(), reference=st.sampled_from(REFERENCES))
    def the_desk_corrects(self, data: st.DataObject, reference: str) -> None:
        self.case.correct(data.draw(st.sampled_from(sorted(self.case.hops))), reference)

    @rule(
        data=st.data(),
        bank=st.sampled_from((*BANKS, None)),
        reference=st.sampled_from((*REFERENCES, "R9")),
        paise=st.integers(1, 2500),
        account=st.sampled_from(ACCOUNTS),
    )
    def the_desk_adds(self, data: st.DataObject, bank: str | None, reference: str, paise: int, account: str) -> None:
        self.case.add(data.draw(st.sampled_from(sorted(self.case.hops))), bank, reference, paise, account)

    @rule(data=st.data(), paise=amounts, most=st.integers(0, 1500))
    def the_bank_tells_of_the_desks_hop(self, data: st.DataObject, paise: int, most: int) -> None:
        """The same figure, less or more; as often as not among other lines."""
        known = [hop for hop in self.case.hops.values() if hop.source is HopSource.DESK and hop.parent_hop_no]
        if not known:
            return
        hop = data.draw(st.sampled_from(known))
        parent = self.case.hops[hop.parent_hop_no or 0]
        if parent.institution is None:
            return
        line = claim(
            ClaimKind.MOVED,
            parent.reference_key,
            max(0, hop.disputed_paise + data.draw(st.sampled_from([0, -most, most]))),
            reference=hop.reference_key,
            payee=hop.institution,
            payee_account=data.draw(st.sampled_from(ACCOUNTS)),
            amount_paise=paise,
        )
        lines = [*data.draw(st.lists(claims(), max_size=2)), line, *data.draw(st.lists(claims(), max_size=2))]
        self.case.answer(parent.institution, *lines)
        self.told.append((parent.institution, lines))

    @rule(data=st.data())
    def a_batch_goes_out(self, data: st.DataObject) -> None:
        self.case.ask(data.draw(st.sampled_from(sorted(self.case.hops))))

    def teardown(self) -> None:
        if hasattr(self, "case"):
            assert self.case.total(Bucket.LOST) == self.lost_paise


def test_a_case_keeps_every_rule_over_its_whole_life() -> None:
    run_state_machine_as_test(TrailMachine, settings=settings(max_examples=examples(15), stateful_step_count=30))
