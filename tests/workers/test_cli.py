import asyncio
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from pydantic import SecretStr

import benchmarks.first_hold
from activities.secrets import Process, ProcessKeys, SecretBox
from db.migrate import Migrated
from db.migration_files import Phase, read_files
from db.pool import Pool
from tests.factories import SECRET, institution
from tests.paths import ROOT
from tests.workers.command_line import ended, invoke, with_database
from workers.embedded.postgres import APPLICATION, EmbeddedPostgres

COMMANDS = [
    "demo",
    "up",
    "intake",
    "officers",
    "officers-key",
    "worker",
    "migrate",
    "import",
    "export",
    "document",
    "verify",
    "reconcile",
    "bench",
    "token issue",
    "token list",
    "token revoke",
    "token issue",
    "token list",
    "token revoke",
    "officer add",
    "officer import",
    "officer list",
    "officer give",
    "officer take",
    "officer disable",
    "officer enable",
    "officer reset",
    "officer absent",
    "team add",
    "team list",
    "team change",
    "team end",
    "bank load",
    "bank add",
    "bank remove",
    "bank list",
    "iso show",
    "iso take",
    "bank test",
]
FIRST = read_files()[0].name


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_says_what_it_does_and_how_it_ends(command: str) -> None:
    result = await invoke(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Exit codes:" in result.stdout


async def test_the_first_page_names_every_command() -> None:
    result = await invoke("--help")
    assert all(command.split()[0] in result.stdout for command in COMMANDS)
    assert (await invoke()).exit_code == 2


async def test_help_loads_no_library_of_servers() -> None:
    libraries = ("asyncpg", "fastapi", "httpx", "temporalio")
    program = f"import sys, workers.cli; print([name for name in {libraries} if name in sys.modules])"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await child.communicate()
    assert (child.returncode, printed.decode().strip()) == (0, "[]")


async def test_the_version() -> None:
    result = await invoke("-V")
    assert result.exit_code == 0
    assert result.stdout.split() == ["goldenhour", "0.4.0"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"api_port": "eighty"}, "GOLDENHOUR_API_PORT"),
        ({"databse_url": "x"}, "did you mean GOLDENHOUR_DATABASE_URL"),
        ({"database_url": "postgresql://u:secret@h/d"}, "GOLDENHOUR_DATABASE_URL: must end with ?sslmode=verify-full"),
        ({"policy_file": "/nowhere.toml"}, "is not a file"),
        (
            {"migration_url": "postgresql://u:secret@127.0.0.1/d"},
            "GOLDENHOUR_MIGRATION_URL needs GOLDENHOUR_DATABASE_URL",
        ),
    ],
)
async def test_wrong_settings_are_one_line_and_exit_code_2(settings: dict[str, str], told: str) -> None:
    result = await invoke("verify", **settings)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output
    assert "secret@" not in result.output


@pytest.mark.parametrize("command", [["verify"], ["migrate"], ["bank", "list"], ["token", "list"]])
async def test_with_nothing_running_a_command_says_so(command: list[str], tmp_path: Path) -> None:
    result = await invoke(*command, home=str(tmp_path / "home"))
    assert result.exit_code == 1
    assert "No stack runs in this home folder" in result.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", [["verify"], ["migrate"], ["bank", "list"]])
async def test_a_database_that_is_not_there_is_one_line(command: list[str]) -> None:
    result = await invoke(*command, **with_database("postgresql://u:hidden@127.0.0.1:9/d"))
    assert result.exit_code == 1
    assert "cannot connect" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "hidden" not in result.output


# -- bank ------------------------------------------------------------------------------------------------------


def directory_file(path: Path, **changes: object) -> Path:
    entry = institution("SBIN").model_dump(mode="json") | changes
    entry["wire"]["password"], entry["inbound"]["password"] = "wire-pass", "inbound-pass"
    path.write_text(json.dumps([entry]))
    return path


