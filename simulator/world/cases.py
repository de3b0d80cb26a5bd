"""Plan of one case: the actions of the mules, and the complaint of the victim.

Every case uses its own random stream, so case 17 of seed 7 is the same in a day of 20 cases and in a day of 2,000. Only
the minute of its report depends on the day.
"""

import bisect
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from simulator.clock import chance, happens, lognormal, stream, unit
from simulator.config import (
    CATEGORIES,
    DAY_SECONDS,
    DISTRICTS,
    HOUR_SECONDS,
    MAX_CASE_HOPS,
    MINUTE_SECONDS,
    MoneyModel,
    SimulatorConfig,
    mobile,
    person_name,
)
from simulator.institutions import Institution
from simulator.world.flows import Flow
from simulator.world.networks import Registry, Shape, grow
from simulator.world.world import AccountPlan, MoveKind, PlannedMove

BY_HOUR = (1, 1, 1, 1, 1, 1, 2, 3, 4, 6, 8, 9, 9, 8, 8, 8, 8, 8, 8, 8, 7, 5, 3, 2)
"""complaints by hour of the day, relative: an assumption (the helpline is quiet at night)"""
_BY_HOUR_UP_TO = tuple(accumulate(BY_HOUR))
REPORTED_AS_VPA = 0.4
DUPLICATE_MEDIAN_SECONDS = 25 * MINUTE_SECONDS
INVENTED_TIMES = 10
"""an invented transfer has so many times the amount of the victim's loss"""


@dataclass(frozen=True, slots=True)
class ReportedTransfer:
    """A transfer as the victim reports it; `move` is what really happened."""

    move: PlannedMove
    payer: AccountPlan
    payee: AccountPlan
    bank: str
    """the receiving bank, as reported"""
    reference: str
    """the RRN or UTR, as reported"""
    vpa: str | None
    """reported instead of the payee's account"""


@dataclass(frozen=True, slots=True)
class Victim:
    """The complainant."""

    name: str
    mobile: str
    district: str
    woman: bool
    child: bool
    senior: bool


@dataclass(frozen=True, slots=True)
class ComplaintPlan:
    """A complaint to be posted at simulated time `at` under `key`, `posts` times.

    `first` marks a case's own complaint.
    """

    key: str
    case_no: int
    at: float
    first: bool
    posts: int
    channel: str
    category: str
    victim: Victim
    transfers: tuple[ReportedTransfer, ...]


@dataclass(frozen=True, slots=True)
class CasePlan:
    """A case: everything that will happen in it if no bank holds money."""

    case_no: int
    shape: Shape
    loss_paise: int
    complaints: tuple[ComplaintPlan, ...]
    accounts: tuple[AccountPlan, ...]
    moves: tuple[PlannedMove, ...]

    @property
    def hops(self) -> int:
        """Number of planned transfers of the victim's money."""
        return sum(1 for move in self.moves if move.kind is MoveKind.TRANSFER and move.layer > 0)


def plan_cases(config: SimulatorConfig, institutions: Sequence[Institution]) -> tuple[CasePlan, ...]:
    """Return every case of the day."""
    registry = Registry(config, institutions)
    return tuple(_plan_case(config, registry, institutions, number) for number in range(config.complaints))


def draw_loss(rng: random.Random, money: MoneyModel) -> int:
    """Return a loss in whole rupees, as paise."""
    median = money.loss_mean_paise / math.exp(money.loss_sigma**2 / 2)
    drawn = median * math.exp(rng.gauss(0.0, money.loss_sigma))
    return round(min(max(drawn, money.loss_least_paise), money.loss_most_paise) / 100) * 100


def draw_report_delay(rng: random.Random, money: MoneyModel) -> float:
    """Return the seconds from the last of the victim's transfers to the complaint."""
    kind = rng.random()
    if kind < money.reported_within_hour:
        return rng.uniform(3 * MINUTE_SECONDS, HOUR_SECONDS)
    if kind < money.reported_within_hour + money.reported_within_day:
        return math.exp(rng.uniform(math.log(HOUR_SECONDS), math.log(DAY_SECONDS)))
    return math.exp(rng.uniform(math.log(DAY_SECONDS), math.log(7 * DAY_SECONDS)))


def draw_hops(rng: random.Random, money: MoneyModel, loss_paise: int) -> int:
    """Return the size of the network for this loss."""
    scale = money.hops_scale * (loss_paise / money.loss_mean_paise) ** money.hops_by_loss
    hops: float = scale * math.exp(rng.gauss(0.0, money.hops_sigma))
    return round(min(max(hops, 1), MAX_CASE_HOPS))


def reported_at(config: SimulatorConfig, case_no: int) -> float:
    """Return the simulated time of a case's complaint, in [0, day_seconds)."""
    if config.profile == "even":
        return case_no / config.complaints * config.day_seconds
    share = unit(config.seed, "reported at", case_no)
    if config.profile == "diurnal":
        place = share * _BY_HOUR_UP_TO[-1]
        hour = bisect.bisect_right(_BY_HOUR_UP_TO, place)
        share = (hour + 1 - (_BY_HOUR_UP_TO[hour] - place) / BY_HOUR[hour]) / len(BY_HOUR)
    return share * config.day_seconds


