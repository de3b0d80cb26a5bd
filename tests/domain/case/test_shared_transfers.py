"""One transfer that carries money of several hops, of two banks, or of a complaint and a bank."""

from schemas.case.answers import Claim
from schemas.enums import Bucket, ClaimKind, DiscrepancyKind, Disposition, HopState, TaskKind
from tests.domain.case.test_trail import HELD, MOVED, REFUSED, WITHDRAWN, a_case
from tests.domain.trail_model import RULES, CaseModel, claim
from tests.each import each

# -- gathered funds, accounts --------------------------------------------------------------------------------------


def test_gathered_funds_are_drawn_in_the_order_the_hops_were_opened() -> None:
    case = a_case(("HDFC", "R1", 600), ("HDFC", "R2", 400))
    case.answer("HDFC", claim(MOVED, "R1", 600, reference="R9", payee="ICIC", amount_paise=1000))
    case.answer("HDFC", claim(MOVED, "R2", 400, reference="R9", payee="ICIC", amount_paise=1000))
    outcome = case.answer("ICIC", claim(HELD, "R9", 700))
    assert outcome.judgements[0].hop_nos == (3, 4)
    assert [(case.balance(n, Bucket.HELD), case.balance(n, Bucket.IN_PLAY)) for n in (3, 4)] == [(600, 0), (100, 300)]
    assert outcome.closed == (3,)
    assert case.answer("ICIC", claim(WITHDRAWN, "R9", 300)).closed == (4,)


def test_money_in_play_is_placed_before_money_that_was_written_off_elsewhere() -> None:
    """Two parts of one transfer: the untraced part of the first is not placed again while the second waits."""
    case = a_case(("HDFC", "R1", 1000), ("HDFC", "R1", 1000))
    small = RULES.min_chase_paise - 1
    case.answer("HDFC", claim(HELD, "R1", 1000 - small), claim(MOVED, "R1", small, reference="R2", payee="ICIC"))
    assert (case.balance(1, Bucket.UNTRACED), case.balance(2, Bucket.IN_PLAY)) == (small, 1000)
    outcome = case.answer("HDFC", claim(WITHDRAWN, "R1", 1000))
    assert outcome.closed == (2,)
    assert case.total(Bucket.IN_PLAY) == 0
    assert case.balance(1, Bucket.UNTRACED) == small


def test_a_transfer_worth_a_request_is_traced_with_every_part_of_it() -> None:
    case = a_case(("HDFC", "R1", 1000), ("HDFC", "R1", 1000))
    small = RULES.min_chase_paise - 1
    case.answer("HDFC", claim(HELD, "R1", 1000 - small))
    outcome = case.answer("HDFC", claim(MOVED, "R1", 1000, reference="R2", payee="ICIC"))
    assert [(new.parent_hop_no, new.disputed_paise) for new in outcome.new_hops] == [(1, small), (2, 1000 - small)]
    assert case.total(Bucket.UNTRACED) == 0


RRN = "400000000009"


def a_case_at_two_banks(amount_paise: int, disputed_paise: int = 600) -> CaseModel:
    """Money at HDFC and PUNB; HDFC has said that a transfer took its part on to ICIC."""
    case = a_case(("HDFC", "R1", 1000), ("PUNB", "R2", 1000))
    case.answer("HDFC", claim(MOVED, "R1", disputed_paise, reference=RRN, payee="ICIC", amount_paise=amount_paise))
    return case


def test_d11_a_transfer_that_is_full_carries_no_money_of_another_banks_hop() -> None:
    case = a_case_at_two_banks(600)
    outcome = case.answer("PUNB", claim(MOVED, "R2", 600, reference=RRN, payee="ICIC"))
    assert (outcome.new_hops, outcome.entries, outcome.closed) == ((), (), ())
    assert [(c.kind, c.hop_no, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.SENT_BY_TWO, 2, 600, 0)
    ]
    assert [task.kind for task in outcome.tasks] == [TaskKind.RESOLVE_DISCREPANCY]
    assert case.balance(2, Bucket.IN_PLAY) == 1000, "it is still asked about"


