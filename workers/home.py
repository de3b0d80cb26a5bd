"""The home folder: its lock, its secret key, and the file by which the running stack is found."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil
from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr, ValidationError

from activities.secrets import Process, ProcessKeys, SecretBox
from workers.settings import ENV_PREFIX, Settings, SettingsError

RUN_FILE = "run.json"
SECRET_KEY_FILE = "secret_key"  # noqa: S105 - a file name
LOCK_FILE = "lock"
SECRET_KEY_BYTES = 32
PRIVATE_FOLDER_MODE = 0o700
PRIVATE_FILE_MODE = 0o600
CREATE_TIME_TOLERANCE_SECONDS = 1.0


class HomeInUse(Exception):
    """Another stack runs in this home folder: stop it, or set GOLDENHOUR_HOME to another folder."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"{self.__doc__} ({home})")


class NothingRunning(Exception):
    """No stack runs in this home folder: start one with `goldenhour up`, or name the real services."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"{self.__doc__} ({home})")


class StackStarting(NothingRunning):
    """The stack in this home folder is starting: try again when `goldenhour up` or `demo` has shown its addresses."""


class RunFile(BaseModel):
    """Addresses of the stack that runs in a home folder. Mode 0600, because a URL contains a password.

    Only the passwords of the embedded database stand here; they stand in this folder anyway.
    """

    model_config = ConfigDict(frozen=True)

    pid: int
    pid_started_at_epoch_seconds: float
    """tells this process from a later one with the same id"""

    started_at: AwareDatetime
    database_url: str | None = None
    """`None` for a database that the settings name"""
    migration_url: str | None = None
    temporal_address: str
    temporal_namespace: str
    api_url: str
    """address of the officers process"""
    intake_url: str
    desk_url: str | None = None
    """address at which officers open the API in a browser, with TLS"""
    temporal_ui_url: str | None = None
    is_demo: bool = False
    """whether the stack is a demo, whose officers are invented"""

    @classmethod
    def read(cls, home: Path) -> Self | None:
        """Return the file of the running stack, or None if there is none or its process has ended."""
        try:
            run_file = cls.model_validate_json((home / RUN_FILE).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return run_file if run_file._process_lives() else None

    def write(self, home: Path) -> None:
        """Write the file atomically, so that a reader never sees a part of it."""
        write_private(home / RUN_FILE, self.model_dump_json(indent=2))

    @staticmethod
    def remove(home: Path) -> None:
        """Delete the file; it may be missing."""
        (home / RUN_FILE).unlink(missing_ok=True)

    def _process_lives(self) -> bool:
        try:
            created = psutil.Process(self.pid).create_time()
        except psutil.NoSuchProcess:
            return False
        return abs(created - self.pid_started_at_epoch_seconds) < CREATE_TIME_TOLERANCE_SECONDS


class RunFileWatch:
    """Answers whether the run file of a home is there; after the first sight the file is not read again."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._seen = False

    def is_there(self) -> bool:
        """Return whether the file of a running stack is there, or was."""
        self._seen = self._seen or RunFile.read(self._home) is not None
        return self._seen


def own_start_epoch_seconds() -> float:
    """Return the start time of this process, for `RunFile.pid_started_at_epoch_seconds`."""
    return psutil.Process().create_time()


def prepare_home(home: Path) -> Path:
    """Create the home folder, or make an existing one private (0700); return its absolute path."""
    home = home.absolute()
    home.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    home.chmod(PRIVATE_FOLDER_MODE)
    return home


