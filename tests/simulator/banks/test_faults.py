"""Faults of single banks: each has its effect at its bank only, and the bank's correct answer still comes."""

import asyncio

import httpx
import pytest

from simulator.banks.faults import FaultBook, Faults, FaultyPost, Reply
from simulator.banks.messages import WrittenRow, hold_row, refusal_row
from simulator.config import Knobs
from simulator.figures import drop
from simulator.server import SimulatorServer, until
from tests.simulator.conftest import quiet
from tests.simulator.police import Police, incident

ACK = "32411260000001"
BANK = "HDFC"


@pytest.fixture
def asked(sim: SimulatorServer, police: Police) -> tuple[SimulatorServer, Police]:
    """An endpoint of a bank, and the police that it answers."""
    return sim, police


async def ask(police: Police, key: str = "a-key") -> httpx.Response:
    return await police.ask(BANK, ACK, [incident("400000000001", "100.00")], key=key)


def test_a_bank_has_no_faults_unless_told() -> None:
    book = FaultBook(seed=7)
    assert book.of_call(BANK) is None
    assert book.of_post(BANK, "key") is None
    rows = [hold_row("1", 500)]
    assert book.with_faults(BANK, "key", rows) == rows
    assert all(getattr(Faults(), kind.value) == 0 for kind in [*Reply, *FaultyPost])


def test_the_same_seed_draws_the_same_faults_and_others_are_left_alone() -> None:
    def drawn(seed: int) -> list[FaultyPost | None]:
        book = FaultBook(seed)
        book.put(BANK, Faults(bad_signature=0.3, replayed_post=0.3))
        assert book.of_post("ICIC", "0") is None
        return [book.of_post(BANK, str(number)) for number in range(100)]

    assert drawn(7) == drawn(7) != drawn(8)
    assert {FaultyPost.SIGNATURE, FaultyPost.REPLAYED, None} == set(drawn(7))


def test_faults_at_the_door_end_after_so_many_calls() -> None:
    book = FaultBook(seed=7)
    book.put(BANK, Faults(torn_reply=1.0, first_calls=2))
    assert [book.of_call(BANK) for _ in range(4)] == [Reply.TORN, Reply.TORN, None, None]


def test_a_boastful_bank_multiplies_what_it_holds_and_nothing_else() -> None:
    book = FaultBook(seed=7)
    book.put(BANK, Faults(overstated_hold=1.0, overstate_factor=3))
    held, refused = book.with_faults(BANK, "key", [hold_row("1", 500_00), refusal_row("2", 700_00, "01")])
    assert (held["amount"], held["disputed_amount"]) == ("1500.00", "1500.00")
    assert refused == refusal_row("2", 700_00, "01")


def test_a_wrong_clock_moves_every_time_that_is_one() -> None:
    book = FaultBook(seed=7)
    book.put(BANK, Faults(skewed_clock=1.0, skew_seconds=-3600))
    rows: list[WrittenRow] = [{"transaction_datetime": told} for told in ("2026-11-24 10:00:00", "2026-11-24 13:34:PM")]
    assert [row["transaction_datetime"] for row in book.with_faults(BANK, "key", rows)] == [
        "2026-11-24 09:00:00",
        "2026-11-24 13:34:PM",
    ]


async def test_a_half_open_line_takes_the_call_and_opens_no_ticket(asked: tuple[SimulatorServer, Police]) -> None:
    sim, police = asked
    sim.put_faults(BANK, Faults(half_open=1.0, first_calls=1))
    hanging = asyncio.create_task(ask(police))
    await asyncio.wait_for(until(lambda: sim.banks.faults.drawn[Reply.HALF_OPEN] == 1), 60)
    await asyncio.wait([hanging], timeout=0.5)
    assert not hanging.done()
    hanging.cancel()
    await asyncio.wait([hanging])
    assert sim.tickets() == []
    assert (await ask(police)).status_code == 200


async def test_a_torn_reply_leaves_a_ticket(asked: tuple[SimulatorServer, Police]) -> None:
    sim, police = asked
    sim.put_faults(BANK, Faults(torn_reply=1.0, first_calls=1))
    with pytest.raises(httpx.TransportError):
        await ask(police)
    first = sim.tickets(BANK)
    assert (await ask(police)).json()["data"]["job_id"] == first[0].job_id
    assert sim.tickets(BANK) == first


@pytest.mark.parametrize("fault", [Reply.SLOW, Reply.DRIPPED, Reply.HUGE])
async def test_replies_that_come_late_or_long_are_whole(asked: tuple[SimulatorServer, Police], fault: Reply) -> None:
    sim, police = asked
    sim.put_faults(BANK, Faults.model_validate({fault.value: 1.0, "slow_wall_seconds": 0.1}))
    reply = await ask(police)
    assert reply.json()["meta"]["response_code"] == "00"
    assert (len(reply.content) > 1_000_000) == (fault is Reply.HUGE)


async def test_a_reply_in_an_odd_charset_is_no_utf_8(asked: tuple[SimulatorServer, Police]) -> None:
    sim, police = asked
    sim.put_faults(BANK, Faults(odd_charset_reply=1.0))
    reply = await ask(police)
    with pytest.raises(UnicodeDecodeError):
        reply.content.decode()
    assert '"00"' in reply.content.decode("utf-16")


@pytest.mark.parametrize("foul", list(FaultyPost))
async def test_the_true_post_comes_once_whatever_foul_try_goes_with_it(
    asked: tuple[SimulatorServer, Police], foul: FaultyPost
) -> None:
    sim, police = asked
    sim.put_faults(BANK, Faults.model_validate({foul.value: 1.0}))
    await ask(police)
    poster, book = sim.banks.poster, sim.banks.faults
    async with asyncio.timeout(20):
        await until(lambda: poster.accepted == 1 and sum(book.refusals.values()) == 1)
    [(name, _)] = book.refusals
    assert name == foul.value
    # This small police API accepts anything that it can decrypt. tests/e2e/told_banks tests the product's API.
    whole = {FaultyPost.REPLAYED, FaultyPost.DRIPPED}
    assert len(police.updates) >= (2 if foul in whole else 1)
    assert poster.gave_up == 0


async def test_faults_are_set_by_the_control_and_counted_in_the_state() -> None:
    async with SimulatorServer(quiet(knobs=Knobs.none())) as sim, httpx.AsyncClient(trust_env=False) as client:
        told = {"bank": BANK, "faults": {"half_open": 0.5, "half_open_wall_seconds": 3}}
        assert (await client.post(f"{sim.base_url}/sim/faults", json=told)).status_code == 200
        assert sim.banks.faults.by_bank[BANK] == Faults(half_open=0.5, half_open_wall_seconds=3)
        unknown = told | {"bank": "NOSUCH"}
        assert (await client.post(f"{sim.base_url}/sim/faults", json=unknown)).status_code == 409
        told["faults"] = {"half_opened": 1}
        assert (await client.post(f"{sim.base_url}/sim/faults", json=told)).status_code == 422
        assert (await client.get(f"{sim.base_url}/sim/state")).json()["faults"]["foul_tries"] == {}


async def test_a_dropped_line_is_cut_whatever_loop_the_server_runs_on() -> None:
    class Cycle:
        """A transport like uvloop's, which is no subclass of asyncio's classes."""

        class transport:  # noqa: N801 - it stands for an attribute
            aborted = 0

            @classmethod
            def abort(cls) -> None:
                cls.aborted += 1

        async def send(self, message: object) -> None: ...

    drop(Cycle().send)
    assert Cycle.transport.aborted == 1
