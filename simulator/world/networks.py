"""Networks of mules and their accounts.

Shapes of mule networks, after AMLworld (arXiv 2306.16424): who passes money to whom, without amounts or times. A
network is a graph of *visits*: one arrival of money at an account. An account to which money returns (a cycle) has
several visits, so the graph has no loops and every edge leads to a deeper layer. An edge is one transfer, hence one
hop.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.clock import happens, stream
from simulator.config import (
    CLASSES,
    MAX_DEPTH,
    MAX_FAN_OUT,
    SHOPS,
    AnswerClass,
    SimulatorConfig,
    ifsc,
    mobile,
    pan,
    person_name,
)
from simulator.institutions import UNLISTED, Institution
from simulator.world.world import AccountKey, AccountPlan

VICTIM = -1
"""source of the edges that are the victim's own transfers"""
MAX_VICTIM_TRANSFERS = 12
FEW = 3
"""approximate number of targets in a layer of a bipartite graph"""


class Shape(StrEnum):
    """The laundering shapes."""

    FAN_OUT = "fan_out"
    FAN_IN = "fan_in"
    GATHER_SCATTER = "gather_scatter"
    SCATTER_GATHER = "scatter_gather"
    CYCLE = "cycle"
    BIPARTITE = "bipartite"
    STACK = "stack"
    RANDOM = "random"


@dataclass(slots=True)
class Network:
    """A network: `layers[v]` and `accounts[v]` describe visit `v`.

    An edge is (source visit or VICTIM, target visit).
    """

    shape: Shape
    layers: list[int] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)


class _Builder:
    """A growing network, with the number of edges it may still get."""

    def __init__(self, shape: Shape, hops: int, rng: random.Random) -> None:
        self.network = Network(shape)
        self.left = hops
        self.rng = rng
        self.opened = 0
        self._degree: dict[int, int] = {}
        self._next_account = 0

    def open(self) -> int | None:
        """Add a transfer of the victim to a new account; return None if no more are allowed."""
        if self.left <= 0 or self.opened >= MAX_VICTIM_TRANSFERS:
            return None
        self.opened += 1
        visit = self._visit(1, None)
        self._edge(VICTIM, visit)
        return visit

    def onward(self, source: int, account: int | None = None) -> int | None:
        """Add a transfer from `source` to a new account (or back to `account`), one layer deeper."""
        layer = self.network.layers[source] + 1
        if not self._can_grow(source) or layer > MAX_DEPTH:
            return None
        visit = self._visit(layer, account)
        self._edge(source, visit)
        return visit

    def join(self, source: int, target: int) -> bool:
        """Add a transfer from `source` into an existing visit in a deeper layer."""
        deeper = self.network.layers[target] > self.network.layers[source]
        if not self._can_grow(source) or not deeper or (source, target) in self.network.edges:
            return False
        self._edge(source, target)
        return True

    def opens(self, least: int, most: int) -> list[int]:
        """Add several transfers of the victim."""
        return [v for v in (self.open() for _ in range(self.rng.randint(least, most))) if v is not None]

    def onwards(self, source: int, least: int, most: int) -> list[int]:
        """Add several transfers from one visit to new accounts."""
        count = self.rng.randint(least, most)
        return [v for v in (self.onward(source) for _ in range(count)) if v is not None]

    def gather(self, sources: list[int]) -> int | None:
        """Add one transfer from each source into one new account."""
        deepest = sorted(sources, key=lambda v: -self.network.layers[v])
        hub = self.onward(deepest[0]) if deepest else None
        if hub is not None:
            for source in deepest[1:]:
                self.join(source, hub)
        return hub

    def tree(self, roots: list[int], most: int) -> None:
        """Grow chains and branches from `roots` by up to `most` edges."""
        frontier = list(roots)
        budget = min(most, self.left)
        while frontier and budget > 0:
            node = frontier.pop(0 if happens(self.rng, 0.5) else -1)
            for _ in range(self.rng.choice((1, 1, 2, 2, 3, 4, 6))):
                child = self.onward(node) if budget > 0 else None
                if child is None:
                    break
                budget -= 1
                frontier.append(child)

    def leaves(self) -> list[int]:
        """Return the visits without onward transfers."""
        return [v for v in range(len(self.network.layers)) if not self._degree.get(v)]

    def _can_grow(self, source: int) -> bool:
        return self.left > 0 and self._degree.get(source, 0) < MAX_FAN_OUT

    def _visit(self, layer: int, account: int | None) -> int:
        if account is None:
            account = self._next_account
            self._next_account += 1
        self.network.layers.append(layer)
        self.network.accounts.append(account)
        return len(self.network.layers) - 1

    def _edge(self, source: int, target: int) -> None:
        self.network.edges.append((source, target))
        self._degree[source] = self._degree.get(source, 0) + 1
        self.left -= 1


