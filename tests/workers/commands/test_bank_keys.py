"""`goldenhour bank key`: register, list, revoke."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from activities.banks import key_changes
from db.banks import bank_keys
from db.pool import Pool
from schemas.banks.keys import KeyAsker
from tests.each import each
from tests.factories import make_context
from tests.workers.command_line import invoke, with_database

ONE, TWO, THREE = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32).public_key() for n in (1, 2, 3))
PEM = ONE.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def raw(key: object) -> bytes:
    assert isinstance(key, type(ONE))
    return b64encode(key.public_bytes_raw())


@pytest.fixture
async def settings(database: Pool, database_dsn: str) -> dict[str, str]:
    """The settings of a database with banks in it."""
    await make_context(database)
    return with_database(database_dsn)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "key"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("command", ["add", "list", "revoke", "require"])
async def test_each_says_how_it_ends(command: str) -> None:
    result = await invoke("bank", "key", command, "--help")
    assert result.exit_code == 0
    assert "Exit codes:" in result.stdout


async def test_a_key_is_registered_listed_and_revoked(settings: dict[str, str], database: Pool, tmp_path: Path) -> None:
    added = await invoke("bank", "key", "add", "HDFC", "hdfc-1", written(tmp_path, PEM), **settings)
    assert added.exit_code == 0, added.output
    window = ("--from", "2030-01-01T00:00:00+05:30", "--until", "2031-01-01T00:00:00+05:30")
    added = await invoke("bank", "key", "add", "HDFC", "hdfc-2", written(tmp_path, raw(TWO)), *window, **settings)
    assert added.exit_code == 0, added.output
    first, second = json.loads((await invoke("bank", "key", "list", "HDFC", "--json", "-", **settings)).stdout)
    assert (first["key_id"], first["live"], first["not_after"]) == ("hdfc-1", True, None)
    assert (second["live"], second["not_before"]) == (False, "2029-12-31T18:30:00Z")
    assert "hdfc-2" in (await invoke("bank", "key", "list", "HDFC", **settings)).stdout
    assert (await invoke("bank", "key", "revoke", "HDFC", "hdfc-1", **settings)).exit_code == 0
    async with database.acquire() as connection:
        known = await bank_keys.get_key(connection, "hdfc-1")
    assert known is not None
    assert known.public_key == ONE.public_bytes_raw()
    assert known.not_after is not None
    again = await invoke("bank", "key", "revoke", "HDFC", "hdfc-1", **settings)
    assert (again.exit_code, "ended already" in again.stderr) == (1, True)


async def test_h5_the_first_key_sets_the_date_from_which_a_signature_alone_counts(
    settings: dict[str, str], database: Pool, tmp_path: Path
) -> None:
    since, later = "2030-01-01T00:00:00+05:30", "2030-03-01T00:00:00+05:30"
    none = await invoke("bank", "key", "require", "HDFC", **settings)
    assert (none.exit_code, "has no key" in none.stderr) == (1, True)
    added = await invoke("bank", "key", "add", "HDFC", "a", written(tmp_path, raw(ONE)), "--from", since, **settings)
    assert "from 2030-01-31T00:00:00+05:30 its tokens do not open" in added.stderr
    date = "SELECT signature_only_from FROM institution WHERE code = 'HDFC'"
    assert f"{await database.fetchval(date):%d-%m-%Y %H:%M}" == "30-01-2030 18:30"
    asked = await invoke("bank", "key", "require", "HDFC", "--from", later, **settings)
    assert asked.exit_code == 0, asked.output
    assert f"{await database.fetchval(date):%d-%m-%Y}" == "28-02-2030"


async def test_a_third_key_a_known_one_and_a_stranger_are_refused(settings: dict[str, str], tmp_path: Path) -> None:
    for key_id, key in (("a", ONE), ("b", TWO)):
        done = await invoke("bank", "key", "add", "HDFC", key_id, written(tmp_path, raw(key)), **settings)
        assert done.exit_code == 0
    for bank, key_id, key, told in (
        ("HDFC", "c", THREE, "three keys at once"),
        ("SBIN", "d", ONE, "registered already"),
        ("SBIN", "a", THREE, "registered already"),
        ("UNKNOWN", "e", THREE, "no institution UNKNOWN"),
    ):
        refused = await invoke("bank", "key", "add", bank, key_id, written(tmp_path, raw(key)), **settings)
        assert refused.exit_code == 1
        assert told in " ".join(refused.stderr.split())
    stranger = await invoke("bank", "key", "revoke", "SBIN", "a", **settings)
    assert (stranger.exit_code, "No bank key" in stranger.stderr) == (1, True)
    early = await invoke("bank", "key", "revoke", "HDFC", "a", "--at", "2020-01-01T00:00:00+00:00", **settings)
    assert (early.exit_code, "is not valid yet" in early.stderr) == (2, True)


async def test_what_waits_is_listed_with_who_asked(settings: dict[str, str], database: Pool) -> None:
    asker = KeyAsker(name="Asha Verma", designation="Nodal officer")
    change = await key_changes.ask_to_add(await make_context(database), "HDFC", "hdfc-1", ONE.public_bytes_raw(), asker)
    listed = await invoke("bank", "key", "asked", "HDFC", **settings)
    assert (listed.exit_code, "1 wait for a decision" in listed.stderr) == (0, True)
    assert "by Asha Verma, Nodal officer (not proven)" in listed.stdout
    assert str(change.change_id) in listed.stdout
    assert change.fingerprint in " ".join(listed.stdout.split())
    assert not (await invoke("bank", "key", "asked", "SBIN", **settings)).stdout


_EC = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
_PRIVATE = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@each(
    ("data", "options", "told"),
    [
        (b"", (), "has 32 bytes"),
        (b"not base64!", (), "neither PEM nor base64"),
        (b64encode(b"x" * 31), (), "has 32 bytes, this has 31"),
        (b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", (), "neither PEM nor base64"),
        (_EC, (), "not an Ed25519 key"),
        (_PRIVATE, (), "private key"),
        (PEM, ("--from", "soon"), "--from: must look like"),
        (PEM, ("--until", "2030-01-01T00:00:00"), "--until: must look like"),
        (PEM, ("--until", "2020-01-01T00:00:00+00:00"), "must be after"),
    ],
)
async def test_what_cannot_be_a_key_is_refused(
    settings: dict[str, str], tmp_path: Path, data: bytes, options: tuple[str, ...], told: str
) -> None:
    result = await invoke("bank", "key", "add", "HDFC", "k", written(tmp_path, data), *options, **settings)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
