"""The shapes match their names, within depth and fan-out."""

from collections import Counter

from simulator.clock import stream
from simulator.config import MAX_DEPTH, MAX_FAN_OUT
from simulator.world.networks import MAX_VICTIM_TRANSFERS, VICTIM, Network, Shape, grow
from tests.each import each

SIZES = [1, 2, 3, 5, 8, 12, 20, 40, 90, 150]


def networks(shape: Shape) -> list[Network]:
    return [grow(shape, hops, stream(seed, shape, hops)) for seed in range(20) for hops in SIZES]


@each("shape", Shape)
def test_every_shape_is_sound(shape: Shape) -> None:
    for network in networks(shape):
        assert network.edges
        out = Counter(source for source, _ in network.edges)
        assert out[VICTIM] <= MAX_VICTIM_TRANSFERS
        assert all(count <= MAX_FAN_OUT for source, count in out.items() if source != VICTIM)
        assert max(network.layers) <= MAX_DEPTH
        assert {target for _, target in network.edges} == set(range(len(network.layers))), "a visit without a payer"
        for source, target in network.edges:
            assert network.layers[target] > (0 if source == VICTIM else network.layers[source])


@each("shape", Shape)
def test_sizes_are_what_was_asked_for(shape: Shape) -> None:
    for hops in SIZES:
        grown = [len(grow(shape, hops, stream(seed, "size", hops)).edges) for seed in range(30)]
        assert max(grown) <= hops
        assert sum(grown) / len(grown) > 0.9 * hops


def into(network: Network) -> Counter[int]:
    return Counter(target for _, target in network.edges)


def test_fan_out_has_one_source_and_no_gathering() -> None:
    network = grow(Shape.FAN_OUT, 12, stream(1, "fan out"))
    assert max(into(network).values()) == 1
    assert max(Counter(s for s, _ in network.edges if s != VICTIM).values()) > 1


@each("shape", [Shape.FAN_IN, Shape.GATHER_SCATTER, Shape.SCATTER_GATHER])
def test_gathering_shapes_gather(shape: Shape) -> None:
    gathered = sum(max(into(grow(shape, 12, stream(seed, shape))).values()) > 1 for seed in range(40))
    assert gathered > 30


def test_a_cycle_comes_back_to_an_account() -> None:
    back = sum(
        len(set(n.accounts)) < len(n.accounts) for n in (grow(Shape.CYCLE, 12, stream(s, "cycle")) for s in range(40))
    )
    assert back > 30


def test_a_stack_is_deeper_than_a_bipartite_graph() -> None:
    def depth(shape: Shape) -> float:
        return sum(max(grow(shape, 12, stream(s, "deep")).layers) for s in range(40)) / 40

    assert depth(Shape.STACK) > depth(Shape.BIPARTITE)
