"""The world neither makes nor loses money, for any events and requests."""

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.world.world import AccountKey, AccountPlan, MoveKind, PlannedMove, World
from tests.deep import examples

BANK = "SBIN"


def account(number: int, opening_paise: int = 0) -> AccountPlan:
    return AccountPlan(
        AccountKey(BANK, f"{number:011d}"), "A Holder", "9000000000", "FORM60", "SBIN0000001", opening_paise
    )


def move(
    at: float, source: int, target: int | None, paise: int, number: int, kind: MoveKind | None = None
) -> PlannedMove:
    return PlannedMove(
        at=at,
        order=(0, number),
        kind=kind or (MoveKind.ATM if target is None else MoveKind.TRANSFER),
        source=account(source).key,
        target=None if target is None else account(target).key,
        amount_paise=paise,
        rrn=f"{number:012d}",
        mode="upi",
        layer=1,
    )


def chain() -> World:
    """Account 0 pays 100 to 1 at time 10; 1 pays 60 to 2 at 20 and withdraws 40 in cash at 30."""
    accounts = [account(0, 100), account(1), account(2)]
    return World(accounts, [move(10, 0, 1, 100, 1), move(20, 1, 2, 60, 2), move(30, 1, None, 40, 3)])


def test_what_is_held_in_time_does_not_move() -> None:
    world = chain()
    world.advance(15)
    credit = world.find("000000000001", BANK)
    assert credit is not None
    outcome = world.hold_and_trace(credit, 100)
    assert (outcome.hold_paise, outcome.traced, outcome.unreconciled_paise) == (100, (), 0)
    world.advance(99)
    world.check()
    assert world.left_paise[MoveKind.ATM] == 0
    assert world.find("000000000002", BANK) is None


def test_what_has_gone_is_traced_through_the_debits() -> None:
    world = chain()
    world.advance(25)
    credit = world.find("000000000001", BANK)
    assert credit is not None
    outcome = world.hold_and_trace(credit, 100)
    assert outcome.hold_paise == 40
    assert [(part.debit.move.rrn, part.tainted_paise) for part in outcome.traced] == [("000000000002", 60)]


def test_a_move_that_finds_less_moves_what_is_there() -> None:
    world = chain()
    world.advance(15)
    credit = world.find("000000000001", BANK)
    assert credit is not None
    world.hold_and_trace(credit, 70)
    world.advance(99)
    arrived = world.find("000000000002", BANK)
    assert arrived is not None
    assert arrived.debit.amount_paise == 30
    assert world.left_paise[MoveKind.ATM] == 0
    world.check()


def test_a_debit_before_the_credit_is_not_its_trace() -> None:
    world = World([account(0, 100), account(1, 50)], [move(5, 1, None, 50, 1), move(10, 0, 1, 100, 2)])
    world.advance(20)
    credit = world.find("000000000002", BANK)
    assert credit is not None
    assert world.hold_and_trace(credit, 100).hold_paise == 100


def test_no_rupee_of_a_debit_is_traced_twice() -> None:
    moves = [move(1, 0, 2, 50, 1), move(2, 1, 2, 50, 2), move(3, 2, None, 100, 3)]
    world = World([account(0, 50), account(1, 50), account(2)], moves)
    world.advance(9)
    parts = []
    for rrn in ("000000000001", "000000000002"):
        credit = world.find(rrn, BANK)
        assert credit is not None
        parts += [part.tainted_paise for part in world.hold_and_trace(credit, 50).traced]
    assert parts == [50, 50]


def test_what_no_statement_explains_stays_unreconciled() -> None:
    world = World([account(0, 50), account(1)], [move(1, 0, 1, 50, 1), move(2, 1, None, 50, 2, MoveKind.OTHER)])
    world.advance(9)
    credit = world.find("000000000001", BANK)
    assert credit is not None
    outcome = world.hold_and_trace(credit, 50)
    assert (outcome.hold_paise, outcome.traced, outcome.unreconciled_paise) == (0, (), 50)


def test_another_banks_transfer_is_not_found() -> None:
    world = chain()
    world.advance(15)
    assert world.find("000000000001", "HDFC") is None


ACCOUNTS = st.integers(0, 4)
MOVES = st.lists(
    st.tuples(st.integers(0, 100), ACCOUNTS, st.none() | ACCOUNTS, st.integers(1, 2_000)), min_size=1, max_size=30
)
ASKS = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 29), st.integers(1, 2_000)), max_size=30)


@settings(max_examples=examples(50))
@given(openings=st.lists(st.integers(0, 1_000), min_size=5, max_size=5), moves=MOVES, asks=ASKS)
def test_money_is_kept_whatever_happens(
    openings: list[int], moves: list[tuple[int, int, int | None, int]], asks: list[tuple[int, int, int]]
) -> None:
    planned = [
        move(at, source, target, paise, number)
        for number, (at, source, target, paise) in enumerate(moves)
        if source != target
    ]
    world = World([account(number, paise) for number, paise in enumerate(openings)], planned)
    placed: dict[str, int] = {}
    for at, number, disputed in sorted(asks):
        world.advance(at)
        world.check()
        credit = world.find(f"{number:012d}", BANK)
        if credit is None:
            continue
        outcome = world.hold_and_trace(credit, disputed)
        world.check()
        traced = sum(part.tainted_paise for part in outcome.traced)
        worked = outcome.hold_paise + traced + outcome.unreconciled_paise
        rrn = credit.debit.move.rrn
        placed[rrn] = placed.get(rrn, 0) + worked
        assert worked <= disputed
        assert placed[rrn] <= credit.debit.amount_paise
    world.advance(1_000)
    world.check()
    assert all(0 <= debit.traced_paise <= debit.amount_paise for a in world.accounts.values() for debit in a.debits)
