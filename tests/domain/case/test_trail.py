"""What one answer does to the trail, rule by rule."""

from schemas.case.answers import NOT_STATED
from schemas.enums import Bucket, ClaimKind, DiscrepancyKind, Disposition, HopState, TaskKind
from tests.desk_tasks import hop_of
from tests.domain.trail_model import RULES, CaseModel, claim
from tests.each import each

HELD, MOVED, WITHDRAWN, SPENT = ClaimKind.HELD, ClaimKind.MOVED, ClaimKind.WITHDRAWN, ClaimKind.SPENT
REFUSED, UNKNOWN, UNREADABLE = ClaimKind.REFUSED, ClaimKind.UNKNOWN, ClaimKind.UNREADABLE


def a_case(*losses: tuple[str, str, int]) -> CaseModel:
    case = CaseModel()
    for bank, reference, paise in losses or [("HDFC", "R1", 1000)]:
        case.lose(bank, reference, paise)
    return case


@each(("kind", "bucket"), [(HELD, Bucket.HELD), (WITHDRAWN, Bucket.WITHDRAWN), (SPENT, Bucket.SPENT)])
def test_a_placed_line_takes_its_part_and_leaves_the_rest_in_play(kind: ClaimKind, bucket: Bucket) -> None:
    case = a_case()
    outcome = case.answer("HDFC", claim(kind, "R1", 400))
    assert (case.total(bucket), case.total(Bucket.IN_PLAY)) == (400, 600)
    assert (outcome.closed, outcome.discrepancies) == ((), ())
    assert [judged.hop_nos for judged in outcome.judgements] == [(1,)]


def test_moved_money_opens_the_next_layer_and_closes_the_hop() -> None:
    case = a_case()
    outcome = case.answer("HDFC", claim(MOVED, "R1", 1000, reference="R2", payee="ICIC", amount_paise=5000))
    (new,) = outcome.new_hops
    assert (new.layer, new.parent_hop_no, new.disputed_paise, new.amount_paise) == (2, 1, 1000, 5000)
    assert new.state is HopState.OPEN
    assert outcome.closed == (1,)


def test_d1_a_transfer_moves_no_more_than_its_own_amount() -> None:
    case = a_case(("HDFC", "R1", 10_000))
    outcome = case.answer("HDFC", claim(MOVED, "R1", 8000, reference="R2", payee="ICIC", amount_paise=5000))
    assert [(new.amount_paise, new.disputed_paise) for new in outcome.new_hops] == [(5000, 5000)]
    assert [(c.kind, c.hop_no, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.DISPUTED_ABOVE_AMOUNT, 1, 8000, 5000)
    ]
    assert (case.balance(1, Bucket.IN_PLAY), case.balance(2, Bucket.IN_PLAY), outcome.closed) == (5000, 5000, ())
    assert [judged.disposition for judged in outcome.judgements] == [Disposition.DISCREPANCY]


@each(("kind", "bucket"), [(WITHDRAWN, Bucket.WITHDRAWN), (SPENT, Bucket.SPENT)])
def test_d1_a_withdrawal_takes_no_more_than_its_own_amount(kind: ClaimKind, bucket: Bucket) -> None:
    case = a_case()
    outcome = case.answer("HDFC", claim(kind, "R1", 800, amount_paise=500))
    assert (case.total(bucket), case.total(Bucket.IN_PLAY)) == (500, 500)
    assert [(c.kind, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.DISPUTED_ABOVE_AMOUNT, 800, 500)
    ]


def test_d1_a_line_above_its_amount_and_above_the_hop_is_two_discrepancies() -> None:
    outcome = a_case().answer("HDFC", claim(MOVED, "R1", 8000, reference="R2", payee="ICIC", amount_paise=5000))
    assert [(c.kind, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.EXCEEDS_DISPUTED, 5000, 1000),
        (DiscrepancyKind.DISPUTED_ABOVE_AMOUNT, 8000, 5000),
    ]
    assert [(new.amount_paise, new.disputed_paise) for new in outcome.new_hops] == [(5000, 1000)]


