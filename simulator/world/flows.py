"""From a network's shape to planned moves: amounts, times, payment modes, and the money's end.

A visit passes on what it received, after a delay from the last arrival and minus the mule's share. A visit without
onward transfers is the money's end: cash, a shop, an untraced way, or the account itself.
"""

import math
import random
from dataclasses import dataclass, field

from simulator.clock import happens
from simulator.config import MAX_DEPTH, Delay, SimulatorConfig
from simulator.world.networks import VICTIM, Network, Numbers, Registry
from simulator.world.world import AccountKey, AccountPlan, MoveKind, PlannedMove

LEAST_LEG_PAISE = 50_000
"""₹500: the workbook has a separate sheet for smaller amounts"""
UPI_MOST_PAISE = 10_000_000
RTGS_FROM_PAISE = 20_000_000
ATM_MOST_PAISE = 2_000_000
AEPS_MOST_PAISE = 1_000_000
AEPS_TOTAL_PAISE = 2_500_000
CHEQUE_FROM_PAISE = 3_000_000
NOTE_PAISE = 10_000
"""a cash machine dispenses multiples of ₹100"""
KEEPS_NOTHING = 0.6
KEEPS_MOST = 0.05


def draw_delay(rng: random.Random, delay: Delay) -> float:
    """Return a clipped lognormal delay from a case's own stream, in seconds."""
    return min(max(delay.median * math.exp(rng.gauss(0.0, delay.sigma)), delay.least), delay.most)


