"""Every sealed value is sealed again under a new secret key, whenever it is interrupted."""

import asyncio
import signal
import sys
from itertools import product
from typing import Any

import pytest
from pydantic import SecretStr

from activities.banks.directory import DirectoryCache, load_directory
from activities.officers.sign_in import SecretsAtRest
from activities.privacy import reseal as resealing
from activities.privacy.reseal import SEALED_FOR, KeyNotKnownEverywhere, reseal
from activities.secrets import CannotOpen, Process, ProcessKeys, Purpose, SecretBox
from db.pool import Pool, open_pool
from db.privacy import body_keys
from db.privacy.body_keys import TOTP_SECRETS, session_name
from tests.factories import SECRET, institution
from tests.officers import enrol
from tests.paths import ROOT
from tests.waiting import until
from tests.workers.command_line import invoke

NEW = SecretStr("the secret key that comes after the other one")
CODES = ["HDFC", "ICIC", "KKBK", "PUNB", "SBIN"]
OLD_BOX, NEW_BOX, BOTH = SecretBox(SECRET), SecretBox(NEW), SecretBox(NEW, SECRET)


async def load(pool: Pool, box: SecretBox = OLD_BOX) -> None:
    await load_directory(pool, box, [institution(code) for code in CODES])


async def opens(pool: Pool, box: SecretBox) -> set[str]:
    """Return the banks whose credentials this box opens."""
    cache, opened = DirectoryCache(pool, box), set()
    await cache.refresh()
    for code in CODES:
        try:
            if await cache.wire(code) is not None:
                opened.add(code)
        except CannotOpen:
            continue
    return opened


async def test_c2_the_secret_key_is_changed_without_loading_the_banks_again(database: Pool) -> None:
    await load(database)
    assert (await opens(database, OLD_BOX), await opens(database, NEW_BOX)) == (set(CODES), set())
    steps: list[tuple[str, int]] = []
    result, *_ = await reseal(database, BOTH, lambda column, done: steps.append((column, done)))
    assert (result.resealed, result.current, result.others, result.unopened) == (5, 5, 0, ())
    assert result.is_complete
    assert steps == [("institution_channel.sealed", 5)]
    assert (await opens(database, OLD_BOX), await opens(database, NEW_BOX)) == (set(), set(CODES))
    again, *_ = await reseal(database, BOTH)
    assert (again.resealed, again.current, again.is_complete) == (0, 5, True)


async def test_an_officer_keeps_the_authenticator_when_the_secret_key_changes(
    database: Pool, application: Pool
) -> None:
    await enrol(database, ["ravi"])
    before, after = SecretsAtRest(OLD_BOX), SecretsAtRest(NEW_BOX)
    await database.execute(
        "INSERT INTO officer_totp (officer_id, sealed_secret, last_step, set_at) VALUES ('ravi', $1, 1, now())",
        before.seal("JBSWY3DP", "ravi"),
    )
    result = (await reseal(application, BOTH))[list(SEALED_FOR).index(TOTP_SECRETS)]
    assert (result.column, result.resealed, result.is_complete) == ("officer_totp.sealed_secret", 1, True)
    sealed_again: bytes = await database.fetchval("SELECT sealed_secret FROM officer_totp")
    assert after.open(sealed_again, "ravi") == "JBSWY3DP"
    with pytest.raises(CannotOpen):
        before.open(sealed_again, "ravi")


async def test_the_applications_role_may_reseal(database: Pool, application: Pool) -> None:
    await load(database)
    result, *_ = await reseal(application, BOTH)
    assert result.is_complete


