"""Banks' keys, nonces and evidence: what the database itself will not let happen."""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request

from activities.banks.bodies import BankSealers, BodyOpener
from activities.privacy.person_keys import PersonKeys
from activities.secrets import SecretBox
from api.gateway.signatures import signed_by
from api.problems import add_handlers
from db.banks import bank_keys
from db.banks.bank_keys import SealedStatement
from db.pool import Connection, Pool, note_session_state
from db.privacy.body_keys import BODY, BodyState, SealedBody
from domain.errors import NotFound
from schemas.banks.keys import BankKey
from simulator.wires.letters import signed_headers
from tests.each import each
from tests.factories import SECRET

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HEADERS = (("host", "freeze.example"), ("x", "1"), ("x", "2"))
PERSONS = PersonKeys(SecretBox(SECRET))
_numbers = itertools.count(1)


def key(start: int, end: int | None = None, **changes: Any) -> BankKey:
    """A key of HDFC, good from day `start` to day `end`."""
    number = next(_numbers)
    values = {
        "key_id": f"hdfc-{number}",
        "institution": "HDFC",
        "public_key": hashlib.sha256(str(number).encode()).digest(),
        "not_before": NOW + start * DAY,
        "not_after": None if end is None else NOW + end * DAY,
    }
    return BankKey.model_validate(values | changes)


@pytest.fixture
async def connection(database: Pool) -> AsyncIterator[Connection]:
    async with database.acquire() as opened:
        await opened.execute(
            "INSERT INTO institution (code, name, kind, answer_class, updated_at) VALUES"
            " ('HDFC', 'HDFC Bank', 'bank', 'api', now()), ('SBIN', 'State Bank', 'bank', 'api', now())"
        )
        yield opened


# -- keys --------------------------------------------------------------------------------------------------------------


async def test_a_key_is_found_as_it_was_registered(connection: Connection) -> None:
    first, second = key(0, 5), key(3)
    for one in (second, first):
        await bank_keys.add_key(connection, one, NOW)
    assert await bank_keys.get_key(connection, first.key_id) == first
    assert await bank_keys.get_key(connection, "hdfc-none") is None
    assert await bank_keys.keys_of(connection, "HDFC") == [first, second]
    assert await bank_keys.keys_of(connection, "SBIN") == []
    assert [first.is_live(NOW + day * DAY) for day in (-1, 0, 4, 5)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("there", "new", "fits"),
    [
        ([(0, None)], (3, None), True),
        ([(0, None), (3, None)], (5, None), False),
        ([(0, 5), (3, None)], (5, None), True),
        ([(0, 5), (3, None)], (4, None), False),
        ([(0, 5), (3, None)], (4, 5), False),
        ([(0, 5), (5, None)], (3, 8), True),
        ([(2, 4), (3, 5)], (0, None), False),
        ([(2, 3), (3, 4), (4, 5)], (0, None), True),
        ([(0, 2), (1, 3)], (2, 4), True),
    ],
)
async def test_a_bank_never_has_three_keys_at_once(
    connection: Connection, there: list[tuple[int, int | None]], new: tuple[int, int | None], fits: bool
) -> None:
    for start, end in there:
        await bank_keys.add_key(connection, key(start, end), NOW)
    await bank_keys.add_key(connection, key(0, None, institution="SBIN"), NOW)
    if fits:
        await bank_keys.add_key(connection, key(*new), NOW)
        return
    with pytest.raises(asyncpg.CheckViolationError, match="three keys") as caught:
        await bank_keys.add_key(connection, key(*new), NOW)
    assert caught.value.constraint_name == "bank_key_two_live"
    assert len(await bank_keys.keys_of(connection, "HDFC")) == len(there)


