"""`goldenhour evidence`: a real database, a real archive, and the messages about an invalid one."""

import hashlib
import json
import stat
import subprocess
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from pydantic import SecretStr

from activities.context import Context
from activities.evidence.pack import public_key
from activities.secrets import SecretBox
from db.pool import Pool
from domain.evidence_binding import MANIFEST, PUBLIC_KEY
from schemas.enums import Language
from tests.activities.bench import Bench
from tests.factories import SECRET, make_context, row, rrn, transfer
from tests.pdf_text import text_in
from tests.workers.command_line import invoke, with_database


async def a_case(database: Pool) -> str:
    ctx: Context = await make_context(database)
    bench, root = Bench(ctx), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    return case_no


async def test_a_pack_is_written_for_its_owner_entered_in_the_log_and_whole(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    case_no, target = await a_case(database), tmp_path / "case.zip"
    made = await invoke("evidence", case_no, "-o", target, "--json", "-", **with_database(database_dsn))
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    sha256 = hashlib.sha256(target.read_bytes()).hexdigest()
    assert (told["file"], told["case_ack_no"], told["sha256"]) == ("case.zip", case_no, sha256)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"case.zip", *told["certificates"]}, "no draft stays"
    entered = await database.fetchrow("SELECT actor, data FROM case_event WHERE kind = 'evidence_packed'")
    assert entered is not None
    assert entered["data"]["sha256"] == sha256
    assert entered["actor"].startswith("officer:")
    whole = await invoke("evidence", "verify", target, **with_database(database_dsn))
    assert whole.exit_code == 0, whole.output
    assert whole.stdout.count("\n") == 1
    assert whole.stdout.startswith(f"valid: {told['files']} files, {told['events']} events")