@contextmanager
def locked_home(home: Path) -> Iterator[Path]:
    """Lock the home folder for one stack. Raises `HomeInUse`; the lock of a killed stack ends with its process."""
    home = prepare_home(home)
    with (home / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(home) from None
        try:
            yield home
        finally:
            RunFile.remove(home)


def is_locked(home: Path) -> bool:
    """Return whether a stack has locked the home folder; it may be starting still."""
    try:
        with (home / LOCK_FILE).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner may read, completely or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def secret_key(settings: Settings) -> SecretStr:
    """Return the configured secret key, or the one in the home folder (created on first use, 0600).

    Raises `SettingsError` if the settings name another database, or have only the key of a process.
    """
    if settings.secret_key is not None:
        return settings.secret_key
    names_another = settings.database_url is not None and not settings.database_is_embedded
    if names_another or any(_given_key(settings, process) for process in Process):
        # A key that is made now would not be the key of that database.
        raise SettingsError(
            f"{ENV_PREFIX}SECRET_KEY is required: the credentials in that database are encrypted with it, so it must"
            " outlive this machine. A process takes the key that `goldenhour process-key` prints"
        )
    path = prepare_home(settings.home) / SECRET_KEY_FILE
    if not path.exists():
        write_private(path, secrets.token_urlsafe(SECRET_KEY_BYTES))
    return SecretStr(path.read_text(encoding="utf-8").strip())


def secret_box(settings: Settings) -> SecretBox:
    """Return the box of the secret key, which also opens what the previous one sealed. Raises as `secret_key` does."""
    return SecretBox(secret_key(settings), settings.previous_secret_key)


def secret_box_if_given(settings: Settings) -> SecretBox | None:
    """Return the box of the secret key, or None if the settings do not give the key."""
    try:
        return secret_box(settings)
    except SettingsError:
        return None


def process_keys(settings: Settings, process: Process) -> ProcessKeys:
    """Return the keys of a process: the configured ones, or those of the secret key.

    Raises `BadProcessKey`, and as `secret_key` does.
    """
    return ProcessKeys(_given_key(settings, process) or secret_box(settings).process_key(process), process)


def for_process(settings: Settings, process: Process) -> Settings:
    """Return the settings of a process: with its own keys, without the secret keys and the keys of the others."""
    keys = {f"{each_process}_key": None for each_process in Process}
    given = _given_key(settings, process)
    if given is None and settings.secret_key is not None:
        given = secret_box(settings).process_key(process)
    return settings.model_copy(
        update={**keys, f"{process}_key": given, "secret_key": None, "previous_secret_key": None}
    )


def refuse_secret_key(settings: Settings, process: Process) -> None:
    """Raise `SettingsError` if a process is given a secret key, from which every key can be computed."""
    for name in ("secret_key", "previous_secret_key"):
        if getattr(settings, name) is not None:
            raise SettingsError(
                f"{ENV_PREFIX}{name.upper()}: the {process} process must not have it, because every key can be"
                f" computed from it; give it {ENV_PREFIX}{process.upper()}_KEY, which `goldenhour process-key"
                f" {process}` prints"
            )


def _given_key(settings: Settings, process: Process) -> SecretStr | None:
    given: SecretStr | None = getattr(settings, f"{process}_key")
    return given


def with_running_services(settings: Settings) -> Settings:
    """Return the settings with every missing address filled in from the stack that runs in this home folder.

    For commands beside a running stack (`verify`, `token`, `import`). Raises `NothingRunning`, and `StackStarting`.
    """
    if settings.database_url is not None and settings.temporal_address is not None:
        return settings
    running = RunFile.read(settings.home)
    if running is None:
        kind = StackStarting if is_locked(settings.home) else NothingRunning
        raise kind(settings.home.absolute())
    if settings.database_url is None and running.database_url is None:
        raise SettingsError(
            f"{ENV_PREFIX}DATABASE_URL is required: the stack in this home uses the database that it names"
        )
    owner = SecretStr(running.migration_url) if running.migration_url and settings.database_url is None else None
    return settings.model_copy(
        update={
            "database_url": settings.database_url or SecretStr(running.database_url or ""),
            "database_is_embedded": settings.database_url is None,
            "migration_url": settings.migration_url or owner,
            "temporal_address": settings.temporal_address or running.temporal_address,
            "temporal_namespace": running.temporal_namespace,
            "secret_key": None if any(_given_key(settings, process) for process in Process) else secret_key(settings),
        }
    )


def check_embedded(settings: Settings, *, is_embedded: bool) -> None:
    """Raise `SettingsError` if the settings say that the database is the embedded one, and its server is not."""
    if settings.database_is_embedded and not is_embedded:
        raise SettingsError(f"{ENV_PREFIX}DATABASE_IS_EMBEDDED is set, but the database is not the embedded one")
