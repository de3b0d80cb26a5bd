"""The directory of institutions: loaded whole or not at all, in memory, its secrets sealed."""

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any
from unittest.mock import MagicMock

import pytest
from pydantic import SecretStr, ValidationError

from activities.banks import directory as directories
from activities.banks.directory import (
    DirectoryCache,
    DirectoryRefused,
    load_directory,
    remove_institution,
    ways_of_entry,
)
from activities.secrets import CannotOpen, SecretBox
from adapters.banks.protocol import IsoWay
from db.banks import institutions
from db.pool import Connection, Pool
from domain.banks.directory import PrefixOverlap, SponsorRefused
from domain.errors import RuleBroken
from schemas.banks.institutions import InstitutionEntry, WireEntry
from schemas.enums import ChannelKind
from tests.each import each

VAULT = SecretBox(SecretStr("one secret key of more than 32 characters"))
KEY = b64encode(b"k" * 32).decode()


def entry(code: str = "SBIN", **changes: Any) -> InstitutionEntry:
    wire = {"base_url": "http://127.0.0.1:9/x", "email": "p@x", "password": "out-secret", "aes_key": KEY}
    return InstitutionEntry.model_validate(
        {
            "code": code,
            "name": f"{code} Bank",
            "ifsc_prefixes": [code],
            "wire": wire,
            "inbound": {"email": f"{code}@Banks.example", "password": "in-secret"},
            **changes,
        }
    )


async def test_what_a_banks_balances_mean_is_said_in_its_wire(database: Pool) -> None:
    said = {"base_url": "http://127.0.0.1:9/x", "email": "p@x", "password": "p", "aes_key": KEY}
    free = entry("HDFC", wire=said | {"balance_includes_liens": False})
    await load_directory(database, VAULT, [entry("SBIN"), free])
    cache = DirectoryCache(database, VAULT)
    await cache.refresh()
    for code, includes in (("SBIN", True), ("HDFC", False)):
        wire = await cache.wire(code)
        assert wire is not None
        assert wire.balance_includes_liens is includes


OTHER_FORM = {"login_path": "/v2/sign-in", "report_path": "/v2/fraud", "ciphertext_member": "encData"}


async def test_the_paths_and_the_outer_form_of_a_wire_are_said_in_its_entry(database: Pool) -> None:
    said = {"base_url": "http://127.0.0.1:9/x", "email": "p@x", "password": "p", "aes_key": KEY}
    await load_directory(database, VAULT, [entry("SBIN"), entry("HDFC", wire=said | OTHER_FORM)])
    cache = DirectoryCache(database, VAULT)
    await cache.refresh()
    plain, other = await cache.wire("SBIN"), await cache.wire("HDFC")
    assert plain is not None
    assert other is not None
    assert (plain.login_path, plain.report_path, plain.ciphertext_member) == ("/login", "/transaction-fraud", None)
    assert (other.login_path, other.report_path, other.ciphertext_member) == tuple(OTHER_FORM.values())


async def test_a_wire_without_these_settings_is_sealed_as_an_older_release_reads_it(database: Pool) -> None:
    await load_directory(database, VAULT, [entry("SBIN")])
    async with database.acquire() as connection:
        ((_, sealed),) = (await institutions.sealed_ways(connection)).items()
    assert set(json.loads(VAULT.open(sealed, "SBIN"))) == {
        *("kind", "base_url", "email", "password", "envelope", "aes_key", "balance_includes_liens")
    }


@each(
    "change",
    [
        *(
            {"login_path": path}
            for path in ("login", "//evil.example/x", "/a/../b", "/a?b=c", "/a#b", "/a/", "/a b", "/%2e", "")
        ),
        {"report_path": "/" + "a" * 200},
        *({"ciphertext_member": name} for name in ("", "9a", 'a"b', "a" * 51, "a\n")),
        {"ciphertext_member": "encData", "envelope": "none"},
    ],
)
def test_a_path_or_a_member_that_cannot_be_used_is_refused(change: dict[str, str]) -> None:
    said = {"base_url": "http://127.0.0.1:9/x", "email": "p@x", "password": "p", "aes_key": KEY}
    with pytest.raises(ValidationError):
        WireEntry.model_validate(said | change)