def test_d1_a_hop_of_the_desk_grows_no_further_than_its_transfer() -> None:
    case = a_case_with_the_desks_hop()
    outcome = case.answer("HDFC", claim(MOVED, "R1", 900, reference="R2", payee="ICIC", amount_paise=600))
    (told,) = outcome.confirmed
    assert (told.amount_paise, told.disputed_paise, case.balance(1, Bucket.IN_PLAY)) == (600, 600, 400)
    assert [(c.kind, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.DISPUTED_ABOVE_AMOUNT, 900, 600)
    ]


def test_b1_a_hold_takes_no_more_than_its_line_disputes() -> None:
    case = a_case()
    outcome = case.answer("HDFC", claim(HELD, "R1", 900, amount_paise=1))
    assert (case.total(Bucket.HELD), case.total(Bucket.IN_PLAY)) == (1, 999)
    assert [(c.kind, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.EXCEEDS_DISPUTED, 900, 1)
    ]


def test_a_transfer_that_moved_onto_itself_is_for_a_person_to_read() -> None:
    case = a_case()
    outcome = case.answer("HDFC", claim(MOVED, "R1", 1000, reference="R1", payee="HDFC"))
    assert outcome.new_hops == ()
    assert case.total(Bucket.IN_PLAY) == 1000
    assert [judged.disposition for judged in outcome.judgements] == [Disposition.REVIEW]


def test_money_at_an_unknown_institution_waits_for_a_name() -> None:
    outcome = a_case().answer("HDFC", claim(MOVED, "R1", 1000, reference="R2", payee=None))
    assert [new.state for new in outcome.new_hops] == [HopState.UNROUTABLE]
    assert [(task.kind, hop_of(task)) for task in outcome.tasks] == [(TaskKind.NAME_INSTITUTION, 2)]


def test_money_without_a_reference_waits_for_one() -> None:
    outcome = a_case().answer("HDFC", claim(MOVED, "R1", 1000, payee="ICIC"))
    assert [new.state for new in outcome.new_hops] == [HopState.CORRECTION]
    assert [(task.kind, hop_of(task)) for task in outcome.tasks] == [(TaskKind.CORRECT_REFERENCE, 2)]


def test_what_is_not_worth_a_request_is_untraced_until_somebody_places_it() -> None:
    case = a_case()
    small = claim(MOVED, "R1", RULES.min_chase_paise - 1, reference="R2", payee="ICIC")
    assert case.answer("HDFC", small).new_hops == ()
    assert case.total(Bucket.UNTRACED) == RULES.min_chase_paise - 1
    outcome = case.answer("HDFC", claim(HELD, "R1", 1000))
    assert outcome.discrepancies == ()
    assert (case.total(Bucket.HELD), case.total(Bucket.UNTRACED)) == (1000, 0)


def test_the_trail_ends_at_the_last_layer_with_a_supervisor() -> None:
    case = a_case()
    for layer in range(1, RULES.max_layers):
        bank, following = ("HDFC", "ICIC") if layer % 2 else ("ICIC", "HDFC")
        case.answer(bank, claim(MOVED, f"R{layer}", 1000, reference=f"R{layer + 1}", payee=following))
    last = "ICIC" if RULES.max_layers % 2 == 0 else "HDFC"
    outcome = case.answer(last, claim(MOVED, f"R{RULES.max_layers}", 1000, reference="R99", payee="PUNB"))
    assert outcome.new_hops == ()
    assert [task.kind for task in outcome.tasks] == [TaskKind.SUPERVISE]
    assert case.total(Bucket.UNTRACED) == 1000


