"""Shapes of mule networks, after AMLworld (arXiv 2306.16424): who passes money to whom, without amounts or times.

A network is a graph of *visits*: one arrival of money at an account. An account that money comes back to (a cycle) has
several visits, so the graph never loops and every edge leads to a deeper layer. An edge is one transfer, hence one hop.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.config import MAX_DEPTH, MAX_FAN_OUT
from simulator.seeds import happens

VICTIM = -1
"""the source of the edges that are the victim's own transfers"""
MAX_VICTIM_TRANSFERS = 12
FEW = 3
"""targets in a layer of a bipartite graph, more or less"""


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
    """`layers[v]` and `accounts[v]` describe visit `v`; an edge is (source visit or VICTIM, target visit)."""

    shape: Shape
    layers: list[int] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)


class _Sketch:
    """A network while it grows, with the number of edges it may still get."""

    def __init__(self, shape: Shape, hops: int, rng: random.Random) -> None:
        self.network = Network(shape)
        self.left = hops
        self.rng = rng
        self.opened = 0
        self._degree: dict[int, int] = {}
        self._next_account = 0

    def open(self) -> int | None:
        """A transfer of the victim to a new account; None when there may be no more."""
        if self.left <= 0 or self.opened >= MAX_VICTIM_TRANSFERS:
            return None
        self.opened += 1
        visit = self._visit(1, None)
        self._edge(VICTIM, visit)
        return visit

    def onward(self, source: int, account: int | None = None) -> int | None:
        """A transfer from `source` to a new account (or back to `account`), one layer deeper."""
        layer = self.network.layers[source] + 1
        if not self._may(source) or layer > MAX_DEPTH:
            return None
        visit = self._visit(layer, account)
        self._edge(source, visit)
        return visit

    def join(self, source: int, target: int) -> bool:
        """A transfer from `source` into a visit that already exists in a deeper layer."""
        deeper = self.network.layers[target] > self.network.layers[source]
        if not self._may(source) or not deeper or (source, target) in self.network.edges:
            return False
        self._edge(source, target)
        return True

    def opens(self, least: int, most: int) -> list[int]:
        """Several transfers of the victim."""
        return [v for v in (self.open() for _ in range(self.rng.randint(least, most))) if v is not None]

    def onwards(self, source: int, least: int, most: int) -> list[int]:
        """Several transfers from one visit to new accounts."""
        count = self.rng.randint(least, most)
        return [v for v in (self.onward(source) for _ in range(count)) if v is not None]

    def gather(self, sources: list[int]) -> int | None:
        """One transfer from each source into one new account."""
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
        """Visits that pass nothing on."""
        return [v for v in range(len(self.network.layers)) if not self._degree.get(v)]

    def _may(self, source: int) -> bool:
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
    """A network of that shape with about `hops` (≥ 1) transfers, the victim's own among them."""
    sketch = _Sketch(shape, hops, rng)
    while sketch.left > 0 and sketch.opened < MAX_VICTIM_TRANSFERS:
        _SHAPES[shape](sketch)
    if sketch.left > 0:
        sketch.tree(sketch.leaves(), sketch.left)
    return sketch.network


def _fan_out(sketch: _Sketch) -> None:
    root = sketch.open()
    if root is not None:
        sketch.tree(sketch.onwards(root, 2, MAX_FAN_OUT), sketch.rng.randint(0, 24))


def _fan_in(sketch: _Sketch) -> None:
    hub = sketch.gather(sketch.opens(2, MAX_FAN_OUT))
    if hub is not None:
        sketch.tree([hub], sketch.rng.randint(0, 5))


def _gather_scatter(sketch: _Sketch) -> None:
    hub = sketch.gather(sketch.opens(2, 4))
    if hub is not None:
        sketch.tree(sketch.onwards(hub, 2, MAX_FAN_OUT), sketch.rng.randint(0, 6))


def _scatter_gather(sketch: _Sketch) -> None:
    root = sketch.open()
    if root is None:
        return
    hub = sketch.gather(sketch.onwards(root, 2, MAX_FAN_OUT))
    if hub is not None:
        sketch.tree([hub], sketch.rng.randint(0, 5))


def _cycle(sketch: _Sketch) -> None:
    first = sketch.open()
    node = first
    for _ in range(sketch.rng.randint(1, MAX_DEPTH - 3)):
        following = sketch.onward(node) if node is not None else None
        if following is None:
            return
        node = following
    if first is not None and node is not None:
        back = sketch.onward(node, account=sketch.network.accounts[first])
        if back is not None:
            sketch.tree([back], sketch.rng.randint(0, 4))


def _layer_onto(sketch: _Sketch, sources: list[int]) -> list[int]:
    """The next layer of a bipartite graph: every source pays into some of a few new accounts."""
    targets: list[int] = []
    for source in sources:
        wanted = sketch.rng.randint(1, 3)
        for target in sketch.rng.sample(targets, min(len(targets), wanted - 1)):
            sketch.join(source, target)
        if len(targets) < FEW or happens(sketch.rng, 0.3):
            target_or_none = sketch.onward(source)
            if target_or_none is not None:
                targets.append(target_or_none)
    return targets


def _bipartite(sketch: _Sketch) -> None:
    _layer_onto(sketch, sketch.opens(2, 4))


def _stack(sketch: _Sketch) -> None:
    layer = sketch.opens(2, 3)
    for _ in range(sketch.rng.randint(2, 4)):
        layer = _layer_onto(sketch, layer)


def _random(sketch: _Sketch) -> None:
    nodes = sketch.opens(1, 2)
    for _ in range(sketch.rng.randint(4, 20)):
        if not nodes:
            return
        source = sketch.rng.choice(nodes)
        if happens(sketch.rng, 0.3) and sketch.join(source, sketch.rng.choice(nodes)):
            continue
        new = sketch.onward(source)
        if new is not None:
            nodes.append(new)


_SHAPES: dict[Shape, Callable[[_Sketch], None]] = {
    Shape.FAN_OUT: _fan_out,
    Shape.FAN_IN: _fan_in,
    Shape.GATHER_SCATTER: _gather_scatter,
    Shape.SCATTER_GATHER: _scatter_gather,
    Shape.CYCLE: _cycle,
    Shape.BIPARTITE: _bipartite,
    Shape.STACK: _stack,
    Shape.RANDOM: _random,
}