async def test_whether_a_banks_files_have_a_header_is_said_in_its_entry(database: Pool) -> None:
    plain, headed = {"bic": "SBININBB"}, {"bic": "HDFCINBB", "business_header": True}
    await load_directory(database, VAULT, [entry("SBIN", iso20022=plain), entry("HDFC", iso20022=headed)])
    cache = DirectoryCache(database, VAULT)
    await cache.refresh()
    assert await cache.way("SBIN", ChannelKind.ISO20022) == IsoWay("SBIN", "SBININBB")
    assert await cache.way("HDFC", ChannelKind.ISO20022) == IsoWay("HDFC", "HDFCINBB", business_header=True)


async def test_what_is_loaded_is_found_and_its_wire_opens(database: Pool) -> None:
    assert await load_directory(database, VAULT, [entry("SBIN"), entry("HDFC", wire=None, inbound=None)]) == 2
    cache = DirectoryCache(database, VAULT)
    await cache.refresh()
    assert len(cache.current) == 2
    wire = await cache.wire("SBIN")
    assert wire is not None
    assert (wire.password, wire.aes_key, wire.hmac_key) == ("out-secret", b"k" * 32, None)
    assert await cache.wire("SBIN") is wire
    assert await cache.wire("HDFC") is None
    assert await cache.wire("NONE") is None


async def test_no_secret_stands_in_the_database(database: Pool) -> None:
    await load_directory(database, VAULT, [entry()])
    text = str([dict(row) for row in await database.fetch("SELECT * FROM institution")])
    for secret in ("out-secret", "in-secret", KEY):
        assert secret not in text
    async with database.acquire() as connection:
        row = await institutions.login_row(connection, " sbin@BANKS.example ")
        assert row is not None
        assert row.password_hash.startswith("$argon2id$")
        assert await institutions.login_row(connection, "other@banks.example") is None


async def test_loading_again_replaces_what_the_file_names_and_keeps_the_rest(database: Pool) -> None:
    cache = DirectoryCache(database, VAULT)
    await load_directory(database, VAULT, [entry("SBIN"), entry("HDFC")])
    await cache.refresh()
    first = await cache.wire("SBIN")
    await load_directory(database, VAULT, [entry("SBIN", name="State Bank", inbound=None)])
    await cache.refresh()
    second = await cache.wire("SBIN")
    found = cache.current.get("SBIN")
    assert found is not None
    assert found.name == "State Bank"
    assert len(cache.current) == 2
    assert second == first
    assert second is not first, "opened again, because it was sealed again"
    async with database.acquire() as connection:
        assert await institutions.login_row(connection, "sbin@banks.example") is None


@each(
    ("entries", "message"),
    [
        ([entry("SBIN"), entry("SBIN")], "code given to two institutions: SBIN"),
        ([entry("SBIN"), entry("HDFC", ifsc_prefixes=["sbin"])], "IFSC prefix given to two institutions: SBIN"),
        ([entry("SBIN", vpa_handles=["x"]), entry("HDFC", vpa_handles=["X"])], "VPA handle given to two"),
        (
            [entry("SBIN"), entry("HDFC", inbound={"email": "sbin@banks.EXAMPLE", "password": "x"})],
            "login e-mail given to two institutions",
        ),
        ([entry(wire={"base_url": "http://x", "email": "e", "password": "p", "aes_key": "c2hvcnQ="})], "SBIN: a key"),
        ([entry(wire={"base_url": "http://x", "email": "e", "password": "p"})], "aes_cbc needs an aes_key"),
    ],
)
async def test_a_file_that_contradicts_itself_changes_nothing(
    database: Pool, entries: list[InstitutionEntry], message: str
) -> None:
    with pytest.raises(RuleBroken, match=message):
        await load_directory(database, VAULT, entries)
    assert await database.fetchval("SELECT count(*) FROM institution") == 0