@pytest.mark.parametrize("language", Language)
async def test_the_certificate_beside_it_says_what_is_known_and_leaves_the_rest_to_people(
    database: Pool, database_dsn: str, tmp_path: Path, language: Language
) -> None:
    case_no, target = await a_case(database), tmp_path / "case.zip"
    made = await invoke("evidence", case_no, "-o", target, "--json", "-", **with_database(database_dsn))
    told = json.loads(made.stdout)
    path = tmp_path / f"case-certificate-{language}.pdf"
    assert path.name in told["certificates"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as archive:
        sums = hashlib.sha256(archive.read(MANIFEST)).hexdigest()
    summed = subprocess.run(["sha256sum", target], capture_output=True, text=True, check=True).stdout.split()[0]
    assert told["manifest_sha256"] == sums
    text = "".join(text_in(path.read_bytes()).split())
    assert text.count(summed) == 6, "the table, both parts and the foot of each page"
    assert text.count(sums) == 1
    assert all(said in text for said in (case_no, "case.zip", f"goldenhour{version('goldenhour')}"))
    if language is Language.EN:
        expected = ("DRAFTFORSIGNATURE", "PartA", "PartB", "Serialnumber", "section63(4)(c)")
        assert [said for said in expected if said not in text] == []


async def test_nothing_is_overwritten_unless_forced(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    case_no, target = await a_case(database), tmp_path / "case.zip"
    target.write_bytes(b"mine")
    settings = with_database(database_dsn)
    refused = await invoke("evidence", case_no, "-o", target, **settings)
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert target.read_bytes() == b"mine"
    target.unlink()
    certificate = tmp_path / "case-certificate-hi.pdf"
    certificate.write_bytes(b"signed by hand")
    refused = await invoke("evidence", case_no, "-o", target, **settings)
    assert (refused.exit_code, certificate.name in refused.output) == (2, True)
    assert list(tmp_path.iterdir()) == [certificate]
    assert (await invoke("evidence", case_no, "-o", target, "--force", **settings)).exit_code == 0
    assert zipfile.is_zipfile(target)


async def test_what_cannot_be_done_is_said_and_leaves_nothing(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    case_no, settings = await a_case(database), with_database(database_dsn)
    target = tmp_path / "x.zip"
    for words, code, said in (
        (("29999999999999", "-o", target), 1, "29999999999999"),
        (("123", "-o", target), 2, "14 digits"),
        ((case_no,), 2, "-o FILE"),
        ((case_no, "-o", tmp_path / "nowhere" / "x.zip"), 2, "No such file"),
        ((case_no, target, "-o", target), 2, "-o FILE"),
        (("verify",), 2, "FILE"),
        (("verify", tmp_path / "none.zip"), 2, "No such file"),
        (("verify", tmp_path), 2, "directory"),
        (("--public-key", case_no), 2, "no other argument"),
        ((), 2, "14 digits"),
    ):
        result = await invoke("evidence", *words, **settings)
        assert result.exit_code == code, result.output
        assert said in result.output
    assert list(tmp_path.iterdir()) == []
    assert await database.fetchval("SELECT count(*) FROM case_event WHERE kind = 'evidence_packed'") == 0


async def test_one_that_is_not_whole_is_not_accepted(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    case_no, target, settings = await a_case(database), tmp_path / "case.zip", with_database(database_dsn)
    await invoke("evidence", case_no, "-o", target, **settings)
    content = target.read_bytes()
    place = content.index(b"ledger/entries.jsonl") + 60
    target.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    result = await invoke("evidence", "verify", target, "--json", "-", **settings)
    assert result.exit_code == 1
    assert "is not valid" in result.output
    target.write_bytes(b"no archive")
    result = await invoke("evidence", "verify", target, **settings)
    assert (result.exit_code, "not an archive" in result.output) == (1, True)


@pytest.mark.parametrize("secret", ["another-secret-of-at-least-32-characters", None])
async def test_whose_key_it_is(database: Pool, database_dsn: str, tmp_path: Path, secret: str | None) -> None:
    case_no, target, settings = await a_case(database), tmp_path / "case.zip", with_database(database_dsn)
    await invoke("evidence", case_no, "-o", target, **settings)
    own = await invoke("evidence", "--public-key", **settings)
    assert own.stdout.encode() == public_key(SecretBox(SECRET))
    key = tmp_path / "police-key.pem"
    key.write_text(own.stdout)
    elsewhere = {"home": str(tmp_path / "home")} | ({"secret_key": secret} if secret else {})
    known = await invoke("evidence", "verify", target, "--key", key, **elsewhere)
    assert (known.exit_code, "trusted" in known.output) == (0, True)
    result = await invoke("evidence", "verify", target, **elsewhere)
    if secret:
        assert (result.exit_code, "a key other than" in result.output) == (1, True), result.output
    else:
        fingerprint = hashlib.sha256(key.read_bytes()).hexdigest()
        assert (result.exit_code, f"compare the key: SHA-256 {fingerprint}" in result.output) == (3, True)
        assert (await invoke("evidence", "--public-key", **elsewhere)).exit_code == 1, "none is made up"
    with zipfile.ZipFile(target) as archive:
        assert archive.read(PUBLIC_KEY) == key.read_bytes()
        assert MANIFEST in archive.namelist()


async def test_what_was_signed_before_the_secret_changed_is_still_known(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    case_no, target, settings = await a_case(database), tmp_path / "case.zip", with_database(database_dsn)
    await invoke("evidence", case_no, "-o", target, **settings)
    now = settings | {"secret_key": "another-secret-of-at-least-32-characters"}
    known = await invoke("evidence", "verify", target, **now)
    assert (known.exit_code, "trusted" in known.output) == (0, True), known.output
    keys = await invoke("evidence", "keys", **now)
    own, former = public_key(SecretBox(SecretStr(now["secret_key"]))), public_key(SecretBox(SECRET))
    assert keys.stdout.index(own.decode()) < keys.stdout.index(former.decode()), "the one that signs now comes first"
    assert f"SHA-256 {hashlib.sha256(former).hexdigest()}, signs since" in keys.stdout
    published = tmp_path / "keys.txt"
    published.write_text(keys.stdout)
    elsewhere = {"home": str(tmp_path / "home")}
    assert (await invoke("evidence", "verify", target, "--key", published, **elsewhere)).exit_code == 0


async def test_a_log_that_was_cut_is_not_the_one_that_was_noted(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    """Change the data as the owner of the tables, so that everything in the database fits."""
    case_no, settings = await a_case(database), with_database(database_dsn)
    noted = tmp_path / "heads.txt"
    done = await invoke("anchor", "-o", noted, **settings)
    assert done.stdout == f"1 cases, SHA-256 {hashlib.sha256(noted.read_bytes()).hexdigest()}\n"
    assert (await invoke("anchor", "-o", noted, **settings)).exit_code == 2, "nothing is overwritten"
    zipped = tmp_path / "heads.txt.gz"
    assert (await invoke("anchor", "-o", zipped, **settings)).stdout == done.stdout, "the digest is that of the list"
    target = tmp_path / "case.zip"
    await invoke("evidence", case_no, "-o", target, **settings)
    whole = await invoke("evidence", "verify", target, "--anchor", noted, **settings)
    assert (whole.exit_code, "3 of them anchored" in whole.output) == (0, True), whole.output
    assert (await invoke("evidence", "verify", target, "--anchor", zipped, **settings)).exit_code == 0
    zipped.write_bytes(zipped.read_bytes()[:20])
    assert (await invoke("evidence", "verify", target, "--anchor", zipped, **settings)).exit_code == 1
    await database.execute(
        "ALTER TABLE case_event DISABLE TRIGGER case_event_append_only; DELETE FROM case_event WHERE seq > 2;"
        " UPDATE case_file SET event_seq = 2, event_hash = (SELECT hash FROM case_event WHERE seq = 2);"
        " ALTER TABLE case_event ENABLE TRIGGER case_event_append_only"
    )
    await invoke("evidence", case_no, "-o", target, "--force", **settings)
    assert (await invoke("evidence", "verify", target, **settings)).exit_code == 0
    cut = await invoke("evidence", "verify", target, "--anchor", noted, **settings)
    assert (cut.exit_code, "differs from the noted one at event 3" in cut.output) == (1, True), cut.output
    noted.write_text("something else\n")
    assert (await invoke("evidence", "verify", target, "--anchor", noted, **settings)).exit_code == 1