async def test_two_who_register_at_once_are_counted_one_after_the_other(database: Pool, connection: Connection) -> None:
    await bank_keys.add_key(connection, key(0), NOW)

    async def register() -> None:
        async with database.acquire() as mine:
            await bank_keys.add_key(mine, key(1), NOW)

    outcomes = await asyncio.gather(*(register() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(outcome, asyncpg.CheckViolationError) for outcome in outcomes) == 4
    assert len(await bank_keys.keys_of(connection, "HDFC")) == 2


async def test_ending_one_makes_room_for_the_next(connection: Connection) -> None:
    first = key(0)
    for one in (first, key(1)):
        await bank_keys.add_key(connection, one, NOW)
    await bank_keys.end_key(connection, first.key_id, NOW + 2 * DAY)
    await bank_keys.add_key(connection, key(2), NOW)
    with pytest.raises(asyncpg.CheckViolationError, match="three keys"):
        await bank_keys.end_key(connection, first.key_id, NOW + 3 * DAY)
    with pytest.raises(NotFound):
        await bank_keys.end_key(connection, "hdfc-none", NOW)


async def test_a_key_belongs_to_one_bank(connection: Connection) -> None:
    first = key(0)
    await bank_keys.add_key(connection, first, NOW)
    with pytest.raises(asyncpg.UniqueViolationError, match="bank_key_pkey"):
        await bank_keys.add_key(connection, key(0, key_id=first.key_id, institution="SBIN"), NOW)
    with pytest.raises(asyncpg.UniqueViolationError, match="bank_key_public_key_key"):
        await bank_keys.add_key(connection, key(0, public_key=first.public_key, institution="SBIN"), NOW)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await bank_keys.add_key(connection, key(0, institution="NONE"), NOW)


async def test_a_key_stays_what_it_was(connection: Connection, subtests: pytest.Subtests) -> None:
    first = key(0)
    await bank_keys.add_key(connection, first, NOW)
    for change in (
        "UPDATE bank_key SET public_key = sha256('x')",
        "UPDATE bank_key SET institution = 'SBIN'",
        "UPDATE bank_key SET key_id = 'other'",
        "UPDATE bank_key SET not_before = not_before - interval '1 day'",
        "DELETE FROM bank_key",
        "TRUNCATE bank_key CASCADE",
    ):
        with subtests.test(change=change):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(change)
            assert await bank_keys.keys_of(connection, "HDFC") == [first]


@each(
    "columns",
    [
        ("a b", "sha256('y')", "now()"),
        ("", "sha256('y')", "now()"),
        ("k", "'x'", "now()"),
        ("k", "sha256('y')", "'infinity'"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(connection: Connection, columns: tuple[str, str, str]) -> None:
    key_id, public_key, not_before = columns
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            "INSERT INTO bank_key (key_id, institution, public_key, not_before, not_after, created_at)"
            f" VALUES ('{key_id}', 'HDFC', {public_key}, {not_before}, '2200-01-01', now())"
        )


# -- nonces ------------------------------------------------------------------------------------------------------------


async def test_of_many_who_take_a_nonce_at_once_one_has_it(database: Pool, connection: Connection) -> None:
    first, second = key(0), key(0)
    for one in (first, second):
        await bank_keys.add_key(connection, one, NOW)

    async def take() -> bool:
        async with database.acquire() as mine:
            return await bank_keys.take_nonce(mine, first.key_id, "n", NOW)

    assert sum(await asyncio.gather(*(take() for _ in range(8)))) == 1
    assert await bank_keys.take_nonce(connection, second.key_id, "n", NOW), "another key's is another"


async def test_only_old_nonces_are_forgotten_a_bounded_batch_at_a_time(connection: Connection) -> None:
    first = key(0)
    await bank_keys.add_key(connection, first, NOW)
    for number in range(5):
        assert await bank_keys.take_nonce(connection, first.key_id, str(number), NOW + number * DAY)
    for forgotten in (2, 1, 0):
        assert await bank_keys.purge_nonces(connection, NOW + 3 * DAY, 2) == forgotten
    assert not await bank_keys.take_nonce(connection, first.key_id, "3", NOW)
    assert await bank_keys.take_nonce(connection, first.key_id, "2", NOW)


# -- evidence ----------------------------------------------------------------------------------------------------------


async def keep(
    connection: Connection, bank: str, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes
) -> int:
    """Store a request of a bank under a key of the bank; return its number."""
    sealer = await BankSealers().of_bank(PERSONS, connection, bank, NOW)
    sealed = SealedStatement(sealer.key, sealer.body(BODY, body))
    return await bank_keys.keep_evidence(connection, bank, method, path, headers, sealed)


async def test_evidence_is_kept_byte_for_byte(connection: Connection) -> None:
    body = bytes(range(256))
    note_session_state(connection)
    await connection.execute("SELECT set_config('goldenhour.present_moment', $1, false)", NOW.isoformat())
    evidence_id = await keep(connection, "HDFC", "POST", "/bank/v1/x%2Fy?a=1", HEADERS, body)
    kept = await bank_keys.get_evidence(connection, evidence_id, BodyOpener(PERSONS))
    assert (kept.method, kept.path, kept.headers, kept.body) == ("POST", "/bank/v1/x%2Fy?a=1", HEADERS, body)
    assert (kept.institution, kept.received_at, kept.digest) == ("HDFC", NOW, hashlib.sha256(body).digest())
    with pytest.raises(NotFound):
        await bank_keys.get_evidence(connection, evidence_id + 1, BodyOpener(PERSONS))


async def test_evidence_is_not_changed(connection: Connection, subtests: pytest.Subtests) -> None:
    await keep(connection, "HDFC", "POST", "/", HEADERS, b"x")
    for change in (
        "UPDATE bank_evidence SET path = ''",
        "UPDATE bank_evidence SET sealed = sealed || '\\x00'",
        "DELETE FROM bank_evidence",
        "TRUNCATE bank_evidence CASCADE",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await connection.execute(change)


async def test_evidence_with_another_bodys_digest_does_not_open(connection: Connection) -> None:
    sealer = await BankSealers().of_bank(PERSONS, connection, "HDFC", NOW)
    other = SealedBody(hashlib.sha256(b"y").digest(), sealer.body(BODY, b"x").sealed)
    sealed = SealedStatement(sealer.key, other)
    evidence_id = await bank_keys.keep_evidence(connection, "HDFC", "POST", "/", HEADERS, sealed)
    kept = await bank_keys.get_evidence(connection, evidence_id, BodyOpener(PERSONS))
    assert (kept.state, kept.body) == (BodyState.CHANGED, b"")


async def test_kept_evidence_can_be_verified_again(connection: Connection) -> None:
    """What stands in the database is enough to show years later who signed it: the very request goes through again."""
    private_key, body = Ed25519PrivateKey.generate(), b'{"hop": 1}'
    registered = key(0, public_key=private_key.public_key().public_bytes_raw(), not_before=datetime.now(UTC) - DAY)
    await bank_keys.add_key(connection, registered, NOW)
    app = FastAPI()
    add_handlers(app)

    class Ring:
        async def key(self, key_id: str) -> BankKey | None:
            return await bank_keys.get_key(connection, key_id)

        async def take(self, key_id: str, nonce: str, seen_at: datetime) -> bool:
            return await bank_keys.take_nonce(connection, key_id, nonce, seen_at)

    @app.post("/bank/v1/answers")
    async def take(request: Request) -> int:
        body = await request.body()
        found = await signed_by(request, Ring(), Ring(), datetime.now(UTC), window_seconds=300)
        lines = [(name.decode(), value.decode("latin-1")) for name, value in request.headers.raw]
        path = f"{request.scope['raw_path'].decode()}?{request.scope['query_string'].decode()}"
        return await keep(connection, found.institution, request.method, path, lines, body)

    url = "https://freeze.example/bank/v1/answers?part=1"
    headers = signed_headers("POST", url, body, key_id=registered.key_id, private_key=private_key)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://freeze.example") as client:
        evidence_id = (await client.post(url, content=body, headers=headers)).json()
        kept = await bank_keys.get_evidence(connection, evidence_id, BodyOpener(PERSONS))
        again = await client.request(kept.method, kept.path, content=kept.body, headers=list(kept.headers))
        assert again.json()["type"].endswith(":signature-replayed"), "it verifies, and is known"
        forged = await client.request(kept.method, kept.path, content=b"{}", headers=list(kept.headers))
        assert forged.json()["type"].endswith(":digest-wrong")
