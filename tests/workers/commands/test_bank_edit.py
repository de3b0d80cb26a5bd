"""Add, replace and remove one institution from the command line, and errors in its channels."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from activities.banks.directory import DirectoryCache
from activities.case.intake import take_complaint
from activities.secrets import SecretBox, password_fits
from adapters.banks.protocol import IsoWay
from db.pool import Pool
from schemas.enums import ChannelKind
from tests.each import each
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


async def test_the_paths_and_the_outer_form_of_its_wire_can_be_said(database: Pool, database_dsn: str) -> None:
    more = ["--i4c-login-path", "/v2/sign-in", "--i4c-report-path", "/v2/fraud", "--i4c-member", "encData"]
    result = await invoke(*ADDED, *more, typed=f"out-secret\n{KEY}\n{KEY}\n", **with_database(database_dsn))
    assert result.exit_code == 0, result.output
    cache = DirectoryCache(database, SecretBox(SECRET))
    await cache.refresh()
    wire = await cache.wire("DEMO")
    assert wire is not None
    assert (wire.login_path, wire.report_path, wire.ciphertext_member) == ("/v2/sign-in", "/v2/fraud", "encData")


async def test_a_known_code_is_written_over_only_when_it_is_said(database_dsn: str) -> None:
    settings = with_database(database_dsn)
    plain = ["bank", "add", "DEMO", "--name"]
    assert (await invoke(*plain, "Demo Bank", **settings)).exit_code == 0
    again = await invoke(*plain, "Other", **settings)
    assert (again.exit_code, "in the directory already" in again.stderr) == (1, True)
    assert (await invoke(*plain, "Other", "--over", **settings)).exit_code == 0
    listed = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    assert [bank["name"] for bank in listed] == ["Other"]


@each(
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
        (["--name", "X", "--i4c-member", "encData"], 2, "--i4c-member needs --i4c-url"),
        (["--name", "X", *I4C, "--i4c-login-path", "login", "--secrets", "SECRETS"], 2, "wire.login_path"),
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


# -- D5: a bank that can answer ----------------------------------------------------------------------------------------


def said(text: str) -> str:
    return " ".join(text.split())


async def lacks(settings: dict[str, str]) -> dict[str, list[str]]:
    listed = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    return {bank["code"]: bank["lacks"] for bank in listed}


async def test_d5_a_bank_without_a_login_is_told_of_and_gets_one(database: Pool, database_dsn: str) -> None:
    settings = with_database(database_dsn)
    result = await invoke(*ADDED, "--desk-email", "d@bank.example", typed=f"out-secret\n{KEY}\n{KEY}\n", **settings)
    assert result.exit_code == 0, result.output
    assert "its answers over the I4C wire are refused" in said(result.stderr)
    assert "goldenhour bank login DEMO EMAIL" in said(result.stderr)
    assert await lacks(settings) == {"DEMO": ["login"]}
    assert "no login" in (await invoke("bank", "list", **settings)).stdout
    given = await invoke("bank", "login", "DEMO", "Demo@banks.example", typed="in-secret\n", **settings)
    assert (given.exit_code, "in-secret" in given.output) == (0, False), given.output
    assert await lacks(settings) == {"DEMO": []}
    row = await database.fetchrow("SELECT inbound_email, inbound_password_hash FROM institution WHERE code = 'DEMO'")
    assert row is not None
    assert row["inbound_email"] == "demo@banks.example"
    assert password_fits(SecretStr("in-secret"), row["inbound_password_hash"])


async def test_d5_a_bank_added_as_the_docs_show_it_lacks_nothing(database_dsn: str) -> None:
    more = ["--inbound-email", "demo@banks.example", "--nodal-name", "A. Nodal", "--nodal-email", "n@bank.example"]
    typed = f"out-secret\n{KEY}\n{KEY}\nin-secret\n"
    result = await invoke(*ADDED, *more, typed=typed, **with_database(database_dsn))
    assert (result.exit_code, result.stderr.count("DEMO")) == (0, 1), result.output
    assert await lacks(with_database(database_dsn)) == {"DEMO": []}


async def test_d5_a_missing_login_there_is_asked_for(database: Pool, database_dsn: str) -> None:
    words = [
        "bank",
        "add",
        "DEMO",
        "--name",
        "Demo Bank",
        "--i4c-url",
        "https://bank.example/i4c",
        "--envelope",
        "none",
    ]
    result = await invoke(*words, typed="police@up.example\nout-secret\n", **with_database(database_dsn))
    assert result.exit_code == 0, result.output
    cache = DirectoryCache(database, SecretBox(SECRET))
    await cache.refresh()
    wire = await cache.wire("DEMO")
    assert wire is not None
    assert wire.email == "police@up.example"


async def test_d5_the_feed_needs_a_key_or_a_login(database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    result = await invoke("bank", "add", "DEMO", "--name", "Demo Bank", "--pull", **settings)
    assert "goldenhour bank key add DEMO KEY_ID FILE" in said(result.stderr)
    assert "goldenhour bank roster DEMO --from FILE" in said(result.stderr)
    assert await lacks(settings) == {"DEMO": ["login_or_key", "email"]}
    key = tmp_path / "key"
    key.write_text(b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode())
    assert (await invoke("bank", "key", "add", "DEMO", "demo-1", key, **settings)).exit_code == 0
    assert await lacks(settings) == {"DEMO": ["email"]}
    assert (await invoke("bank", "key", "revoke", "DEMO", "demo-1", **settings)).exit_code == 0
    assert await lacks(settings) == {"DEMO": ["login_or_key", "email"]}


async def test_d5_loading_a_file_names_the_banks_that_cannot_answer(database_dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "banks.json"
    codes = [f"BK{number:02d}" for number in range(12)]
    file.write_text(json.dumps([{"code": code, "name": code, "pull": True, "desk_email": "d@x"} for code in codes]))
    result = await invoke("bank", "load", file, **with_database(database_dsn))
    assert "BK09 has neither a key nor a login" in said(result.stderr)
    assert "BK10" not in result.stderr
    assert "12 institutions in all" in said(result.stderr)


@pytest.mark.parametrize(
    ("code", "email", "exit_code", "told"),
    [
        ("NONE", "demo@banks.example", 1, "NONE"),
        ("HDFC", "SBIN@banks.example", 1, "the e-mail is in use by another institution"),
        ("HDFC", "x", 2, "email"),
    ],
)
async def test_d5_a_login_that_cannot_be_given(
    database: Pool, database_dsn: str, code: str, email: str, exit_code: int, told: str
) -> None:
    await make_context(database)
    result = await invoke("bank", "login", code, email, typed="in-secret\n", **with_database(database_dsn))
    assert (result.exit_code, told in said(result.stderr)) == (exit_code, True), result.output