async def test_banks_are_loaded_and_listed_without_their_secrets(database_dsn: str, tmp_path: Path) -> None:
    loaded = await invoke("bank", "load", directory_file(tmp_path / "banks.json"), **with_database(database_dsn))
    assert (loaded.exit_code, loaded.stdout) == (0, "")
    assert "1 institutions loaded" in loaded.stderr
    listed = await invoke("bank", "list", "--json", "-", **with_database(database_dsn))
    (bank,) = json.loads(listed.stdout)
    assert (bank["code"], bank["channels"]) == ("SBIN", ["i4c", "email"])
    shown = await invoke("bank", "list", **with_database(database_dsn))
    assert "SBIN" in shown.stdout
    assert "pass" not in listed.output + shown.output


async def test_a_wrong_directory_file_names_the_field_and_no_secret(database_dsn: str, tmp_path: Path) -> None:
    file = directory_file(tmp_path / "banks.json", answer_class="fax")
    result = await invoke("bank", "load", file, **with_database(database_dsn))
    assert result.exit_code == 2
    assert "0.answer_class" in result.stderr
    assert "-pass" not in result.output
    absent = await invoke("bank", "load", tmp_path / "absent.json", **with_database(database_dsn))
    assert (absent.exit_code, "No such file" in absent.stderr) == (2, True)


# -- migrate and verify ----------------------------------------------------------------------------------------


async def test_an_empty_database_is_migrated_once(postgres: EmbeddedPostgres) -> None:
    settings = with_database(await postgres.create_database("to_migrate"))
    before = await invoke("verify", **settings)
    assert before.exit_code == 1
    assert "run `goldenhour migrate` [schema_behind]" in before.stderr
    first, second = await invoke("migrate", **settings), await invoke("migrate", **settings)
    assert f"applied {FIRST}" in first.stderr
    assert "up to date" in second.stderr
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert (await invoke("verify", **settings)).exit_code == 0
    await postgres.drop_database("to_migrate")


async def test_an_empty_database_gets_everything_in_the_first_phase(postgres: EmbeddedPostgres) -> None:
    settings = with_database(await postgres.create_database("first_phase"))
    assert (await invoke("migrate", "--phase", "sideways", **settings)).exit_code == 2
    for said in (f"applied {FIRST}", "up to date"):
        migrated = await invoke("migrate", "--phase", "pre", **settings)
        assert (migrated.exit_code, said in migrated.stderr) == (0, True), migrated.stderr
    await postgres.drop_database("first_phase")


@pytest.mark.parametrize(
    ("phase", "done", "code", "told"),
    [
        ("pre", Migrated(["2_pre_a.sql"], ["0003_post_a.sql"]), 0, ["applied 2_pre_a.sql", "left 0003_post_a.sql"]),
        ("pre", Migrated([], ["0003_post_a.sql"]), 0, ["left 0003_post_a.sql"]),
        ("pre", Migrated([], ["0003_post_a.sql", "0004_pre_b.sql"]), 1, ["0003_post_a.sql of the release before"]),
        (
            "post",
            Migrated(["0003_post_a.sql"], ["0004_pre_b.sql", "0005_post_b.sql"]),
            0,
            ["left 0004_pre_b.sql, 0005"],
        ),
        ("all", Migrated([], []), 0, ["the database is up to date"]),
    ],
)
async def test_a_phase_says_what_it_left(
    monkeypatch: pytest.MonkeyPatch, phase: str, done: Migrated, code: int, told: list[str]
) -> None:
    asked = []

    async def migrate(_: str, *, phase: Phase | None, application: str | None) -> Migrated:
        asked.append(phase)
        return done

    monkeypatch.setattr("workers.stack.migrate", migrate)
    result = await invoke("migrate", "--phase", phase, **with_database("postgresql://u:p@localhost/d"))
    assert asked == [None if phase == "all" else Phase(phase)]
    assert (result.exit_code, [text for text in told if text not in result.stderr]) == (code, [])
    assert ("up to date" in result.stderr) is (phase == "all")