async def test_an_e_mail_in_use_outside_the_file_is_refused(database: Pool) -> None:
    await load_directory(database, VAULT, [entry("SBIN")])
    taken = entry("HDFC", inbound={"email": "sbin@banks.example", "password": "x"})
    with pytest.raises(DirectoryRefused, match="in use by another institution"):
        await load_directory(database, VAULT, [entry("PUNB"), taken])
    assert await database.fetchval("SELECT count(*) FROM institution") == 1


UNDER_SBIN: dict[str, Any] = {"sponsor": "SBIN", "ifsc_prefixes": [], "wire": None, "inbound": None}


async def test_what_cannot_stand_beside_what_is_known_is_refused(database: Pool, subtests: pytest.Subtests) -> None:
    guest = entry("GRAM", **UNDER_SBIN | {"account_prefixes": ["0770"]})
    await load_directory(database, VAULT, [guest, entry("SBIN"), entry("HDFC")])
    before = await database.fetch("SELECT * FROM institution ORDER BY code")
    for entries, error, message in (
        ([entry("CTKC", **UNDER_SBIN | {"ifsc_prefixes": ["hdfc"]})], PrefixOverlap, r"HDFC \(CTKC, HDFC\)"),
        ([entry("CTKC", **UNDER_SBIN | {"account_prefixes": ["077"]})], PrefixOverlap, "0770 of GRAM"),
        ([entry("CTKC", **UNDER_SBIN | {"sponsor": "GRAM"})], SponsorRefused, "GRAM is a sponsor"),
        ([entry("CTKC", **UNDER_SBIN | {"sponsor": "NONE"})], SponsorRefused, "not in the directory: NONE"),
        ([entry("SBIN", sponsor="HDFC", inbound=None)], SponsorRefused, "SBIN is a sponsor, and is itself under HDFC"),
    ):
        with subtests.test(entries=entries, error=error, message=message):
            with pytest.raises(error, match=message):
                await load_directory(database, VAULT, entries)
            assert await database.fetch("SELECT * FROM institution ORDER BY code") == before


async def test_a_sponsor_stays(database: Pool) -> None:
    await load_directory(database, VAULT, [entry("SBIN"), entry("GRAM", **UNDER_SBIN)])
    with pytest.raises(DirectoryRefused, match="sponsored institutions"):
        await remove_institution(database, "SBIN")
    await remove_institution(database, "GRAM")
    await remove_institution(database, "SBIN")


async def test_two_who_add_at_once_do_not_both_get_one_prefix(database: Pool) -> None:
    both = [entry(code, ifsc_prefixes=["SAME"], inbound=None) for code in ("SBIN", "HDFC")]
    done = await asyncio.gather(*(load_directory(database, VAULT, [one]) for one in both), return_exceptions=True)
    assert [type(outcome) for outcome in done if outcome != 1] == [PrefixOverlap]
    assert await database.fetchval("SELECT count(*) FROM institution") == 1


async def test_another_secret_key_opens_no_wire(database: Pool) -> None:
    await load_directory(database, VAULT, [entry()])
    cache = DirectoryCache(database, SecretBox(SecretStr("another secret key of more than 32 characters")))
    await cache.refresh()
    with pytest.raises(CannotOpen):
        await cache.wire("SBIN")


# -- kept fresh ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def watched(database: Pool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DirectoryCache]:
    """A directory that is looked after, more often than every second."""
    monkeypatch.setattr(directories, "LOOK_EVERY_SECONDS", 0.02)
    await load_directory(database, VAULT, [entry("SBIN")])
    cache = DirectoryCache(database, VAULT)
    await cache.refresh()
    async with cache.watched():
        yield cache


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


def known(cache: DirectoryCache, code: str) -> bool:
    return cache.current.get(code) is not None


def all_named(cache: DirectoryCache, name: str) -> bool:
    return {bank.name for bank in cache.current} == {name}


async def test_what_is_loaded_elsewhere_is_seen_with_its_wire(database: Pool, watched: DirectoryCache) -> None:
    assert await watched.wire("SBIN")
    moved = {"base_url": "http://127.0.0.1:8/y", "email": "p@y", "password": "a-new-secret", "aes_key": KEY}
    await load_directory(database, VAULT, [entry("SBIN", wire=moved), entry("HDFC")])
    await until(lambda: len(watched.current) == 2)
    wire = await watched.wire("SBIN")
    assert wire is not None
    assert (wire.base_url, wire.password) == ("http://127.0.0.1:8/y", "a-new-secret")