def split(rng: random.Random, paise: int, parts: int) -> list[int]:
    """Split `paise` into at most `parts` uneven parts of whole rupees, none below ₹500 unless the whole is."""
    parts = max(1, min(parts, paise // LEAST_LEG_PAISE))
    weights = [rng.uniform(0.4, 1.6) for _ in range(parts)]
    spare = paise - parts * LEAST_LEG_PAISE
    if parts == 1 or spare < 0:
        return [paise]
    legs = [LEAST_LEG_PAISE + int(spare * weight / sum(weights)) // 100 * 100 for weight in weights]
    legs[-1] += paise - sum(legs)
    return legs


@dataclass(slots=True)
class _Arrival:
    """Amount that arrives at a visit, and the time of its last part."""

    paise: int = 0
    at: float = field(default=float("-inf"))

    def add(self, paise: int, at: float) -> None:
        self.paise += paise
        self.at = max(self.at, at)


class Flow:
    """Distributes the money of one case over its network. It draws from the case's stream in a fixed order."""

    def __init__(self, config: SimulatorConfig, registry: Registry, case_no: int, rng: random.Random) -> None:
        self._config = config
        self._money = config.money
        self._registry = registry
        self._case_no = case_no
        self._rng = rng
        self._numbers = Numbers(config.seed, case_no)
        self.accounts: dict[AccountKey, AccountPlan] = {}
        self.moves: list[PlannedMove] = []

    def distribute(self, network: Network, victim: AccountPlan, loss_paise: int, last_at: float) -> list[PlannedMove]:
        """Plan every move; the last of the victim's transfers is at `last_at`. Return the victim's transfers."""
        self.accounts[victim.key] = victim
        holders = self._holders(network)
        arrivals = [_Arrival() for _ in network.layers]
        self._victim_pays(network, victim, holders, arrivals, loss_paise, last_at)
        transfers = list(self.moves)
        out: dict[int, list[int]] = {}
        for source, target in network.edges:
            out.setdefault(source, []).append(target)
        for visit in sorted(range(len(network.layers)), key=lambda v: (network.layers[v], v)):
            if arrivals[visit].paise > 0:
                self._pass_on(network, visit, out.get(visit, []), holders, arrivals)
        return transfers

    def _holders(self, network: Network) -> list[AccountPlan]:
        """Return the account of each visit."""
        plans: dict[int, AccountPlan] = {}
        for visit, account in enumerate(network.accounts):
            if account not in plans:
                plans[account] = self._mule(first_layer=network.layers[visit] == 1)
        return [plans[account] for account in network.accounts]

    def _mule(self, first_layer: bool) -> AccountPlan:
        rng, money = self._rng, self._money
        unlisted, shared, business = rng.random(), rng.random(), rng.random()
        if not first_layer and unlisted < self._config.knobs.unlisted_bank:
            plan = self._registry.open_unlisted(rng)
        elif not first_layer and shared < money.shared_mule_rate:
            plan = self._registry.shared_mule(rng)
        else:
            own = rng.randrange(500, 20_000) * 100 if business < money.other_business_rate else 0
            plan = self._registry.open(rng, self._registry.choose_bank(rng), own)
        self.accounts[plan.key] = plan
        return plan

    def _victim_pays(
        self,
        network: Network,
        victim: AccountPlan,
        holders: list[AccountPlan],
        arrivals: list[_Arrival],
        loss_paise: int,
        last_at: float,
    ) -> None:
        targets = [target for source, target in network.edges if source == VICTIM]
        at = last_at
        for target, paise in zip(targets, split(self._rng, loss_paise, len(targets)), strict=False):
            self._transfer(victim, holders[target], paise, at, layer=1)
            arrivals[target].add(paise, at)
            at -= self._rng.expovariate(1 / 240.0)

    def _pass_on(
        self,
        network: Network,
        visit: int,
        targets: list[int],
        holders: list[AccountPlan],
        arrivals: list[_Arrival],
    ) -> None:
        rng, arrival, layer = self._rng, arrivals[visit], network.layers[visit]
        if not targets or arrival.paise < LEAST_LEG_PAISE:
            self._end(holders[visit], arrival, layer)
            return
        keep = 0.0 if rng.random() < KEEPS_NOTHING else rng.uniform(0, KEEPS_MOST)
        onward = arrival.paise - int(arrival.paise * keep) // 100 * 100
        at = arrival.at
        for target, paise in zip(targets, split(rng, onward, len(targets)), strict=False):
            at += draw_delay(rng, self._money.first_move if layer == 1 else self._money.next_move) / (
                1 if at == arrival.at else 3
            )
            self._transfer(holders[visit], holders[target], paise, at, layer + 1)
            arrivals[target].add(paise, at)
        self._own_business(holders[visit], arrival.at)

    def _end(self, holder: AccountPlan, arrival: _Arrival, layer: int) -> None:
        """Plan the money's end, by value: cash, a shop, an untraced way, or no move."""
        money, kind = self._money, self._rng.random()
        at = arrival.at + draw_delay(self._rng, money.cash_out)
        if kind < money.cash_share:
            self._cash(holder, arrival.paise, at)
        elif kind < money.cash_share + money.merchant_share:
            self._merchant(holder, arrival.paise, at, layer)
        elif kind < money.cash_share + money.merchant_share + money.vanish_share:
            self._leave(holder, MoveKind.OTHER, arrival.paise, at)
        self._own_business(holder, arrival.at)

    def _cash(self, holder: AccountPlan, paise: int, at: float) -> None:
        if paise >= CHEQUE_FROM_PAISE:
            self._leave(holder, MoveKind.CHEQUE, paise, at)
            return
        aeps = paise <= AEPS_TOTAL_PAISE and happens(self._rng, 0.3)
        kind, most = (MoveKind.AEPS, AEPS_MOST_PAISE) if aeps else (MoveKind.ATM, ATM_MOST_PAISE)
        rest = paise // NOTE_PAISE * NOTE_PAISE
        while rest > 0:
            self._leave(holder, kind, min(rest, most), at)
            rest -= min(rest, most)
            at += self._rng.uniform(40, 180)

    def _merchant(self, holder: AccountPlan, paise: int, at: float, layer: int) -> None:
        if self._rng.random() < self._money.shop_account_share and layer < MAX_DEPTH:
            shop = self._registry.shop(self._rng)
            self.accounts[shop.key] = shop
            self._transfer(holder, shop, paise, at, layer + 1)
        else:
            self._leave(holder, MoveKind.POS, paise, at)

    def _own_business(self, holder: AccountPlan, after: float) -> None:
        """Plan the holder's own purchase, a debit that a bank's trace meets."""
        if holder.opening_paise > 0 and happens(self._rng, 0.5):
            paise = self._rng.randrange(1, max(2, holder.opening_paise // 400)) * 100
            self._leave(holder, MoveKind.POS, paise, after + self._rng.uniform(600, 36_000))

    def _transfer(self, source: AccountPlan, target: AccountPlan, paise: int, at: float, layer: int) -> None:
        mode = self._rail(source.key.bank, target.key.bank, paise)
        number = self._numbers.utr(source.key.bank, mode) if mode in ("neft", "rtgs") else self._numbers.rrn()
        self._plan(at, MoveKind.TRANSFER, source.key, target.key, paise, number, mode, layer)

    def _leave(self, holder: AccountPlan, kind: MoveKind, paise: int, at: float) -> None:
        self._plan(at, kind, holder.key, None, paise, self._numbers.rrn(), kind.value, 0)

    def _plan(
        self,
        at: float,
        kind: MoveKind,
        source: AccountKey,
        target: AccountKey | None,
        paise: int,
        number: str,
        mode: str,
        layer: int,
    ) -> None:
        order = (self._case_no, len(self.moves))
        self.moves.append(PlannedMove(at, order, kind, source, target, paise, number, mode, layer))

    def _rail(self, source: str, target: str, paise: int) -> str:
        ends = [self._registry.bank(code) for code in (source, target)]
        if any(bank is not None and bank.kind == "wallet" for bank in ends):
            return "wallet" if happens(self._rng, 0.5) else "upi"
        if paise >= RTGS_FROM_PAISE:
            return self._rng.choice(("rtgs", "neft"))
        if paise > UPI_MOST_PAISE:
            return self._rng.choice(("imps", "neft"))
        return "upi" if happens(self._rng, 0.65) else "imps"