def grow(shape: Shape, hops: int, rng: random.Random) -> Network:
    """Return a network of that shape with about `hops` (≥ 1) transfers, the victim's own included."""
    builder = _Builder(shape, hops, rng)
    while builder.left > 0 and builder.opened < MAX_VICTIM_TRANSFERS:
        _SHAPES[shape](builder)
    if builder.left > 0:
        builder.tree(builder.leaves(), builder.left)
    return builder.network


def _fan_out(builder: _Builder) -> None:
    root = builder.open()
    if root is not None:
        builder.tree(builder.onwards(root, 2, MAX_FAN_OUT), builder.rng.randint(0, 24))


def _fan_in(builder: _Builder) -> None:
    hub = builder.gather(builder.opens(2, MAX_FAN_OUT))
    if hub is not None:
        builder.tree([hub], builder.rng.randint(0, 5))


def _gather_scatter(builder: _Builder) -> None:
    hub = builder.gather(builder.opens(2, 4))
    if hub is not None:
        builder.tree(builder.onwards(hub, 2, MAX_FAN_OUT), builder.rng.randint(0, 6))


def _scatter_gather(builder: _Builder) -> None:
    root = builder.open()
    if root is None:
        return
    hub = builder.gather(builder.onwards(root, 2, MAX_FAN_OUT))
    if hub is not None:
        builder.tree([hub], builder.rng.randint(0, 5))


def _cycle(builder: _Builder) -> None:
    first = builder.open()
    node = first
    for _ in range(builder.rng.randint(1, MAX_DEPTH - 3)):
        following = builder.onward(node) if node is not None else None
        if following is None:
            return
        node = following
    if first is not None and node is not None:
        back = builder.onward(node, account=builder.network.accounts[first])
        if back is not None:
            builder.tree([back], builder.rng.randint(0, 4))


def _layer_onto(builder: _Builder, sources: list[int]) -> list[int]:
    """Add the next layer of a bipartite graph: every source pays into some of a few new accounts."""
    targets: list[int] = []
    for source in sources:
        wanted = builder.rng.randint(1, 3)
        for target in builder.rng.sample(targets, min(len(targets), wanted - 1)):
            builder.join(source, target)
        if len(targets) < FEW or happens(builder.rng, 0.3):
            target_or_none = builder.onward(source)
            if target_or_none is not None:
                targets.append(target_or_none)
    return targets


def _bipartite(builder: _Builder) -> None:
    _layer_onto(builder, builder.opens(2, 4))


def _stack(builder: _Builder) -> None:
    layer = builder.opens(2, 3)
    for _ in range(builder.rng.randint(2, 4)):
        layer = _layer_onto(builder, layer)


def _random(builder: _Builder) -> None:
    nodes = builder.opens(1, 2)
    for _ in range(builder.rng.randint(4, 20)):
        if not nodes:
            return
        source = builder.rng.choice(nodes)
        if happens(builder.rng, 0.3) and builder.join(source, builder.rng.choice(nodes)):
            continue
        new = builder.onward(source)
        if new is not None:
            nodes.append(new)


_SHAPES: dict[Shape, Callable[[_Builder], None]] = {
    Shape.FAN_OUT: _fan_out,
    Shape.FAN_IN: _fan_in,
    Shape.GATHER_SCATTER: _gather_scatter,
    Shape.SCATTER_GATHER: _scatter_gather,
    Shape.CYCLE: _cycle,
    Shape.BIPARTITE: _bipartite,
    Shape.STACK: _stack,
    Shape.RANDOM: _random,
}