async def test_two_loads_at_once_are_both_seen_and_do_not_lock_each_other_out(
    database: Pool, watched: DirectoryCache
) -> None:
    codes = ["SBIN", "HDFC", "ICIC", "PUNB"]
    for turn in range(5):
        names = [f"{turn} forth", f"{turn} back"]
        forth = [entry(code, name=names[0]) for code in codes]
        back = [entry(code, name=names[1]) for code in reversed(codes)]
        await asyncio.gather(load_directory(database, VAULT, forth), load_directory(database, VAULT, back))
        stands = await database.fetchval("SELECT name FROM institution WHERE code = 'SBIN'")
        await until(partial(all_named, watched, stands))


async def test_a_row_changed_by_hand_is_seen(database: Pool, watched: DirectoryCache) -> None:
    await database.execute("UPDATE institution SET name = 'By Hand' WHERE code = 'SBIN'")
    await until(lambda: [bank.name for bank in watched.current] == ["By Hand"])
    await database.execute("DELETE FROM institution_channel")
    await database.execute("DELETE FROM institution")
    await until(lambda: len(watched.current) == 0)


async def test_looking_reads_the_institutions_only_when_they_were_written(
    database: Pool, watched: DirectoryCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    version = institutions.version

    async def look(connection: Connection) -> str:
        looks.append(await version(connection))
        return looks[-1]

    before = watched.current
    monkeypatch.setattr(institutions, "version", look)
    await until(lambda: len(looks) > 3)
    assert len(set(looks)) == 1
    assert watched.current is before


async def test_a_directory_whose_connections_broke_is_read_by_others(database: Pool, watched: DirectoryCache) -> None:
    for code in ("HDFC", "ICIC"):
        await database.expire_connections()
        await database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
        await load_directory(database, VAULT, [entry(code)])
        await until(partial(known, watched, code))


async def test_a_look_that_fails_leaves_the_old_directory_and_is_repeated(
    database: Pool, watched: DirectoryCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = 0

    async def fail(_connection: Connection) -> str:
        nonlocal failures
        failures += 1
        raise ConnectionRefusedError

    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr(institutions, "version", fail)
        await load_directory(database, VAULT, [entry("HDFC")])
        await until(lambda: failures > 3)
        assert [bank.code for bank in watched.current] == ["SBIN"]
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["directory not checked for changes: ConnectionRefusedError"]
    await until(lambda: len(watched.current) == 2)


async def test_watching_ends_with_the_block(database: Pool) -> None:
    before = asyncio.all_tasks()
    async with DirectoryCache(database, VAULT).watched():
        assert len(asyncio.all_tasks() - before) == 1
    assert not asyncio.all_tasks() - before


async def test_an_unknown_institution_is_looked_for_even_when_the_database_is_away(
    database: Pool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await load_directory(database, VAULT, [entry()])
    cache = DirectoryCache(database, VAULT)
    await cache.refresh()
    monkeypatch.setattr(directories, "FRESHEN_AFTER_SECONDS", 0.0)

    async def fail() -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(cache, "refresh", fail)
    with caplog.at_level(logging.WARNING):
        await cache.freshen()
    assert len(cache.current) == 1
    assert "directory not refreshed: ConnectionRefusedError" in caplog.text


async def test_more_institutions_than_a_directory_has_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "MAX_INSTITUTIONS", 1)
    with pytest.raises(DirectoryRefused, match="2 institutions: at most 1"):
        await load_directory(MagicMock(), VAULT, [entry("SBIN"), entry("HDFC")])


def test_an_entry_that_is_in_no_database_gives_its_ways() -> None:
    secret = "whsec_" + b64encode(b"s" * 24).decode()
    ways = ways_of_entry(entry(push={"url": "http://127.0.0.1:9/hook", "secrets": [secret]}, pull=True))
    assert {kind: way.base_url for kind, way in ways.items()} == {
        ChannelKind.I4C: "http://127.0.0.1:9/x",
        ChannelKind.PUSH: "http://127.0.0.1:9/hook",
    }