async def test_a_value_that_no_key_opens_stays_and_stops_no_other(
    database: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    await load(database)
    await load_directory(database, SecretBox(SecretStr("a key that somebody has lost long ago")), [institution("KKBK")])
    result, *_ = await reseal(database, BOTH)
    assert (result.resealed, result.others, result.unopened) == (4, 1, ("KKBK/i4c",))
    assert await opens(database, NEW_BOX) == set(CODES) - {"KKBK"}


async def test_a_row_that_is_locked_is_left_for_the_next_run(database: Pool) -> None:
    await load(database)
    async with database.acquire() as other, other.transaction():
        await other.execute("UPDATE institution_channel SET position = position WHERE institution = 'PUNB'")
        result, *_ = await reseal(database, BOTH)
    assert (result.resealed, result.others, result.unopened, result.is_complete) == (4, 1, (), False)
    result, *_ = await reseal(database, BOTH)
    assert (result.resealed, result.is_complete) == (1, True)


async def test_nothing_is_sealed_under_a_key_that_a_running_process_does_not_know(
    database: Pool, database_dsn: str
) -> None:
    await load(database)
    async with await open_pool(database_dsn, min_size=1, session_name=session_name(OLD_BOX.key_ids)):
        with pytest.raises(KeyNotKnownEverywhere, match=r"restart it. Connected from: this machine"):
            await reseal(database, BOTH)
    assert await opens(database, OLD_BOX) == set(CODES)
    async with await open_pool(database_dsn, min_size=1, session_name=session_name(BOTH.key_ids)):
        result, *_ = await reseal(database, BOTH)
    assert result.is_complete


async def test_a_process_that_starts_with_the_old_key_meanwhile_ends_the_run(
    database: Pool, database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    await load(database)
    started: list[asyncio.Task[Any]] = []

    def start(column: str, done: int) -> None:
        started.append(asyncio.create_task(open_old()))

    async def open_old() -> Pool:
        return await open_pool(database_dsn, min_size=1, session_name=session_name(OLD_BOX.key_ids))

    real = body_keys.addresses_without

    async def addresses_without(*arguments: Any) -> list[str]:
        await asyncio.gather(*started)
        return await real(*arguments)

    monkeypatch.setattr(body_keys, "addresses_without", addresses_without)
    with pytest.raises(KeyNotKnownEverywhere):
        await reseal(database, BOTH, start)
    await (await started[0]).close()
    assert await opens(database, NEW_BOX) == set(CODES[:2])
    assert await opens(database, BOTH) == set(CODES), "each is under the one key or the other"


KILLED = """
import asyncio, os, signal, sys
from pydantic import SecretStr
from activities import secrets
from activities.privacy import reseal as resealing
from db.pool import open_pool

dsn, new, old = sys.argv[1:]
calls = at = 0
real = secrets.Sealer.seal

def seal(self, plain, owner):
    global calls
    calls += 1
    if calls == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, plain, owner)

secrets.Sealer.seal = seal

async def main():
    async with await open_pool(dsn, min_size=1, max_size=1) as pool:
        await resealing.reseal(pool, secrets.SecretBox(SecretStr(new), SecretStr(old)))

for line in sys.stdin:
    at, resealing.BATCH = map(int, line.split())
    child = os.fork()
    if not child:
        asyncio.run(main())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""a process that forks one for each line, to seal again and to be killed: to import everything takes a second"""


IDLE = (
    "SELECT count(*) = 0 FROM pg_stat_activity"
    " WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
)


async def test_it_goes_on_after_a_kill_at_any_row(database: Pool, database_dsn: str, subtests: pytest.Subtests) -> None:
    words = [database_dsn, NEW.get_secret_value(), SECRET.get_secret_value()]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, *words, cwd=ROOT, stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for at, batch in product(range(1, len(CODES) + 1), (1, 2)):
        with subtests.test(at=at, batch=batch):
            await load(database)
            assert (await opens(database, OLD_BOX), await opens(database, NEW_BOX)) == (set(CODES), set())
            process.stdin.write(f"{at} {batch}\n".encode())
            assert int(await process.stdout.readline()) == -signal.SIGKILL
            # PostgreSQL notices the end of the connection a moment later, and has the rows locked until then.
            await until(lambda: database.fetchval(IDLE), 20)
            written = (at - 1) // batch * batch
            assert await opens(database, NEW_BOX) == set(CODES[:written])
            assert await opens(database, BOTH) == set(CODES)
            result, *_ = await reseal(database, BOTH)
            assert (result.resealed, result.current, result.is_complete) == (len(CODES) - written, len(CODES), True)
            assert await opens(database, NEW_BOX) == set(CODES)
    process.stdin.close()
    assert await process.wait() == 0


def keys(**changes: str) -> dict[str, str]:
    return {"secret_key": NEW.get_secret_value(), "previous_secret_key": SECRET.get_secret_value(), **changes}


async def test_the_command_shows_the_counts(database: Pool, database_dsn: str) -> None:
    await load(database)
    result = await invoke("reseal", database_url=database_dsn, **keys())
    said = "institution_channel.sealed: 5 resealed, 5 under the current key, 0 not\n"
    said += "officer_totp.sealed_secret: 0 resealed, 0 under the current key, 0 not\n"
    said += "person_key.wrapped: 0 resealed, 0 under the current key, 0 not\n"
    said += "victim.terms: 0 resealed, 0 under the current key, 0 not\n"
    assert (result.exit_code, result.stdout) == (0, said)
    await load_directory(database, SecretBox(SecretStr("a key that somebody has lost long ago")), [institution("KKBK")])
    result = await invoke("reseal", database_url=database_dsn, **keys())
    assert (result.exit_code, "no key opens KKBK/i4c: load the bank again" in result.stdout) == (1, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"previous_secret_key": ""}, "GOLDENHOUR_PREVIOUS_SECRET_KEY is required"),
        ({"previous_secret_key": NEW.get_secret_value()}, "are the same key"),
    ],
)
async def test_the_command_needs_two_keys(database_dsn: str, changes: dict[str, str], said: str) -> None:
    result = await invoke("reseal", database_url=database_dsn, **keys(**changes))
    assert (result.exit_code, said in result.stderr) == (2, True)


async def test_the_command_names_the_process_that_lacks_the_key(database_dsn: str) -> None:
    async with await open_pool(database_dsn, min_size=1, session_name=session_name(OLD_BOX.key_ids)):
        result = await invoke("reseal", database_url=database_dsn, **keys())
    assert (result.exit_code, "Give every process its new key and restart it" in result.stderr) == (1, True)


async def test_a_worker_opens_both_while_values_are_resealed(database: Pool) -> None:
    await load(database)
    await load_directory(database, NEW_BOX, [institution("SBIN")])
    keys_of_worker = BOTH.process_key(Process.WORKER)
    sealer = ProcessKeys(keys_of_worker, Process.WORKER).sealer(Purpose.SEALING)
    cache = DirectoryCache(database, sealer)
    await cache.refresh()
    for code in CODES:
        assert await cache.wire(code) is not None


async def test_a_process_says_once_that_it_lacks_a_key(database: Pool, caplog: pytest.LogCaptureFixture) -> None:
    await load(database)
    await load_directory(database, NEW_BOX, [institution("SBIN")])
    for box, said in (
        (OLD_BOX, ["1 credentials of banks are sealed under a secret key that is not known here"]),
        (NEW_BOX, ["4 credentials of banks are sealed under a secret key that is not known here"]),
        (BOTH, []),
    ):
        caplog.clear()
        cache = DirectoryCache(database, box)
        await cache.refresh()
        await cache.refresh()
        assert [record.getMessage() for record in caplog.records if record.name == "activities.banks.directory"] == said
