"""`goldenhour officer`, `team` and `token` against a real database."""

from pathlib import Path

import orjson
import pytest

from activities.case.intake import take_complaint
from db.officers import changes
from db.pool import Pool
from db.privacy import jurisdiction
from schemas.officers.sign_in import NewRefusedAct
from schemas.privacy.personal_data import NewRead, ReadKind
from tests.each import each
from tests.factories import complaint, make_context, transfer
from tests.workers.command_line import invoke, with_database

HEAD = "officer_id,name,rank,station,mobile,email,language,state,roles,districts\n"
RAVI = 'Ravi@UP.example,"Verma, Ravi",Inspector,Cyber Crime,98765 43210,,hi,Uttar Pradesh,io;dy_sp,LUCKNOW; Agra\n'


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    file = tmp_path / "roster.csv"
    file.write_text(HEAD + RAVI + "\n" + "asha,Asha Rao,,,,,,,desk,\n", encoding="utf-8-sig")
    return file


async def test_a_roster_is_imported_and_listed(database_dsn: str, roster: Path, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    tried = await invoke("officer", "import", str(roster), "--dry-run", **settings)
    assert (tried.exit_code, "2 officers read" in tried.stderr) == (0, True)
    done = await invoke("officer", "import", str(roster), **settings)
    assert (done.exit_code, "2 of them new" in done.stderr) == (0, True), done.stderr
    links = [line.split() for line in done.stdout.splitlines()]
    assert [officer_id for officer_id, _ in links] == ["ravi@up.example", "asha"]
    assert all("/first/" in url for _, url in links)
    again = await invoke("officer", "import", str(roster), **settings)
    assert (again.exit_code, again.stdout) == (0, ""), "who is known gets no new link"
    listed = tmp_path / "list.json"
    assert (await invoke("officer", "list", "--json", str(listed), **settings)).exit_code == 0
    asha, ravi = orjson.loads(listed.read_bytes())
    assert (asha["officer_id"], ravi["officer_id"]) == ("asha", "ravi@up.example")
    assert (ravi["roles"], ravi["districts"], ravi["mobile"]) == (["dy_sp", "io"], ["Agra", "LUCKNOW"], "9876543210")
    shown = await invoke("officer", "list", **settings)
    assert "asha" in shown.stdout


@each(
    ("text", "told"),
    [
        ("name,rank\nA,B\n", "line 1: the column officer_id is missing"),
        ("officer_id,name,king\na,A,x\n", "line 1: column 3 is none of officer_id"),
        ("officer_id,name,name\na,A,B\n", "line 1: the column name stands twice"),
        (HEAD + "a b,A,,,,,,,,\n", "line 2: officer_id: "),
        (HEAD + "a,A,,,12345,,,,,\n", "line 2: mobile: "),
        (HEAD + "a,A,,,,,,,king,\n", "line 2: roles: "),
        (HEAD + "a,A,,,,,,,,\nA,B,,,,,,,,\n", "line 3: officer_id: stands in an earlier line too"),
        (HEAD + "a,A,,,,,,,,,more\n", "line 2: beyond the last column"),
        (HEAD + 'a,"A,,,,,,,,\n', "after line 1: unexpected end of data"),
    ],
)
async def test_a_fault_has_its_line_and_nothing_is_imported(
    database: Pool, database_dsn: str, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(text)
    refused = await invoke("officer", "import", str(file), **with_database(database_dsn))
    assert (refused.exit_code, told in " ".join(refused.stderr.split())) == (2, True), refused.stderr
    assert "12345" not in refused.stderr
    assert await database.fetchval("SELECT count(*) FROM officer") == 0


async def test_an_officer_is_added_changed_and_ended(database: Pool, database_dsn: str) -> None:
    settings = with_database(database_dsn)
    add = ("officer", "add", "Ravi", "--name", "Ravi Verma", "--role", "io", "--role", "sp", "--district", "Agra")
    assert (await invoke(*add, **settings)).exit_code == 0
    again = await invoke(*add, **settings)
    assert (again.exit_code, "exists already" in again.stderr) == (1, True)
    for command in (
        ("officer", "give", "ravi", "desk", "--until", "2099-12-01T00:00:00+05:30"),
        ("officer", "take", "ravi", "desk"),
        ("officer", "disable", "RAVI"),
        ("officer", "enable", "ravi"),
        ("officer", "reset", "ravi"),
        ("officer", "absent", "ravi", "2026-12-01..2026-12-05", "2026-12-24"),
        ("team", "add", "Night", "--lead", "ravi", "--member", "ravi", "--shift", "mon-fri 20:00-24:00"),
        ("team", "list"),
        ("team", "change", "Night", "--name", "Late", "--lead", "", "--shift", "sat 20:00-24:00"),
        ("team", "change", "late", "--name", "Night", "--shift", ""),
        ("team", "end", "night"),
    ):
        done = await invoke(*command, **settings)
        assert done.exit_code == 0, (command, done.stderr)
    missing = await invoke("officer", "disable", "missing", **settings)
    assert (missing.exit_code, "No officer has the id missing" in missing.stderr) == (1, True)
    actors = await database.fetch("SELECT DISTINCT split_part(actor, ':', 1) AS kind FROM officer_event")
    assert [row["kind"] for row in actors] == ["command"]


@each(
    "command",
    [
        ("officer", "add", "a b", "--name", "A"),
        ("officer", "add", "a", "--name", "A", "--mobile", "1"),
        ("officer", "give", "a", "king"),
        ("officer", "give", "a", "desk", "--until", "tomorrow"),
        ("officer", "absent", "a", "tomorrow"),
        ("officer", "absent", "a", "2026-12-05..2026-12-01"),
        ("team", "add", "N", "--shift", "mon 10:00-09:00"),
        ("team", "add", "N", "--shift", "fri-mon 09:00-10:00"),
        ("team", "add", "N", "--shift", "mon 25:00-26:00"),
        ("team", "change", "N", "--shift", "mon"),
        ("token", "issue", "--name", "a b", "--role", "intake"),
        ("token", "issue", "--name", "a", "--role", "sp"),
        ("token", "issue", "--name", "a", "--role", "intake", "--days", "366"),
        ("token",),
    ],
)
async def test_wrong_usage_is_told(command: tuple[str, ...], database_dsn: str) -> None:
    refused = await invoke(*command, **with_database(database_dsn))
    assert refused.exit_code == 2
    assert "Traceback" not in refused.output


async def test_a_scripts_token_is_issued_listed_and_revoked(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    made = await invoke("token", "issue", "--name", "Helpline", "--role", "intake", "--days", "30", **settings)
    assert made.exit_code == 0
    assert made.stdout.startswith("ghs_")
    assert made.stdout.count("\n") == 1
    listed = tmp_path / "list.json"
    assert (await invoke("token", "list", "--json", str(listed), **settings)).exit_code == 0
    (token,) = orjson.loads(listed.read_bytes())
    assert (token["name"], token["state"]) == ("helpline", "live")
    assert made.stdout.strip() not in listed.read_text()
    assert (await invoke("token", "revoke", str(token["token_id"]), **settings)).exit_code == 0
    assert (await invoke("token", "list", **settings)).exit_code == 0
    assert await database.fetchval("SELECT revoked_at IS NOT NULL FROM script_token")
    assert (await invoke("token", "revoke", "999", **settings)).exit_code == 1


async def test_asvs_16_3_2_who_was_refused_what(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    acts = {
        NewRefusedAct(
            caller=caller,
            is_proven=caller == "officer:curious",
            session_id=None,
            token_id=None,
            method="POST",
            route="/api/v1/release-brake/continue",
            status=403,
            code="role_not_allowed",
            address="192.0.2.7",
        ): times
        for caller, times in (("officer:curious", 3), ("bank:SBIN", 1), (None, 2))
    }
    async with database.acquire() as connection:
        await changes.write(connection, acts)
    listed = tmp_path / "list.json"
    assert (await invoke("refusals", "officer:curious", "--json", str(listed), **settings)).exit_code == 0
    (found,) = orjson.loads(listed.read_bytes())
    assert (found["caller"], found["times"], found["route"]) == ("officer:curious", 3, "/api/v1/release-brake/continue")
    shown = (await invoke("refusals", **settings)).output
    assert "3 lines of refused acts" in shown
    assert ("(not" in shown, "no such" in shown) == (True, True)
    assert "2 lines" in (await invoke("refusals", "--limit", "2", **settings)).output
    without_kind = await invoke("refusals", "curious", **settings)
    assert (without_kind.exit_code, "CALLER begins with" in without_kind.output) == (2, True)


async def test_h8_who_has_read_a_case(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    assert (await invoke("readers", "29999999999999", **settings)).exit_code == 1
    told = complaint(transfer(1000_00))
    taken = await take_complaint(await make_context(database), told, idempotency_key="k", taken_by="officer:1")
    case_no = taken.receipt.case_ack_no
    read = NewRead(
        reader="officer:curious",
        kind=ReadKind.CASE,
        subject=case_no,
        reference="ack_no",
        route="/api/v1/cases/{ack_no}",
        address="192.0.2.7",
        session_id=None,
        token_id=None,
        reason="asked by [the] victim",
    )
    async with database.acquire() as connection:
        await jurisdiction.write(connection, [read])
    listed = tmp_path / "list.json"
    assert (await invoke("readers", case_no, "--json", str(listed), **settings)).exit_code == 0
    (found,) = orjson.loads(listed.read_bytes())
    assert (found["reader"], found["address"], found["case_no"]) == ("officer:curious", "192.0.2.7", case_no)
    assert "1 reads of case" in (await invoke("readers", case_no, **settings)).output
