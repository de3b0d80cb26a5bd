"""The day has the proportions of the design notes."""

import math
from collections import Counter
from statistics import mean, median

import pytest

from simulator.clock import stream
from simulator.config import CLASSES, DAY_SECONDS, HOUR_SECONDS, MAX_DEPTH, Delay, Knobs, MoneyModel, SimulatorConfig
from simulator.institutions import Institution, build_institutions
from simulator.world.cases import CasePlan, draw_loss, draw_report_delay, plan_cases, reported_at
from simulator.world.flows import draw_delay, split
from simulator.world.networks import Shape
from simulator.world.truth import build_world, perfect_truth
from simulator.world.world import MoveKind

CONFIG = SimulatorConfig(seed=11, complaints=1_500)


@pytest.fixture(scope="module")
def institutions() -> tuple[Institution, ...]:
    return build_institutions(CONFIG)


@pytest.fixture(scope="module")
def plans(institutions: tuple[Institution, ...]) -> tuple[CasePlan, ...]:
    return plan_cases(CONFIG, institutions)


def test_losses_have_the_mean_of_up() -> None:
    rng = stream(3, "losses")
    losses = [draw_loss(rng, MoneyModel()) for _ in range(60_000)]
    assert mean(losses) == pytest.approx(4_650_000, rel=0.06)
    assert median(losses) < 2_500_000, "skewed: most lose far less than the mean"


def test_reports_come_when_they_come() -> None:
    rng = stream(3, "reports")
    delays = [draw_report_delay(rng, MoneyModel()) for _ in range(20_000)]
    assert mean(d <= HOUR_SECONDS for d in delays) == pytest.approx(0.20, abs=0.02)
    assert mean(HOUR_SECONDS < d <= DAY_SECONDS for d in delays) == pytest.approx(0.40, abs=0.02)
    assert max(delays) <= 7 * DAY_SECONDS


def test_the_first_layer_is_left_within_minutes(plans: tuple[CasePlan, ...]) -> None:
    waits = []
    for plan in plans:
        arrived: dict[object, float] = {}
        left: dict[object, float] = {}
        for move in plan.moves:
            if move.kind is MoveKind.TRANSFER and move.layer == 1:
                arrived[move.target] = max(arrived.get(move.target, move.at), move.at)
            elif move.layer == 2:
                left[move.source] = min(left.get(move.source, move.at), move.at)
        waits += [left[key] - at for key, at in arrived.items() if key in left and left[key] > at]
    assert 300 <= median(waits) <= 900


def test_a_case_has_about_twelve_hops(institutions: tuple[Institution, ...], plans: tuple[CasePlan, ...]) -> None:
    truth = perfect_truth(CONFIG, institutions, plans)
    assert truth.hops / len(plans) == pytest.approx(12, abs=1)


def test_the_money_ends_as_it_does(plans: tuple[CasePlan, ...]) -> None:
    world = build_world(plans)
    world.advance(30 * DAY_SECONDS)
    world.check()
    lost = sum(plan.loss_paise for plan in plans)
    cash = sum(world.left_paise[kind] for kind in (MoveKind.ATM, MoveKind.AEPS, MoveKind.CHEQUE))
    assert cash / lost == pytest.approx(0.30, abs=0.05)
    assert world.left_paise[MoveKind.POS] / lost == pytest.approx(0.10, abs=0.05)
    assert world.left_paise[MoveKind.OTHER] / lost == pytest.approx(0.21, abs=0.05)


def test_hops_are_at_banks_of_each_class(institutions: tuple[Institution, ...], plans: tuple[CasePlan, ...]) -> None:
    class_of = {bank.code: bank.answer_class for bank in institutions}
    hops = Counter(
        class_of[move.target.bank]
        for plan in plans
        for move in plan.moves
        if move.layer > 0 and move.target is not None and move.target.bank in class_of
    )
    for name, share in zip(CLASSES, (0.60, 0.25, 0.15), strict=True):
        assert hops[name] / hops.total() == pytest.approx(share, abs=0.03)


def test_every_shape_depth_and_mistake_occurs(plans: tuple[CasePlan, ...]) -> None:
    assert {plan.shape for plan in plans} == set(Shape)
    assert {move.layer for plan in plans for move in plan.moves if move.layer} == set(range(1, MAX_DEPTH + 1))
    told = [t for plan in plans for t in plan.complaints[0].transfers]
    assert mean(t.reference != t.move.rrn for t in told) == pytest.approx(0.03, abs=0.01)
    assert mean(t.bank != t.payee.key.bank for t in told) == pytest.approx(0.015, abs=0.01)
    assert mean(len(plan.complaints) == 2 for plan in plans) == pytest.approx(0.02, abs=0.01)


def test_transfers_carry_numbers_of_their_rail(plans: tuple[CasePlan, ...]) -> None:
    lengths = {"neft": 16, "rtgs": 22}
    numbers = set()
    for plan in plans:
        for move in plan.moves:
            assert len(move.rrn) == lengths.get(move.mode, 12)
            assert move.rrn not in numbers
            numbers.add(move.rrn)


def test_a_victim_complains_after_paying(plans: tuple[CasePlan, ...]) -> None:
    for plan in plans:
        complaint = plan.complaints[0]
        assert all(told.move.at < complaint.at for told in complaint.transfers)
        assert sum(told.move.amount_paise for told in complaint.transfers) == plan.loss_paise
        assert 0 <= complaint.at < DAY_SECONDS


def test_the_hours_of_the_day_differ_in_the_diurnal_profile() -> None:
    config = SimulatorConfig(complaints=4_000, profile="diurnal")
    hours = Counter(int(reported_at(config, number) // HOUR_SECONDS) for number in range(4_000))
    assert set(hours) == set(range(24))
    assert hours[11] > 4 * hours[3]


def test_the_even_profile_is_a_metronome() -> None:
    config = SimulatorConfig(complaints=60, day_seconds=60, profile="even")
    assert [reported_at(config, number) for number in range(60)] == pytest.approx(list(range(60)))


def test_splitting_keeps_every_paisa_and_no_leg_is_too_small() -> None:
    rng = stream(1, "split")
    for paise in (1, 49_999, 50_000, 99_999, 100_000, 123_456_789):
        for parts in range(1, 8):
            legs = split(rng, paise, parts)
            assert sum(legs) == paise
            assert len(legs) <= parts
            assert len(legs) == 1 or min(legs) >= 50_000


def test_delays_are_clipped() -> None:
    rng = stream(1, "clip")
    drawn = [draw_delay(rng, Delay(median=10, sigma=3, least=5, most=20)) for _ in range(200)]
    assert (min(drawn), max(drawn)) == (5, 20)
    assert math.isclose(draw_delay(rng, Delay(median=7)), 7)


def test_knobs_can_all_be_turned_off() -> None:
    rates = Knobs.none().model_dump(exclude={"outage_median_seconds"})
    assert set(rates.values()) == {0}
