"""The comparison with peers: its trees, its figures, and what it says about a peer that cannot run."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web

from benchmarks.peers import broker, comparison, main
from benchmarks.peers.comparison import tuned
from benchmarks.peers.engine import TABLES, Tuning
from benchmarks.peers.environment import environment_folder
from benchmarks.peers.figures import Asked, Played, cpu_ms, log_of_bank, log_of_tickets, rushed, steady
from benchmarks.peers.flow import Flow
from benchmarks.peers.tree import AT_ONCE_FROM, ROOT_PAISE, complaint_of, shares, transfer, tree
from tests.paths import ROOT
from workers.commands.exits import Failed
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import LOOPBACK

PEERS = ROOT / "benchmarks" / "peers"
SEED = 7
MS = 1_000_000


def played(numbers: dict[int, int], changes: dict[str, Asked | None] | None = None) -> Played:
    """Every transfer was received 20 ms after the answer before it, answered at once, and accepted 5 ms later."""
    log: dict[str, Asked] = {}
    for number, scheduled in numbers.items():
        for one in tree(SEED, number).all():
            received = scheduled + 20 * MS * one.layer
            log[one.reference] = Asked(1, received, received, received + 5 * MS)
    for reference, asked in (changes or {}).items():
        if asked is None:
            del log[reference]
        else:
            log[reference] = asked
    return Played(SEED, numbers, log, set(log))


def test_a_tree_is_the_same_each_time_and_its_money_adds_up() -> None:
    first = tree(SEED, 3)
    tree.cache_clear()
    assert tree(SEED, 3) == first
    assert tree(SEED + 1, 3) != first
    assert first.paise == ROOT_PAISE
    for one in first.all():
        assert complaint_of(one.reference) == 3
        assert len(one.reference) == 12
        assert transfer(SEED, one.reference) == one
        assert not one.moved_on or sum(after.paise for after in one.moved_on) == one.paise
        assert len({after.bank for after in one.moved_on}) == len(one.moved_on), "a request for each"
    assert {one.layer for one in first.all()} == {1, 2, 3}


def test_only_complaints_at_a_pace_are_answered_late() -> None:
    assert all(0.5 <= one.answer_seconds <= 3.0 for one in tree(SEED, 0).all())
    assert all(one.answer_seconds == 0.0 for one in tree(SEED, AT_ONCE_FROM).all())


def test_shares_lose_no_paisa() -> None:
    assert shares(100, 3) == [33, 33, 34]
    assert shares(100, 0) == []


def test_a_reference_of_no_transfer_is_refused() -> None:
    with pytest.raises(KeyError):
        transfer(SEED, "400000099999")


def test_the_programs_of_the_peers_need_nothing_of_the_product() -> None:
    waiting, seen = [PEERS / f"{name}.py" for name in ("bank", "on_celery", "on_dbos")], set[Path]()
    while waiting:
        file = waiting.pop()
        seen.add(file)
        for name in re.findall(r"^from ([\w.]+) import", file.read_text(encoding="utf-8"), re.MULTILINE):
            if (found := ROOT / f"{name.replace('.', '/')}.py").is_file():
                assert found.parent == PEERS, f"{file.name} imports {name}"
                waiting += {found} - seen
    assert len(seen) > 3


def test_figures_are_timed_from_the_schedule_and_from_the_answer_before() -> None:
    figures = steady(played({0: 0, 1: 1000 * MS}))
    assert figures["first_request_ms"]["count"] == 2
    assert figures["first_request_ms"]["max"] == 20.0
    assert figures["next_layer_ms"]["p99"] == 20.0
    assert (figures["finished"], figures["missing"], figures["asked_twice"], figures["lost"]) == (True, 0, 0, 0)


def test_what_is_missing_asked_twice_or_lost_is_counted() -> None:
    first, second, third = list(tree(SEED, 0).all())[:3]
    whole = played({0: 0})
    changed = played(
        {0: 0}, {second.reference: Asked(2, 0, 0, 5 * MS), third.reference: Asked(1, 0, 0, None), first.reference: None}
    )
    outcome = changed.outcome()
    assert (outcome["finished"], outcome["missing"], outcome["asked_twice"]) == (False, 2, 1)
    assert Played(SEED, whole.scheduled_ns, whole.log, set()).outcome()["lost"] == len(whole.log)


def test_the_rate_of_a_rush_is_until_the_last_accepted_answer() -> None:
    whole = played({AT_ONCE_FROM: 0})
    figures = rushed(whole)
    assert figures["seconds"] == 0.07  # rounded from 65 ms
    assert figures["requests_per_second"] == round(len(whole.log) / 0.065, 1)
    assert rushed(Played(SEED, {AT_ONCE_FROM: 0}, {}, set()))["requests_per_second"] == 0.0


def test_processor_time_is_divided_by_the_requests() -> None:
    found = cpu_ms({"worker": 1.0}, {"worker": 2.0, "bank": 0.5}, 100)
    assert found == {"cpu_ms_per_request": {"worker": 10.0, "bank": 5.0}, "cpu_ms_per_request_total": 15.0}
    assert cpu_ms({}, {"worker": 1.0}, 0) == {}


def test_both_kinds_of_bank_give_the_same_log() -> None:
    row = {"reference": "1", "times": 2, "received_ns": 10, "answered_ns": 20, "accepted_ns": 30}
    post = {"sent_ns": 20, "accepted_ns": 30}
    ticket: dict[str, Any] = {"rrns": ["1"], "repeats": 1, "received_ns": 10, "posts": [post]}
    assert log_of_bank([row]) == log_of_tickets([ticket]) == {"1": Asked(2, 10, 20, 30)}
    again = {**ticket, "repeats": 0, "received_ns": 40, "posts": []}
    assert log_of_tickets([again, ticket]) == {"1": Asked(3, 10, 20, 30)}


def test_a_peer_is_tuned_by_an_option() -> None:
    assert tuned("workers=2,pool=prefork").pool == "prefork"
    assert tuned("workers=2").workers == 2
    assert tuned("") == Tuning()
    with pytest.raises(Failed, match="no setting speed"):
        tuned("speed=2")
    with pytest.raises(Failed, match="takes a number"):
        tuned("intakes=many")


def test_the_peers_environment_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert environment_folder().parent == tmp_path / "goldenhour"


async def test_without_a_broker_the_comparison_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def no_baseline(_: object) -> dict[str, Any]:
        return {}

    monkeypatch.setattr(broker, "PROGRAM", tmp_path / "missing")
    monkeypatch.setattr(comparison, "baseline", no_baseline)
    result = await main(engines="celery")
    assert result["celery"] is None
    assert "apt-get install rabbitmq-server" in result["celery_left_out"]
    assert result["aims"] == []


async def test_an_engine_without_a_name_of_ours_is_refused() -> None:
    with pytest.raises(Failed, match="no engine camunda"):
        await main(engines="camunda")


# -- what both peers write ---------------------------------------------------------------------------------------------


@pytest.fixture
async def flow(postgres: EmbeddedPostgres) -> AsyncIterator[tuple[Flow, list[str]]]:
    """The peers' flow with a database of its own, and the keys with which the bank was asked."""
    asked: list[str] = []

    async def hold(request: web.Request) -> web.Response:
        asked.append(request.headers["Idempotency-Key"])
        return web.json_response({}, status=202)

    served = web.Application()
    served.router.add_post("/banks/{bank}/holds", hold)
    runner = web.AppRunner(served)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    dsn = await postgres.create_database("peers_flow")
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLES.read_text(encoding="utf-8"))
    await connection.close()
    found = await Flow.open(dsn, f"http://{LOOPBACK}:{runner.addresses[0][1]}", 2)
    yield found, asked
    await found.session.close()
    await found.pool.close()
    await runner.cleanup()
    await postgres.drop_database("peers_flow")


def hop(reference: str) -> dict[str, Any]:
    return {"reference": reference, "bank": 1, "account": f"5{reference}", "paise": 100}


async def test_a_repeated_complaint_or_answer_writes_nothing_and_asks_no_bank(flow: tuple[Flow, list[str]]) -> None:
    engine, asked = flow
    complaint = {"complaint": 1, "hops": [hop("a")]}
    for _ in range(2):
        assert await engine.take_complaint(complaint) == ["ra"]
        await engine.ask(["ra"])
    assert asked == ["ra"]
    moved = {"request": "ra", "held": False, "hops": [hop("b"), hop("c")]}
    for _ in range(2):
        assert await engine.take_answer(moved) == ["rb", "rc"]
        await engine.ask(["rb", "rc"])
    assert sorted(asked) == ["ra", "rb", "rc"]
    assert await engine.take_answer({"request": "rb", "held": True, "hops": []}) == []
    counts = await engine.pool.fetchrow(
        "SELECT (SELECT count(*) FROM hop) AS hops, (SELECT count(*) FROM answer) AS answers"
    )
    assert counts is not None
    assert dict(counts) == {"hops": 3, "answers": 2}
