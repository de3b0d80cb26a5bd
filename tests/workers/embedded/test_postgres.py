"""Embedded PostgreSQL: private, durable, restartable, with clear errors if it cannot start."""

import os
import pwd
import shutil
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from workers.embedded import postgres as module
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import LOOPBACK, free_port
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


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must become somebody else")


@needs_root
@pytest.mark.parametrize("kind", module.IDENTITY_KINDS)
async def test_root_becomes_the_unprivileged_user_with_its_programs_and_data_below_a_closed_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = module.packaged_bin_dir().parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name, symlinks=True)
    programs = closed / module.packaged_bin_dir().relative_to(package.parent)
    monkeypatch.setattr(module, "IDENTITY_KINDS", (kind,))
    module.server_identity.cache_clear()
    async with EmbeddedPostgres(closed / "data", bin_dir=programs, durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
        owner = (closed / "data" / "cluster").stat().st_uid
        assert owner == (0 if kind == "namespace" else pwd.getpwnam("nobody").pw_uid)
    # On a machine that allows the other identity, the folder changes its owner.
    monkeypatch.undo()
    module.server_identity.cache_clear()
    async with EmbeddedPostgres(closed / "data", bin_dir=programs, durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1


@needs_root
async def test_a_folder_that_belongs_to_another_user_is_reached_without_a_namespace(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    os.chown(closed, 12345, 12345)
    async with EmbeddedPostgres(closed / "data", durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1


@needs_root
async def test_a_machine_on_which_root_cannot_become_the_unprivileged_user_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDENTITY_KINDS", ("unheard-of",))
    module.server_identity.cache_clear()
    with pytest.raises(ChildFailed, match="cannot become `nobody` here"):
        await EmbeddedPostgres(tmp_path / "data", durable=False).start()
    module.server_identity.cache_clear()
