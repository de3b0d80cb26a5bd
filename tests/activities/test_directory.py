"""The directory of institutions: loaded whole or not at all, in memory, its secrets sealed."""

import asyncio
import logging
from base64 import b64encode
from typing import Any

import pytest
from pydantic import SecretStr

from activities import directory as directories
from activities.directory import DirectoryCache, DirectoryRefused, load_directory
from activities.vault import CannotOpen, Vault
from db import institutions
from db.pool import Pool
from schemas.institutions import InstitutionEntry

VAULT = Vault(SecretStr("one secret key of more than 32 characters"))
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
    assert second is not first, "opened anew, as it was sealed anew"
    async with database.acquire() as connection:
        assert await institutions.login_row(connection, "sbin@banks.example") is None


@pytest.mark.parametrize(
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
    with pytest.raises(DirectoryRefused, match=message):
        await load_directory(database, VAULT, entries)
    assert await database.fetchval("SELECT count(*) FROM institution") == 0


async def test_an_e_mail_in_use_outside_the_file_is_refused(database: Pool) -> None:
    await load_directory(database, VAULT, [entry("SBIN")])
    taken = entry("HDFC", inbound={"email": "sbin@banks.example", "password": "x"})
    with pytest.raises(DirectoryRefused, match="outside the file"):
        await load_directory(database, VAULT, [entry("PUNB"), taken])
    assert await database.fetchval("SELECT count(*) FROM institution") == 1


async def test_another_secret_key_opens_no_wire(database: Pool) -> None:
    await load_directory(database, VAULT, [entry()])
    cache = DirectoryCache(database, Vault(SecretStr("another secret key of more than 32 characters")))
    await cache.refresh()
    with pytest.raises(CannotOpen):
        await cache.wire("SBIN")


async def test_a_stale_directory_is_read_again_beside_its_reader(
    database: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = DirectoryCache(database, VAULT)
    await cache.refresh()
    await load_directory(database, VAULT, [entry()])
    assert len(cache.current) == 0
    monkeypatch.setattr(directories, "REFRESH_AFTER_SECONDS", 0.0)
    for _ in range(200):
        if len(cache.current) == 1:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never read again")


async def test_a_directory_that_cannot_be_read_again_stays(
    database: Pool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await load_directory(database, VAULT, [entry()])
    cache = DirectoryCache(database, VAULT)
    await cache.refresh()

    async def fail() -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(cache, "refresh", fail)
    monkeypatch.setattr(directories, "REFRESH_AFTER_SECONDS", 0.0)
    with caplog.at_level(logging.WARNING):
        assert len(cache.current) == 1
        await asyncio.sleep(0.01)
        assert len(cache.current) == 1
        await asyncio.sleep(0.01)
    assert "directory not refreshed: ConnectionRefusedError" in caplog.text