def test_the_trail_ends_at_the_last_hop_with_a_supervisor() -> None:
    case = a_case(("HDFC", "R1", 100_000))
    lines = [claim(MOVED, "R1", 1000, reference=f"R{n}", payee="ICIC") for n in range(2, RULES.max_hops + 4)]
    outcome = case.answer("HDFC", *lines)
    assert len(outcome.new_hops) == RULES.max_hops - 1
    assert case.total(Bucket.UNTRACED) == 3000
    assert {task.kind for task in outcome.tasks} == {TaskKind.SUPERVISE}


def test_more_than_the_hop_has_is_taken_in_part_and_kept_with_both_figures() -> None:
    case = a_case()
    outcome = case.answer("HDFC", claim(HELD, "R1", 1500))
    (found,) = outcome.discrepancies
    assert (found.kind, found.hop_no) == (DiscrepancyKind.EXCEEDS_DISPUTED, 1)
    assert (found.claimed_paise, found.applied_paise) == (1500, 1000)
    assert outcome.judgements[0].disposition is Disposition.DISCREPANCY
    assert case.total(Bucket.HELD) == 1000


def test_a_hold_after_the_account_was_emptied_moves_nothing() -> None:
    case = a_case()
    case.answer("HDFC", claim(WITHDRAWN, "R1", 1000))
    outcome = case.answer("HDFC", claim(HELD, "R1", 1000))
    assert [(c.kind, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.HELD_AND_GONE, 1000, 0)
    ]
    assert (case.total(Bucket.WITHDRAWN), case.total(Bucket.HELD)) == (1000, 0)


def test_a_hold_of_nothing_leaves_the_money_in_play() -> None:
    case = a_case()
    outcome = case.answer("HDFC", claim(HELD, "R1", 0))
    assert (outcome.closed, outcome.discrepancies, case.total(Bucket.IN_PLAY)) == ((), (), 1000)


def test_a_refusal_ends_the_trail_and_a_later_positive_answer_goes_on() -> None:
    case = a_case()
    assert case.answer("HDFC", claim(REFUSED, "R1", code="20")).closed == (1,)
    assert case.total(Bucket.REFUSED) == 1000
    outcome = case.answer("HDFC", claim(MOVED, "R1", 700, reference="R2", payee="ICIC"))
    assert [new.disputed_paise for new in outcome.new_hops] == [700]
    assert (case.total(Bucket.REFUSED), case.total(Bucket.IN_PLAY)) == (300, 700)


@each("code", ["02", "03", "15"])
def test_a_wrong_reference_opens_a_correction_and_moves_nothing(code: str) -> None:
    case = a_case()
    outcome = case.answer("HDFC", claim(REFUSED, "R1", code=code))
    assert (outcome.parked, outcome.entries) == ((1,), ())
    assert [(task.kind, hop_of(task), task.facts.code) for task in outcome.tasks] == [
        (TaskKind.CORRECT_REFERENCE, 1, code)
    ]


def test_a_refusal_after_everything_is_placed_changes_nothing() -> None:
    case = a_case()
    case.answer("HDFC", claim(HELD, "R1", 1000))
    for code in ("20", "02"):
        outcome = case.answer("HDFC", claim(REFUSED, "R1", code=code))
        assert (outcome.entries, outcome.closed, outcome.parked, outcome.tasks) == ((), (), (), ())


def test_a_receiving_bank_that_denies_a_transfer_contradicts_the_sending_bank() -> None:
    case = a_case()
    case.answer("HDFC", claim(MOVED, "R1", 1000, reference="R2", payee="ICIC"))
    outcome = case.answer("ICIC", claim(REFUSED, "R2", code="01"))
    assert [(c.kind, c.hop_no, c.claimed_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.TRANSFER_DENIED, 2, 1000)
    ]
    assert case.total(Bucket.REFUSED) == 1000


def test_a_denied_transfer_of_the_victim_is_no_discrepancy() -> None:
    assert a_case().answer("HDFC", claim(REFUSED, "R1", code="01")).discrepancies == ()