def test_d11_money_that_two_banks_send_in_one_transfer_is_several_hops_while_it_fits() -> None:
    """One account may be known under two banks, such as a sponsor's: what fits is shared money, and flagged."""
    case = a_case_at_two_banks(1000)
    outcome = case.answer("PUNB", claim(MOVED, "R2", 600, reference=RRN, payee="ICIC", amount_paise=1000))
    assert [(new.parent_hop_no, new.disputed_paise, new.amount_paise) for new in outcome.new_hops] == [(2, 400, 1000)]
    assert [(flag.code, flag.message) for new in outcome.new_hops for flag in new.flags] == [
        ("sent_by_another_bank", "HDFC says that it sent this transfer too")
    ]
    assert [(c.kind, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.SENT_BY_TWO, 600, 400)
    ]


def test_d11_of_two_banks_amounts_of_one_transfer_the_smaller_counts() -> None:
    case = a_case_at_two_banks(950)
    outcome = case.answer("PUNB", claim(MOVED, "R2", 600, reference=RRN, payee="ICIC", amount_paise=5000))
    assert [new.disputed_paise for new in outcome.new_hops] == [350]


@each(("payee", "account"), [("SBIN", "A9"), ("ICIC", "A8")])
def test_d11_one_reference_to_two_accounts_by_two_banks_opens_no_second_hop(payee: str, account: str) -> None:
    case = a_case_at_two_banks(5000)
    line = claim(MOVED, "R2", 600, reference=RRN, payee=payee, payee_account=account, amount_paise=5000)
    outcome = case.answer("PUNB", line)
    assert outcome.new_hops == ()
    assert [(c.kind, c.hop_no, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.SENT_BY_TWO, 2, 600, 0)
    ]
    assert [judged.disposition for judged in case.answer("PUNB", line).judgements] == [Disposition.DUPLICATE]


def test_d11_a_short_reference_is_a_banks_own() -> None:
    case = a_case(("HDFC", "R1", 1000), ("PUNB", "R2", 1000))
    case.answer("HDFC", claim(MOVED, "R1", 600, reference="TR7", payee="ICIC"))
    outcome = case.answer("PUNB", claim(MOVED, "R2", 600, reference="TR7", payee="SBIN"))
    assert ([new.disputed_paise for new in outcome.new_hops], outcome.discrepancies) == ([600], ())


def test_d11_one_bank_sends_no_more_in_a_transfer_than_it_moved() -> None:
    case = a_case(("HDFC", "R1", 1000), ("HDFC", "R2", 1000))
    case.answer("HDFC", claim(MOVED, "R1", 1000, reference=RRN, payee="ICIC", amount_paise=1500))
    outcome = case.answer("HDFC", claim(MOVED, "R2", 1000, reference=RRN, payee="ICIC", amount_paise=1500))
    assert [(new.parent_hop_no, new.disputed_paise) for new in outcome.new_hops] == [(2, 500)]
    assert [(c.kind, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.CLAIMED_TWICE, 2000, 1500)
    ]
    assert case.balance(2, Bucket.IN_PLAY) == 500


def test_d11_lines_of_one_answer_share_one_transfer() -> None:
    case = a_case(("HDFC", "R1", 1000), ("HDFC", "R2", 1000))
    lines = [claim(MOVED, root, 1000, reference=RRN, payee="ICIC", amount_paise=1500) for root in ("R1", "R2")]
    assert [new.disputed_paise for new in case.answer("HDFC", *lines).new_hops] == [1000, 500]


def a_case_told_as_own(told_paise: int = 1000) -> CaseModel:
    """Money at HDFC; the holder of that account tells the transfer onward to ICIC as his own loss."""
    return a_case(("HDFC", "R1", 1000), ("ICIC", RRN, told_paise))


def onward(amount_paise: int = 1000) -> Claim:
    return claim(MOVED, "R1", 1000, reference=RRN, payee="ICIC", payee_account="A1", amount_paise=amount_paise)


@each("told_paise", [1000, 400, 50_000])
def test_a_complaint_takes_no_place_in_a_transfer_that_a_bank_says_it_sent(told_paise: int) -> None:
    case = a_case_told_as_own(told_paise)
    outcome = case.answer("HDFC", onward())
    assert [(new.parent_hop_no, new.disputed_paise, new.amount_paise) for new in outcome.new_hops] == [(1, 1000, 1000)]
    assert [flag.code for flag in outcome.new_hops[0].flags] == ["told_as_own"]
    assert [(c.kind, c.hop_no, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.CLAIMED_TWICE, 1, 1000 + told_paise, 1000)
    ]
    assert [task.kind for task in outcome.tasks] == [TaskKind.RESOLVE_DISCREPANCY]
    assert outcome.closed == (1,)