async def test_a_database_whose_secret_key_is_not_known_gets_no_credential(database_dsn: str, tmp_path: Path) -> None:
    file = directory_file(tmp_path / "banks.json")
    result = await invoke("bank", "load", file, database_url=database_dsn, home=str(tmp_path / "home"))
    assert (result.exit_code, "GOLDENHOUR_SECRET_KEY is required" in result.stderr) == (2, True)
    assert not (tmp_path / "home").exists(), "no key was made"
    for command in (["verify"], ["bank", "list"]):
        read = await invoke(*command, database_url=database_dsn, home=str(tmp_path / "home"))
        assert read.exit_code == 0, "it needs the database alone"


async def test_the_officers_key_opens_no_credential(tmp_path: Path) -> None:
    secret = "s" * 32
    printed = await invoke("officers-key", home=str(tmp_path), secret_key=secret)
    assert (printed.exit_code, printed.stdout.count("\n")) == (0, 1)
    key = printed.stdout.strip()
    refused = await invoke("bank", "list", database_url="postgresql://u:p@127.0.0.1:9/d", officers_key=key)
    assert refused.exit_code == 1, "it needs the database alone"
    assert not list(tmp_path.iterdir()), "no key was made"


@pytest.mark.parametrize("process", Process)
async def test_the_key_of_a_process_is_all_that_is_printed(tmp_path: Path, process: Process) -> None:
    settings = {"home": str(tmp_path), "secret_key": "s" * 32, "previous_secret_key": "p" * 32}
    printed = await invoke("process-key", process, **settings)
    assert (printed.exit_code, printed.stdout.count("\n")) == (0, 1)
    keys = ProcessKeys(SecretStr(printed.stdout.strip()), process)
    assert keys.key_ids == SecretBox(SecretStr("s" * 32), SecretStr("p" * 32)).key_ids


async def test_only_a_process_has_a_key() -> None:
    result = await invoke("process-key", "king", secret_key="s" * 32)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "PROCESS is one of intake, officers, worker, not king" in result.stderr


async def test_no_officers_key_without_a_secret_key(tmp_path: Path) -> None:
    result = await invoke("officers-key", home=str(tmp_path))
    assert (result.exit_code, "goldenhour up" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"secret_key": "s" * 32}, "GOLDENHOUR_SECRET_KEY: the officers process must not have it"),
        ({"officers_key": "hunter2"}, "goldenhour process-key"),
    ],
)
async def test_officers_says_which_key_it_takes(settings: dict[str, str], told: str, tmp_path: Path) -> None:
    where = {"database_url": "postgresql://u:p@127.0.0.1:9/d", "temporal_address": "127.0.0.1:9", "home": str(tmp_path)}
    named = {f"GOLDENHOUR_{name.upper()}": text for name, text in (where | settings).items()}
    code, errors = await ended("officers", **named)
    assert (code, told in errors, "hunter2" in errors) == (2, True, False)


@pytest.mark.parametrize(
    "command", [["intake", "--single"], ["worker"], ["worker", "--queue", "bank-calls"], ["bank", "list"], ["figures"]]
)
async def test_a_process_refuses_the_schema_of_a_later_release(
    database_dsn: str, tmp_path: Path, command: list[str]
) -> None:
    owner = await asyncpg.connect(database_dsn)
    await owner.execute("INSERT INTO schema_migration (name, sha256) VALUES ('9001_post_later.sql', '')")
    await owner.close()
    code, told = await ended(
        *command,
        GOLDENHOUR_DATABASE_URL=database_dsn,
        GOLDENHOUR_TEMPORAL_ADDRESS="127.0.0.1:9",
        GOLDENHOUR_INTAKE_KEY=SecretBox(SECRET).process_key(Process.INTAKE).get_secret_value(),
        GOLDENHOUR_WORKER_KEY=SecretBox(SECRET).process_key(Process.WORKER).get_secret_value(),
        GOLDENHOUR_HOME=str(tmp_path),
        GOLDENHOUR_INTAKE_PORT="0",
    )
    assert code == 1, told
    assert "has 9001_post_later.sql of a later release" in told
    assert told.rstrip().endswith("[schema_ahead]")
    assert "Traceback" not in told