@each("kind", [UNKNOWN, UNREADABLE])
def test_what_cannot_be_understood_goes_to_a_person_and_moves_nothing(kind: ClaimKind) -> None:
    outcome = a_case().answer("HDFC", claim(kind, "R1", 500, code="77"))
    assert outcome.entries == ()
    assert [task.kind for task in outcome.tasks] == [TaskKind.READ_ANSWER]
    assert [judged.disposition for judged in outcome.judgements] == [Disposition.REVIEW]


def test_a_line_about_another_banks_hop_moves_nothing() -> None:
    case = a_case(("HDFC", "R1", 1000), ("ICIC", "R2", 500))
    outcome = case.answer("ICIC", claim(HELD, "R1", 1000))
    assert [(c.kind, c.hop_no) for c in outcome.discrepancies] == [(DiscrepancyKind.ANOTHER_BANKS_HOP, 1)]
    assert outcome.entries == ()


def test_a_line_about_a_hop_that_was_not_asked_about_moves_nothing() -> None:
    outcome = a_case().answer("HDFC", claim(HELD, "R7", 1000))
    assert [(c.kind, c.hop_no) for c in outcome.discrepancies] == [(DiscrepancyKind.UNASKED_HOP, None)]
    assert outcome.entries == ()


def test_a_line_said_too_early_is_taken_when_it_is_said_again() -> None:
    case = a_case(("HDFC", "R1", 1000), ("ICIC", "R5", 500))
    early = claim(HELD, "R2", 1000)
    assert case.answer("ICIC", early).judgements[0].disposition is Disposition.DISCREPANCY
    assert case.answer("ICIC", early).judgements[0].disposition is Disposition.DUPLICATE
    case.answer("HDFC", claim(MOVED, "R1", 1000, reference="R2", payee="ICIC"))
    assert case.answer("ICIC", early).judgements[0].disposition is Disposition.APPLIED
    assert case.answer("ICIC", early).judgements[0].disposition is Disposition.DUPLICATE
    assert case.total(Bucket.HELD) == 1000


def test_lines_that_say_the_same_are_one_line_in_one_answer_and_over_several() -> None:
    case = a_case()
    line = claim(WITHDRAWN, "R1", 400)
    first = case.answer("HDFC", line, line)
    assert [j.disposition for j in first.judgements] == [Disposition.APPLIED, Disposition.DUPLICATE]
    assert [j.disposition for j in case.answer("HDFC", line).judgements] == [Disposition.DUPLICATE]
    assert case.total(Bucket.WITHDRAWN) == 400


# -- what the desk knew before the bank ----------------------------------------------------------------------------


def a_case_with_the_desks_hop(paise: int = 400) -> CaseModel:
    case = a_case()
    assert case.add(1, "ICIC", "R2", paise, "A9") == 2
    return case


@each("paise", [0, 300, 400])
def test_what_the_desk_knew_of_a_transfer_satisfies_the_bank(paise: int) -> None:
    case = a_case_with_the_desks_hop()
    outcome = case.answer("HDFC", claim(MOVED, "R1", paise, reference="R2", payee="ICIC"))
    assert [judged.disposition for judged in outcome.judgements] == [Disposition.APPLIED]
    assert (outcome.judgements[0].applied_paise, outcome.entries, outcome.new_hops) == (paise, (), ())
    (told,) = outcome.confirmed
    assert (told.hop_no, told.revision, told.more_paise, told.flags) == (2, 0, 0, ())


@each("state", [HopState.OPEN, HopState.ASKED, HopState.CLOSED])
def test_what_the_bank_knows_above_it_tops_the_hop_up(state: HopState) -> None:
    case = a_case_with_the_desks_hop()
    if state is HopState.ASKED:
        case.ask(2)
    elif state is HopState.CLOSED:
        case.answer("ICIC", claim(HELD, "R2", 400))
    outcome = case.answer("HDFC", claim(MOVED, "R1", 900, reference="R2", payee="ICIC", amount_paise=1200))
    (told,) = outcome.confirmed
    assert (told.revision, told.state, told.more_paise) == (1, HopState.OPEN, 500)
    assert (told.amount_paise, told.disputed_paise, told.asks_again) == (1200, 900, True)
    assert (outcome.new_hops, case.balance(1, Bucket.IN_PLAY)) == ((), 100)
    assert case.balance(2, Bucket.IN_PLAY) == (500 if state is HopState.CLOSED else 900)