def test_a_complaint_that_fits_beside_the_banks_money_is_only_flagged() -> None:
    outcome = a_case_told_as_own().answer("HDFC", onward(2000))
    assert [flag.code for new in outcome.new_hops for flag in new.flags] == ["told_as_own"]
    assert outcome.discrepancies == ()


def test_of_a_transfer_the_money_that_a_bank_sent_is_placed_first() -> None:
    case = a_case_told_as_own()
    case.answer("HDFC", onward())
    assert case.answer("ICIC", claim(HELD, RRN, 1000)).judgements[0].hop_nos == (3,)
    assert [case.balance(n, Bucket.HELD) for n in (2, 3)] == [0, 1000]


def test_a_complaints_hop_that_is_asked_about_is_asked_about_again_with_the_banks() -> None:
    case = a_case_told_as_own()
    case.ask(2)
    (told,) = case.answer("HDFC", onward()).confirmed
    assert (told.hop_no, told.revision, told.state, told.asks_again) == (2, 1, HopState.OPEN, True)


def test_of_one_transfer_told_as_own_each_bank_sends_no_more_than_it_moved() -> None:
    case = a_case(("HDFC", "R1", 1000), ("HDFC", "R2", 1000), ("ICIC", RRN, 1500))
    lines = [
        claim(MOVED, root, 1000, reference=RRN, payee="ICIC", payee_account="A1", amount_paise=1500)
        for root in ("R1", "R2")
    ]
    outcome = case.answer("HDFC", *lines)
    assert [new.disputed_paise for new in outcome.new_hops] == [1000, 500]
    assert [(c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [(2500, 1500), (3500, 1500)]


@each("kind", [HELD, WITHDRAWN])
def test_a_transfer_about_which_its_bank_has_answered_for_a_complaint_is_not_asked_about_again(kind: ClaimKind) -> None:
    case = a_case_told_as_own()
    case.answer("ICIC", claim(kind, RRN, 1000))
    outcome = case.answer("HDFC", onward())
    (new,) = outcome.new_hops
    assert (new.state, new.disputed_paise, new.answered_paise) == (HopState.CLOSED, 1000, 1000)
    assert [flag.code for flag in new.flags] == ["told_as_own", "answered_before"]
    assert case.balance(3, Bucket.UNTRACED) == 1000, "the bank of the account has said where the money of it is"
    assert [found.kind for found in outcome.discrepancies] == [DiscrepancyKind.CLAIMED_TWICE]


@each(
    ("told_paise", "placed_paise", "amount_paise", "asked_paise"),
    [(1000, 400, 1000, 600), (400, 400, 1000, 600), (1000, 1000, 2000, 1000), (1000, 1000, 1500, 500)],
)
def test_only_what_no_answer_has_placed_of_a_transfer_is_asked_about(
    told_paise: int, placed_paise: int, amount_paise: int, asked_paise: int
) -> None:
    case = a_case_told_as_own(told_paise)
    case.answer("ICIC", claim(HELD, RRN, placed_paise))
    (new,) = case.answer("HDFC", onward(amount_paise)).new_hops
    assert (new.state, new.in_play_paise) == (HopState.OPEN, asked_paise)
    assert case.balance(3, Bucket.IN_PLAY) == asked_paise


def test_a_transfer_that_its_bank_did_not_find_for_a_complaint_is_asked_about() -> None:
    case = a_case_told_as_own()
    case.answer("ICIC", claim(REFUSED, RRN, code="01"))
    (new,) = case.answer("HDFC", onward()).new_hops
    assert (new.state, new.in_play_paise) == (HopState.OPEN, 1000)


def test_a_withdrawn_hop_fills_no_transfer() -> None:
    case = a_case_told_as_own()
    case.withdraw(2)
    outcome = case.answer("HDFC", onward())
    assert [(new.disputed_paise, new.flags) for new in outcome.new_hops] == [(1000, ())]
    assert outcome.discrepancies == ()
