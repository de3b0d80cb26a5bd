"""The home folder: private, locked by one stack, with the address of the running stack."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from workers.home import (
    HomeInUse,
    NothingRunning,
    RunFile,
    RunFileWatch,
    StackStarting,
    locked_home,
    own_start_epoch_seconds,
    prepare_home,
    secret_key,
    with_running_services,
)
from workers.settings import Settings, SettingsError
from workers.stack import Running, Services, environment, write_run_file


def run_file(pid: int, started: float) -> RunFile:
    return RunFile(
        pid=pid,
        pid_started_at_epoch_seconds=started,
        started_at=datetime.now(UTC),
        database_url="postgresql://goldenhour:secret@127.0.0.1:5432/goldenhour",
        temporal_address="127.0.0.1:7233",
        temporal_namespace="goldenhour",
        api_url="http://127.0.0.1:8080",
        intake_url="http://127.0.0.1:8081",
    )


def test_home_and_its_secrets_are_private(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "a" / "home")
    run_file(os.getpid(), own_start_epoch_seconds()).write(home)
    key = secret_key(Settings(home=home))
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for file in home.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert len(key.get_secret_value()) >= 32
    assert secret_key(Settings(home=home)) == key


def test_one_home_serves_one_stack(tmp_path: Path) -> None:
    with locked_home(tmp_path) as home:
        with pytest.raises(HomeInUse, match=str(home)), locked_home(tmp_path):
            pass
        run_file(os.getpid(), own_start_epoch_seconds()).write(home)
        assert RunFile.read(home) is not None
    assert RunFile.read(tmp_path) is None
    with locked_home(tmp_path):
        pass


def test_a_dead_process_or_a_reused_number_is_not_a_running_stack(tmp_path: Path) -> None:
    run_file(os.getpid(), own_start_epoch_seconds() - 60).write(tmp_path)
    assert RunFile.read(tmp_path) is None
    with pytest.raises(NothingRunning, match=str(tmp_path)):
        with_running_services(Settings(home=tmp_path))


def test_a_stack_that_is_starting_is_said_to_start(tmp_path: Path) -> None:
    with locked_home(tmp_path), pytest.raises(StackStarting, match="is starting"):
        with_running_services(Settings(home=tmp_path))
    with pytest.raises(NothingRunning, match="No stack runs"):
        with_running_services(Settings(home=tmp_path))


def test_who_owns_the_tables_is_known_to_commands_and_to_no_process(tmp_path: Path) -> None:
    owner = "postgresql://owner:secret@127.0.0.1:5432/goldenhour"
    run_file(os.getpid(), own_start_epoch_seconds()).model_copy(update={"migration_url": owner}).write(tmp_path)
    found = with_running_services(Settings(home=tmp_path))
    assert found.migration_url is not None
    assert found.migration_url.get_secret_value() == owner
    assert not [value for value in environment(found).values() if "owner" in value]
    named = Settings(
        home=tmp_path, database_url=SecretStr("postgresql://a:b@127.0.0.1/other"), secret_key=secret_key(found)
    )
    assert with_running_services(named).migration_url is None, "it is another database's"


def test_low_a_database_of_the_settings_leaves_no_password_in_the_run_file(tmp_path: Path) -> None:
    run_file(os.getpid(), own_start_epoch_seconds()).model_copy(update={"database_url": None}).write(tmp_path)
    with pytest.raises(SettingsError, match="GOLDENHOUR_DATABASE_URL is required"):
        with_running_services(Settings(home=tmp_path))
    url = SecretStr("postgresql://a:b@127.0.0.1/other")
    named = Settings(home=tmp_path, database_url=url, secret_key=SecretStr("k" * 32))
    assert with_running_services(named).database_url == url


def test_low_the_run_file_names_only_an_embedded_database(tmp_path: Path) -> None:
    url = SecretStr("postgresql://a:hunter2@127.0.0.1/other")
    settings = Settings(home=tmp_path, database_url=url, migration_url=url, temporal_address="127.0.0.1:7233")
    running = Running(settings, *["http://127.0.0.1:8080"] * 4)
    found = write_run_file(Services(settings, None, None), running)
    assert (found.database_url, found.migration_url) == (None, None)
    assert "hunter2" not in (tmp_path / "run.json").read_text()


def test_a_command_beside_a_running_stack_finds_it(tmp_path: Path) -> None:
    run_file(os.getpid(), own_start_epoch_seconds()).write(tmp_path)
    found = with_running_services(Settings(home=tmp_path))
    assert found.database_url is not None
    assert found.database_url.get_secret_value().endswith("@127.0.0.1:5432/goldenhour")
    assert found.migration_url is None
    assert found.temporal_address == "127.0.0.1:7233"
    assert found.secret_key == secret_key(Settings(home=tmp_path))


def test_d14_a_watch_sees_the_run_file_when_it_comes_and_does_not_read_it_again(tmp_path: Path) -> None:
    watch = RunFileWatch(tmp_path)
    run_file(os.getpid(), own_start_epoch_seconds() - 60).write(tmp_path)
    assert not watch.is_there(), "a file of a stack that was killed"
    run_file(os.getpid(), own_start_epoch_seconds()).write(tmp_path)
    assert watch.is_there()
    RunFile.remove(tmp_path)
    assert watch.is_there()
