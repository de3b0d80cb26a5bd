"""Embedded PostgreSQL: private, durable, restartable, and honest when it cannot start."""

import json
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from workers.embedded import postgres as module
from workers.embedded.ports import LOOPBACK, free_port
from workers.embedded.postgres import EmbeddedPostgres
from workers.processes import ChildFailed


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    """A server as the product runs it, durable."""
    async with EmbeddedPostgres(tmp_path_factory.mktemp("pg") / "data") as running:
        yield running


async def fetch(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def execute(dsn: str, query: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(query)
    finally:
        await connection.close()


async def test_it_is_durable_and_measured(server: EmbeddedPostgres) -> None:
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert await fetch(server.dsn, f"SHOW {setting}") == "on", setting
    assert isinstance(await fetch(server.admin_dsn, "SELECT count(*) FROM pg_stat_statements"), int)


async def test_it_asks_for_a_password_and_listens_on_loopback_only(server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.dsn.replace(":", ":wrong", 2).replace(":wrong//", "://"))
    assert await fetch(server.dsn, "SHOW listen_addresses") == LOOPBACK
    assert await fetch(server.admin_dsn, "SHOW unix_socket_directories") == ""


async def test_secrets_are_private(server: EmbeddedPostgres) -> None:
    folder = server.process.log_file.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "passwords.json").stat().st_mode) == 0o600
    assert not (folder / "admin-password").exists()


async def test_the_log_keeps_no_personal_data(server: EmbeddedPostgres) -> None:
    await execute(server.dsn, "CREATE TABLE person (account text PRIMARY KEY)")
    await execute(server.dsn, "INSERT INTO person VALUES ('918020034455')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await execute(server.dsn, "INSERT INTO person VALUES ('918020034455')")
    log = server.process.log_file.read_text()
    assert "duplicate key" in log
    assert "918020034455" not in log


async def test_a_template_is_cloned_with_its_rows(server: EmbeddedPostgres) -> None:
    template = await server.create_database("small_template")
    await execute(template, "CREATE TABLE kept AS SELECT 42 AS answer")
    clone = await server.create_database("small_clone", "small_template")
    assert await fetch(clone, "SELECT answer FROM kept") == 42
    await server.drop_database("small_clone")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await fetch(clone, "SELECT 1")
    await server.drop_database("small_clone")


@pytest.mark.parametrize("name", ["", "Upper", 'a"; DROP DATABASE x', "a" * 64])
async def test_a_database_name_that_needs_quoting_is_refused(server: EmbeddedPostgres, name: str) -> None:
    with pytest.raises(ValueError, match="not a database name"):
        await server.create_database(name)


async def test_what_was_committed_survives_a_kill(server: EmbeddedPostgres) -> None:
    await execute(server.dsn, "CREATE TABLE survives AS SELECT 7 AS rupees")
    port = server.port
    await server.kill()
    assert not server.process.is_running
    await server.restart()
    assert server.port == port
    assert await fetch(server.dsn, "SELECT rupees FROM survives") == 7


async def test_a_stop_is_orderly_and_the_next_start_finds_everything(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "data") as first:
        await execute(first.dsn, "CREATE TABLE kept AS SELECT 1 AS one")
    assert first.process.exit_code == 0
    async with EmbeddedPostgres(tmp_path / "data") as second:
        assert await fetch(second.dsn, "SELECT one FROM kept") == 1
        assert second.process.memory_bytes() > 10_000_000


async def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data" / "cluster.new" / "base").mkdir(parents=True)
    async with EmbeddedPostgres(tmp_path / "data", durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
    assert not (tmp_path / "data" / "cluster.new").exists()


async def test_a_taken_port_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_LIMIT_SECONDS", 0.0)
    with socket.create_server((LOOPBACK, 0)) as taken, pytest.raises(ChildFailed, match="Address already in use"):
        await EmbeddedPostgres(tmp_path / "data", taken.getsockname()[1], durable=False).start()


async def test_a_lost_race_for_a_port_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        ports = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr(module, "free_port", lambda: next(ports))
        async with EmbeddedPostgres(tmp_path / "data", durable=False) as server:
            assert server.port != taken.getsockname()[1]


async def test_missing_binaries_are_said(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="could not make the database cluster"):
        await EmbeddedPostgres(tmp_path / "data", bin_dir=tmp_path).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must become somebody else")
async def test_root_without_namespaces_becomes_nobody_below_a_closed_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    nobody = module.server_identity().partition(":")[2]
    monkeypatch.setattr(module, "server_identity", lambda: f"drop:{nobody}")
    async with EmbeddedPostgres(tmp_path / "data", durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
        owner = (tmp_path / "data" / "cluster").stat().st_uid
        assert owner == int(nobody.split(":")[0])
    # And back: a machine that allows namespaces again takes its folder over.
    monkeypatch.undo()
    async with EmbeddedPostgres(tmp_path / "data", durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1


async def test_a_stop_does_not_wait_for_clients(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data", durable=False)
    await server.start()
    lingering = await asyncpg.connect(server.dsn)
    await server.stop()
    assert server.process.exit_code == 0
    lingering.terminate()


async def test_the_server_is_told_to_quit_when_its_parent_dies(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data", durable=False)
    await server.start()
    server.process.send(signal.SIGQUIT)
    await server.process.ended()
    await server.restart()
    assert await fetch(server.dsn, "SELECT 1") == 1
    await server.stop()


async def test_who_works_in_the_database_does_not_own_it(server: EmbeddedPostgres) -> None:
    await execute(server.dsn, "CREATE TABLE IF NOT EXISTS owned (n integer)")
    for forbidden in (
        "CREATE TABLE mine (n integer)",
        "DROP TABLE owned",
        "SELECT * FROM owned",
        "SET ROLE goldenhour",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(server.application_dsn, forbidden)


async def test_a_cluster_from_before_there_were_two_roles_gets_the_other(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "data", durable=False) as first:
        await execute(first.admin_dsn, f"DROP ROLE {module.APPLICATION}")
        before = first.dsn
    file = tmp_path / "data" / "passwords.json"
    known = json.loads(file.read_text())
    file.write_text(json.dumps({role: known[role] for role in (module.ADMIN, module.OWNER)}))
    for _ in range(2):
        async with EmbeddedPostgres(tmp_path / "data", first.port, durable=False) as later:
            assert later.dsn == before
            assert await fetch(later.application_dsn, "SELECT current_user") == module.APPLICATION