async def test_who_migrates_owns_the_tables_and_who_works_in_them_does_not(postgres: EmbeddedPostgres) -> None:
    owner = await postgres.create_database("two_roles")
    works = with_database(postgres.dsn_for("two_roles", APPLICATION))
    alone = await invoke("migrate", **works)
    assert (alone.exit_code, "permission denied" in alone.stderr) == (1, True)
    for said in (f"applied {FIRST}", "up to date"):
        migrated = await invoke("migrate", migration_url=owner, **works)
        assert (migrated.exit_code, said in migrated.stderr) == (0, True), migrated.stderr
    apart = await invoke("verify", "--json", "-", **works)
    assert (json.loads(apart.stdout)["owns_tables"], "note:" in apart.stderr) == (False, False)
    together = await invoke("verify", **with_database(owner))
    assert (together.exit_code, "GOLDENHOUR_MIGRATION_URL" in together.stdout) == (0, True)
    stranger = await invoke(
        "migrate", migration_url=owner, **with_database("postgresql://gardener:x@localhost/two_roles")
    )
    assert (stranger.exit_code, "role gardener" in stranger.stderr) == (1, True)
    await postgres.drop_database("two_roles")


async def test_verify_says_clean_as_text_and_as_json(database_dsn: str) -> None:
    words = await invoke("verify", **with_database(database_dsn))
    assert (words.exit_code, words.stdout.startswith("clean")) == (0, True)
    told = await invoke("verify", "--json", "-", **with_database(database_dsn))
    assert json.loads(told.stdout)["verify"] == "clean"


async def test_verify_names_the_case_that_breaks(
    postgres: EmbeddedPostgres, database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    dsn = urlsplit(postgres.admin_dsn)._replace(path=urlsplit(database_dsn).path).geturl()
    superuser = await asyncpg.connect(dsn)
    await superuser.execute(
        "SET session_replication_role = 'replica';"
        "INSERT INTO case_file (case_no, state, opened_at, policy, event_seq) VALUES"
        " ('30511260000001', 'open', now(), '{}', 3)"
    )
    await superuser.close()
    words = await invoke("verify", **with_database(database_dsn))
    assert words.exit_code == 1
    assert "30511260000001" in words.stdout
    target = tmp_path / "verdict.json"
    told = await invoke("verify", "30511260000001", "--json", target, **with_database(database_dsn))
    assert told.exit_code == 1
    breaks = json.loads(target.read_text())["breaks"]
    assert {found["check"] for found in breaks} == {"log_head", "stray"}


@pytest.mark.parametrize(("number", "code"), [("123", 2), ("30511260000009", 1)])
async def test_verify_of_a_number_that_is_none(database_dsn: str, number: str, code: int) -> None:
    assert (await invoke("verify", number, **with_database(database_dsn))).exit_code == code


# -- bench -----------------------------------------------------------------------------------------------------


async def test_benchmarks_are_listed_and_unknown_ones_refused() -> None:
    listed = await invoke("bench")
    assert (listed.exit_code, "first-hold" in listed.stdout) == (0, True)
    unknown = await invoke("bench", "last-hold")
    assert (unknown.exit_code, "first-hold" in unknown.stderr) == (2, True)


async def test_a_benchmark_gets_its_own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(rate_per_second: float = 1.0, seconds: float = 60.0, seed: int = 7) -> dict[str, object]:
        return {"rate": rate_per_second, "seconds": seconds, "seed": seed}

    monkeypatch.setattr(benchmarks.first_hold, "main", main)
    result = await invoke("bench", "first-hold", "--rate-per-second", "2", "--seed=9", "--json", "-")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"rate": 2.0, "seconds": 60.0, "seed": 9}
    assert (await invoke("bench", "first-hold", "--speed", "2")).exit_code == 2
    assert (await invoke("bench", "first-hold", "--seed", "x")).exit_code == 2