NUMBERS_A_CASE = 1_024
"""transaction numbers reserved for each case"""
SHARED_POOL = 64
SHOP_POOL = 48
LONG_DIGITS = 14
"""at many banks, account numbers of this length begin with zeros"""
_SERIALS = 10**8
_SPREAD = 61_803_399
"""coprime to 10**8: spreads consecutive serials over all eight digits, each exactly once"""


class Registry:
    """Opens accounts at the world's institutions. It has no state: a result depends on its arguments alone."""

    def __init__(self, config: SimulatorConfig, institutions: Sequence[Institution]) -> None:
        self._seed = config.seed
        self._banks = {bank.code: bank for bank in institutions}
        by_class = {name: [b for b in institutions if b.answer_class == name] for name in CLASSES}
        self._by_class = {name: banks for name, banks in by_class.items() if banks}
        self._shares = [getattr(config.classes, name) for name in self._by_class]

    def bank(self, code: str) -> Institution | None:
        """Return the institution with that code, or None for the unlisted one."""
        return self._banks.get(code)

    def choose_bank(self, rng: random.Random, answer_class: AnswerClass | None = None) -> Institution:
        """Return an institution, chosen by the share of its class and then by its weight."""
        if answer_class is None or answer_class not in self._by_class:
            answer_class = rng.choices(tuple(self._by_class), self._shares)[0]
        banks = self._by_class[answer_class]
        return rng.choices(banks, [bank.weight for bank in banks])[0]

    def open(self, rng: random.Random, bank: Institution, opening_paise: int = 0) -> AccountPlan:
        """Return a person's account or wallet."""
        digits = bank.account_digits
        if bank.kind == "wallet":
            number = mobile(rng)
        else:
            zeros = digits - 9 if digits >= LONG_DIGITS else 0
            number = (
                "0" * zeros
                + f"{rng.randrange(1, 10):d}{rng.randrange(10 ** (digits - zeros - 1)):0{digits - zeros - 1}d}"
            )
        return AccountPlan(
            key=AccountKey(bank.code, number),
            holder=person_name(rng),
            mobile=mobile(rng),
            pan=pan(rng),
            ifsc=ifsc(rng, bank.ifsc_prefix) if bank.ifsc_prefix else "",
            opening_paise=opening_paise,
        )

    def open_unlisted(self, rng: random.Random) -> AccountPlan:
        """Return an account at the bank that no directory lists."""
        code, _ = UNLISTED
        number = f"{rng.randrange(10**10, 10**11)}"
        return AccountPlan(AccountKey(code, number), person_name(rng), mobile(rng), pan(rng), ifsc(rng, code), 0)

    def shared_mule(self, rng: random.Random) -> AccountPlan:
        """Return one of the accounts that several cases use."""
        own = stream(self._seed, "shared mule", rng.randrange(SHARED_POOL))
        return self.open(own, self.choose_bank(own))

    def shop(self, rng: random.Random) -> AccountPlan:
        """Return a shop's account. It has other business, so its balance exceeds the tainted part."""
        own = stream(self._seed, "shop", rng.randrange(SHOP_POOL))
        plan = self.open(own, self.choose_bank(own), opening_paise=own.randrange(5_000, 5_000_000) * 100)
        return AccountPlan(plan.key, own.choice(SHOPS), plan.mobile, plan.pan, plan.ifsc, plan.opening_paise)


class Numbers:
    """Transaction numbers of one case: unique in the world, with eight digits that look random."""

    def __init__(self, seed: int, case_no: int) -> None:
        self._next = case_no * NUMBERS_A_CASE
        self._offset = stream(seed, "numbers").randrange(_SERIALS)
        self._day = 1 + stream(seed, "day of year").randrange(365)

    def rrn(self) -> str:
        """Return a retrieval reference number with 12 digits."""
        return f"6{self._day:03d}{self._serial()}"

    def utr(self, bank: str, mode: str) -> str:
        """Return a unique transaction reference: 16 characters for NEFT, 22 for RTGS."""
        head = f"{bank[:4]:X<4}"
        return (
            f"{head}N{self._day:03d}{self._serial()}"
            if mode == "neft"
            else f"{head}R52026{self._day:04d}{self._serial()}"
        )

    def _serial(self) -> str:
        number = (self._next * _SPREAD + self._offset) % _SERIALS
        self._next += 1
        return f"{number:08d}"