def test_a_hop_that_waits_for_a_correction_grows_and_goes_on_waiting() -> None:
    case = a_case_with_the_desks_hop()
    case.answer("ICIC", claim(REFUSED, "R2", code="02"))
    outcome = case.answer("HDFC", claim(MOVED, "R1", 900, reference="R2", payee="ICIC"))
    assert [(told.revision, told.state, told.asks_again) for told in outcome.confirmed] == [
        (1, HopState.CORRECTION, False)
    ]
    assert (outcome.parked, outcome.tasks) == ((2,), ())


def test_a_hop_that_grows_and_is_placed_by_the_same_answer_asks_nothing() -> None:
    """Within one bank: it says that the money went on, and in the next line where it is."""
    case = a_case()
    case.add(1, "HDFC", "R2", 400, "A9")
    outcome = case.answer("HDFC", claim(MOVED, "R1", 1000, reference="R2", payee="HDFC"), claim(HELD, "R2", 1000))
    assert [(told.revision, told.state, told.more_paise) for told in outcome.confirmed] == [(0, HopState.CLOSED, 600)]
    assert (outcome.closed, outcome.discrepancies, case.total(Bucket.HELD)) == ((1, 2), (), 1000)


def test_what_neither_hop_has_is_a_discrepancy_with_both_figures() -> None:
    outcome = a_case_with_the_desks_hop().answer("HDFC", claim(MOVED, "R1", 1300, reference="R2", payee="ICIC"))
    assert [(c.kind, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        (DiscrepancyKind.EXCEEDS_DISPUTED, 1300, 1000)
    ]


def test_a_later_line_about_the_transfer_says_it_again_and_adds_nothing_twice() -> None:
    case = a_case_with_the_desks_hop()
    for paise, disputed_paise in [(600, 600), (500, 600), (700, 700)]:
        case.answer("HDFC", claim(MOVED, "R1", paise, reference="R2", payee="ICIC"))
        assert case.hops[2].disputed_paise == disputed_paise
    assert case.hops[2].revision == 2


def test_a_gathered_transfer_of_which_the_desk_knew_a_part_takes_the_rest_from_every_hop() -> None:
    case = a_case(("HDFC", "R1", 600), ("HDFC", "R1", 600))
    case.add(1, "ICIC", "R2", 400)
    outcome = case.answer("HDFC", claim(MOVED, "R1", 1200, reference="R2", payee="ICIC"))
    assert [(told.hop_no, told.disputed_paise) for told in outcome.confirmed] == [(3, 600)]
    assert [(new.parent_hop_no, new.disputed_paise) for new in outcome.new_hops] == [(2, 600)]


@each(("reference", "payee"), [("R3", "ICIC"), ("R2", "PUNB"), ("R2", None), ("", "ICIC")])
def test_another_reference_or_bank_is_another_transfer(reference: str, payee: str | None) -> None:
    outcome = a_case_with_the_desks_hop().answer("HDFC", claim(MOVED, "R1", 600, reference=reference, payee=payee))
    assert (outcome.confirmed, len(outcome.new_hops)) == ((), 1)


@each(("account", "flagged"), [("A9", False), ("00A9", False), (NOT_STATED, False), ("A1", True)])
def test_another_account_than_the_desks_is_kept_as_a_flag(account: str, *, flagged: bool) -> None:
    case = a_case_with_the_desks_hop()
    outcome = case.answer("HDFC", claim(MOVED, "R1", 400, reference="R2", payee="ICIC", payee_account=account))
    (told,) = outcome.confirmed
    assert [(flag.code, account in flag.message) for flag in told.flags] == (
        [("bank_names_another_account", True)] if flagged else []
    )


# -- withdrawn hops ------------------------------------------------------------------------------------------------


@each("root_reference", ["R1", ""])
def test_a_line_is_about_a_withdrawn_hop_only_where_no_other_is_named(root_reference: str) -> None:
    case = a_case(("HDFC", "R1", 1000), ("HDFC", "R1", 1000))
    case.withdraw(1)
    assert case.answer("HDFC", claim(HELD, root_reference, 400, account="A1")).judgements[0].hop_nos == (2,)


def test_a_line_is_about_another_account_before_a_withdrawn_hop() -> None:
    case = CaseModel()
    case.lose("HDFC", "R1", 1000, account="A1")
    case.lose("HDFC", "R1", 1000, account="A2")
    case.withdraw(1)
    assert case.answer("HDFC", claim(HELD, "R1", 400, account="A1")).judgements[0].hop_nos == (2,)
    case.withdraw(2)
    assert case.answer("HDFC", claim(HELD, "R1", 300, account="A1")).judgements[0].hop_nos == (1,)


def test_an_account_tells_two_hops_with_one_reference_apart() -> None:
    case = CaseModel()
    case.lose("HDFC", "R1", 1000, account="A1")
    case.lose("HDFC", "R1", 1000, account="A2")
    case.answer("HDFC", claim(HELD, "R1", 1000, account="A2"))
    assert [case.balance(n, Bucket.HELD) for n in (1, 2)] == [0, 1000]


def test_a_line_without_a_reference_is_taken_where_its_account_names_one_hop() -> None:
    case = CaseModel()
    case.lose("HDFC", "R1", 1000, account="A1")
    case.lose("HDFC", "R2", 1000, account="A2")
    case.answer("HDFC", claim(HELD, "", 1000, account="A2"))
    assert [case.balance(n, Bucket.HELD) for n in (1, 2)] == [0, 1000]


@each("account", ["A1", "A7", ""])
def test_a_line_without_a_reference_is_not_guessed_at(account: str) -> None:
    """A1 is two hops, A7 none; and a hop that lacks a reference itself is not what is meant by none."""
    case = CaseModel()
    case.lose("HDFC", "R1", 1000, account="A1")
    case.lose("HDFC", "R2", 1000, account="A1")
    case.lose("ICIC", "R3", 1000, account="A5")
    case.answer("ICIC", claim(MOVED, "R3", 1000, payee="HDFC", payee_account="A6"))
    outcome = case.answer("HDFC", claim(HELD, "", 1000, account=account))
    assert [(c.kind, c.hop_no) for c in outcome.discrepancies] == [(DiscrepancyKind.UNASKED_HOP, None)]
    assert case.total(Bucket.HELD) == 0


def test_lines_of_one_answer_build_on_each_other() -> None:
    case = a_case()
    outcome = case.answer(
        "HDFC",
        claim(REFUSED, "R1", code="02"),
        claim(WITHDRAWN, "R1", 300),
        claim(MOVED, "R1", 600, reference="R2", payee="ICIC"),
        claim(HELD, "R1", 200),
    )
    assert [judged.disposition for judged in outcome.judgements] == [
        Disposition.CORRECTION,
        Disposition.APPLIED,
        Disposition.APPLIED,
        Disposition.DISCREPANCY,
    ]
    assert (outcome.closed, outcome.parked) == ((1,), ())
    assert [case.balance(1, bucket) for bucket in (Bucket.WITHDRAWN, Bucket.HELD, Bucket.IN_PLAY)] == [300, 100, 0]


def test_the_same_answer_against_the_same_case_has_the_same_outcome() -> None:
    lines = [claim(MOVED, "R1", 600, reference="R2", payee="ICIC"), claim(HELD, "R1", 900)]
    assert a_case().answer("HDFC", *lines) == a_case().answer("HDFC", *lines)
