"""The same seed gives the same world, and no engine catches more than the perfect one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import unit
from simulator.config import HOUR_SECONDS, Knobs, MoneyModel, SimulatorConfig
from simulator.institutions import build_institutions
from simulator.world.cases import plan_cases
from simulator.world.networks import Shape
from simulator.world.truth import Truth, perfect_truth
from tests.deep import examples
from tests.each import each

APART = MoneyModel(shared_mule_rate=0, other_business_rate=0, shop_account_share=0)
"""every account belongs to one case and has no other money"""


def test_the_same_seed_is_the_same_world() -> None:
    config = SimulatorConfig(seed=5, complaints=40)
    first, second = (plan_cases(config, build_institutions(config)) for _ in range(2))
    assert first == second
    truths = [perfect_truth(config, build_institutions(config), plans) for plans in (first, second)]
    assert truths[0] == truths[1]


def test_another_seed_is_another_world() -> None:
    moves = []
    for seed in (1, 2):
        config = SimulatorConfig(seed=seed, complaints=5)
        moves.append([m.amount_paise for plan in plan_cases(config, build_institutions(config)) for m in plan.moves])
    assert moves[0] != moves[1]


def test_a_case_does_not_depend_on_the_others() -> None:
    few, many = SimulatorConfig(seed=5, complaints=10), SimulatorConfig(seed=5, complaints=60)
    institutions = build_institutions(few)
    assert plan_cases(few, institutions) == plan_cases(many, institutions)[:10]


def test_credentials_are_the_banks_own() -> None:
    banks = build_institutions(SimulatorConfig())
    assert len(banks) == 40
    for secrets in (
        {bank.envelope.aes_key for bank in banks},
        {bank.password for bank in banks},
        {bank.inbound_password for bank in banks},
        {bank.code for bank in banks},
    ):
        assert len(secrets) == 40


@each("count", [3, 40, 250, 400])
def test_any_number_of_institutions(count: int) -> None:
    banks = build_institutions(SimulatorConfig(institutions=count))
    assert len({bank.code for bank in banks}) == count
    assert {bank.answer_class for bank in banks} == {"api", "seat", "mail"}


def whole(truth: Truth) -> dict[int, int]:
    return {case: sum(by_class.values()) for case, by_class in truth.held_by_case.items()}


@settings(max_examples=examples(10))
@given(seed=st.integers(0, 10_000), slowest=st.floats(1, 48 * HOUR_SECONDS))
def test_no_engine_holds_more_of_a_case_than_the_perfect_one(seed: int, slowest: float) -> None:
    config = SimulatorConfig(seed=seed, complaints=30, knobs=Knobs.none(), money=APART)
    institutions = build_institutions(config)
    trees = [plan for plan in plan_cases(config, institutions) if plan.shape is Shape.FAN_OUT]
    perfect = whole(perfect_truth(config, institutions, trees))
    slow = whole(perfect_truth(config, institutions, trees, lambda rrn: slowest * unit(seed, "engine", rrn)))
    for case, held in slow.items():
        assert held <= perfect[case]


def test_a_perfect_engine_asks_a_bank_that_lags_again() -> None:
    held = []
    for rate in (0.0, 1.0):
        knobs = Knobs.none().model_copy(update={"not_found_first": rate})
        config = SimulatorConfig(seed=3, complaints=20, knobs=knobs)
        institutions = build_institutions(config)
        held.append(perfect_truth(config, institutions, plan_cases(config, institutions)).held_paise)
    assert 0 < held[1] <= held[0]


def test_slower_is_never_better_over_a_day_of_all_shapes() -> None:
    config = SimulatorConfig(seed=3, complaints=200)
    institutions = build_institutions(config)
    plans = plan_cases(config, institutions)
    held = [
        perfect_truth(config, institutions, plans, lambda _, wait=wait: wait).held_paise  # type: ignore[misc]
        for wait in (0.0, 120.0, 1_800.0, 6 * HOUR_SECONDS)
    ]
    assert held == sorted(held, reverse=True)
    assert held[-1] < 0.95 * held[0], "speed matters in this world"


def test_the_perfect_engine_finds_no_more_than_was_lost() -> None:
    config = SimulatorConfig(seed=3, complaints=200)
    institutions = build_institutions(config)
    plans = plan_cases(config, institutions)
    truth = perfect_truth(config, institutions, plans)
    for plan in plans:
        assert sum(truth.held_by_case[plan.case_no].values()) <= plan.loss_paise
