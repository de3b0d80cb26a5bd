"""Add, replace and remove one institution from the command line, and errors in its channels."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from activities.directory import DirectoryCache
from activities.intake import take_complaint
from activities.secrets import SecretBox
from adapters.banks.protocol import IsoWay
from db.pool import Pool
from schemas.enums import ChannelKind
from tests.factories import SECRET, complaint, make_context
from tests.workers.command_line import invoke, with_database

KEY = b64encode(bytes(range(32))).decode()
I4C = ["--i4c-url", "https://bank.example/i4c", "--i4c-email", "police@up.example", "--signed"]
ADDED = ["bank", "add", "DEMO", "--name", "Demo Bank", "--ifsc", "DEMO", "--ifsc", "HDFC0DEMO", *I4C]


async def test_a_bank_is_added_with_secrets_that_were_asked_for(database: Pool, database_dsn: str) -> None:
    settings = with_database(database_dsn)
    more = ["--desk-email", "desk@bank.example", "--channels", "email,i4c"]
    result = await invoke(*ADDED, *more, typed=f"out-secret\n{KEY}\n{KEY}\n", **settings)
    assert result.exit_code == 0, result.output
    assert "DEMO written: email, i4c" in result.stderr
    assert "out-secret" not in result.output
    cache = DirectoryCache(database, SecretBox(SECRET))
    await cache.refresh()
    wire = await cache.wire("DEMO")
    assert wire is not None
    assert (wire.password, wire.envelope, wire.hmac_key) == ("out-secret", "aes_cbc", bytes(range(32)))


async def test_secrets_come_from_a_file(database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"i4c_password": "out-secret", "aes_key": KEY, "hmac_key": KEY}))
    result = await invoke(*ADDED, "--secrets", file, **settings)
    assert result.exit_code == 0, result.output
    listed = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    assert [(bank["code"], bank["channels"], bank["answer_class"]) for bank in listed] == [("DEMO", ["i4c"], "api")]
    assert listed[0]["ifsc_prefixes"] == ["DEMO", "HDFC0DEMO"]


async def test_how_its_balances_and_its_files_are_meant_can_be_said(database: Pool, database_dsn: str) -> None:
    more = ["--free-balance", "--bic", "DEMOINBB", "--business-header"]
    result = await invoke(*ADDED, *more, typed=f"out-secret\n{KEY}\n{KEY}\n", **with_database(database_dsn))
    assert result.exit_code == 0, result.output
    cache = DirectoryCache(database, SecretBox(SECRET))
    await cache.refresh()
    wire = await cache.wire("DEMO")
    assert wire is not None
    assert not wire.balance_includes_liens
    assert await cache.way("DEMO", ChannelKind.ISO20022) == IsoWay("DEMO", "DEMOINBB", business_header=True)


async def test_a_known_code_is_written_over_only_when_it_is_said(database_dsn: str) -> None:
    settings = with_database(database_dsn)
    plain = ["bank", "add", "DEMO", "--name"]
    assert (await invoke(*plain, "Demo Bank", **settings)).exit_code == 0
    again = await invoke(*plain, "Other", **settings)
    assert (again.exit_code, "in the directory already" in again.stderr) == (1, True)
    assert (await invoke(*plain, "Other", "--over", **settings)).exit_code == 0
    listed = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    assert [bank["name"] for bank in listed] == ["Other"]


@pytest.mark.parametrize(
    ("more", "exit_code", "told"),
    [
        (["--name", "X", "--ifsc", "sbin"], 1, "IFSC prefix given to two institutions: SBIN"),
        (["--name", "X", "--vpa", "OKSBIN"], 1, "VPA handle given to two institutions: oksbin"),
        (["--name", "X", "--inbound-email", "SBIN@banks.example", "--secrets", "SECRETS"], 1, "login e-mail"),
        (["--name", "X", "--channels", "i4c"], 2, "channels names i4c"),
        (["--name", "X", "--kind", "shop"], 2, "kind"),
        (["--name", "X", "--sponsor", "NONE"], 1, "a sponsor is not in the directory: NONE"),
        (["--name", "X", "--sponsor", "DEMO"], 2, "not its own sponsor"),
        (["--name", "X", "--account-prefix", "07"], 2, "a bank under a sponsor"),
        (["--name", "X", "--push-url", "https://h.example/x", "--secrets", "SECRETS"], 2, "push.secrets.0"),
        (["--name", "X", *I4C, "--secrets", "SECRETS"], 1, "a key of its wire cannot be used"),
        (["--name", "X", "--signed"], 2, "--signed needs --i4c-url"),
        (["--name", "X", "--free-balance"], 2, "--free-balance needs --i4c-url"),
        (["--name", "X", *I4C, "--business-header", "--secrets", "SECRETS"], 2, "--business-header needs --bic"),
        (["--name", "X", "--secrets", "nowhere.json"], 2, "No such file"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_written(
    database: Pool, database_dsn: str, tmp_path: Path, more: list[str], exit_code: int, told: str
) -> None:
    await make_context(database)
    file = tmp_path / "secrets.json"
    names = ["i4c_password", "aes_key", "hmac_key", "push_secret", "inbound_password"]
    file.write_text(json.dumps(dict.fromkeys(names, "a-secret")))
    words = [str(file) if word == "SECRETS" else word for word in more]
    result = await invoke("bank", "add", "DEMO", *words, **with_database(database_dsn))
    assert (result.exit_code, told in result.stderr) == (exit_code, True), result.output
    assert "a-secret" not in result.output
    assert await database.fetchval("SELECT count(*) FROM institution WHERE code = 'DEMO'") == 0


async def test_a_bank_under_a_sponsor_is_added_with_its_officer(database: Pool, database_dsn: str) -> None:
    settings = with_database(database_dsn)
    await make_context(database)
    words = ["--name", "X", "--sponsor", "SBIN", "--account-prefix", "0770", "--account-prefix", "0771"]
    result = await invoke("bank", "add", "DEMO", *words, "--nodal-mobile", "9000000009", **settings)
    assert "DEMO written: no channel" in result.stderr
    listed = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    demo = next(bank for bank in listed if bank["code"] == "DEMO")
    assert (demo["sponsor"], demo["account_prefixes"]) == ("SBIN", ["0770", "0771"])
    assert [one["mobile"] for one in demo["nodal_officers"]] == ["9000000009"]
    removed = await invoke("bank", "remove", "SBIN", **settings)
    assert (removed.exit_code, "cannot be removed" in " ".join(removed.stderr.split())) == (1, True)


async def test_a_bank_that_nothing_speaks_of_is_removed(database: Pool, database_dsn: str) -> None:
    settings = with_database(database_dsn)
    ctx = await make_context(database)
    await take_complaint(ctx, complaint(), idempotency_key="k", taken_by="test")
    assert (await invoke("bank", "remove", "PUNB", **settings)).exit_code == 0
    stays = await invoke("bank", "remove", "HDFC", **settings)
    assert (stays.exit_code, "cannot be removed" in " ".join(stays.stderr.split())) == (1, True)
    assert (await invoke("bank", "remove", "PUNB", **settings)).exit_code == 1
    left = await database.fetch("SELECT DISTINCT institution FROM institution_channel ORDER BY 1")
    assert [row[0] for row in left] == ["HDFC", "ICIC", "SBIN"]


async def test_the_list_says_what_is_wrong_with_a_channel(database: Pool, database_dsn: str) -> None:
    settings = with_database(database_dsn)
    await make_context(database)
    await database.execute(
        "INSERT INTO channel_health (institution, channel, state, failures, silences, probe_at, changed_at)"
        " VALUES ('HDFC', 'i4c', 'open', 5, 0, now(), now())"
    )
    told = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    health = {bank["code"]: bank["health"] for bank in told}
    assert health["HDFC"] == {"i4c": {"state": "open", "failures": 5, "silences": 0}}
    assert health["SBIN"] == {}
    shown = await invoke("bank", "list", **settings)
    assert "5 failed" in " ".join(shown.stdout.split())