def _plan_case(
    config: SimulatorConfig, registry: Registry, institutions: Sequence[Institution], case_no: int
) -> CasePlan:
    rng = stream(config.seed, "case", case_no)
    loss = draw_loss(rng, config.money)
    shape = rng.choice(tuple(Shape))
    network = grow(shape, draw_hops(rng, config.money, loss), rng)
    victim = registry.open(rng, registry.choose_bank(rng, "api"), opening_paise=loss + rng.randrange(50_000) * 100)
    at = reported_at(config, case_no)
    flow = Flow(config, registry, case_no, rng)
    transfers = flow.distribute(network, victim, loss, at - draw_report_delay(rng, config.money))
    reported = tuple(_report(config, institutions, flow, move) for move in transfers)
    return CasePlan(
        case_no=case_no,
        shape=shape,
        loss_paise=loss,
        complaints=_complaints(config, rng, case_no, at, victim, reported),
        accounts=tuple(flow.accounts.values()),
        moves=tuple(flow.moves),
    )


def _report(
    config: SimulatorConfig, institutions: Sequence[Institution], flow: Flow, move: PlannedMove
) -> ReportedTransfer:
    """Return a transfer as the victim reports it, with mistakes."""
    assert move.target is not None, "a victim's transfer has a payee"
    seed, knobs = config.seed, config.knobs
    payee = flow.accounts[move.target]
    bank = next(b for b in institutions if b.code == move.target.bank)
    reference = move.rrn
    if chance(seed, knobs.bad_rrn, "bad rrn", move.rrn):
        reference = _misread(seed, move.rrn)
    elif chance(seed, knobs.wrong_bank, "wrong bank", move.rrn):
        others = [b for b in institutions if b.code != bank.code]
        bank = others[int(unit(seed, "which wrong bank", move.rrn) * len(others))]
    vpa = None
    if move.mode == "upi" and bank.handles and chance(seed, REPORTED_AS_VPA, "told as vpa", move.rrn):
        vpa = f"{payee.holder.split()[0].lower()}{payee.mobile[-4:]}@{bank.handles[0]}"
    return ReportedTransfer(move, flow.accounts[move.source], payee, bank.code, reference, vpa)


def _misread(seed: int, number: str) -> str:
    """Return the number with one of its last eight digits changed."""
    place = len(number) - 1 - int(unit(seed, "misread place", number) * 8)
    wrong = (int(number[place]) + 1 + int(unit(seed, "misread digit", number) * 9)) % 10
    return f"{number[:place]}{wrong}{number[place + 1 :]}"


def _complaints(
    config: SimulatorConfig,
    rng: random.Random,
    case_no: int,
    at: float,
    victim: AccountPlan,
    reported: tuple[ReportedTransfer, ...],
) -> tuple[ComplaintPlan, ...]:
    """Return the case's complaint, and sometimes a second one about the same transfers."""
    seed, knobs = config.seed, config.knobs
    person = Victim(
        name=victim.holder,
        mobile=victim.mobile,
        district=rng.choice(DISTRICTS),
        woman=happens(rng, 0.35),
        child=happens(rng, 0.02),
        senior=happens(rng, 0.15),
    )
    channel, category = ("helpline_1930" if happens(rng, 0.7) else "portal"), rng.choice(CATEGORIES)
    posts = 2 if chance(seed, knobs.repeated_post, "repeated post", case_no) else 1
    key = f"sim-{seed}-{case_no}"
    first = ComplaintPlan(key, case_no, at, True, posts, channel, category, person, reported)
    plans = [first]
    if chance(seed, knobs.duplicate_complaint, "duplicate complaint", case_no):
        relative = Victim(person_name(rng), mobile(rng), person.district, False, False, False)
        later = at + lognormal(seed, DUPLICATE_MEDIAN_SECONDS, 0.8, "duplicate after", case_no)
        plans.append(
            ComplaintPlan(f"{key}-again", case_no, later, False, 1, "portal", category, relative, reported[:1])
        )
    if chance(seed, knobs.invented_complaint, "invented complaint", case_no):
        plans.append(_invented(seed, first))
    return tuple(plans)


def _invented(seed: int, real: ComplaintPlan) -> ComplaintPlan:
    """Return a complaint about a transfer that never was, into the account that took the victim's first transfer."""
    first_transfer, case_no = real.transfers[0], real.case_no
    rng = stream(seed, "invented complaint", case_no)
    number = "".join(str(rng.randrange(10)) for _ in range(len(first_transfer.move.rrn)))
    friend = replace(
        first_transfer.payer,
        key=first_transfer.payer.key._replace(number=number[:12]),
        holder=person_name(rng),
        mobile=mobile(rng),
    )
    amount_paise = INVENTED_TIMES * sum(reported.move.amount_paise for reported in real.transfers)
    move = replace(first_transfer.move, source=friend.key, amount_paise=amount_paise, rrn=f"9{number[1:]}")
    transfer = ReportedTransfer(move, friend, first_transfer.payee, first_transfer.payee.key.bank, move.rrn, None)
    person = Victim(friend.holder, friend.mobile, real.victim.district, False, False, False)
    key = f"{real.key}-invented"
    return ComplaintPlan(key, case_no, real.at, False, 1, "portal", real.category, person, (transfer,))
